/*
 * desk_errand.h — what a parked exchange has to do before it is answered: prove, then apply.
 *
 * Slow proving (hashing a password) runs on the crew, what is written runs in the store's batch, and the exchange is
 * parked once for both.
 *
 * Threads: an errand belongs to its exchange.
 */
#pragma once

#include "base/crew.h"
#include "oauth/refusal.h"
#include "store/store.h"

struct exchange;
struct face_means;

/* Embed it as the first member. */
struct desk_errand {
    struct unit unit;
    struct job job;
    struct store *store;
    struct exchange *exchange;
    /* On the crew's thread; NULL: nothing is slow. Unless OK, nothing is applied. One of the two is there. */
    enum outcome (*prove)(struct desk_errand *errand);
    /* On the store's thread; may run twice. NULL: nothing is written. */
    enum outcome (*apply)(struct desk_errand *errand, struct store_tx *tx);
    /* On the worker again. `failure` is a machine's, of all the errand; NOT_REFUSED: none. */
    void (*answer)(struct desk_errand *errand, enum refusal failure);
    enum refusal failure; /* the errand's own */
};

/* Parks the exchange and sees the errand through. Touch nothing of the exchange afterwards. */
void desk_errand_begin(struct desk_errand *errand, const struct face_means *means);
