#include "meter/usage.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "meter/cells.h"

#define STRIPE_COUNT     16u
#define CACHE_LINE       64
#define SECONDS_PER_HOUR 3600

struct stripe {
    _Alignas(CACHE_LINE) pthread_mutex_t lock;
    struct cells cells;
};

struct usage {
    struct stripe *stripes;
    void *memory; /* that the stripes lie in */
};

static struct stripe *lock_stripe(struct usage *usage)
{
    static atomic_uint thread_count;
    static _Thread_local unsigned number; /* 0: none yet */
    if (!number)
        number = atomic_fetch_add_explicit(&thread_count, 1, memory_order_relaxed) % STRIPE_COUNT + 1;
    struct stripe *stripe = &usage->stripes[number - 1];
    pthread_mutex_lock(&stripe->lock);
    return stripe;
}

struct usage *usage_create(void)
{
    struct usage *usage = memory_alloc(sizeof(*usage));
    usage->memory = memory_alloc(sizeof(struct stripe) * STRIPE_COUNT + CACHE_LINE);
    usage->stripes = (struct stripe *)(((uintptr_t)usage->memory + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
    for (unsigned i = 0; i < STRIPE_COUNT; i++)
        pthread_mutex_init(&usage->stripes[i].lock, NULL);
    return usage;
}

void usage_destroy(struct usage *usage)
{
    if (!usage)
        return;
    for (unsigned i = 0; i < STRIPE_COUNT; i++) {
        pthread_mutex_destroy(&usage->stripes[i].lock);
        cells_clear(&usage->stripes[i].cells);
    }
    memory_free(usage->memory);
    memory_free(usage);
}

static struct cell *get_cell(struct stripe *stripe, const struct usage_owner *owner, int64_t now)
{
    const struct usage_key key = {
        .begins_at = now - now % SECONDS_PER_HOUR,
        .realm_id = owner->realm_id,
        .client_id = owner->client_id,
        .rule = owner->rule.ptr ? owner->rule : STR(""),
    };
    return cells_get(&stripe->cells, &key);
}

void usage_add_request(struct usage *usage, const struct usage_request *request, int64_t now)
{
    struct stripe *stripe = lock_stripe(usage);
    struct cell *cell = get_cell(stripe, &request->owner, now);
    cell->counts[USAGE_requests]++;
    if (request->refused != USAGE_requests)
        cell->counts[request->refused]++;
    cell->counts[USAGE_points] += request->points;
    if (request->subject)
        sketch_add(&cell->subjects, (uint64_t)request->subject);
    times_add(&cell->times, request->ns);
    pthread_mutex_unlock(&stripe->lock);
}

void usage_add(struct usage *usage, const struct usage_owner *owner, enum usage_count what, int64_t count,
               int64_t now)
{
    struct stripe *stripe = lock_stripe(usage);
    get_cell(stripe, owner, now)->counts[what] += count;
    pthread_mutex_unlock(&stripe->lock);
}

void usage_collect(struct usage *usage, struct cells *cells)
{
    for (unsigned i = 0; i < STRIPE_COUNT; i++) {
        struct stripe *stripe = &usage->stripes[i];
        pthread_mutex_lock(&stripe->lock);
        struct cells taken = stripe->cells;
        stripe->cells = (struct cells){0};
        pthread_mutex_unlock(&stripe->lock);
        cells_merge(cells, &taken);
        cells_clear(&taken);
    }
}
