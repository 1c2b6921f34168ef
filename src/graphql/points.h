/*
 * points.h — what a query will cost, estimated before anybody runs it: depth times breadth.
 *
 * Each field counts one point for each time that it may be there: once, times `first`, `last`, `limit` or `count` of
 * every field above it. `{ posts(first: 20) { id user { name } } }` is 1 + 20 × 3 = 61. Fragments count wherever they
 * are spread, aliases each, both branches of a condition. No schema is needed.
 *
 * Specs: GraphQL October 2021 §2.   Threads: any; pure.
 */
#pragma once

#include "base/json.h"
#include "base/text.h"

struct arena;

/* No estimate goes past it; a document that is too long or too deep to be read has this one. */
#define GRAPHQL_POINTS_MAX 1000000

/* At least 1, also of a text that is no document: whoever runs it will refuse it. Of several operations the named
 * one, or the dearest where none is named. `variables` may be NULL. */
int64_t graphql_points(struct arena *arena, struct str query, struct str operation_name, const json_t *variables);
