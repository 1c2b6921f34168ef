/*
 * fixture.h — a real server on a free port, a handler whose paths do what a test needs, and a client that says
 * exactly the bytes it is given.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "http/message.h"
#include "http/server.h"

#define PARKED_MAX 64
/* Nothing here takes longer unless it is broken. */
#define PATIENCE_MS 10000

/*
 * The handler: a request past a limit is answered with its status and "limit"; otherwise by path:
 *   /echo      200, the body as it came
 *   /seen      200, what the exchange says about the request, one "name=value" a line
 *   /park…     parks; once resumed 200 with the path
 *   /stick     200, once the test lets it: its worker is stuck until then
 *   /shared    200 "shared", by each worker's one reply once it has one; with the values of the query, `a,b`, in
 * headers X-Varies-0, X-Varies-1 that vary /headers   200 with a good, an empty and forged reply headers /empty 204
 */
struct fixture {
    struct arena *arena;
    struct server *server;
    struct server_options options;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct exchange *parked[PARKED_MAX];
    unsigned parked_count;
    unsigned stuck_count;
    bool has_let_go;
    pthread_key_t shared; /* a worker's own reply */
    atomic_uint given_count;
    atomic_uint ended_count; /* arenas of exchanges that are gone */
};

/* Small limits, plain HTTP, "127.0.0.1:0". A test changes fixture->options before fixture_start. */
void fixture_init(struct fixture *fixture);
void fixture_start(struct fixture *fixture);
/* Drains, waits for what is served, stops; without a server only forgets. */
void fixture_stop(struct fixture *fixture);
/* Until `count` exchanges are parked. */
void fixture_wait_parked(struct fixture *fixture, unsigned count);
/* Resumes the parked exchange that came as `index`. */
void fixture_resume(struct fixture *fixture, unsigned index);
/* Until `count` handlers are stuck. */
void fixture_wait_stuck(struct fixture *fixture, unsigned count);
void fixture_let_go(struct fixture *fixture);
void fixture_wait_exchanges(struct fixture *fixture, unsigned count);
void fixture_wait_connections(struct fixture *fixture, unsigned count);
void fixture_wait_ended(struct fixture *fixture, unsigned count);

struct reply {
    int status;
    char head[4096];
    char body[70000];
    size_t body_len;
};

int client_connect(const struct fixture *fixture);
/* -1 when nothing listens there. */
int client_connect_ipv6(const struct fixture *fixture);
void client_send(int fd, struct str bytes);
/* `text` is a literal: NULs in it are sent. */
#define client_say(fd, text) client_send((fd), STR(text))
/* Reads exactly one reply. False when the connection ends before. */
bool client_read(int fd, struct reply *ret_reply);
/* The same for a reply to HEAD: nothing is expected behind its head. */
bool client_read_head(int fd, struct reply *ret_reply);
/* Nothing more comes but the end of the connection. */
bool client_sees_end(int fd);
/* Says it on a connection of its own and reads one reply; 0 when there is none. */
int client_status(const struct fixture *fixture, struct str bytes, struct reply *ret_reply);
/* The value of a header of the reply, "" without it. Valid until the next call. */
const char *reply_header(const struct reply *reply, const char *name);
