/*
 * clock.h — the time. Rules never ask for it: it comes in with the exchange.
 */
#pragma once

#include <stdint.h>
#include <time.h>

/* Seconds since 1970-01-01 UTC. */
static inline int64_t clock_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    return at.tv_sec;
}

/* Nanoseconds that only grow: for spans. */
static inline int64_t clock_monotonic_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}
