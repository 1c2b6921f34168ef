/*
 * windows.h — how far limits are used up, as the meter writes it down.
 *
 * Threads: as store.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"

struct arena;
struct store_reader;
struct store_tx;

struct window_row {
    int64_t owner;      /* clients.id */
    int64_t subject;    /* 0: the client as a whole */
    uint64_t window_id; /* which limit */
    int64_t ends_at;
    int64_t used;
};

/* In place of what stood there for the same owner, subject and limit. */
STEP window_write(struct store_tx *tx, const struct window_row *row);
/* Those that are not over at `now`, in the order of their keys, behind `after` (zeroed: from the first on), at most
 * `max`. */
STEP window_list(struct store_reader *reader, struct arena *arena, int64_t now, const struct window_row *after,
                 size_t max, struct window_row **ret_rows, size_t *ret_count);
/* Removes up to `max` that are over. */
STEP windows_sweep(struct store_tx *tx, int64_t now, size_t max, size_t *ret_count);
