/*
 * tally.h — what an operator counts of people: who came in, who was turned away, and what they decided.
 *
 * Threads: any.
 */
#pragma once

#include "base/text.h"

struct arena;
struct tally;

/* What is counted, by the names of the metrics' labels. */
enum tally_of {
    TALLY_SIGNED_IN,
    TALLY_SIGN_IN_WRONG,
    TALLY_SIGN_IN_DELAYED,
    TALLY_SIGN_IN_DISABLED,
    TALLY_FACTOR_SHOWN,
    TALLY_FACTOR_WRONG,
    TALLY_CONSENT_GIVEN,
    TALLY_CONSENT_REMEMBERED,
    TALLY_CONSENT_DENIED,
    TALLY_CONSENT_WITHDRAWN,
    TALLY_COUNT
};

/* Of one realm. */
struct tally *tally_create(struct arena *arena, struct str realm);
void tally_add(const struct tally *tally, enum tally_of of);
