/*
 * device.h — a browser in which a user has signed in before: guesses of others do not hold it up.
 *
 * The cookie has its time, a random part and their HMAC with the user under the realm's key: nothing is stored.
 * Each browser's wrong tries are counted apart (identity/delay.h), so that whoever steals such a cookie gets as few
 * guesses as everybody.
 *
 * Specs: OWASP, slow down online guessing attacks with device cookies.   Threads: any; no state.
 */
#pragma once

#include "base/text.h"

struct arena;
struct people_policy;

#define DEVICE_SECONDS (180 * 86400)

/* A new one, at each sign-in. Draws randomness. */
struct str device_make(struct arena *arena, const struct people_policy *people, int64_t user_id, int64_t now);
/* What tells this browser from the user's others; absent when the cookie proves nothing about the user. */
struct str device_read(struct arena *arena, const struct people_policy *people, int64_t user_id, struct str cookie,
                       int64_t now);
