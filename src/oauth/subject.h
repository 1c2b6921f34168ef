/*
 * subject.h — whose a token is, as facts: a user (in an instance), a service account, or nobody but the client.
 *
 * Specs: RFC 7662 §2.2.   Threads: as call.h.
 */
#pragma once

#include "base/outcome.h"
#include "base/text.h"

struct account_row;
struct arena;
struct call;
struct store_reader;
struct user_row;

/* One of the two, or neither where the realm has none of that name. */
struct subject {
    struct account_row *account;
    struct user_row *user;
};

/* By what the fact `subject` says: a service account's id, or a user's number. `type` is "account" or "user" where
 * both may have the same; absent: the account comes first. */
STEP subject_find(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str text,
                  struct str type, struct subject *ret_subject);

/* From call->user, call->instance and call->account. */
void subject_tell(struct call *call);

/* As counts have it: a user's id, a service account's below 0, 0 for nobody but the client. */
int64_t subject_number(const struct call *call);
