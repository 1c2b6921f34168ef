/*
 * loop.c — a thread that drives libcurl for forwarded requests, and wakes their workers.
 *
 * It waits on one epoll descriptor for libcurl's sockets, for what workers post, and for clients that go away.
 */
#include <assert.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/inside.h"
#include "http/loop.h"

#define EVENT_BATCH 64
/* Between two looks at who has been silent for too long. */
#define LOOK_NS   INT64_C(250000000)
#define NS_PER_MS INT64_C(1000000)
/* How long a server may be busy without reading before it counts as one that does not. */
#define STUCK_NS INT64_C(2000000000)

static void wake(const struct loop *loop)
{
    const uint64_t one = 1;
    ssize_t written = write(loop->wake_fd, &one, sizeof(one));
    (void)written; /* full is awake too */
}

/* That it is over is said in the same step as it is posted: the loop, which may have taken an earlier post meanwhile,
 * frees it with the one that comes last. */
static void post(struct stream *stream, bool is_last)
{
    struct loop *loop = stream->loop;
    pthread_mutex_lock(&loop->lock);
    assert(!stream->is_over);
    stream->is_over = is_last;
    bool must_wake = !loop->posted;
    if (!stream->is_posted) {
        stream->is_posted = true;
        stream->next_posted = loop->posted;
        loop->posted = stream;
    }
    pthread_mutex_unlock(&loop->lock);
    if (must_wake)
        wake(loop);
}

void loop_post(struct stream *stream)
{
    post(stream, false);
}

void loop_post_last(struct stream *stream)
{
    post(stream, true);
}

void loop_touch(struct stream *stream)
{
    if (stream->is_touched)
        return;
    stream->is_touched = true;
    stream->next_touched = stream->loop->touched;
    stream->loop->touched = stream;
}

/* Edge-triggered: it is told once. The end of the client's direction alone counts too, as everywhere: whoever has
 * said all and hears no more cannot be told from whoever has gone. */
void loop_watch_client(const struct stream *stream, int fd)
{
    struct epoll_event event = {.events = EPOLLRDHUP | EPOLLET, .data.u64 = (uint64_t)(uintptr_t)stream};
    /* Where it fails for want of memory the client's going is found when something is sent to it. */
    (void)epoll_ctl(stream->loop->client_fd, EPOLL_CTL_ADD, fd, &event);
}

void loop_unwatch_client(const struct stream *stream, int fd)
{
    (void)epoll_ctl(stream->loop->client_fd, EPOLL_CTL_DEL, fd, NULL);
}

/* --- streams --- */

static void begin_stream(struct loop *loop, struct stream *stream)
{
    stream->next = loop->streams;
    if (stream->next)
        stream->next->previous = stream;
    loop->streams = stream;
    stream->is_begun = true;
    if (stream_is_client_gone(stream))
        return;
    if (!names_may_try(stream)) {
        transfer_fail(stream, UPSTREAM_UNREACHABLE, STR("its name was not found a moment ago"));
        return;
    }
    stream->easy = loop->curl ? loop_take_handle(loop) : NULL;
    if (!stream->easy) {
        transfer_fail(stream, UPSTREAM_UNREACHABLE, STR(CURL_LIBRARY " is not to be had"));
        return;
    }
    if (transfer_begin(loop->curl, stream) && loop->curl->multi_add_handle(loop->multi, stream->easy) == CURLM_OK)
        return;
    loop_drop_handle(loop, stream);
    transfer_fail(stream, UPSTREAM_UNREACHABLE, STR("libcurl does not take the request"));
}

static void unlink_stream(struct loop *loop, struct stream *stream)
{
    if (stream->next)
        stream->next->previous = stream->previous;
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        loop->streams = stream->next;
}

static void end_stream(struct loop *loop, struct stream *stream)
{
    loop_drop_handle(loop, stream);
    if (stream->is_begun)
        unlink_stream(loop, stream);
    stream->next = loop->ended;
    loop->ended = stream;
}

/* NULL: no more. From here on it may be posted again, unless it is over. */
static struct stream *take_one_posted(struct loop *loop, bool *ret_is_over)
{
    pthread_mutex_lock(&loop->lock);
    struct stream *stream = loop->posted;
    if (stream) {
        loop->posted = stream->next_posted;
        stream->is_posted = false;
        *ret_is_over = stream->is_over;
    }
    pthread_mutex_unlock(&loop->lock);
    return stream;
}

static void take_posted(struct loop *loop)
{
    struct stream *stream;
    bool is_over = false;
    while ((stream = take_one_posted(loop, &is_over))) {
        if (is_over) {
            end_stream(loop, stream);
            continue;
        }
        if (!stream->is_begun)
            begin_stream(loop, stream);
        if (stream->easy)
            transfer_go_on(loop->curl, stream);
    }
}

static void read_messages(struct loop *loop)
{
    int left;
    const CURLMsg *message;
    while (loop->curl && (message = loop->curl->multi_info_read(loop->multi, &left))) {
        struct stream *stream = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result; /* the message goes with the handle */
        loop->curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &stream);
        transfer_conclude(loop->curl, stream, code);
        loop_drop_handle(loop, stream);
    }
}

/* A server that answers and has stopped to read: nobody takes the answer before the request is whole, and nothing
 * more of the request has room. Then the rest is read over, as after any early answer. With the lock held. */
static void free_if_stuck(struct stream *stream, int64_t now_ns)
{
    bool may_be = stream->is_reply_paused && stream->waits == WAITS_FOR_ROOM && !stream->is_body_refused;
    if (!may_be || stream->sent_len != stream->stuck_len)
        stream->stuck_ns = 0;
    if (!may_be)
        return;
    if (stream->stuck_ns == 0) {
        stream->stuck_ns = now_ns;
        stream->stuck_len = stream->sent_len;
    } else if (now_ns - stream->stuck_ns > STUCK_NS) {
        stream->is_body_refused = true;
        loop_touch(stream);
    }
}

static void look_at(struct loop *loop, struct stream *stream, int64_t now_ns)
{
    pthread_mutex_lock(&stream->lock);
    free_if_stuck(stream, now_ns);
    /* Of a body that is refused nothing more is wanted, though its upload stays paused. */
    bool is_upload_awaited = stream->is_upload_paused && !stream->is_body_refused;
    bool is_clients_turn = is_upload_awaited || (stream->is_reply_paused && stream->is_body_whole);
    pthread_mutex_unlock(&stream->lock);
    if (!stream->easy || stream->heard_ns == 0)
        return;
    if (is_clients_turn) {
        stream->heard_ns = now_ns;
    } else if (now_ns - stream->heard_ns > stream->silence_ns) {
        loop_drop_handle(loop, stream);
        transfer_fail(stream, UPSTREAM_LATE, STR("no answer within answer_seconds"));
    }
}

static void look_at_all(struct loop *loop, int64_t now_ns)
{
    if (now_ns < loop->look_ns)
        return;
    loop->look_ns = now_ns + LOOK_NS;
    for (struct stream *stream = loop->streams; stream; stream = stream->next)
        look_at(loop, stream, now_ns);
}

static bool is_worth_waking(const struct stream *stream)
{
    if (stream->is_client_gone)
        return true;
    switch (stream->waits) {
    case WAITS_FOR_ROOM:
        return stream->is_body_refused || ring_free_len(&stream->request) >= RING_ROOM / 2;
    case WAITS_FOR_HEAD:
        return stream->has_head;
    case WAITS_FOR_BYTES:
        return stream->has_ended || stream->reply.len > 0;
    case WAITS_FOR_END:
        return stream->has_ended || stream->is_reply_paused;
    case WAITS_NOT:
        break;
    }
    return false;
}

static void settle(struct stream *stream)
{
    struct served *served = NULL;
    pthread_mutex_lock(&stream->lock);
    if (stream->waits != WAITS_NOT && is_worth_waking(stream)) {
        stream->waits = WAITS_NOT;
        served = stream->served;
    }
    pthread_mutex_unlock(&stream->lock);
    if (served)
        worker_resume(served->connection->worker, served->mhd);
}

/* Once for all that has happened to a stream in this round: so a short answer is whole when its worker sees it. */
static void settle_touched(struct loop *loop)
{
    while (loop->touched) {
        struct stream *stream = loop->touched;
        loop->touched = stream->next_touched;
        stream->is_touched = false;
        if (stream->easy)
            transfer_publish(loop->curl, stream);
        if (stream->easy && transfer_is_answered_early(stream))
            loop_drop_handle(loop, stream);
        settle(stream);
    }
}

static void note_client_gone(struct loop *loop, struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->is_client_gone = true;
    pthread_mutex_unlock(&stream->lock);
    loop_drop_handle(loop, stream);
    loop_touch(stream);
}

/* What is left comes with the next round: the descriptor stays readable. */
static void note_clients_gone(struct loop *loop)
{
    struct epoll_event events[EVENT_BATCH];
    int count = epoll_wait(loop->client_fd, events, EVENT_BATCH, 0);
    for (int i = 0; i < count; i++)
        note_client_gone(loop, (struct stream *)(uintptr_t)events[i].data.u64);
}

static void free_ended(struct loop *loop)
{
    while (loop->ended) {
        struct stream *stream = loop->ended;
        loop->ended = stream->next;
        ring_end(&stream->request);
        ring_end(&stream->reply);
        pthread_mutex_destroy(&stream->lock);
        arena_destroy(stream->arena); /* the stream with it */
    }
}

/* --- the thread --- */

static int find_wait_ms(const struct loop *loop)
{
    int64_t until_ns = loop->streams ? loop->look_ns : 0;
    if (loop->timer_ns && (!until_ns || loop->timer_ns < until_ns))
        until_ns = loop->timer_ns;
    if (!until_ns)
        return -1;
    int64_t left_ns = until_ns - clock_monotonic_ns();
    return left_ns <= 0 ? 0 : (int)((left_ns + NS_PER_MS - 1) / NS_PER_MS);
}

static void handle_event(struct loop *loop, const struct epoll_event *event)
{
    uint64_t about = event->data.u64, wakes;
    int running;
    if (about == ABOUT_WAKE) {
        ssize_t got = read(loop->wake_fd, &wakes, sizeof(wakes));
        (void)got;
    } else if (about == ABOUT_CLIENTS) {
        note_clients_gone(loop);
    } else {
        int what = (event->events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        loop->curl->multi_socket_action(loop->multi, (curl_socket_t)(about >> 1), what, &running);
    }
}

static void run_timer(struct loop *loop)
{
    int running;
    if (!loop->timer_ns || loop->timer_ns > clock_monotonic_ns())
        return;
    loop->timer_ns = 0;
    loop->curl->multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

static bool has_ended(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    bool is_over = loop->is_ending && !loop->posted && !loop->streams;
    pthread_mutex_unlock(&loop->lock);
    return is_over;
}

static void *run(void *arg)
{
    struct loop *loop = arg;
    struct epoll_event events[EVENT_BATCH];
    loop_open_library(loop);
    while (!has_ended(loop)) {
        int count = epoll_wait(loop->epoll_fd, events, EVENT_BATCH, find_wait_ms(loop));
        for (int i = 0; i < count; i++)
            handle_event(loop, &events[i]);
        take_posted(loop);
        run_timer(loop);
        read_messages(loop);
        look_at_all(loop, clock_monotonic_ns());
        settle_touched(loop);
        free_ended(loop);
    }
    loop_close_library(loop);
    return NULL;
}

static bool open_descriptors(struct loop *loop)
{
    struct epoll_event woken = {.events = EPOLLIN, .data.u64 = ABOUT_WAKE};
    struct epoll_event gone = {.events = EPOLLIN, .data.u64 = ABOUT_CLIENTS};
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->client_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return loop->epoll_fd >= 0 && loop->client_fd >= 0 && loop->wake_fd >= 0 &&
           epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &woken) == 0 &&
           epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->client_fd, &gone) == 0;
}

static void destroy(struct loop *loop)
{
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    if (loop->client_fd >= 0)
        close(loop->client_fd);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    pthread_mutex_destroy(&loop->lock);
    memory_free(loop);
}

struct loop *loop_start(void)
{
    struct loop *loop = memory_alloc(sizeof(*loop));
    pthread_mutex_init(&loop->lock, NULL);
    if (open_descriptors(loop) && thread_start(&loop->thread, run, loop))
        return loop;
    destroy(loop);
    return NULL;
}

void loop_end(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->is_ending = true;
    pthread_mutex_unlock(&loop->lock);
    wake(loop);
    pthread_join(loop->thread, NULL);
    destroy(loop);
}
