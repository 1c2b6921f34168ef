/*
 * upstream.h — a request goes on to another server, and its answer comes back, both as streams.
 *
 * libcurl does the sending on threads of its own; the workers stay what they are. Bodies pass through rings of a
 * fixed size (http/ring.h): when one is full, whoever fills it waits, up to the client's or the other server's
 * socket. A request that was collected whole is sent from memory; one with a longer body, or of unknown length, goes
 * on while it comes (struct server_options, `streams`).
 *
 * What goes on: the request's method, path, query, body, and its header fields but those that mean one connection
 * only, those that say who asks (X-Forwarded-*, Forwarded, X-Jeton-*, Via is continued), those by which a server may
 * take the request for another than was judged, and Authorization where it is not to be passed. Names are compared as
 * the CGI writes them: X_Jeton_Client is X-Jeton-Client. [RFC9110 7.6] [RFC3875 4.1.18]
 *
 * A request whose method may not be repeated is sent once: libcurl's second try on a fresh connection is for the
 * others. [RFC9110 9.2.2]
 *
 * Limits: a status line and fields in an answer as long as the request has left room for in a connection's memory,
 * never less than 5 KiB; sixteen heads before it is one. Early answers to a request that still comes are taken up
 * after what was sent of it has been read, up to 1 MiB. No trailers, no upgrades, no HTTP/2.
 *
 * Specs: RFC 9110 §7.6, RFC 9112, RFC 7239.   Threads: workers.
 */
#pragma once

#include "base/text.h"

struct exchange;
struct arena;
struct request_field;
struct upstreams;

/* Requests under way to one upstream, in all and of each client. */
struct upstream_load;

/* Where to. Lives as long as the exchanges that are sent there. */
struct upstream_target {
    struct str url;          /* "http://127.0.0.1:8000", perhaps with a path; no slash at the end */
    int64_t connect_seconds; /* the longest that a connection may take to come about */
    int64_t answer_seconds;  /* the longest silence while it is the other server's turn */
    unsigned most;           /* requests under way at once */
    unsigned share_most;     /* of one client */
    struct upstream_load *load;
    bool passes_authorization;
};

struct upstream_request {
    const struct upstream_target *target;
    int64_t client;                    /* whose share it is of; 0: of those without one */
    struct str scheme;                 /* that clients use: for X-Forwarded-Proto */
    const struct request_field *added; /* fields of ours, sent last; none may be empty */
    size_t added_count;
    size_t reply_fields_len; /* bytes of the fields that the caller will add to the reply */
};

enum upstream_failure {
    UPSTREAM_FINE,
    UPSTREAM_UNREACHABLE, /* no connection, or it ended before the answer's head */
    UPSTREAM_LATE,        /* silent for too long */
    UPSTREAM_WRONG,       /* what it says is no answer, or has too long a head */
};

/* The answer's head. */
struct upstream_answer {
    enum upstream_failure failure; /* else nothing of the rest is there */
    unsigned status;
    struct request_field *fields;
    size_t field_count;
    struct str reason; /* of a failure, for the log */
};

/* Cheap: threads and libcurl come with the first request. */
struct upstreams *upstreams_create(void);
/* The load of the upstream that goes by this name: the same one whenever it is asked for, so that a reload does not
 * begin to count anew. Lives as long as they do. Any thread. */
struct upstream_load *upstreams_load(struct upstreams *upstreams, struct str name);
/* After every server that forwards has stopped. NULL is allowed. */
void upstreams_destroy(struct upstreams *upstreams);

/* Makes the exchange's request ready, and takes its place. False: there are as many under way as may be, or there is
 * no thread to be had; nothing has happened. After true, upstream_send follows. */
bool upstream_prepare(struct upstreams *upstreams, struct exchange *exchange, const struct upstream_request *request);
/*
 * Sends it. The exchange is parked, and `exchange->resumed` is called when there is an answer; it must be set before.
 * It is not called when the client goes before. Touch nothing of the exchange afterwards.
 */
void upstream_send(struct exchange *exchange);

/* Of a resumed exchange; lives as long as it. */
const struct upstream_answer *upstream_answer(const struct exchange *exchange);

/* Answers the exchange with the upstream's status, its end-to-end fields but those that begin with X-Jeton- or that
 * the reply has already, and its body as it comes. Of an answer without failure. */
void upstream_reply(struct exchange *exchange);

/* Whether something in the request's Via says that it has come through here before. */
bool upstream_has_seen(const struct upstreams *upstreams, const struct exchange *exchange);
