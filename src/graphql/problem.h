/*
 * problem.h — what is wrong with a request, collected in the order it is found.
 *
 * Messages repeat what the request said, so both their number and their length are limited: a small request
 * must not become a large response. Wording costs more than finding, so whoever looks for mistakes in a loop
 * leaves it once `is_full`.
 *
 * Threads: belongs to its exchange.
 */
#pragma once

#include "graphql/graphql.h"

struct problems {
    struct arena *arena;
    struct str source; /* offsets are of it */
    struct graphql_error *first;
    struct graphql_error **last;
    size_t count;
    bool is_full; /* there are enough: nothing more is added */
    size_t first_at;
};

void problems_init(struct problems *problems, struct arena *arena, struct str source);
/* Dropped without a trace once there are enough. */
void problem_add(struct problems *problems, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Without a place in the source. */
void problem_add_general(struct problems *problems, const char *format, ...) __attribute__((format(printf, 2, 3)));
