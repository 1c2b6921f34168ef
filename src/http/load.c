/*
 * load.c — how many requests are under way to an upstream, in all and of each client.
 */
#include <pthread.h>

#include "base/arena.h"
#include "http/stream.h"

#define BUCKETS 256

/* Of one client that has requests under way. */
struct load_share {
    struct load_share *next; /* in its bucket */
    int64_t client;
    unsigned count;
};

struct upstream_load {
    pthread_mutex_t lock;
    unsigned count;
    struct load_share *buckets[BUCKETS];
};

static void destroy(void *subject)
{
    struct upstream_load *load = subject;
    pthread_mutex_destroy(&load->lock);
}

struct upstream_load *upstream_load_create(struct arena *arena)
{
    struct upstream_load *load = arena_new(arena, struct upstream_load);
    pthread_mutex_init(&load->lock, NULL);
    arena_defer(arena, destroy, load);
    return load;
}

static struct load_share **find(struct upstream_load *load, int64_t client)
{
    struct load_share **at = &load->buckets[(uint64_t)client % BUCKETS];
    while (*at && (*at)->client != client)
        at = &(*at)->next;
    return at;
}

bool upstream_load_enter(struct upstream_load *load, int64_t client, unsigned most, unsigned share_most)
{
    pthread_mutex_lock(&load->lock);
    struct load_share **at = find(load, client);
    bool has_room = load->count < most && (!*at || (*at)->count < share_most);
    if (has_room && !*at) {
        *at = memory_alloc(sizeof(**at));
        (*at)->client = client;
    }
    if (has_room) {
        load->count++;
        (*at)->count++;
    }
    pthread_mutex_unlock(&load->lock);
    return has_room;
}

void upstream_load_leave(struct upstream_load *load, int64_t client)
{
    pthread_mutex_lock(&load->lock);
    struct load_share **at = find(load, client), *share = *at;
    load->count--;
    if (--share->count == 0) {
        *at = share->next;
        memory_free(share);
    }
    pthread_mutex_unlock(&load->lock);
}
