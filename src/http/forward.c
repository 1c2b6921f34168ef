/*
 * forward.c — requests that go on to an upstream, as libmicrohttpd calls about them: bodies in pieces, both ways.
 */
#include <assert.h>

#include "base/arena.h"
#include "http/inside.h"
#include "http/stream.h"

/* As for any other request that was answered too early: its sender gets to read the answer. */
#define DISCARD_MAX (1024 * 1024)
/* Handed to libmicrohttpd at once; an eighth of a ring, so that the next piece comes while it is sent. */
#define PIECE_LEN (RING_ROOM / 8)

static bool is_awaited(const struct served *served)
{
    return str_is_present(request_header(&served->exchange, "Expect"));
}

bool forward_must_stream(struct served *served)
{
    const struct server_options *options = &served->connection->pool->server->options;
    bool has_body = served->is_chunked || served->announced_len > 0;
    bool is_unfit = served->is_chunked || served->announced_len > options->body_max || is_awaited(served);
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
    if (is_awaited(served) || served->announced_len > DISCARD_MAX)
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

static enum MHD_Result discard(struct served *served, size_t len)
{
    served->discarded_len += len;
    return served->discarded_len <= DISCARD_MAX ? MHD_YES : answer_last(served);
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
    if (served->discarded_len + part.len > DISCARD_MAX)
        return stream_await_end(served->stream) ? answer_last(served) : MHD_YES;
    *bytes_len = 0;
    return discard(served, part.len);
}

enum MHD_Result forward_end(struct served *served)
{
    if (served->stage == STAGE_DISCARDING)
        return connection_reply(served);
    loop_watch_client(served->stream, served->connection->fd);
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
    if (len == STREAM_BROKEN)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return len == STREAM_END ? MHD_CONTENT_READER_END_OF_STREAM : len;
}

struct MHD_Response *forward_create_reply(struct served *served)
{
    const struct stream *stream = served->stream;
    uint64_t len = stream->reply_len < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)stream->reply_len;
    struct MHD_Response *reply = MHD_create_response_from_callback(len, PIECE_LEN, read_reply, served, NULL);
    /* libmicrohttpd 0.9.75 ends the chunks of a body that it does not send. */
    if (reply && stream->is_bodiless && stream->reply_len < 0)
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
