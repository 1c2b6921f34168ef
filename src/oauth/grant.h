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
    bool takes_public_clients; /* what is presented is bound to the client: its name is enough [RFC6749 3.2.1] */
    enum outcome (*check)(struct call *call);
    enum outcome (*prepare)(struct call *call, struct store_reader *reader);
    enum outcome (*prove)(struct call *call); /* on the crew, when call->must_prove; NULL: nothing slow */
    enum outcome (*apply)(struct call *call, struct store_tx *tx);
};

/* NULL for a name that the token endpoint does not know. */
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
/* [RFC6749 4.1.3] */
STEP authorization_code_check(struct call *call);
STEP authorization_code_prepare(struct call *call, struct store_reader *reader);
STEP authorization_code_apply(struct call *call, struct store_tx *tx);
/* [RFC6749 4.3] */
STEP password_check(struct call *call);
STEP password_prepare(struct call *call, struct store_reader *reader);
STEP password_prove(struct call *call);
STEP password_apply(struct call *call, struct store_tx *tx);
/* [RFC6749 6] */
STEP refresh_token_check(struct call *call);
STEP refresh_token_prepare(struct call *call, struct store_reader *reader);
STEP refresh_token_apply(struct call *call, struct store_tx *tx);

/* The scope of a first token by a grant of this type: what the policy fixes, else what the request asks. Sets
 * call->scope. */
STEP grant_scope(struct call *call, enum grant_type type);

/* Writes the drafted access token on a grant (0: none) with call->scope and call->lifetime_seconds. Best after the
 * refresh token, which lives longer: then the grant's end moves once. */
STEP grant_issue_access(struct call *call, struct store_tx *tx, int64_t grant_id);
/* Writes the drafted refresh token with `scope`. */
STEP grant_issue_refresh(struct call *call, struct store_tx *tx, int64_t grant_id, struct str scope);
/* Makes a grant with call->scope: of call->user in call->instance, of call->account, or of the client itself. */
STEP grant_open(struct call *call, struct store_tx *tx, int64_t *ret_grant_id);
/* The same, and writes the drafted tokens on it. */
STEP grant_begin(struct call *call, struct store_tx *tx);
/* What a token or code hangs on, as it is in the transaction: the grant lives, and so does whoever gave it. Sets
 * call->account, or call->user and call->instance. */
STEP grant_check(struct call *call, struct store_reader *reader, const struct grant_row *grant);
/* The user may act in the realm, and in the instance (NULL: none). */
STEP grant_check_user(struct call *call, struct store_reader *reader, const struct user_row *user,
                      const struct instance_row *instance);
