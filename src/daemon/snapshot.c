#include "daemon/snapshot.h"

#include <assert.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "daemon/configuration.h"

/* More than the threads of a small machine; a power of two. */
#define SHARD_COUNT 16
#define CACHE_LINE  64

struct snapshot_hold {
    _Alignas(CACHE_LINE) _Atomic size_t count;
};

/* A configuration and how many hold it, by the shards of their threads. */
struct version {
    struct version *next; /* of the replaced ones */
    struct configuration *configuration;
    struct snapshot_hold *holds;
};

struct shard {
    _Alignas(CACHE_LINE) _Atomic size_t entering;
};

struct snapshot {
    struct arena *arena;
    struct shard *shards;
    struct version *_Atomic current;
    struct version *replaced;
};

static _Atomic unsigned thread_count;

static unsigned find_shard(void)
{
    static _Thread_local unsigned number; /* 0: none yet */
    if (!number)
        number = atomic_fetch_add_explicit(&thread_count, 1, memory_order_relaxed) % SHARD_COUNT + 1;
    return number - 1;
}

/* Zeroed and on cache lines of its own. */
static void *alloc_lines(struct arena *arena, size_t size)
{
    uintptr_t memory = (uintptr_t)arena_alloc(arena, size + CACHE_LINE);
    return (void *)((memory + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
}

struct snapshot *snapshot_create(void)
{
    struct arena *arena = arena_create();
    struct snapshot *snapshot = arena_new(arena, struct snapshot);
    snapshot->arena = arena;
    snapshot->shards = alloc_lines(arena, sizeof(struct shard) * SHARD_COUNT);
    return snapshot;
}

const struct configuration *snapshot_hold(struct snapshot *snapshot, struct snapshot_hold **ret_hold)
{
    unsigned number = find_shard();
    struct shard *shard = &snapshot->shards[number];
    atomic_fetch_add(&shard->entering, 1);
    struct version *version = atomic_load(&snapshot->current);
    *ret_hold = version ? &version->holds[number] : NULL;
    if (version)
        atomic_fetch_add_explicit(&version->holds[number].count, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&shard->entering, 1, memory_order_release);
    return version ? version->configuration : NULL;
}

void snapshot_release(void *hold)
{
    atomic_fetch_sub_explicit(&((struct snapshot_hold *)hold)->count, 1, memory_order_release);
}

static void wait_for_entering(struct snapshot *snapshot)
{
    for (unsigned i = 0; i < SHARD_COUNT; i++)
        while (atomic_load(&snapshot->shards[i].entering))
            sched_yield();
}

/* The version lives in the configuration's arena and goes with it. */
static struct version *create_version(struct configuration *configuration)
{
    struct version *version = arena_new(configuration->arena, struct version);
    version->configuration = configuration;
    version->holds = alloc_lines(configuration->arena, sizeof(struct snapshot_hold) * SHARD_COUNT);
    return version;
}

void snapshot_replace(struct snapshot *snapshot, struct configuration *fresh)
{
    struct version *old = atomic_exchange(&snapshot->current, create_version(fresh));
    if (!old)
        return;
    wait_for_entering(snapshot);
    old->next = snapshot->replaced;
    snapshot->replaced = old;
    snapshot_sweep(snapshot);
}

/* Nobody can take a replaced one: each count only falls, so none seen is none for good. */
static bool is_held(const struct version *version)
{
    for (unsigned i = 0; i < SHARD_COUNT; i++)
        if (atomic_load_explicit(&version->holds[i].count, memory_order_acquire))
            return true;
    return false;
}

size_t snapshot_sweep(struct snapshot *snapshot)
{
    size_t left = 0;
    struct version **at = &snapshot->replaced;
    while (*at) {
        struct version *version = *at;
        if (is_held(version)) {
            at = &version->next;
            left++;
            continue;
        }
        *at = version->next;
        configuration_destroy(version->configuration);
    }
    return left;
}

void snapshot_destroy(struct snapshot *snapshot)
{
    size_t left = snapshot_sweep(snapshot);
    assert(left == 0);
    (void)left;
    struct version *current = atomic_load(&snapshot->current);
    if (current)
        configuration_destroy(current->configuration);
    arena_destroy(snapshot->arena);
}
