/*
 * points.h — what a query will cost, estimated before anybody runs it: depth times breadth.
 *
 * Each field counts one point for each time that it may be there: once, times `first`, `last`, `limit` or `count` of
 * every field above it, as a number or as a text with one in it. `{ posts(first: 20) { id user { name } } }` is 1 +
 * 20 × 3 = 61. Fragments count wherever they are spread, aliases each, both branches of a condition. No schema is
 * needed. Estimating takes a millisecond or two at most: a query that would take more steps counts as the dearest.
 *
 * Specs: GraphQL October 2021 §2.   Threads: any; pure.
 */
#pragma once

#include "base/json.h"
#include "base/text.h"

struct arena;

/* No estimate goes past it; a document that is too long or too deep to be read has this one. */
#define GRAPHQL_POINTS_MAX 1000000

struct graphql_estimate {
    int64_t points;     /* at least 1 */
    bool is_document;   /* false: the text is none that is known here */
    bool only_reads;    /* whichever of its operations runs is a query */
    struct str mistake; /* of what is no document, up to GRAPHQL_MISTAKE_MAX bytes */
    unsigned line;      /* where it is, from 1 */
    unsigned column;
};
#define GRAPHQL_MISTAKE_MAX 300

/* What one request may take in steps, over all of its queries. */
#define GRAPHQL_STEPS_MAX 50000

/* Of several operations the named one, or the dearest where none is named. `variables` may be NULL. `steps_left`
 * begins at GRAPHQL_STEPS_MAX and goes on from query to query; once it is 0 every estimate is GRAPHQL_POINTS_MAX. */
struct graphql_estimate graphql_estimate(struct arena *arena, struct str query, struct str operation_name,
                                         const json_t *variables, size_t *steps_left);
