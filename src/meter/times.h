/*
 * times.h — how long something took, as a histogram that answers for quantiles.
 *
 * Buckets are log-linear: eight to each doubling from 256 ns to about 17 s, what is shorter or longer in the first or
 * last. A quantile is told as its bucket's middle: at most 1/16 (6.25 %) from the truth in between. Histograms merge
 * by adding, without any further error. Only the buckets from the least to the greatest that were met take room.
 *
 * Threads: a histogram belongs to one thread at a time.
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"

struct buf;

/* Of written times. */
#define TIMES_BYTES_MAX 2400

/* Zeroed: none. */
struct times {
    uint64_t *counts; /* of the buckets from `first` on */
    unsigned first;
    unsigned count;
};

/* Gives back what it holds; it is empty then. */
void times_clear(struct times *times);
/* Below 0 counts as 0. */
void times_add(struct times *times, int64_t ns);
void times_merge(struct times *times, const struct times *other);
/* In ns: a time that `permille` of 1000 do not exceed; 500 is the median. 0 when there are none. */
int64_t times_quantile(const struct times *times, unsigned permille);

/* At most TIMES_BYTES_MAX bytes; none for an empty one. */
void times_write(const struct times *times, struct buf *out);
/* Adds what was written. False when the bytes are no times: then nothing is added. */
bool times_read(struct times *times, struct str bytes);
