#include <assert.h>
#include <arpa/inet.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/codec.h"
#include "http/inside.h"
#include "http/stream.h"

/* Odd, so that it visits all 2^64 numbers before one comes again. */
#define ID_STEP UINT64_C(0x9e3779b97f4a7c15)

static struct str make_id(struct server *server, struct arena *arena)
{
    uint64_t count = atomic_fetch_add_explicit(&server->id_count, 1, memory_order_relaxed);
    uint64_t number = server->id_base + count * ID_STEP;
    char *digits = arena_alloc(arena, 2 * sizeof(number));
    hex_write((const unsigned char *)&number, sizeof(number), digits);
    return (struct str){digits, 2 * sizeof(number)};
}

/*
 * libmicrohttpd would split the query into arguments that nobody wants, and hangs the connection when there are more
 * than its memory holds (0.9.75: `/?a&a&a…`). The target stands in its writable read buffer, and it has looked for
 * the `?` already: so an end behind it leaves nothing to split.
 */
static void cut_query(const char *target)
{
    char *mark = (char *)(uintptr_t)strchr(target, '?');
    if (mark && mark[1])
        mark[1] = 0;
}

static void note_half(struct worker *worker, struct served *served)
{
    served->next = worker->halves;
    if (served->next)
        served->next->previous = served;
    worker->halves = served;
}

static void forget_half(struct worker *worker, struct served *served)
{
    if (served->next)
        served->next->previous = served->previous;
    if (served->previous)
        served->previous->next = served->next;
    else
        worker->halves = served->next;
}

/* The request line is there: libmicrohttpd has neither decoded nor cut the target yet. */
void *connection_see_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
    struct worker *worker = cls;
    struct server *server = worker->pool->server;
    worker->call_count++;
    struct arena *arena = arena_create();
    struct served *served = arena_new(arena, struct served);
    struct exchange *exchange = &served->exchange;
    exchange->arena = arena;
    exchange->id = make_id(server, arena);
    exchange->began_ns = clock_monotonic_ns();
    exchange->request.target = arena_str(arena, str_of(target));
    cut_query(target);
    served->line_target = target;
    served->mhd = mhd;
    served->connection = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    buf_init(&served->body, arena, server->options.body_max);
    atomic_store_explicit(&served->connection->request_ns, exchange->began_ns, memory_order_relaxed);
    served->connection->served = served;
    note_half(worker, served);
    return served;
}

static bool move_turn(struct connection *connection, int from, int to)
{
    return atomic_compare_exchange_strong(&connection->turn, &from, to);
}

void connection_end(struct connection *connection, struct str reply)
{
    if (!move_turn(connection, TURN_CLIENT, TURN_OVER))
        return;
    if (reply.len > 0 && !str_is_present(connection->pool->server->options.certificate_file))
        send(connection->fd, reply.ptr, reply.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(connection->fd, SHUT_RDWR); /* libmicrohttpd sees that and closes it */
}

/* libmicrohttpd wants an end behind the texts and copies them itself: a stack's room serves nearly all. */
#define HEADER_ROOM 512

static enum MHD_Result add_header(struct served *served, struct MHD_Response *reply, struct str name,
                                  struct str value)
{
    struct arena *arena = served->exchange.arena;
    char room[HEADER_ROOM];
    if (name.len + value.len + 2 > sizeof(room))
        return MHD_add_response_header(reply, arena_cstr(arena, name), arena_cstr(arena, value));
    char *value_room = room + name.len + 1;
    memcpy(room, name.ptr, name.len);
    room[name.len] = 0;
    memcpy(value_room, value.ptr, value.len);
    value_room[value.len] = 0;
    return MHD_add_response_header(reply, room, value_room);
}

bool reply_must_close(const struct served *served)
{
    const struct pool *pool = served->connection->pool;
    return served->exchange.limit != WITHIN_LIMITS || atomic_load(&pool->is_retired) ||
           atomic_load(&pool->server->is_draining);
}

/* libmicrohttpd refuses these from us; it writes them itself. */
static bool is_framing(struct str name)
{
    return str_equal_nocase(name, STR("Content-Length")) || str_equal_nocase(name, STR("Transfer-Encoding"));
}

static struct MHD_Response *create_with_body(struct served *served, enum kept kept)
{
    const struct response *response = &served->exchange.response;
    if (response->is_streamed)
        return forward_create_reply(served);
    return MHD_create_response_from_buffer(response->body.len, (void *)(uintptr_t)response->body.ptr,
                                           kept == KEPT_TO_SHARE ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
}

struct MHD_Response *reply_create(struct served *served, enum kept kept)
{
    const struct response *response = &served->exchange.response;
    struct MHD_Response *reply = create_with_body(served, kept);
    for (const struct response_header *header = response->headers; reply && header; header = header->next) {
        if (kept == KEPT_TO_SHARE && header->varies)
            continue;
        if (add_header(served, reply, header->name, header->value) == MHD_YES || is_framing(header->name))
            continue;
        MHD_destroy_response(reply);
        return NULL;
    }
    return reply;
}

static enum MHD_Result add_own_headers(struct served *served, struct MHD_Response *reply)
{
    if (add_header(served, reply, STR("X-Request-Id"), served->exchange.id) != MHD_YES)
        return MHD_NO;
    return reply_must_close(served) ? MHD_add_response_header(reply, "Connection", "close") : MHD_YES;
}

enum MHD_Result connection_reply(struct served *served)
{
    struct exchange *exchange = &served->exchange;
    assert(exchange->response.status != 0); /* a handler answers or parks */
    if (exchange->response.shared)
        return share_send(served, exchange->response.shared);
    struct MHD_Response *reply = reply_create(served, KEPT_FOR_ONCE);
    if (!reply)
        return MHD_NO;
    enum MHD_Result result = add_own_headers(served, reply);
    if (result == MHD_YES)
        result = MHD_queue_response(served->mhd, exchange->response.status, reply);
    MHD_destroy_response(reply);
    return result;
}

bool connection_take_turn(struct served *served)
{
    struct server *server = served->connection->pool->server;
    if (atomic_load(&server->is_stopping) || !move_turn(served->connection, TURN_CLIENT, TURN_SERVER))
        return false;
    forget_half(served->connection->worker, served);
    served->exchange.now = clock_now(); /* not before: whoever drips a request must not choose its time */
    served->exchange.request.body = buf_str(&served->body);
    served->stage = STAGE_SERVING;
    served->is_counted = true;
    atomic_fetch_add(&server->exchange_count, 1);
    return true;
}

/* Such a head may have left libmicrohttpd no memory to write a reply's. */
static bool is_head_too_large(const struct served *served)
{
    return served->exchange.limit == HEADERS_TOO_LARGE || served->exchange.limit == URI_TOO_LONG;
}

/* The request is as whole as it will get. The handler may hand the exchange to another thread, but the arena ends
 * on this one, in connection_complete. */
enum MHD_Result connection_serve(struct served *served)
{
    const struct server *server = served->connection->pool->server;
    if (!connection_take_turn(served))
        return MHD_NO;
    server->options.handler(&served->exchange, server->options.arg);
    if (served->stage == STAGE_PARKED)
        return MHD_YES;
    if (!is_head_too_large(served))
        return connection_reply(served);
    wire_answer_last(served->connection, &served->exchange);
    return MHD_NO;
}

void connection_suspend(struct served *served)
{
    served->is_suspended = true;
    served->connection->worker->parked_count++;
    MHD_suspend_connection(served->mhd);
}

void connection_wake(struct served *served)
{
    if (served->is_suspended)
        served->connection->worker->parked_count--;
    served->is_suspended = false;
}

void exchange_park(struct exchange *exchange)
{
    struct served *served = served_of(exchange);
    assert(served->stage == STAGE_SERVING && exchange->resumed && exchange->response.status == 0);
    served->stage = STAGE_PARKED;
    connection_suspend(served);
}

void exchange_resume(struct exchange *exchange)
{
    const struct served *served = served_of(exchange);
    worker_resume(served->connection->worker, served->mhd);
}

static enum MHD_Result serve_resumed(struct served *served)
{
    if (served->stream && stream_is_client_gone(served->stream))
        return MHD_NO;
    served->stage = STAGE_RESUMED;
    served->exchange.resumed(&served->exchange);
    return connection_reply(served);
}

static bool may_discard(const struct served *served)
{
    return served->announced_len <= DISCARD_MAX && !served->is_awaited;
}

/* An answer given here makes libmicrohttpd close the connection: right for requests that went wrong, and only for
 * them. */
static enum MHD_Result begin(struct served *served, const char *method, const char *version)
{
    const struct server_options *options = &served->connection->pool->server->options;
    head_read(served, method, version);
    served->stage = STAGE_BODY;
    if (served->exchange.limit != WITHIN_LIMITS)
        return connection_serve(served);
    if (forward_must_stream(served))
        return forward_begin(served);
    if (served->announced_len > options->body_max) {
        served->exchange.limit = BODY_TOO_LARGE;
        if (!may_discard(served))
            return connection_serve(served);
    }
    return MHD_YES;
}

static enum MHD_Result take_body(struct served *served, struct str bytes)
{
    if (served->exchange.limit == WITHIN_LIMITS) {
        buf_add(&served->body, bytes);
        if (!served->body.is_full)
            return MHD_YES;
        served->exchange.limit = BODY_TOO_LARGE;
    }
    served->discarded_len += bytes.len;
    return served->discarded_len <= DISCARD_MAX ? MHD_YES : MHD_NO;
}

enum MHD_Result connection_handle(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                                  const char *version, const char *bytes, size_t *bytes_len, void **context)
{
    (void)mhd;
    (void)url;
    struct worker *worker = cls;
    struct served *served = *context;
    worker->call_count++;
    connection_wake(served);
    if (served->stage == STAGE_HEAD)
        return begin(served, method, version);
    if (served->stage == STAGE_FORWARDING || served->stage == STAGE_DISCARDING)
        return *bytes_len > 0 ? forward_take(served, bytes, bytes_len) : forward_end(served);
    if (*bytes_len > 0) {
        struct str part = {bytes, *bytes_len};
        *bytes_len = 0;
        return take_body(served, part);
    }
    if (served->stage == STAGE_PARKED)
        return serve_resumed(served);
    return connection_serve(served);
}

/* After the reply has left or the connection has failed; for a parked exchange only after it was resumed. */
void connection_complete(void *cls, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode reason)
{
    struct worker *worker = cls;
    struct served *served = *context;
    (void)mhd;
    worker->call_count++;
    if (!served)
        return;
    struct connection *connection = served->connection;
    bool is_counted = served->is_counted;
    connection->served = NULL;
    connection->ended_len +=
        served->head_len + (served->exchange.request.is_body_coming ? served->announced_len : served->body.len);
    if (served->stage == STAGE_HEAD || served->stage == STAGE_BODY)
        forget_half(worker, served);
    connection_wake(served);
    upstream_end(served);
    *context = NULL;
    arena_destroy(served->exchange.arena);
    atomic_store_explicit(&connection->request_ns, 0, memory_order_relaxed);
    atomic_fetch_add(&connection->request_count, 1);
    if (reason == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        move_turn(connection, TURN_SERVER, TURN_CLIENT);
    else
        atomic_store(&connection->turn, TURN_OVER); /* libmicrohttpd closes */
    if (is_counted)
        atomic_fetch_sub(&worker->pool->server->exchange_count, 1);
}

static void fill_peer(struct connection *connection, const struct sockaddr *socket_address)
{
    connection->address = address_of_socket(socket_address);
    if (connection->address.kind == ADDRESS_IPV4)
        inet_ntop(AF_INET, connection->address.bytes, connection->peer, sizeof(connection->peer));
    if (connection->address.kind == ADDRESS_IPV6)
        inet_ntop(AF_INET6, connection->address.bytes, connection->peer, sizeof(connection->peer));
}

static struct connection *open_connection(struct worker *worker, struct MHD_Connection *mhd)
{
    struct server *server = worker->pool->server;
    struct connection *connection = memory_alloc(sizeof(*connection));
    connection->worker = worker;
    connection->pool = worker->pool;
    connection->mhd = mhd;
    connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    connection->opened_ns = clock_monotonic_ns();
    fill_peer(connection, MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    wire_watch(connection);
    connection->is_trusted = network_any_has(server->trusted, server->trusted_count, &connection->address);
    pthread_mutex_lock(&server->mutex);
    connection->next = server->connections;
    if (connection->next)
        connection->next->previous = connection;
    server->connections = connection;
    pthread_mutex_unlock(&server->mutex);
    return connection;
}

/* The pool is still there: it does not end before its worker's thread has. */
void connection_forget(struct worker *worker)
{
    struct pool *pool = worker->pool;
    struct server *server = pool->server;
    atomic_fetch_sub(&worker->connection_count, 1);
    atomic_fetch_sub(&server->connection_count, 1);
    bool is_last = atomic_fetch_sub(&pool->connection_count, 1) == 1;
    if (atomic_load(&server->is_full) || (is_last && atomic_load(&pool->is_retired)))
        watch_wake(server);
}

/* Leaves the list before libmicrohttpd closes the descriptor, so the watch never meets one that was used again.
 * libmicrohttpd 0.9.75 does not tell of the end of a request that it has found two faults in: it is told here. */
static void close_connection(struct connection *connection)
{
    struct worker *worker = connection->worker;
    struct server *server = worker->pool->server;
    void *context = connection->served;
    assert(!connection->is_held);
    connection_complete(worker, connection->mhd, &context, MHD_REQUEST_TERMINATED_WITH_ERROR);
    pthread_mutex_lock(&server->mutex);
    if (connection->next)
        connection->next->previous = connection->previous;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    pthread_mutex_unlock(&server->mutex);
    memory_free(connection);
    connection_forget(worker);
}

void connection_notify(void *cls, struct MHD_Connection *mhd, void **context,
                       enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        *context = open_connection(cls, mhd);
    else
        close_connection(*context);
}
