/*
 * message.h — one HTTP request and its reply: the exchange.
 *
 * An exchange has one arena and belongs to exactly one thread at a time: the HTTP worker that read it, the
 * store while it is parked, the worker again. The server fills `request` and `limit`, a face fills `response`.
 * Everything reachable from here lives until the reply has left.
 *
 * Specs: RFC 9110, RFC 9112.
 */
#pragma once

#include "base/text.h"

struct arena;
struct server;

/* Why the server itself refuses the request, whole or not; a face turns it into its own shape of error. A request
 * that is late reaches no face: server.h says what its sender gets. */
enum http_limit {
    WITHIN_LIMITS = 0,
    BODY_TOO_LARGE,      /* 413 */
    HEADERS_TOO_LARGE,   /* 431 */
    URI_TOO_LONG,        /* 414 */
    VERSION_UNSUPPORTED, /* 505 */
    REQUEST_MALFORMED,   /* 400: conflicting lengths, Transfer-Encoding beside Content-Length, a bad Host … */
};

struct request_field {
    struct str name; /* as sent */
    struct str value;
};

struct request {
    struct str method;                  /* as sent: "GET" */
    struct str target;                  /* as sent: "/oauth/token?x=1" */
    struct str path;                    /* raw, without the query */
    struct str query;                   /* raw, absent without `?` */
    struct str host;                    /* lower case without port; absent without Host */
    struct str authority;               /* Host as sent, with port; behind a trusted proxy X-Forwarded-Host */
    struct str authorization;           /* absent, or the only Authorization header; several: REQUEST_MALFORMED */
    struct str content_type;            /* absent, or as sent */
    struct str body;                    /* whole, decoded from chunks; empty without one */
    bool is_body_coming;                /* it is not here yet and will not be: see `streams` in server.h */
    struct str client_address;          /* numeric; behind a trusted proxy from X-Forwarded-For */
    const struct request_field *fields; /* all headers, in the order they came */
    size_t field_count;
};

struct response_header {
    struct response_header *next;
    bool varies; /* response_header_vary */
    struct str name;
    struct str value;
};

struct shared_reply;

struct response {
    unsigned status; /* 0: not answered yet */
    struct str body;
    struct response_header *headers; /* in the order they were added */
    struct response_header **last_header;
    struct shared_reply *shared; /* given instead of all this; NULL: none */
    bool is_streamed;            /* `body` is not there: it comes from the upstream (http/upstream.h) */
};

struct exchange {
    struct arena *arena;
    struct str id;    /* 16 hex digits: in the log and in the reply's X-Request-Id */
    int64_t now;      /* seconds since 1970, when the request was whole; the same before and after parking */
    int64_t began_ns; /* clock_monotonic_ns, when the request line was */
    enum http_limit limit;
    struct request request;
    struct response response;
    /* Called on the worker after exchange_resume; must answer. Set before exchange_park. */
    void (*resumed)(struct exchange *exchange);
    void *face; /* the face's own state */
};

/* The value of a request header by its name (ASCII case-insensitive); absent when missing. First one wins. */
struct str request_header(const struct exchange *exchange, const char *name);

/* What may stand before and behind the colon: a token [RFC9110 5.6.2]; bytes without controls except tab, at least
 * one (libmicrohttpd 0.9.75 sends no header with an empty value). */
bool header_may_be_name(struct str name);
bool header_may_be_value(struct str value);

/* As the CGI and those that came after it know a name: of either case, and what is neither letter nor digit is one
 * and the same. `known` is in lower case with hyphens. [RFC3875 4.1.18] */
bool header_begins_like(struct str name, struct str known);
bool header_is_like(struct str name, struct str known);

/* A header that header_may_be_name or header_may_be_value refuses is left out and logged by its name. `name` and
 * `value` are not copied: they point into the arena or to anything that lives longer. Date, Connection,
 * Content-Length, Transfer-Encoding and X-Request-Id are the server's own. */
void response_header_add(struct exchange *exchange, struct str name, struct str value);

/* The same for a header that is another each time: a shared reply is given with those of the exchange that gets it.
 * May be called after response_give. */
void response_header_vary(struct exchange *exchange, struct str name, struct str value);

/* Status and body; the body is not copied. Answering twice is our own mistake. */
void response_answer(struct exchange *exchange, unsigned status, struct str content_type, struct str body);

/*
 * Keeps the answer that was just given, so that this thread can give it again: a reply that is the same every time
 * need not be put together every time. X-Request-Id, Date and Connection are still each exchange's own. The caller
 * owns it; NULL when this answer ends its connection or there is no memory for it.
 */
struct shared_reply *response_share(struct exchange *exchange);
/* Answers with it, and of the exchange's headers with those that vary; on the thread that made it. False when this
 * exchange's connection must end: answer anew then. */
bool response_give(struct exchange *exchange, struct shared_reply *reply);
/* On the thread that made it, and not before the handler has returned that shared or gave it. Replies that are on
 * their way are not disturbed. */
void shared_reply_release(struct shared_reply *reply);

/*
 * Parks the exchange, which is not answered yet: the caller's thread gives it up. Call it last before handing it
 * over, with `resumed` set; touch nothing of the exchange afterwards. At most once per exchange.
 */
void exchange_park(struct exchange *exchange);
/* Hands a parked exchange back to its worker. Any thread; may come before the parking handler has returned. */
void exchange_resume(struct exchange *exchange);
