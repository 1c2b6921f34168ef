/*
 * count.h — what a call adds to its client's usage.
 *
 * Whatever is told counts under the call's client and rule, or under nobody and no rule where they are not known.
 * Without call->meter nothing is counted.
 *
 * Threads: any.
 */
#pragma once

#include <stdint.h>

struct call;

/* The guard has decided about a request; it took `ns` nanoseconds. */
void count_request(const struct call *call, int64_t ns);
/* Points that a request has cost, told after it was counted. */
void count_points(const struct call *call, int64_t points);
/* An access token was issued. */
void count_token(const struct call *call);
