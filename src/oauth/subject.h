/*
 * subject.h — whose a token is, as facts: a user (in an instance), a service account, or nobody but the client.
 *
 * Specs: RFC 7662 §2.2.   Threads: as call.h.
 */
#pragma once

struct call;

/* From call->user, call->instance and call->account. */
void subject_tell(struct call *call);
