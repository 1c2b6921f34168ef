/*
 * delay.h — guessing does not pay: who was wrong must wait, twice as long each time.
 *
 * Wrong tries are counted by what was tried (an account, an account's second step) and by where they came from (the
 * IPv4 address, the IPv6 /64). The first few are free; then one must wait, up to half a minute for an account
 * (so nobody can lock anybody out for good) and a quarter of an hour for an address. Counts are forgotten after an
 * hour. They are kept in memory, in a table of fixed size: a restart forgets them, a flood pushes out the oldest.
 *
 * Threads: any; one lock, held for nanoseconds.
 */
#pragma once

#include "base/text.h"

enum delay_kind {
    DELAY_ACCOUNT, /* by name, whether there is such a user or not */
    DELAY_DEVICE,  /* a browser in which the user has signed in before has an account of its own */
    DELAY_ADDRESS,
    DELAY_FACTOR,
    DELAY_MAIL, /* letters to one address: each counts as a wrong try */
    DELAY_KIND_COUNT
};

struct delay_key {
    enum delay_kind kind;
    int64_t realm_id;
    struct str what; /* user name, numeric address */
};

/* Seconds to wait before the next try; 0: it may go on. */
int64_t delay_find_wait(const struct delay_key *key, int64_t now);
void delay_note_wrong(const struct delay_key *key, int64_t now);
/* Forgets what was counted. */
void delay_forgive(const struct delay_key *key);
