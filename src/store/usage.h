/*
 * usage.h — what clients did: one row a client, rule and hour, and one a day of what is older.
 *
 * Hours and days are UTC's. The two sketches are bytes that only the meter can read.
 *
 * Threads: as store.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/outcome.h"
#include "base/text.h"

struct arena;
struct store_reader;
struct store_tx;

/* What is counted, as the columns and everybody else call it. */
#define USAGE_COUNTS(X)                                                                                              \
    X(requests)                                                                                                      \
    X(refused_token)                                                                                                 \
    X(refused_scope)                                                                                                 \
    X(refused_limit)                                                                                                 \
    X(refused_rule)                                                                                                  \
    X(refused_other)                                                                                                 \
    X(points)                                                                                                        \
    X(tokens_issued)

enum usage_count {
#define USAGE_ENUM(name) USAGE_##name,
    USAGE_COUNTS(USAGE_ENUM)
#undef USAGE_ENUM
        USAGE_COUNT_COUNT
};

enum usage_table { USAGE_HOURS, USAGE_DAYS };

struct usage_key {
    int64_t begins_at; /* of the hour or the day */
    int64_t realm_id;
    int64_t client_id; /* clients.id; 0: nobody knows whose it was */
    struct str rule;   /* its name; empty: none */
};

struct usage_row {
    struct usage_key key;
    int64_t counts[USAGE_COUNT_COUNT];
    struct str subjects;    /* meter/sketch.h */
    struct str times;       /* meter/times.h */
    struct str environment; /* its client's, where a list was asked to tell it; absent: there is no such client */
};

/* In place of what stood there under the same key. */
STEP usage_write(struct store_tx *tx, enum usage_table table, const struct usage_row *row);
STEP usage_find(struct store_reader *reader, enum usage_table table, struct arena *arena, const struct usage_key *key,
                struct usage_row **ret_row);

struct usage_filter {
    int64_t since_at; /* first and end of what may begin */
    int64_t until_at;
    int64_t realm_id;       /* 0: every one */
    int64_t client_id;      /* USAGE_ALL_CLIENTS, or one; 0 is nobody known */
    bool tells_environment; /* costs a look at the client of each row */
};
#define USAGE_ALL_CLIENTS -1

/* In the order of their keys, behind `after` (NULL: from the first on), at most `max`. */
STEP usage_list(struct store_reader *reader, enum usage_table table, struct arena *arena,
                const struct usage_filter *filter, const struct usage_key *after, size_t max,
                struct usage_row **ret_rows, size_t *ret_count);

STEP usage_delete(struct store_tx *tx, enum usage_table table, const struct usage_key *key);
/* Removes up to `max` that begin before `until_at`. */
STEP usage_delete_before(struct store_tx *tx, enum usage_table table, int64_t until_at, size_t max,
                         size_t *ret_count);
