/*
 * stream.c — a forwarded request as its worker sees it: bytes go in, bytes come out, or the connection is suspended.
 */
#include "http/stream.h"

#include "base/arena.h"
#include "http/inside.h"

/* With the lock held: so the loop cannot resume what is not suspended yet. */
static void suspend(struct stream *stream, enum stream_wait what)
{
    stream->waits = what;
    connection_suspend(stream->served);
}

void stream_park(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->waits = WAITS_FOR_HEAD;
    exchange_park(&stream->served->exchange);
    pthread_mutex_unlock(&stream->lock);
}

size_t stream_give(struct stream *stream, struct str bytes)
{
    pthread_mutex_lock(&stream->lock);
    bool is_wanted = !stream->is_body_refused && !stream->is_client_gone;
    size_t len = is_wanted ? ring_put(&stream->request, bytes) : bytes.len;
    bool must_post = stream->is_upload_paused;
    if (len < bytes.len)
        suspend(stream, WAITS_FOR_ROOM);
    pthread_mutex_unlock(&stream->lock);
    if (must_post)
        loop_post(stream);
    return len;
}

bool stream_end_request(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->is_body_whole = true;
    bool must_post = stream->is_upload_paused;
    bool is_answered = stream->has_head || stream->is_client_gone;
    if (!is_answered)
        suspend(stream, WAITS_FOR_HEAD);
    pthread_mutex_unlock(&stream->lock);
    if (must_post)
        loop_post(stream);
    return is_answered;
}

bool stream_is_refused(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool is_refused = stream->is_body_refused;
    pthread_mutex_unlock(&stream->lock);
    return is_refused;
}

bool stream_await_end(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool is_there = stream->has_ended || stream->is_reply_paused || stream->is_client_gone;
    if (!is_there)
        suspend(stream, WAITS_FOR_END);
    pthread_mutex_unlock(&stream->lock);
    return is_there;
}

bool stream_is_client_gone(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool is_gone = stream->is_client_gone;
    pthread_mutex_unlock(&stream->lock);
    return is_gone;
}

ssize_t stream_take(struct stream *stream, char *room, size_t max)
{
    pthread_mutex_lock(&stream->lock);
    ssize_t len = (ssize_t)ring_take(&stream->reply, room, max);
    bool must_post = stream->is_reply_paused && ring_free_len(&stream->reply) >= RING_ROOM / 2;
    if (len == 0 && (stream->is_broken || stream->is_client_gone))
        len = STREAM_BROKEN;
    else if (len == 0 && stream->has_ended)
        len = STREAM_END;
    else if (len == 0)
        suspend(stream, WAITS_FOR_BYTES);
    pthread_mutex_unlock(&stream->lock);
    if (must_post)
        loop_post(stream);
    return len;
}

bool stream_take_all(struct stream *stream, struct arena *arena, struct str *ret_body)
{
    pthread_mutex_lock(&stream->lock);
    bool is_all_there = stream->has_ended && !stream->is_broken;
    size_t len = stream->reply.len;
    if (is_all_there) {
        char *room = arena_alloc(arena, len + 1);
        *ret_body = (struct str){room, ring_take(&stream->reply, room, len)};
    }
    pthread_mutex_unlock(&stream->lock);
    return is_all_there;
}

void stream_over(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->served = NULL;
    stream->waits = WAITS_NOT;
    pthread_mutex_unlock(&stream->lock);
    loop_post_last(stream);
}

void stream_abort(struct stream *stream)
{
    struct served *served = NULL;
    pthread_mutex_lock(&stream->lock);
    stream->is_client_gone = true;
    if (stream->waits != WAITS_NOT)
        served = stream->served;
    stream->waits = WAITS_NOT;
    pthread_mutex_unlock(&stream->lock);
    if (served)
        worker_resume(served->connection->worker, served->mhd);
}
