/*
 * delay.h — guessing does not pay: who was wrong must wait, twice as long each time.
 *
 * Counted are what was tried (an account, its second step, letters to an address) and the network that the tries come
 * from (the IPv4 address, the IPv6 /64). A few wrong tries are free; then one must wait, up to a limit that an owner
 * can bear, and counts melt away with time: nobody can lock anybody out for good. A browser that has proved
 * earlier whose it is has a count of its own, so strangers do not hold it up. [NIST SP 800-63B 5.2.2]
 *
 * A try counts from its beginning: a crowd of guesses at once gets no further than one after another. Some more than
 * are free may be under way at the same time, since programs sign in side by side, too.
 *
 * The counts are kept in memory, in a table of fixed size under keyed digests of the names: a restart forgets them,
 * and when it is full, the least suspicious make room.
 *
 * Threads: any; one lock, held for nanoseconds.
 */
#pragma once

#include "base/text.h"
#include "crypto/digest.h"

enum delay_kind {
    DELAY_PASSWORD,
    DELAY_FACTOR, /* whoever guesses here knows the password already */
    DELAY_MAIL,   /* letters to one address: each counts as a wrong try */
    DELAY_KIND_COUNT
};

/* Who tries what. */
struct delay_subject {
    enum delay_kind kind;
    int64_t realm_id;
    struct str account;        /* user name or mail address, whether anybody has it or not */
    struct str device;         /* what the browser has proved to be; absent: nothing */
    struct str client_address; /* numeric; of anything else only the account counts */
};

/* Seconds to wait before the next try; 0: it may go on. Counts nothing. */
int64_t delay_find_wait(const struct delay_subject *subject, int64_t now);

/* A try under way. */
struct delay_try {
    enum delay_kind kind;
    struct digest keys[2]; /* of the account's count and the network's */
    unsigned counted;      /* bits of the keys; 0: it has ended */
};

/* As delay_find_wait; at 0 the try has begun, and must end. */
int64_t delay_begin(const struct delay_subject *subject, int64_t now, struct delay_try *ret_try);

enum delay_end {
    DELAY_END_WRONG,
    DELAY_END_RIGHT,   /* the account is forgiven; the network is not: guessers have accounts, too */
    DELAY_END_UNTRIED, /* the machine failed: nothing was learned */
};

/* Once; more do nothing. */
void delay_end(struct delay_try *delay_try, enum delay_end end, int64_t now);
