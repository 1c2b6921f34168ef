#include "http/server.h"

#include <assert.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "http/inside.h"

/* Descriptors for everything that is no connection: listeners, databases, workers. */
#define OTHER_FDS 256

/* To the hard limit, for there may be other servers in the process; the soft one is what old programs can bear. */
static void raise_descriptor_limit(unsigned connection_max)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)connection_max + OTHER_FDS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted)
        log_event(LOG_WARNING, "descriptor_limit_low", log_number("wanted", (int64_t)wanted),
                  log_number("limit", (int64_t)limit.rlim_cur));
}

static bool parse_proxies(struct server *server, struct arena *arena, struct str *ret_error)
{
    const struct server_options *options = &server->options;
    server->trusted = arena_array(server->arena, struct network, options->trusted_proxy_count);
    server->trusted_count = options->trusted_proxy_count;
    for (size_t i = 0; i < options->trusted_proxy_count; i++) {
        if (!network_parse(options->trusted_proxies[i], &server->trusted[i])) {
            *ret_error =
                arena_printf(arena, "\"%.*s\" is no address or network", STR_ARGS(options->trusted_proxies[i]));
            return false;
        }
    }
    return true;
}

static struct server *create_server(const struct server_options *options)
{
    struct server *server = memory_alloc(sizeof(*server));
    server->arena = arena_create();
    server->options = *options;
    server->options.address = arena_str(server->arena, options->address);
    if (str_is_present(options->certificate_file)) {
        server->options.certificate_file = arena_str(server->arena, options->certificate_file);
        server->options.key_file = arena_str(server->arena, options->key_file);
    }
    pthread_mutex_init(&server->mutex, NULL);
    pthread_cond_init(&server->drained, NULL);
    ssize_t got = getrandom(&server->id_base, sizeof(server->id_base), 0);
    assert(got == sizeof(server->id_base));
    server->newcomer.fd = -1;
    server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return server;
}

static void destroy_server(struct server *server)
{
    while (server->pools) {
        struct pool *pool = server->pools;
        server->pools = pool->next;
        pool_end(pool);
    }
    listen_close(server);
    if (server->newcomer.fd >= 0)
        close(server->newcomer.fd);
    close(server->wake_fd);
    pthread_cond_destroy(&server->drained);
    pthread_mutex_destroy(&server->mutex);
    arena_destroy(server->arena);
    memory_free(server);
}

struct server *server_start(const struct server_options *options, struct arena *arena, struct str *ret_error)
{
    assert(options->handler && options->connection_max > 0 && options->header_max > 0);
    struct server *server = create_server(options);
    raise_descriptor_limit(options->connection_max);
    if (parse_proxies(server, arena, ret_error) && listen_open(server, arena, ret_error))
        server->pools = pool_start(server, arena, ret_error);
    if (!server->pools) {
        destroy_server(server);
        return NULL;
    }
    if (thread_start(&server->watch, watch_run, server))
        return server;
    *ret_error = STR("cannot start a thread");
    destroy_server(server);
    return NULL;
}

unsigned server_port(const struct server *server)
{
    return server->port;
}

struct server_load server_load(const struct server *server)
{
    return (struct server_load){
        .connection_count = atomic_load(&server->connection_count),
        .exchange_count = atomic_load(&server->exchange_count),
    };
}

bool server_reload_certificate(struct server *server, struct arena *arena, struct str *ret_error)
{
    if (!str_is_present(server->options.certificate_file))
        return true;
    struct pool *pool = pool_start(server, arena, ret_error);
    if (!pool)
        return false;
    pthread_mutex_lock(&server->mutex);
    struct pool *old = server->pools;
    pool->next = old;
    server->pools = pool;
    atomic_store(&old->is_retired, true);
    pthread_mutex_unlock(&server->mutex);
    watch_wake(server);
    return true;
}

void server_drain(struct server *server)
{
    atomic_store(&server->is_draining, true);
    watch_wake(server);
    pthread_mutex_lock(&server->mutex);
    while (!server->has_drained)
        pthread_cond_wait(&server->drained, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
}

void server_stop(struct server *server)
{
    atomic_store(&server->is_stopping, true);
    watch_wake(server);
    pthread_join(server->watch, NULL);
    destroy_server(server);
}
