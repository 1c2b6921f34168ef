/*
 * libmicrohttpd 0.9.75 answers by itself what it cannot take: a head that exceeds its memory, a line that is none, a
 * bad chunk. It says so to its log first and does not say whose request it is. Being suspended it does not send: so
 * whoever it may be is suspended from inside that call, and once MHD_run is over there is one with a reply that none
 * of us has queued. The handler's words go out instead.
 */
#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "http/inside.h"

/* Looks for a connection without a request line go through all of them, newest first: so many each time, and more
 * from an allowance for each second, so that bad requests beside thousands of idle connections cost their worker less
 * than a hundredth of its time. */
#define LOOKS_MIN        64
#define LOOKS_PER_SECOND 16384
#define NS_PER_SECOND    INT64_C(1000000000)

static void hold(struct worker *worker, struct connection *connection)
{
    if (connection->is_held || atomic_load(&connection->turn) != TURN_CLIENT)
        return;
    if (worker->held_count == HELD_MAX) {
        worker->has_missed = true;
        return;
    }
    if (!worker->held_arena)
        worker->held_arena = arena_create();
    struct held *held = &worker->held[worker->held_count++];
    *held = (struct held){.connection = connection};
    if (connection->served)
        held->glance = head_glance(connection->served, worker->held_arena);
    connection->is_held = true;
    MHD_suspend_connection(connection->mhd);
}

static void hold_halves(struct worker *worker)
{
    for (struct served *served = worker->halves; served && !worker->has_missed; served = served->next)
        hold(worker, served->connection);
}

static unsigned count_looks(struct worker *worker)
{
    int64_t now_ns = clock_monotonic_ns();
    if (now_ns - worker->looks_from_ns >= NS_PER_SECOND) {
        worker->looks_from_ns = now_ns;
        worker->looks_left = LOOKS_PER_SECOND;
    }
    return worker->looks_left < LOOKS_MIN ? LOOKS_MIN : worker->looks_left;
}

static bool may_be_refused(const struct worker *worker, const struct connection *connection)
{
    return connection->worker == worker && !connection->served && !connection->is_held &&
           atomic_load(&connection->turn) == TURN_CLIENT && wire_has_news(connection);
}

/* Held outside of the mutex: they are this thread's own and stay. */
static void hold_lineless(struct worker *worker)
{
    struct server *server = worker->pool->server;
    struct connection *found[HELD_MAX];
    unsigned found_count = 0;
    unsigned looks_max = count_looks(worker);
    unsigned looks = 0;
    pthread_mutex_lock(&server->mutex);
    struct connection *connection = server->connections;
    for (; connection && looks < looks_max && found_count < HELD_MAX; connection = connection->next, looks++) {
        if (may_be_refused(worker, connection))
            found[found_count++] = connection;
    }
    pthread_mutex_unlock(&server->mutex);
    worker->looks_left -= looks < worker->looks_left ? looks : worker->looks_left;
    for (unsigned i = 0; i < found_count; i++)
        hold(worker, found[i]);
}

/*
 * libmicrohttpd tells of the end of each half request before it closes its connection, so none of them is closed and
 * may not be held. One exception: refused a second time, it is closed without a word. Held after the first time that
 * does not happen, so when it may not have been held, nobody else is until this round of libmicrohttpd's is over.
 */
void reject_hold(struct worker *worker, unsigned status)
{
    if (worker->has_missed || atomic_load(&worker->pool->server->is_stopping))
        return;
    if (status != MHD_HTTP_URI_TOO_LONG && status != MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED)
        hold_halves(worker);
    if (status != MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE && status != MHD_HTTP_CONTENT_TOO_LARGE)
        hold_lineless(worker);
}

static enum http_limit limit_of(unsigned status)
{
    switch (status) {
    case MHD_HTTP_CONTENT_TOO_LARGE:
        return BODY_TOO_LARGE;
    case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
        return HEADERS_TOO_LARGE;
    case MHD_HTTP_URI_TOO_LONG:
        return URI_TOO_LONG;
    case MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED:
        return VERSION_UNSUPPORTED;
    default:
        return REQUEST_MALFORMED;
    }
}

static void answer(struct served *served, const struct held *held, unsigned status)
{
    const struct connection *connection = served->connection;
    const struct server_options *options = &connection->pool->server->options;
    struct exchange *exchange = &served->exchange;
    if (!connection_take_turn(served))
        return;
    head_read_glance(served, &held->glance);
    exchange->limit = limit_of(status);
    if (exchange->limit == HEADERS_TOO_LARGE && exchange->request.target.len > options->header_max)
        exchange->limit = URI_TOO_LONG;
    options->handler(exchange, options->arg);
    assert(exchange->response.status != 0); /* a refusal does not wait for anything */
    wire_answer_last(served->connection, exchange);
}

/* Without a request line there is no exchange yet, and libmicrohttpd will not tell of its end. */
static void refuse(const struct held *held, unsigned status)
{
    struct connection *connection = held->connection;
    if (connection->served) {
        answer(connection->served, held, status);
        return;
    }
    void *context = connection_see_target(connection->worker, "", connection->mhd);
    answer(context, held, status);
    connection_complete(connection->worker, connection->mhd, &context, MHD_REQUEST_TERMINATED_WITH_ERROR);
}

static void let_go(const struct held *held)
{
    struct connection *connection = held->connection;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection->mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
    connection->is_held = false;
    if (info)
        refuse(held, info->http_status);
    MHD_resume_connection(connection->mhd);
}

bool reject_release(struct worker *worker)
{
    worker->has_missed = false;
    if (worker->held_count == 0)
        return false;
    for (unsigned i = 0; i < worker->held_count; i++)
        let_go(&worker->held[i]);
    worker->held_count = 0;
    arena_destroy(worker->held_arena);
    worker->held_arena = NULL;
    return true;
}
