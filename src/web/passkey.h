/*
 * passkey.h — what other pages show of passkeys.
 *
 * Threads: as the visit.
 */
#pragma once

#include "base/outcome.h"

struct visit;

/* The model's `passkey`: the page offers to sign in with one, whosever it is. */
void passkey_offer(struct visit *visit);
/* The same, as a second step of the session's user; nothing when that one has none. */
void passkey_offer_own(struct visit *visit);
/* The user's passkeys, and a form to add one. */
STEP passkey_describe(struct visit *visit);
