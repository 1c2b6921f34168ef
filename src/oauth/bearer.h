/*
 * bearer.h — what an access token says: read it, and see whether it lives.
 *
 * Guard, whoami and introspection ask here, so they can never disagree. All of it comes from the thread's cache as
 * long as nothing has changed.
 *
 * Specs: RFC 6750 §3.1, RFC 7662 §2.2.   Threads: any.
 */
#pragma once

#include "oauth/call.h"

/* Refuses with token_unknown, token_expired or token_revoked. Fills the call's facts about the token. */
STEP bearer_read(struct call *call, struct store_reader *reader, struct str token);
