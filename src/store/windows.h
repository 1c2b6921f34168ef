/*
 * windows.h — how far limits are used up, as the meter writes it down.
 *
 * Threads: as store.h.
 */
#pragma once

#include <stdint.h>

struct window_row {
    int64_t owner;   /* clients.id */
    int64_t subject; /* 0: the client as a whole */
    uint64_t window; /* which limit */
    int64_t ends_at;
    int64_t used;
};
