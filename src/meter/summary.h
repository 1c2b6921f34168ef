/*
 * summary.h — usage as people read it: rows of the store added up by hour, day, client or rule.
 *
 * What was counted in the last second may not be there yet.
 *
 * Threads: any; it reads many rows, so not on an HTTP worker.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "store/usage.h"

struct arena;
struct client_row;
struct store_reader;

enum summary_by { SUMMARY_BY_HOUR, SUMMARY_BY_DAY, SUMMARY_BY_CLIENT, SUMMARY_BY_RULE };

struct str summary_by_name(enum summary_by by);

/* Lines that are told; with more, those with the fewest requests are left out (by time: the oldest). */
#define SUMMARY_LINES_MAX 1000

struct summary_query {
    struct str realm; /* its name */
    int64_t realm_id;
    const struct client_row *client; /* NULL: every one, and who is not known */
    int64_t since_at;                /* as summary_read has it */
    int64_t until_at;                /* what begins here is too late; INT64_MAX: nothing is */
    enum summary_by by;
    struct str rule;        /* as in the question */
    struct str environment; /* the same: who is not known has none, and neither has who was deleted */
    size_t row_max;         /* rows that may be looked at */
};

/* As asked; each may be absent. */
struct summary_question {
    struct str since; /* "24h" or "30d" ago, or "2026-11-01" (UTC), not ahead; absent: 24 hours */
    struct str until; /* the same, but may lie ahead; must lie behind since when both were taken back; absent: now */
    struct str by;    /* "hour", "day", "client" or "rule"; absent: hour */
    struct str rule;  /* only this one, as it is counted; "-": what no rule was for */
    struct str environment; /* "production" or "development": only of clients that it has */
};

enum summary_mistake {
    SUMMARY_UNDERSTOOD = 0,
    SUMMARY_SINCE_WRONG,
    SUMMARY_UNTIL_WRONG,
    SUMMARY_SPAN_EMPTY,
    SUMMARY_BY_WRONG,
    SUMMARY_RULE_WRONG, /* empty: any other may be or have been one */
    SUMMARY_ENVIRONMENT_WRONG,
    SUMMARY_MISTAKE_COUNT
};

/* Fills in what the question is about; whose usage it is, and row_max, are the caller's. A time is taken back to the
 * beginning of the hour that it lies in, or of the day where usage is kept by the day. */
enum summary_mistake summary_read(const struct summary_question *question, int64_t now, struct summary_query *query);

struct summary_line {
    struct usage_key key; /* what it is by; the rest is 0 and empty */
    int64_t counts[USAGE_COUNT_COUNT];
    uint64_t subject_count;
    int64_t p50_ns; /* 0: there was no request */
    int64_t p99_ns;
};

struct summary {
    struct summary_line *lines; /* by time: in its order; else those with the most requests first */
    size_t line_count;
    struct summary_line total; /* of what was left out, too */
    bool is_cut;               /* lines were left out */
    bool is_too_much;          /* there are more rows than may be looked at, and this is nothing */
};

STEP summary_make(struct store_reader *reader, struct arena *arena, const struct summary_query *query,
                  struct summary *ret_summary);
