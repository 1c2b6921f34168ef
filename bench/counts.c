#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "counts.h"

static size_t bucket_of(uint64_t us)
{
    if (us < 2 * BUCKETS_PER_STEP)
        return us;
    if (us > UINT32_MAX)
        us = UINT32_MAX;
    unsigned shift = (unsigned)(63 - __builtin_clzll(us)) - 7;
    return shift * BUCKETS_PER_STEP + (us >> shift);
}

/* The largest value of the bucket: percentiles are never flattered. */
static uint64_t bucket_us(size_t bucket)
{
    if (bucket < 2 * BUCKETS_PER_STEP)
        return bucket;
    unsigned shift = (unsigned)(bucket / BUCKETS_PER_STEP) - 1;
    return ((bucket % BUCKETS_PER_STEP + BUCKETS_PER_STEP + 1) << shift) - 1;
}

void counts_note_latency(struct counts *counts, int64_t ns)
{
    uint64_t us = ns > 0 ? (uint64_t)ns / 1000 : 0;
    counts->latencies[bucket_of(us)]++;
    counts->latency_count++;
    counts->latency_sum_us += (double)us;
    if (us > counts->latency_max_us)
        counts->latency_max_us = us;
}

static uint64_t percentile_us(const struct counts *counts, double share)
{
    uint64_t wanted = (uint64_t)ceil(share * (double)counts->latency_count);
    uint64_t seen = 0;
    for (size_t i = 0; i < BUCKET_COUNT; i++) {
        seen += counts->latencies[i];
        if (seen >= wanted && seen > 0)
            return bucket_us(i);
    }
    return 0;
}

void counts_add(struct counts *sum, const struct counts *part)
{
    sum->reply_count += part->reply_count;
    sum->measured_count += part->measured_count;
    sum->lost_count += part->lost_count;
    sum->unanswered_count += part->unanswered_count;
    sum->useless_count += part->useless_count;
    sum->line_count += part->line_count;
    sum->latency_count += part->latency_count;
    sum->latency_sum_us += part->latency_sum_us;
    if (part->latency_max_us > sum->latency_max_us)
        sum->latency_max_us = part->latency_max_us;
    for (size_t i = 0; i < STATUS_MAX; i++)
        sum->statuses[i] += part->statuses[i];
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        sum->latencies[i] += part->latencies[i];
}

static void print_errors(const struct counts *counts)
{
    const char *comma = "";
    for (unsigned status = 0; status < STATUS_MAX; status++) {
        if (!counts->statuses[status])
            continue;
        printf("%s\"status %u\": %llu", comma, status, (unsigned long long)counts->statuses[status]);
        comma = ", ";
    }
    if (counts->lost_count) {
        printf("%s\"lost connections\": %llu", comma, (unsigned long long)counts->lost_count);
        comma = ", ";
    }
    if (counts->unanswered_count) {
        printf("%s\"unanswered\": %llu", comma, (unsigned long long)counts->unanswered_count);
        comma = ", ";
    }
    if (counts->useless_count)
        printf("%s\"useless replies\": %llu", comma, (unsigned long long)counts->useless_count);
}

void counts_print(const struct counts *counts, double seconds)
{
    double mean_us = counts->latency_count ? counts->latency_sum_us / (double)counts->latency_count : 0;
    printf("{\"rate\": %.1f, \"reply_count\": %llu, \"mean_us\": %.1f, \"p50_us\": %llu, \"p99_us\": %llu, "
           "\"max_us\": %llu, \"line_count\": %llu, \"errors\": {",
           (double)counts->measured_count / seconds, (unsigned long long)counts->reply_count, mean_us,
           (unsigned long long)percentile_us(counts, 0.50), (unsigned long long)percentile_us(counts, 0.99),
           (unsigned long long)counts->latency_max_us, (unsigned long long)counts->line_count);
    print_errors(counts);
    printf("}}\n");
}
