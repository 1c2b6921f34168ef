/*
 * handles.c — libcurl as a loop uses it: its handles, its sockets in the loop's epoll, its timer.
 */
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/inside.h"
#include "http/loop.h"

#define NS_PER_MS INT64_C(1000000)
/* To the other servers, that are kept. */
#define CONNECTIONS_MAX 256L

static uint64_t about_socket(curl_socket_t fd)
{
    return (uint64_t)fd << 1 | 1;
}

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

void loop_open_library(struct loop *loop)
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

void loop_close_library(struct loop *loop)
{
    if (!loop->curl)
        return;
    while (loop->spare_count > 0)
        loop->curl->easy_cleanup(loop->spares[--loop->spare_count]);
    loop->curl->multi_cleanup(loop->multi);
    names_forget_all(loop);
    curl_release();
}

CURL *loop_take_handle(struct loop *loop)
{
    return loop->spare_count > 0 ? loop->spares[--loop->spare_count] : loop->curl->easy_init();
}

void loop_drop_handle(struct loop *loop, struct stream *stream)
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
