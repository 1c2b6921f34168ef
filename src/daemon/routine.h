/*
 * routine.h — a thread that takes one turn after another and rests in between, until it is stopped.
 *
 * Threads: start and stop from one.
 */
#pragma once

#include <stdint.h>

struct routine;

/* Does what there is to do; how long to rest after it, in ns on the monotonic clock. */
typedef int64_t (*routine_turn)(void *arg);

/* NULL when there is no thread to be had. */
struct routine *routine_start(routine_turn turn, void *arg);
/* Waits for the turn under way. */
void routine_stop(struct routine *routine);
