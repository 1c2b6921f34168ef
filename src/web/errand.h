/*
 * errand.h — what a visit has to do before it is answered: something slow, then something that is written.
 *
 * Slow work (hashing a password) runs on the crew, what is written runs in the store's batch; the exchange is parked
 * once for both, and answered when what was written is durable.
 *
 * Threads: as the visit, which belongs to one of them after the other.
 */
#pragma once

#include "base/outcome.h"

struct store_tx;
struct visit;

/* How it went: OK; REFUSED when prove or apply refused; FAILED when the store or the crew could not. */
struct errand_steps {
    /* On the crew's thread; NULL: nothing is slow. Unless OK, nothing is applied. */
    enum outcome (*prove)(struct visit *visit);
    /* On the store's thread, inside the batch's transaction; may run twice. NULL: nothing is written. */
    enum outcome (*apply)(struct visit *visit, struct store_tx *tx);
    /* On the worker again: must answer. */
    void (*answer)(struct visit *visit, enum outcome outcome);
};

/* The last thing that a handler does: touch nothing of the visit afterwards. `steps` are constant. */
void errand_begin(struct visit *visit, const struct errand_steps *steps);
