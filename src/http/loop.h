/*
 * loop.h — what a loop and its handles of libcurl share.
 *
 * Private to loop.c and handles.c.
 */
#pragma once

#include "http/stream.h"

/* Handles that are kept for the next requests. */
#define SPARE_MAX 64

/* What an event is about: the wake descriptor, clients, or one of libcurl's sockets (handles.c), which are odd. */
#define ABOUT_WAKE    UINT64_C(0)
#define ABOUT_CLIENTS UINT64_C(2)

struct loop {
    pthread_t thread;
    int epoll_fd;
    int wake_fd; /* eventfd: something was posted */
    /* epoll: of clients that go. Not among libcurl's sockets: it lets go of some when they are closed already, by a
     * number that may be a client's by then. */
    int client_fd;

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
    struct lost_name *lost; /* names.c */
};

/* names.c: on the loop's thread. Whether the stream's upstream may be looked for; false: others have just failed to
 * find its name. */
bool names_may_try(struct stream *stream);
/* Its name was not found before connect_seconds were over. */
void names_note_lost(struct stream *stream);
/* It is connected. */
void names_note_found(struct stream *stream);
void names_forget_all(struct loop *loop);

/* handles.c: on the loop's thread. */
/* loop->curl stays NULL where libcurl is not to be had. */
void loop_open_library(struct loop *loop);
void loop_close_library(struct loop *loop);
/* NULL when there is no memory for one. */
CURL *loop_take_handle(struct loop *loop);
/* The stream's; nothing comes of it any more. */
void loop_drop_handle(struct loop *loop, struct stream *stream);
