/*
 * summary_json.h — a summary as the operator's commands and the clients' requests both get it.
 *
 * Threads: as summary.h.
 */
#pragma once

#include "base/json.h"
#include "base/outcome.h"

struct arena;
struct store_reader;
struct summary;
struct summary_query;

/* An object, with the clients' names; in the arena. Times of the guard are in microseconds, and null where there was
 * no request. */
STEP summary_json(struct store_reader *reader, struct arena *arena, const struct summary_query *query,
                  const struct summary *summary, json_t **ret_object);
