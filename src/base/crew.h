/*
 * crew.h — a few threads of low priority for work that is slow: hashing passwords.
 *
 * Whoever serves requests or writes the store must never do such work itself. A job runs once, on one of the crew's
 * threads, in the order of submission; it must not wait for other jobs. The threads run at the given nice value, so
 * that a crowd of sign-ins takes what the others leave.
 *
 * Threads: submit from any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct crew;

/* Embed it and find yourself by offset. */
struct job {
    struct job *next; /* the crew's */
    void (*run)(struct job *job);
};

struct crew_options {
    unsigned thread_count; /* at least 1 */
    size_t queue_max;      /* jobs that may wait */
    int nice;              /* 0 to 19 */
};

/* NULL when there is no thread to be had. */
struct crew *crew_start(const struct crew_options *options);

/* False when too many wait already: the job will not run. */
bool crew_submit(struct crew *crew, struct job *job);

/* Jobs that wait or run now. */
size_t crew_load(const struct crew *crew);

/* Runs what waits, then ends the threads. NULL is allowed. */
void crew_stop(struct crew *crew);
