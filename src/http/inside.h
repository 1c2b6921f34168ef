/*
 * inside.h — what the files of the server share; nobody outside this folder includes it.
 *
 *     server.c      start, drain, stop, certificates
 *     pool.c        the workers: threads that drive libmicrohttpd
 *     listen.c      addresses to listening sockets
 *     watch.c       the thread that accepts connections and ends the late ones
 *     connection.c  libmicrohttpd's callbacks: one exchange from its first byte to its reply
 *     head.c        request line and headers to `struct request`
 *     forward.c     requests that go on to an upstream: their bodies, as they come
 *     upstream.c, stream.c, loop.c, transfer.c, names.c, fields.c   what is on the other side of that: stream.h
 *     reject.c      what libmicrohttpd refuses by itself is refused by the handler instead
 *     share.c       replies that a worker keeps and gives again
 *     wire.c        a connection's socket and TLS session: what has come, what is said past libmicrohttpd
 *
 * The server accepts connections itself and hands them to a pool of workers: so several addresses share one pool, a
 * new certificate is a new pool on the same sockets, and libmicrohttpd never has a listening socket (taking one away
 * from its running threads can abort the process in 0.9.75).
 */
#pragma once

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "http/address.h"
#include "http/message.h"
#include "http/server.h"

#define LISTEN_MAX 8
/* So many connections are held at most to find the one that libmicrohttpd refuses: each costs it two epoll_ctl and a
 * read in vain. */
#define HELD_MAX 64

/* An accepted connection on its way to a worker. A worker's inbox is a pipe that keeps each in one piece: it is
 * shorter than PIPE_BUF. */
struct newcomer {
    int fd;
    socklen_t peer_len;
    struct sockaddr_storage peer;
};

/* What half a head tells of where it goes: copied, for libmicrohttpd may wipe it to make room. */
struct glance {
    struct str method;
    struct request_field *fields; /* the few that matter */
    size_t field_count;
};

/* A connection that libmicrohttpd must not touch until it is clear whether it is the one. */
struct held {
    struct connection *connection;
    struct glance glance;
};

/* A thread and the libmicrohttpd daemon that it alone drives. */
struct worker {
    struct pool *pool;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    int inbox;    /* a pipe of newcomers; its end is the worker's end */
    int inbox_in; /* does not block */
    int wake_fd;  /* eventfd: an exchange was resumed while the worker slept */
    atomic_bool is_sleeping;
    atomic_uint resume_count;
    atomic_uint resumer_count; /* threads inside worker_resume */
    atomic_uint connection_count;
    unsigned parked_count; /* its thread's own, like the next */
    unsigned call_count;   /* of libmicrohttpd's calls about requests */
    struct served *halves; /* whose request line has come and which are not whole */

    struct held held[HELD_MAX]; /* reject.c's own, like what follows */
    unsigned held_count;
    bool has_missed;          /* in this round: somebody who may be the one is not held */
    struct arena *held_arena; /* while there are any */
    int64_t looks_from_ns;
    unsigned looks_left;
};

/* The workers with one certificate. The newest pool takes the connections; retired ones end with their last. */
struct pool {
    struct pool *next;
    struct server *server;
    atomic_uint connection_count;
    atomic_bool is_retired;
    bool is_starting;
    char startup_error[256]; /* what libmicrohttpd said while it started */
    unsigned worker_count;
    struct worker workers[];
};

struct server {
    struct server_options options;
    struct arena *arena; /* what lives as long as the server */
    struct network *trusted;
    size_t trusted_count;
    int listen_fds[LISTEN_MAX];
    unsigned listen_count;
    unsigned port;
    int wake_fd; /* eventfd: the watch has something to look at */
    pthread_t watch;
    uint64_t id_base;

    pthread_mutex_t mutex; /* pools, connections, has_drained */
    pthread_cond_t drained;
    struct pool *pools; /* newest first */
    struct connection *connections;
    bool has_drained;

    struct newcomer newcomer; /* the watch's own: accepted, and every inbox was full; fd -1: none */

    atomic_bool is_draining;
    atomic_bool is_stopping;
    atomic_bool is_full; /* connection_max or every inbox: the watch waits for room */
    atomic_uint connection_count;
    char apart[64]; /* what every request writes stays off the cache lines that every request reads */
    atomic_uint exchange_count;
    atomic_uint_least64_t id_count;
};

/* Who may touch the connection next. Workers and the watch move it by compare-and-swap. */
enum turn {
    TURN_CLIENT, /* the next request is not whole yet: its sender's time runs */
    TURN_SERVER, /* a whole request is being served */
    TURN_OVER,   /* the connection ends: the watch or libmicrohttpd has decided so */
};

struct connection {
    struct connection *next; /* guarded by server->mutex */
    struct connection *previous;
    struct worker *worker;
    struct pool *pool;
    struct MHD_Connection *mhd;
    gnutls_session_t tls; /* NULL without TLS */
    int fd;
    char peer[INET6_ADDRSTRLEN]; /* numeric */
    struct address address;
    bool is_trusted; /* a trusted proxy */

    atomic_int turn;
    atomic_uint request_count;       /* ended ones */
    atomic_int_least64_t request_ns; /* when the request line was whole; 0 between requests */

    struct served *served; /* the worker's own, like what follows; NULL until a request line has come */
    uint64_t ended_len;    /* bytes of the requests that have ended, chunked bodies not counted */
    bool is_read_last;     /* with TLS: what its session did last was to read something */
    bool is_held;

    int64_t opened_ns;
    struct { /* the watch's own */
        unsigned request_count;
        uint64_t received_len; /* bytes that had been read when the last request had ended */
        int64_t began_ns;      /* first byte of the request was seen; 0: idle */
    } seen;
};

/* An exchange and what serves it. */
enum stage {
    STAGE_HEAD,
    STAGE_BODY,
    STAGE_SERVING,
    STAGE_PARKED,
    STAGE_RESUMED,
    STAGE_FORWARDING, /* the body goes on while it comes */
    STAGE_DISCARDING, /* it has been answered, and is read over */
};

/* Of a request that was answered before its end, or of what has come behind a refused head, this much is read over:
 * unread bytes make the kernel reset the connection, and its sender would not read the reply. */
#define DISCARD_MAX (1024 * 1024)

struct served {
    struct exchange exchange; /* first: the handler sees only this */
    struct connection *connection;
    struct MHD_Connection *mhd;
    enum stage stage;
    bool is_counted;
    bool is_suspended;     /* libmicrohttpd has it suspended, or is about to call again */
    bool is_chunked;       /* of unknown length */
    bool is_awaited;       /* Expect: the body comes once it is asked for */
    bool is_old;           /* HTTP/1.0: the end of a reply may be the end of the connection and nothing else */
    struct stream *stream; /* where it is forwarded; NULL: it is not */
    struct upstream_load *stream_load; /* one more while it is, there and in its share */
    int64_t stream_client;
    struct buf body;
    size_t discarded_len;     /* body bytes past the limit */
    int64_t discard_until_ns; /* how long they are read over; 0: not begun */
    size_t announced_len;     /* Content-Length; 0 without one */
    size_t head_len;
    const char *line_target; /* where libmicrohttpd keeps it, while in STAGE_HEAD */
    struct served *next;     /* of worker->halves, while in STAGE_HEAD or STAGE_BODY */
    struct served *previous;
};

static inline struct served *served_of(struct exchange *exchange)
{
    return (struct served *)(void *)exchange; /* its first member */
}

/* listen.c: false and an error when nothing could be listened to. */
bool listen_open(struct server *server, struct arena *arena, struct str *ret_error);
void listen_close(struct server *server);

/* libmicrohttpd keeps 56 bytes of its own about every header. */
#define FIELD_ROOM 64
/* pool.c. What a connection has for the heads of request and reply. */
size_t connection_memory(const struct server_options *options);
/* Starts workers with the certificate that the files hold now; NULL and an error when they do not fit. */
struct pool *pool_start(struct server *server, struct arena *arena, struct str *ret_error);
/* Waits for what is parked and for its threads, then ends what connections are left. */
void pool_end(struct pool *pool);
/* To the worker with the fewest whose inbox has room; the pool has counted the connection already and owns the
 * descriptor then. False at once when no inbox has: nothing has changed. */
bool pool_hand_over(struct pool *pool, const struct newcomer *newcomer);
/* Hands a suspended connection back to its worker. Any thread; the connection may be gone when it returns. */
void worker_resume(struct worker *worker, struct MHD_Connection *mhd);
/* A thread that no signal is delivered to. */
bool thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

/* watch.c: runs until server->is_stopping. */
void *watch_run(void *server);
void watch_wake(struct server *server);

/* connection.c: libmicrohttpd's callbacks; `cls` is the worker. */
void *connection_see_target(void *cls, const char *target, struct MHD_Connection *mhd);
enum MHD_Result connection_handle(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                                  const char *version, const char *bytes, size_t *bytes_len, void **context);
void connection_complete(void *cls, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode reason);
void connection_notify(void *cls, struct MHD_Connection *mhd, void **context,
                       enum MHD_ConnectionNotificationCode code);

enum kept { KEPT_FOR_ONCE, KEPT_TO_SHARE };
/* The exchange's answer as libmicrohttpd wants it; to share: without what varies. NULL when it has no memory: a reply
 * without one of its headers must not leave. */
struct MHD_Response *reply_create(struct served *served, enum kept kept);
/* This reply is the last of its connection. */
bool reply_must_close(const struct served *served);

/* forward.c. Whether the request's body is to go on while it comes; the head has just been read. */
bool forward_must_stream(struct served *served);
/* Calls the handler for it. */
enum MHD_Result forward_begin(struct served *served);
/* A piece of the body, which may be left in part; `*bytes_len` is then what is left. */
enum MHD_Result forward_take(struct served *served, const char *bytes, size_t *bytes_len);
/* All of it has come. */
enum MHD_Result forward_end(struct served *served);
/* The reply of an upstream; NULL when libmicrohttpd has no memory. */
struct MHD_Response *forward_create_reply(struct served *served);
/* Ends what the worker's connections forward. */
void forward_abort_all(struct worker *worker);
/* upstream.c: the exchange is over. */
void upstream_end(struct served *served);

/* share.c: MHD_NO ends the connection. */
enum MHD_Result share_send(struct served *served, struct shared_reply *reply);

/* Ends a connection whose request is not whole, with `reply` where there is no TLS. Any thread that keeps the
 * connection from going away; nothing is done when its turn is not the client's. */
void connection_end(struct connection *connection, struct str reply);

/* From the client's turn to the server's, with what has come of the request; false when the connection ends. */
bool connection_take_turn(struct served *served);

/* Until worker_resume. On the connection's worker, from inside libmicrohttpd's calls about it. */
void connection_suspend(struct served *served);
/* libmicrohttpd calls about a connection that may have been suspended: it is no more. */
void connection_wake(struct served *served);

/* Calls the handler for a request that is whole, or as whole as it will get. */
enum MHD_Result connection_serve(struct served *served);
/* The reply to an exchange that is answered; MHD_NO ends the connection. */
enum MHD_Result connection_reply(struct served *served);

/* Counts a connection that is gone. */
void connection_forget(struct worker *worker);

/* head.c: fills exchange.request except the body; sets exchange.limit when something is wrong with the head. */
void head_read(struct served *served, const char *method, const char *version);
/* What has come of a head, whole or not, into `arena`; and the request made of nothing else, as far as it goes. */
struct glance head_glance(const struct served *served, struct arena *arena);
void head_read_glance(struct served *served, const struct glance *glance);

/*
 * reject.c. libmicrohttpd tells its log that it refuses a request, with this status, and not whose: whoever it may be
 * is held. Calls come from inside MHD_run.
 */
void reject_hold(struct worker *worker, unsigned status);
/* After MHD_run: the one is answered by the handler and ended, the others go on. False when nobody was held. */
bool reject_release(struct worker *worker);

/* wire.c. Before the first byte of a connection. */
void wire_watch(struct connection *connection);
/* Bytes that the peer has sent, TLS' own among them; 0 when the kernel does not say. */
uint64_t wire_received_len(int fd);
/* Of these, what has not been read yet. */
uint64_t wire_unread_len(int fd);
/* Whether something has been read that no ended request was made of, and libmicrohttpd has not begun to close.
 * False in doubt. For connections without a request line, on their worker. */
bool wire_has_news(const struct connection *connection);
/* By a reset, which nobody takes for an end. */
void wire_break(const struct connection *connection);
/* Sends the exchange's reply past libmicrohttpd, as far as it can be sent at once, and ends that direction: what
 * libmicrohttpd says afterwards leaves no more. On the connection's worker, when no other reply is under way. */
void wire_answer_last(const struct connection *connection, const struct exchange *exchange);
