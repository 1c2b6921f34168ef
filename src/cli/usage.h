/*
 * usage.h — the answer to `jeton usage`, for people: a table with its sum, or a chart of bars.
 *
 * Threads: any; pure.
 */
#pragma once

#include "base/json.h"

struct buf;
struct cli_call;

/* A chart when the call has `chart`. */
void usage_print(const struct cli_call *call, const json_t *result, struct buf *out);
/* One bar a line; `result` as the daemon gives it. */
void usage_print_chart(const json_t *result, struct buf *out);
