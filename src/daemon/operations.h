/*
 * operations.h — /healthz, /readyz and /metrics.
 *
 * /healthz says that the process answers; /readyz that it can serve, or 503 and why not; /metrics is Prometheus
 * text with the daemon's own gauges filled in at the scrape.
 *
 * Specs: Prometheus text exposition format 0.0.4.   Threads: any.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct crew;
struct exchange;
struct listeners;
struct store;

struct operations {
    struct store *store;
    struct crew *crew;
    struct meter *meter;
    struct listeners *listeners;
    const char *_Atomic not_ready; /* why the daemon cannot serve, one line; NULL: it can */
    int64_t started_at;
};

/* Answers the exchange when its path is one of the three; false, and nothing done, otherwise. */
bool operations_handle(const struct operations *operations, struct exchange *exchange);

/* What a listener that serves operations only answers to anything else. */
void operations_refuse(struct exchange *exchange);

/* Resident memory in bytes; 0 when the system does not tell. */
int64_t operations_resident_bytes(void);
