/*
 * snapshot.h — the configuration of the moment, held by exchanges while it is replaced.
 *
 * Taking it is two additions to a counter that the thread shares with few others and one load: no lock. A
 * configuration that was replaced is destroyed when its last holder has let go.
 *
 * The race between loading the pointer and counting oneself is closed so: a taker says in its shard that it is
 * entering, loads, counts, and says that it has entered. Replacing swaps the pointer and then waits until every
 * shard has been seen empty once: whoever enters later loads the new pointer, whoever entered before has counted.
 * Entering takes nanoseconds, so does the wait.
 *
 * Threads: hold and release from any; replace, sweep and destroy from one.
 */
#pragma once

#include <stddef.h>

struct configuration;
struct snapshot;
struct snapshot_hold;

struct snapshot *snapshot_create(void);

/* NULL before the first snapshot_replace. Every hold is released once, by any thread. */
const struct configuration *snapshot_hold(struct snapshot *snapshot, struct snapshot_hold **ret_hold);
/* As arena_defer calls it. */
void snapshot_release(void *hold);

/* The snapshot destroys it when it is replaced and nobody holds it. */
void snapshot_replace(struct snapshot *snapshot, struct configuration *fresh);

/* Destroys replaced configurations that nobody holds any more; how many are left. */
size_t snapshot_sweep(struct snapshot *snapshot);

/* Nothing may be held. */
void snapshot_destroy(struct snapshot *snapshot);
