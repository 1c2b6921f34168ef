/*
 * limit.h — counts in windows of time, checked and charged in one step.
 *
 * A window begins with the first charge after the last one has ended, and ends `seconds` later: so what a client is
 * told about its reset is true. A step may touch several windows: all of them have room and are charged, or none is.
 * What is charged after the fact may go past the limit.
 *
 * Windows lie in a sharded table under their owner's and subject's numbers, one lock a shard; those that are over
 * leave by themselves. What has changed since it was last collected is dirty: whoever writes it down collects it.
 *
 * Threads: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits;
struct window_row;

/* Windows that one step may touch. */
#define LIMIT_CHARGES_MAX 8

struct limit_charge {
    int64_t owner;      /* clients.id, or what else the window's id stands for */
    int64_t subject;    /* 0: none */
    uint64_t window_id; /* what is counted: the same number finds the same count after a reload */
    int64_t seconds;    /* how long a window lasts, at least 1 */
    int64_t most;       /* that may be charged in one */
    int64_t amount;     /* of this step; nothing is refused to 0 */

    /* told by every verb */
    int64_t used;    /* with this step; may be more than `most` */
    int64_t ends_at; /* of the window that counts; where none has begun, `seconds` from now */
    bool is_full;    /* limits_take: there was no room in it for the amount */
};

/* `entry_max` windows at a time, then new ones are not counted; or: */
#define LIMITS_UNBOUNDED 0
struct limits *limits_create(size_t entry_max);
/* NULL is allowed. */
void limits_destroy(struct limits *limits);

/* True: every window had room and was charged. False: none was, and is_full says where there is none. `now` in
 * seconds since 1970; `count` up to LIMIT_CHARGES_MAX. */
bool limits_take(struct limits *limits, struct limit_charge *charges, size_t count, int64_t now);
/* Charges, whether there is room or not. */
void limits_charge(struct limits *limits, struct limit_charge *charges, size_t count, int64_t now);
/* Takes back what limits_take has charged at the same `now`, as far as the same window lasts still. */
void limits_give_back(struct limits *limits, struct limit_charge *charges, size_t count, int64_t now);
/* Charges nothing: how the windows stand. */
void limits_read(struct limits *limits, struct limit_charge *charges, size_t count, int64_t now);
/* Nothing of it is used any more; each window ends when it would have ended. `subject` may be LIMITS_EVERYBODY. Looks
 * at the whole table: for operators, not for requests. */
#define LIMITS_EVERYBODY INT64_MIN
void limits_clear(struct limits *limits, int64_t owner, int64_t subject, int64_t now);

/* Where a walk over the table stands; zeroed at its beginning. */
struct limits_walk {
    size_t shard;
    size_t slot;
};
/* The next dirty windows, at most `max`, clean from now on; 0 at the end of the walk. Those that are over at `now`
 * are no longer worth a row. */
size_t limits_collect(struct limits *limits, struct limits_walk *walk, int64_t now, struct window_row *rows,
                      size_t max);
/* Collected rows that could not be written: those that are still counted are dirty again. */
void limits_soil(struct limits *limits, const struct window_row *rows, size_t count);
/* As they were written; nobody counts yet. */
void limits_restore(struct limits *limits, const struct window_row *rows, size_t count);

/* Lets go of windows that are over: in as many shards as `shard_max`, the next ones at the next call. */
void limits_sweep(struct limits *limits, int64_t now, size_t shard_max);

/* Nothing is counted at the moment. Cheap. */
bool limits_are_empty(const struct limits *limits);

struct limits_stats {
    size_t entry_count; /* those that are over and not swept yet among them */
    size_t byte_count;  /* of the table */
};
struct limits_stats limits_stats(struct limits *limits);
