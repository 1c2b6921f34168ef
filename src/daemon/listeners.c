#include "daemon/listeners.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/configuration.h"
#include "http/message.h"
#include "http/server.h"

#define LOOK_EVERY_MS   10
#define REMOVED_WAIT_MS 10000

struct listener {
    struct listener *next;
    struct arena *arena; /* holds the listener and its texts, longer than any configuration */
    struct listeners *listeners;
    struct server *server;
    struct server_options options;
    _Atomic unsigned serves;
    bool is_wanted;     /* by the configuration that is being applied */
    int64_t ends_at_ns; /* of a removed one: when it ends with whatever is left; 0: it stays */
};

struct listeners {
    listener_handler handler;
    listener_streams streams;
    void (*rest)(void *arg);
    void *arg;
    struct listener *first;
    pthread_mutex_t lock; /* of the list, against readers of the load */
};

static void handle(struct exchange *exchange, void *arg)
{
    struct listener *listener = arg;
    listener->listeners->handler(exchange, atomic_load_explicit(&listener->serves, memory_order_relaxed),
                                 listener->listeners->arg);
}

static bool may_stream(struct exchange *exchange, void *arg)
{
    struct listener *listener = arg;
    return listener->listeners->streams(exchange, atomic_load_explicit(&listener->serves, memory_order_relaxed),
                                        listener->listeners->arg);
}

static void note_rest(void *arg)
{
    const struct listener *listener = arg;
    listener->listeners->rest(listener->listeners->arg);
}

struct listeners *listeners_create(listener_handler handler, listener_streams streams, void (*rest)(void *arg),
                                   void *arg)
{
    struct listeners *listeners = memory_alloc(sizeof(*listeners));
    listeners->handler = handler;
    listeners->streams = streams;
    listeners->rest = rest;
    listeners->arg = arg;
    pthread_mutex_init(&listeners->lock, NULL);
    return listeners;
}

static const struct str *copy_texts(struct arena *arena, const struct str *texts, size_t count)
{
    struct str *copies = arena_array(arena, struct str, count);
    for (size_t i = 0; i < count; i++)
        copies[i] = arena_str(arena, texts[i]);
    return copies;
}

static struct server_options make_options(struct arena *arena, const struct configuration *configuration,
                                          const struct listener_policy *policy)
{
    return (struct server_options){
        .address = arena_str(arena, policy->address),
        .certificate_file = arena_str(arena, policy->certificate_file),
        .key_file = arena_str(arena, policy->key_file),
        .worker_count = configuration->workers,
        .connection_max = configuration->limits.connections,
        .idle_timeout_seconds = configuration->limits.idle_seconds,
        .request_timeout_seconds = configuration->limits.request_seconds,
        .body_max = configuration->limits.body_bytes,
        .header_max = configuration->limits.header_bytes,
        .header_count_max = configuration->limits.header_count,
        .trusted_proxies = copy_texts(arena, configuration->trusted_proxies, configuration->trusted_proxy_count),
        .trusted_proxy_count = configuration->trusted_proxy_count,
    };
}

static bool is_same_texts(const struct server_options *a, const struct server_options *b)
{
    if (a->trusted_proxy_count != b->trusted_proxy_count)
        return false;
    for (size_t i = 0; i < a->trusted_proxy_count; i++)
        if (!str_equal(a->trusted_proxies[i], b->trusted_proxies[i]))
            return false;
    return str_equal(a->certificate_file, b->certificate_file) && str_equal(a->key_file, b->key_file);
}

static bool is_same(const struct server_options *a, const struct server_options *b)
{
    return is_same_texts(a, b) && a->worker_count == b->worker_count && a->connection_max == b->connection_max &&
           a->idle_timeout_seconds == b->idle_timeout_seconds &&
           a->request_timeout_seconds == b->request_timeout_seconds && a->body_max == b->body_max &&
           a->header_max == b->header_max && a->header_count_max == b->header_count_max;
}

static void link_listener(struct listeners *listeners, struct listener *listener)
{
    pthread_mutex_lock(&listeners->lock);
    listener->next = listeners->first;
    listeners->first = listener;
    pthread_mutex_unlock(&listeners->lock);
}

static bool start_listener(struct listeners *listeners, const struct configuration *configuration,
                           const struct listener_policy *policy, struct arena *error_arena, struct str *ret_error)
{
    struct arena *arena = arena_create();
    struct listener *listener = arena_new(arena, struct listener);
    listener->arena = arena;
    listener->listeners = listeners;
    listener->options = make_options(arena, configuration, policy);
    listener->options.handler = handle;
    listener->options.streams = may_stream;
    listener->options.rest = note_rest;
    listener->options.arg = listener;
    listener->is_wanted = true;
    atomic_store(&listener->serves, policy->serves);
    struct str error;
    listener->server = server_start(&listener->options, arena, &error);
    if (!listener->server) {
        log_event(LOG_ERROR, "listen_failed", log_text("address", policy->address), log_text("reason", error));
        *ret_error = arena_str(error_arena, error);
        arena_destroy(arena);
        return false;
    }
    log_event(LOG_INFO, "listening", log_text("address", policy->address),
              log_number("port", server_port(listener->server)));
    link_listener(listeners, listener);
    return true;
}

static void reload_certificate(struct listener *listener, struct arena *arena)
{
    struct str error;
    if (!str_is_present(listener->options.certificate_file))
        return;
    if (!server_reload_certificate(listener->server, arena, &error))
        log_event(LOG_ERROR, "certificate_not_reloaded", log_text("address", listener->options.address),
                  log_text("reason", error));
}

static void update_listener(struct listener *listener, const struct configuration *configuration,
                            const struct listener_policy *policy)
{
    struct arena *arena = arena_create();
    struct server_options wanted = make_options(arena, configuration, policy);
    listener->is_wanted = true;
    atomic_store(&listener->serves, policy->serves);
    if (!is_same(&listener->options, &wanted))
        log_event(LOG_WARNING, "listener_needs_restart", log_text("address", policy->address));
    reload_certificate(listener, arena);
    arena_destroy(arena);
}

/* One that no policy has claimed in this round: several may have port 0. */
static struct listener *find_listener(struct listeners *listeners, struct str address)
{
    struct listener *listener = listeners->first;
    while (listener &&
           (listener->is_wanted || listener->ends_at_ns || !str_equal(listener->options.address, address)))
        listener = listener->next;
    return listener;
}

static unsigned count_connections(const struct listener *listener)
{
    return server_load(listener->server).connection_count;
}

/* There is nothing to wait on: the server tells its load, not when it changes. */
static void wait_for_connections(const struct listener *listener, int64_t until_ns)
{
    while (count_connections(listener) && clock_monotonic_ns() < until_ns)
        poll(NULL, 0, LOOK_EVERY_MS);
}

static int64_t find_deadline(int most_ms)
{
    return clock_monotonic_ns() + most_ms * INT64_C(1000000);
}

static void end_listener(struct listener *listener)
{
    server_stop(listener->server);
    arena_destroy(listener->arena);
}

/* Nothing waits here: listeners_sweep ends them. */
static void remove_unwanted(struct listeners *listeners)
{
    for (struct listener *listener = listeners->first; listener; listener = listener->next) {
        if (listener->is_wanted || listener->ends_at_ns)
            continue;
        log_event(LOG_INFO, "listener_removed", log_text("address", listener->options.address));
        server_drain(listener->server);
        listener->ends_at_ns = find_deadline(REMOVED_WAIT_MS);
    }
}

static bool is_over(const struct listener *listener)
{
    return listener->ends_at_ns && (!count_connections(listener) || clock_monotonic_ns() >= listener->ends_at_ns);
}

bool listeners_sweep(struct listeners *listeners)
{
    struct listener **at = &listeners->first;
    bool is_one_left = false;
    while (*at) {
        struct listener *listener = *at;
        if (!is_over(listener)) {
            is_one_left = is_one_left || listener->ends_at_ns;
            at = &listener->next;
            continue;
        }
        pthread_mutex_lock(&listeners->lock);
        *at = listener->next;
        pthread_mutex_unlock(&listeners->lock);
        end_listener(listener);
    }
    return is_one_left;
}

bool listeners_apply(struct listeners *listeners, const struct configuration *configuration, struct arena *arena,
                     struct str *ret_error)
{
    bool is_complete = true;
    for (struct listener *listener = listeners->first; listener; listener = listener->next)
        listener->is_wanted = false;
    for (size_t i = 0; i < configuration->listener_count; i++) {
        const struct listener_policy *policy = &configuration->listeners[i];
        struct listener *listener = find_listener(listeners, policy->address);
        if (listener)
            update_listener(listener, configuration, policy);
        else
            is_complete = start_listener(listeners, configuration, policy, arena, ret_error) && is_complete;
    }
    remove_unwanted(listeners);
    return is_complete;
}

struct server_load listeners_load(struct listeners *listeners)
{
    struct server_load sum = {0};
    pthread_mutex_lock(&listeners->lock);
    for (struct listener *listener = listeners->first; listener; listener = listener->next) {
        struct server_load load = server_load(listener->server);
        sum.connection_count += load.connection_count;
        sum.exchange_count += load.exchange_count;
    }
    pthread_mutex_unlock(&listeners->lock);
    return sum;
}

void listeners_drain(struct listeners *listeners, int most_ms)
{
    int64_t until_ns = find_deadline(most_ms);
    for (struct listener *listener = listeners->first; listener; listener = listener->next)
        server_drain(listener->server);
    for (struct listener *listener = listeners->first; listener; listener = listener->next)
        wait_for_connections(listener, until_ns);
}

void listeners_destroy(struct listeners *listeners)
{
    while (listeners->first) {
        struct listener *listener = listeners->first;
        listeners->first = listener->next;
        end_listener(listener);
    }
    pthread_mutex_destroy(&listeners->lock);
    memory_free(listeners);
}
