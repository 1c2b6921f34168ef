/*
 * server.h — listeners on libmicrohttpd; no other folder knows it.
 *
 * A listener is an address, optional TLS and a pool of epoll workers. A handler gets whole requests (body read,
 * within limits) and either answers on the spot or parks. Requests past a limit are the server's business; their
 * words are the face's (exchange->limit is set and the handler called; the connection ends with that reply).
 *
 * Slow clients never reach a handler: a request that is not whole when request_timeout_seconds are over gets an empty
 * 408 and the end of the connection, with TLS just the end; an idle connection ends without a word.
 *
 * What libmicrohttpd 0.9.75 would refuse by itself reaches the handler too: a head that exceeds its memory, a line or
 * a chunk that is none, a bad length, a version of its own. The exchange is then made of what has come: of the
 * headers those that tell host and client, and before the request line is whole nothing but the limit.
 * libmicrohttpd's own answer, an HTML page, is left to who is not found among others: behind more than 64 newer half
 * requests on its worker, behind thousands of connections for the second time in a second, or with a bad request line
 * in the same TLS record as the request before, or with a bad chunk in a body that goes on while it comes. No answer
 * at all gets a first line without any blank.
 *
 * Connections beyond connection_max wait in the kernel's backlog; so do those that come while every worker has
 * hundreds to take in.
 *
 * A trusted proxy is believed what X-Forwarded-For says (request.client_address) and X-Forwarded-Host
 * (request.authority and host). X-Forwarded-Proto is not read: what Jeton calls itself is configured.
 *
 * Specs: RFC 9112; Threads: start/stop from one thread; handlers run on the workers.
 */
#pragma once

#include "base/text.h"

struct arena;
struct exchange;
struct server;

struct server_options {
    struct str address;          /* "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (every address it names);
                                    port 0: a free one, told by server_port */
    struct str certificate_file; /* absent: plain HTTP; PEM chain */
    struct str key_file;
    unsigned worker_count;            /* at least 2; 0: as many as processors, at least 2 */
    unsigned connection_max;          /* over all workers */
    unsigned idle_timeout_seconds;    /* 0: none */
    unsigned request_timeout_seconds; /* 0: none; from the first byte to the whole request, however it drips */
    size_t body_max;                  /* bytes */
    size_t header_max; /* bytes of request line and headers; a connection takes this and 8 KiB, wiped per request */
    unsigned header_count_max;
    const struct str *trusted_proxies; /* "127.0.0.1", "10.0.0.0/8", "::1" … */
    size_t trusted_proxy_count;
    /* Answers the exchange or parks it. Runs on a worker. */
    void (*handler)(struct exchange *exchange, void *arg);
    /* Asked when the head of a request is there whose body is longer than body_max, of unknown length or waited with
     * (Expect). True: the handler gets it now, with request.is_body_coming, and sends it to an upstream or answers;
     * what comes of the body after an answer is read over, up to 1 MiB. NULL: never. */
    bool (*streams)(struct exchange *exchange, void *arg);
    /* Runs on a worker that has served all there was and is about to wait; NULL: nothing. */
    void (*rest)(void *arg);
    void *arg;
};

/* NULL when it cannot listen; `ret_error` then says why, in the arena. Raises the process's soft limit of descriptors
 * to the hard one, a connection is a descriptor, and warns when that is too low for connection_max. */
struct server *server_start(const struct server_options *options, struct arena *arena, struct str *ret_error);

unsigned server_port(const struct server *server);

/* Connections now open, requests being served now. */
struct server_load {
    unsigned connection_count;
    unsigned exchange_count;
};
struct server_load server_load(const struct server *server);

/*
 * Reads the certificate and key files again; new connections use them, open ones keep theirs until their next reply
 * closes them. From the thread that started the server. False and the old certificate stays when the files do not
 * fit; `ret_error` says why.
 */
bool server_reload_certificate(struct server *server, struct arena *arena, struct str *ret_error);

/*
 * No new connections from now on; requests under way are answered with `Connection: close`, idle connections
 * closed. A request is under way from its request line at the latest, and a connection that has just come has a
 * second to begin one. Returns at once: the caller waits for server_load's connection_count to
 * be 0 before server_stop, for as long as it likes.
 */
void server_drain(struct server *server);

/* Ends what is left: cuts requests that are not whole and replies that nobody takes, waits for what is parked. */
void server_stop(struct server *server);
