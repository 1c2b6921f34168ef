/*
 * bearer.h — what a token's text says in a realm: read it, prove it, see whether it lives.
 *
 * Specs: RFC 6750 §3.1, RFC 7662 §2.2.   Threads: any.
 */
#pragma once

#include "oauth/call.h"

/* An access token. Refuses with token_unknown, token_expired or token_revoked; fills the call's facts about the token
 * and sets call->client, call->scope and whose it is: call->account, or call->user and call->instance. */
STEP bearer_read(struct call *call, struct store_reader *reader, struct str token);

/* The same of a refresh token. */
STEP bearer_read_refresh(struct call *call, struct store_reader *reader, struct str token);
