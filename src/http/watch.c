#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/inside.h"

#define NS_PER_SECOND INT64_C(1000000000)
/* Between two looks at all connections: an eighth of the time a request may take, within these. */
#define TICK_MIN_MS 50
#define TICK_MAX_MS 1000
/* A connection that has come just before draining may still say what it wants. */
#define DRAIN_GRACE_NS NS_PER_SECOND
#define TOO_SLOW       STR("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

void watch_wake(struct server *server)
{
    uint64_t one = 1;
    ssize_t written = write(server->wake_fd, &one, sizeof(one));
    (void)written; /* full is awake too */
}

/*
 * When the request that the connection is sending began; 0 when it sends none. libmicrohttpd tells of a request
 * once its first line is whole; before that, only the kernel's count of bytes shows that something has come.
 */
static int64_t request_began(struct connection *connection, int64_t now_ns)
{
    unsigned request_count = atomic_load(&connection->request_count);
    if (connection->seen.request_count != request_count) {
        connection->seen.request_count = request_count;
        connection->seen.received_len = wire_received_len(connection->fd) - wire_unread_len(connection->fd);
        connection->seen.began_ns = 0;
    }
    if (connection->seen.began_ns != 0)
        return connection->seen.began_ns;
    int64_t line_ns = atomic_load_explicit(&connection->request_ns, memory_order_relaxed);
    if (line_ns != 0)
        return line_ns;
    if (wire_received_len(connection->fd) != connection->seen.received_len)
        connection->seen.began_ns = now_ns;
    return connection->seen.began_ns;
}

/* A connection that is worth no wait while draining. Behind TLS the kernel's count of bytes tells a handshake, so
 * only a request line does. */
static bool is_idle(const struct connection *connection, int64_t began_ns, int64_t now_ns)
{
    bool is_new = connection->seen.request_count == 0 && now_ns - connection->opened_ns < DRAIN_GRACE_NS;
    bool is_secure = str_is_present(connection->pool->server->options.certificate_file);
    bool has_begun = is_secure ? atomic_load(&connection->request_ns) != 0 : began_ns != 0;
    return !has_begun && !is_new;
}

static void look_at(struct connection *connection, int64_t now_ns)
{
    const struct server *server = connection->pool->server;
    if (atomic_load(&connection->turn) != TURN_CLIENT)
        return;
    int64_t began_ns = request_began(connection, now_ns);
    int64_t limit_ns = server->options.request_timeout_seconds * NS_PER_SECOND;
    if (began_ns != 0 && limit_ns != 0 && now_ns - began_ns >= limit_ns)
        connection_end(connection, TOO_SLOW);
    else if (atomic_load(&server->is_draining) && is_idle(connection, began_ns, now_ns))
        connection_end(connection, STR_NONE);
}

static void look_at_all(struct server *server)
{
    int64_t now_ns = clock_monotonic_ns();
    pthread_mutex_lock(&server->mutex);
    for (struct connection *connection = server->connections; connection; connection = connection->next)
        look_at(connection, now_ns);
    pthread_mutex_unlock(&server->mutex);
}

/* Takes a retired pool without connections out of the list; NULL when there is none. */
static struct pool *take_ended_pool(struct server *server)
{
    struct pool *ended = NULL;
    pthread_mutex_lock(&server->mutex);
    for (struct pool **at = &server->pools; *at && !ended;) {
        if (atomic_load(&(*at)->is_retired) && atomic_load(&(*at)->connection_count) == 0) {
            ended = *at;
            *at = ended->next;
        } else {
            at = &(*at)->next;
        }
    }
    pthread_mutex_unlock(&server->mutex);
    return ended;
}

static void end_pools(struct server *server)
{
    struct pool *pool;
    while ((pool = take_ended_pool(server)))
        pool_end(pool);
}

static bool offer_newcomer(struct server *server)
{
    pthread_mutex_lock(&server->mutex);
    struct pool *pool = server->pools;
    atomic_fetch_add(&pool->connection_count, 1);
    pthread_mutex_unlock(&server->mutex);
    if (pool_hand_over(pool, &server->newcomer)) {
        server->newcomer.fd = -1;
        return true;
    }
    atomic_fetch_sub(&pool->connection_count, 1); /* should it be the last of a retired pool: end_pools comes soon */
    return false;
}

/* Room is found missing first, told, and looked for again, so that what makes room between the two is not missed. */
static bool hand_over(struct server *server)
{
    if (server->newcomer.fd < 0 || offer_newcomer(server))
        return true;
    atomic_store(&server->is_full, true);
    return offer_newcomer(server);
}

static bool has_room(struct server *server)
{
    if (!hand_over(server))
        return false;
    if (atomic_load(&server->connection_count) < server->options.connection_max)
        return true;
    atomic_store(&server->is_full, true);
    if (atomic_load(&server->connection_count) >= server->options.connection_max)
        return false;
    atomic_store(&server->is_full, false);
    return true;
}

/* False when it fails; errno says why. */
static bool accept_newcomer(struct server *server, int listen_fd)
{
    struct newcomer *newcomer = &server->newcomer;
    newcomer->peer_len = sizeof(newcomer->peer);
    newcomer->fd =
        accept4(listen_fd, (struct sockaddr *)&newcomer->peer, &newcomer->peer_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (newcomer->fd < 0)
        return false;
    atomic_fetch_add(&server->connection_count, 1);
    return true;
}

/* False when the next tick should try again rather than the next event: no room, no descriptors. */
static bool accept_all(struct server *server, int listen_fd)
{
    while (has_room(server)) {
        if (accept_newcomer(server, listen_fd))
            continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return true;
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            return false;
    }
    return false;
}

static bool accept_everywhere(struct server *server)
{
    bool may_poll = true;
    hand_over(server); /* also when draining has closed every listener */
    for (unsigned i = 0; i < server->listen_count; i++)
        may_poll = accept_all(server, server->listen_fds[i]) && may_poll;
    return may_poll;
}

static void drain(struct server *server)
{
    accept_everywhere(server);
    listen_close(server);
    pthread_mutex_lock(&server->mutex);
    server->has_drained = true;
    pthread_cond_broadcast(&server->drained);
    pthread_mutex_unlock(&server->mutex);
}

/* Until something comes or `tick_ms` have passed. Without `may_accept` the listening sockets are left alone. */
static void wait_for_events(struct server *server, bool may_accept, int tick_ms)
{
    struct pollfd polled[1 + LISTEN_MAX] = {{.fd = server->wake_fd, .events = POLLIN}};
    nfds_t count = 1;
    for (unsigned i = 0; may_accept && i < server->listen_count; i++)
        polled[count++] = (struct pollfd){.fd = server->listen_fds[i], .events = POLLIN};
    poll(polled, count, tick_ms);
    if (polled[0].revents == 0)
        return;
    uint64_t wakes;
    ssize_t got = read(server->wake_fd, &wakes, sizeof(wakes));
    (void)got;
    atomic_store(&server->is_full, false);
}

static int tick_of(const struct server *server)
{
    unsigned seconds = server->options.request_timeout_seconds;
    if (seconds == 0 || seconds >= 8)
        return TICK_MAX_MS;
    int tick_ms = (int)(seconds * 1000 / 8);
    return tick_ms < TICK_MIN_MS ? TICK_MIN_MS : tick_ms;
}

void *watch_run(void *arg)
{
    struct server *server = arg;
    const int tick_ms = tick_of(server);
    int64_t look_ns = clock_monotonic_ns();
    bool may_accept = true;
    while (!atomic_load(&server->is_stopping)) {
        int64_t left_ms = (look_ns - clock_monotonic_ns()) / 1000000;
        wait_for_events(server, may_accept, left_ms < 0 ? 0 : (int)left_ms + 1);
        bool is_draining = atomic_load(&server->is_draining);
        if (is_draining && !server->has_drained)
            drain(server);
        may_accept = accept_everywhere(server);
        end_pools(server);
        if (clock_monotonic_ns() >= look_ns || is_draining) {
            look_at_all(server);
            look_ns = clock_monotonic_ns() + (int64_t)(is_draining ? TICK_MIN_MS : tick_ms) * 1000000;
        }
    }
    return NULL;
}
