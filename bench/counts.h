/*
 * counts.h — what a load run saw: good replies, errors by kind, latencies.
 *
 * Latencies fall into buckets of less than 1 % width, so that a percentile costs neither memory nor sorting.
 */
#pragma once

#include <stdint.h>

#define STATUS_MAX       600
#define BUCKETS_PER_STEP 128
#define BUCKET_COUNT     (BUCKETS_PER_STEP * 27) /* up to 2^32 µs */

struct counts {
    uint64_t reply_count;    /* all pieces of work that ended well, for cost per request */
    uint64_t measured_count; /* those of the measured time, for the rate */
    uint64_t lost_count;     /* connections */
    uint64_t unanswered_count;
    uint64_t useless_count;        /* lacked what the next request needs */
    uint64_t line_count;           /* lines of the token file that were used up */
    uint64_t statuses[STATUS_MAX]; /* bad ones */
    uint64_t latency_count;
    double latency_sum_us;
    uint64_t latency_max_us;
    uint64_t latencies[BUCKET_COUNT];
};

void counts_note_latency(struct counts *counts, int64_t ns);

void counts_add(struct counts *sum, const struct counts *part);

/* One JSON object on standard output; `seconds` is the measured time. */
void counts_print(const struct counts *counts, double seconds);
