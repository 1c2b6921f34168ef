/*
 * metric.h — counters, gauges and histograms, and their Prometheus text.
 *
 * A metric is found or made by its name and labels, once, where the code is set up; adding to it is one relaxed
 * atomic. Metrics live as long as the process.
 *
 * Specs: Prometheus text exposition format 0.0.4.   Threads: any.
 */
#pragma once

#include "base/text.h"

struct buf;
struct metric;

struct metric_label {
    const char *name;
    struct str value;
};

/* Labels end with a NULL name; at most 4. `help` is taken from the first that names the metric. */
struct metric *metric_counter(const char *name, const char *help, const struct metric_label *labels);
struct metric *metric_gauge(const char *name, const char *help, const struct metric_label *labels);
/* Seconds; buckets 0.1 ms to 10 s. */
struct metric *metric_histogram(const char *name, const char *help, const struct metric_label *labels);

#define METRIC_LABELS(...) ((const struct metric_label[]){__VA_ARGS__ __VA_OPT__(, ){0}})

void metric_add(struct metric *metric, uint64_t count);
/* A gauge, or a counter that is counted elsewhere and only told here. */
void metric_set(struct metric *metric, int64_t value);
void metric_observe_ns(struct metric *histogram, int64_t ns);

/* Families by name, members by labels. */
void metrics_write(struct buf *out);
