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
#include "http/stream.h"

#define EVENT_BATCH 64
/* Between two looks at who has been silent for too long. */
#define LOOK_NS   INT64_C(250000000)
#define NS_PER_MS INT64_C(1000000)
/* Handles that are kept for the next requests, and connections to the other servers. */
#define SPARE_MAX       64
#define CONNECTIONS_MAX 256L

struct loop {
    pthread_t thread;
    int epoll_fd;
    int wake_fd; /* eventfd: something was posted */

    pthread_mutex_t lock;
    struct stream *posted; /* guarded by it, like the next */
    bool is_ending;

    /* The thread's own. */
    const struct curl_library *curl; /* NULL: not to be had */
    CURLM *multi;
    struct stream *streams;
    struct stream *touched;
    struct stream *ended; /* to be freed when this round is over: an event may still name them */
    CURL *spares[SPARE_MAX];
    unsigned spare_count;
    int64_t timer_ns; /* when libcurl wants to be called; 0: it does not */
    int64_t look_ns;
};

/* What an event is about: the wake descriptor, one of libcurl's, or a stream's client. Streams lie at even places. */
#define ABOUT_WAKE UINT64_C(0)

static uint64_t about_socket(curl_socket_t fd)
{
    return (uint64_t)fd << 1 | 1;
}

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
    (void)epoll_ctl(stream->loop->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

void loop_unwatch_client(const struct stream *stream, int fd)
{
    (void)epoll_ctl(stream->loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

/* --- libcurl --- */

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    const struct loop *loop = arg;
    struct epoll_event event = {.data.u64 = about_socket(fd)};
    (void)easy, (void)socket_arg;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    /* A failure would end all of libcurl's transfers; one that is not watched ends by its silence. */
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0)
        (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    return 0;
}

static int set_timer(CURLM *multi, long wait_ms, void *arg)
{
    struct loop *loop = arg;
    (void)multi;
    loop->timer_ns = wait_ms < 0 ? 0 : clock_monotonic_ns() + wait_ms * NS_PER_MS;
    return 0;
}

static void open_library(struct loop *loop)
{
    const struct curl_library *curl = curl_acquire();
    if (!curl) {
        log_event(LOG_ERROR, "upstream_library_missing", log_text("library", STR(CURL_LIBRARY)));
        return;
    }
    loop->multi = curl->multi_init();
    if (!loop->multi) {
        log_event(LOG_ERROR, "upstream_library_missing", log_text("library", STR(CURL_LIBRARY)));
        curl_release();
        return;
    }
    loop->curl = curl;
    curl->multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl->multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl->multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl->multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    curl->multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX);
    curl->multi_setopt(loop->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
}

static void close_library(struct loop *loop)
{
    if (!loop->curl)
        return;
    while (loop->spare_count > 0)
        loop->curl->easy_cleanup(loop->spares[--loop->spare_count]);
    loop->curl->multi_cleanup(loop->multi);
    curl_release();
}

static CURL *take_handle(struct loop *loop)
{
    return loop->spare_count > 0 ? loop->spares[--loop->spare_count] : loop->curl->easy_init();
}

static void drop_handle(struct loop *loop, struct stream *stream)
{
    CURL *easy = stream->easy;
    if (!easy)
        return;
    stream->easy = NULL;
    loop->curl->multi_remove_handle(loop->multi, easy);
    if (loop->spare_count == SPARE_MAX) {
        loop->curl->easy_cleanup(easy);
        return;
    }
    loop->curl->easy_reset(easy);
    loop->spares[loop->spare_count++] = easy;
}

/* --- streams --- */

static void begin_stream(struct loop *loop, struct stream *stream)
{
    stream->next = loop->streams;
    if (stream->next)
        stream->next->previous = stream;
    loop->streams = stream;
    stream->is_begun = true;
    stream->easy = loop->curl ? take_handle(loop) : NULL;
    if (!stream->easy) {
        transfer_fail(stream, UPSTREAM_UNREACHABLE, STR(CURL_LIBRARY " is not to be had"));
        return;
    }
    if (transfer_begin(loop->curl, stream) && loop->curl->multi_add_handle(loop->multi, stream->easy) == CURLM_OK)
        return;
    drop_handle(loop, stream);
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
    drop_handle(loop, stream);
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
        drop_handle(loop, stream);
    }
}

/* A server that answers while it does not read: nobody takes the answer before the request is whole, and nothing more
 * of the request has room. Then it is read over, as after any early answer. With the lock held. */
static void free_if_stuck(struct stream *stream)
{
    if (stream->is_reply_paused && stream->waits == WAITS_FOR_ROOM && !stream->is_body_refused) {
        stream->is_body_refused = true;
        loop_touch(stream);
    }
}

static void look_at(struct loop *loop, struct stream *stream, int64_t now_ns)
{
    pthread_mutex_lock(&stream->lock);
    free_if_stuck(stream);
    bool is_clients_turn = stream->is_upload_paused || (stream->is_reply_paused && stream->is_body_whole);
    pthread_mutex_unlock(&stream->lock);
    if (!stream->easy || stream->heard_ns == 0)
        return;
    if (is_clients_turn) {
        stream->heard_ns = now_ns;
    } else if (now_ns - stream->heard_ns > stream->silence_ns) {
        drop_handle(loop, stream);
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
            drop_handle(loop, stream);
        settle(stream);
    }
}

static void note_client_gone(struct loop *loop, struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->is_client_gone = true;
    pthread_mutex_unlock(&stream->lock);
    drop_handle(loop, stream);
    loop_touch(stream);
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
    } else if (about & 1) {
        int what = (event->events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        loop->curl->multi_socket_action(loop->multi, (curl_socket_t)(about >> 1), what, &running);
    } else {
        note_client_gone(loop, (struct stream *)(uintptr_t)about);
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
    open_library(loop);
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
    close_library(loop);
    return NULL;
}

static bool open_descriptors(struct loop *loop)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = ABOUT_WAKE};
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return loop->epoll_fd >= 0 && loop->wake_fd >= 0 &&
           epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) == 0;
}

static void destroy(struct loop *loop)
{
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
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
