/*
 * subject.h — whose a token is, as facts: a user (in an instance), a service account, or nobody but the client.
 *
 * Specs: RFC 7662 §2.2.   Threads: as call.h.
 */
#pragma once

#include <stdint.h>

struct call;

/* From call->user, call->instance and call->account. */
void subject_tell(struct call *call);

/* As counts have it: a user's id, a service account's below 0, 0 for nobody but the client. */
int64_t subject_number(const struct call *call);
