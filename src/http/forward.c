/*
 * forward.c — requests that go on to an upstream, as libmicrohttpd calls about them: bodies in pieces, both ways.
 */
#include <assert.h>

#include "base/arena.h"
#include "base/clock.h"
#include "http/inside.h"
#include "http/stream.h"

/* Handed to libmicrohttpd at once; an eighth of a ring, so that the next piece comes while it is sent. */
#define PIECE_LEN     (RING_ROOM / 8)
#define NS_PER_SECOND INT64_C(1000000000)

bool forward_must_stream(struct served *served)
{
    const struct server_options *options = &served->connection->pool->server->options;
    bool has_body = served->is_chunked || served->announced_len > 0;
    bool is_unfit = served->is_chunked || served->announced_len > options->body_max || served->is_awaited;
    return options->streams && has_body && is_unfit && options->streams(&served->exchange, options->arg);
}

/* The turn is the server's from here on: how long the body takes is between its sender and the upstream, and a
 * connection on which nothing moves ends after idle_timeout_seconds. */
enum MHD_Result forward_begin(struct served *served)
{
    const struct server_options *options = &served->connection->pool->server->options;
    if (!connection_take_turn(served))
        return MHD_NO;
    served->exchange.request.is_body_coming = true;
    options->handler(&served->exchange, options->arg);
    if (served->stage == STAGE_FORWARDING)
        return MHD_YES;
    assert(served->exchange.response.status != 0);
    served->stage = STAGE_DISCARDING;
    if (served->is_awaited || served->announced_len > DISCARD_MAX)
        return connection_reply(served);
    return MHD_YES;
}

/* libmicrohttpd takes no reply in the middle of a body, so one that does not end is answered past it. */
static enum MHD_Result answer_last(struct served *served)
{
    struct exchange *exchange = &served->exchange;
    if (served->stage == STAGE_FORWARDING) {
        if (stream_is_client_gone(served->stream))
            return MHD_NO;
        served->stage = STAGE_RESUMED;
        exchange->resumed(exchange);
    }
    if (!exchange->response.is_streamed)
        wire_answer_last(served->connection, exchange);
    return MHD_NO;
}

/* It takes no longer than any other request may: whoever is not heard could drip for ever. */
static bool may_discard(struct served *served, size_t len)
{
    int64_t limit_ns = served->connection->pool->server->options.request_timeout_seconds * NS_PER_SECOND;
    int64_t now_ns = clock_monotonic_ns();
    if (served->discard_until_ns == 0)
        served->discard_until_ns = limit_ns ? now_ns + limit_ns : INT64_MAX;
    return served->discarded_len + len <= DISCARD_MAX && now_ns < served->discard_until_ns;
}

static enum MHD_Result discard(struct served *served, size_t len)
{
    if (!may_discard(served, len))
        return answer_last(served);
    served->discarded_len += len;
    return MHD_YES;
}

enum MHD_Result forward_take(struct served *served, const char *bytes, size_t *bytes_len)
{
    struct str part = {bytes, *bytes_len};
    if (served->stage == STAGE_DISCARDING) {
        *bytes_len = 0;
        return discard(served, part.len);
    }
    if (stream_is_client_gone(served->stream))
        return MHD_NO;
    if (!stream_is_refused(served->stream)) {
        *bytes_len -= stream_give(served->stream, part);
        return MHD_YES;
    }
    if (!may_discard(served, part.len))
        return stream_await_end(served->stream) ? answer_last(served) : MHD_YES;
    *bytes_len = 0;
    return discard(served, part.len);
}

enum MHD_Result forward_end(struct served *served)
{
    if (served->stage == STAGE_DISCARDING)
        return connection_reply(served);
    if (!stream_end_request(served->stream)) {
        served->stage = STAGE_PARKED;
        return MHD_YES;
    }
    if (stream_is_client_gone(served->stream))
        return MHD_NO;
    served->stage = STAGE_RESUMED;
    served->exchange.resumed(&served->exchange);
    return connection_reply(served);
}

/* libmicrohttpd's reader of a reply's body. */
static ssize_t read_reply(void *cls, uint64_t position, char *room, size_t max)
{
    struct served *served = cls;
    (void)position;
    served->connection->worker->call_count++;
    connection_wake(served);
    ssize_t len = stream_take(served->stream, room, max);
    if (len == STREAM_BROKEN) {
        if (served->is_old)
            wire_break(served->connection);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    return len == STREAM_END ? MHD_CONTENT_READER_END_OF_STREAM : len;
}

struct MHD_Response *forward_create_reply(struct served *served)
{
    const struct stream *stream = served->stream;
    uint64_t len = stream->told_len < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)stream->told_len;
    struct MHD_Response *reply = MHD_create_response_from_callback(len, PIECE_LEN, read_reply, served, NULL);
    /* libmicrohttpd 0.9.75 ends the chunks of a body that it does not send. */
    if (reply && stream->is_bodiless && stream->told_len < 0)
        MHD_set_response_options(reply, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    return reply;
}

void forward_abort_all(struct worker *worker)
{
    struct server *server = worker->pool->server;
    pthread_mutex_lock(&server->mutex);
    for (struct connection *connection = server->connections; connection; connection = connection->next)
        if (connection->worker == worker && connection->served && connection->served->stream)
            stream_abort(connection->served->stream);
    pthread_mutex_unlock(&server->mutex);
}
