/*
 * grant.h — the grant types of the token endpoint: one file each, one row here.
 *
 * A grant type checks its parameters, reads what it needs and writes in the batch's transaction. The token endpoint
 * (token_request.c) has authenticated the client before `prepare` and drafts the tokens after it.
 *
 * Specs: RFC 6749 §4–6.
 */
#pragma once

#include "oauth/call.h"

struct grant_kind {
    struct str name; /* the value of grant_type */
    enum grant_type type;
    enum outcome (*check)(struct call *call);
    enum outcome (*prepare)(struct call *call, struct store_reader *reader);
    enum outcome (*apply)(struct call *call, struct store_tx *tx);
};

/* NULL for an unknown name. */
const struct grant_kind *grant_kind_find(struct str name);
struct str grant_kind_name(enum grant_type type);

/* [RFC6749 4.4] */
STEP client_credentials_check(struct call *call);
STEP client_credentials_prepare(struct call *call, struct store_reader *reader);
STEP client_credentials_apply(struct call *call, struct store_tx *tx);
/* A principal that is no person, by its id and secret. */
STEP service_account_check(struct call *call);
STEP service_account_prepare(struct call *call, struct store_reader *reader);
STEP service_account_apply(struct call *call, struct store_tx *tx);
/* [RFC6749 6] */
STEP refresh_token_check(struct call *call);
STEP refresh_token_prepare(struct call *call, struct store_reader *reader);
STEP refresh_token_apply(struct call *call, struct store_tx *tx);

/* The scope of a first token: what the policy fixes, else what the request asks. Sets call->scope. */
STEP grant_scope(struct call *call);

/* Writes the drafted access token on a grant (0: none) with call->scope and call->lifetime_seconds. */
STEP grant_issue_access(struct call *call, struct store_tx *tx, int64_t grant_id);
/* Writes the drafted refresh token with `scope`. */
STEP grant_issue_refresh(struct call *call, struct store_tx *tx, int64_t grant_id, struct str scope);
/* Makes a grant for the client (account_id 0: for itself) and writes both tokens on it. */
STEP grant_begin(struct call *call, struct store_tx *tx, int64_t account_id);
