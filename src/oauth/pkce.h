/*
 * pkce.h — a code is bound to whoever began the request. S256 only: `plain` shows the verifier to whoever sees the
 * request.
 *
 * Specs: RFC 7636; RFC 9700 §2.1.1.   Threads: any; pure.
 */
#pragma once

#include "base/outcome.h"
#include "base/text.h"

struct call;

/* At the authorization endpoint: the challenge is well-formed, and there where policy asks for one. */
STEP pkce_check_challenge(struct call *call);

/* At the token endpoint: a verifier is well-formed, where there is one. */
STEP pkce_check_verifier(struct call *call);

/* The verifier is that of the challenge (absent: there was none, and there may be no verifier). */
STEP pkce_verify(struct call *call, struct str code_challenge);
