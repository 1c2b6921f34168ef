/*
 * janitor.h — removes expired rows in small slices beside the traffic.
 *
 * A slice is one unit of about a thousand rows; after each it rests several times as long as the slice took, so
 * clients feel nothing, and when nothing is left it rests a second.
 *
 * Threads: one of its own; start and stop from one.
 */
#pragma once

struct janitor;
struct store;

/* NULL when there is no thread to be had. */
struct janitor *janitor_start(struct store *store);
/* Waits for the slice under way. NULL is allowed. */
void janitor_stop(struct janitor *janitor);
