/*
 * stream.h — one request that is forwarded: what its worker and the loop that drives libcurl share.
 *
 * The worker makes it and says when it is over, with its last post; the loop frees it once it has taken that post.
 * Between the two the lock guards what both touch. A worker that has to wait says for what and suspends its
 * connection while it holds the lock, so that the loop cannot resume what is not suspended yet. At most one of the
 * two is about to resume it.
 *
 * Private to http/.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "http/curl.h"
#include "http/ring.h"
#include "http/upstream.h"

struct loop;
struct served;

/* What a suspended worker waits for. */
enum stream_wait {
    WAITS_NOT,
    WAITS_FOR_ROOM,  /* in the request's ring */
    WAITS_FOR_HEAD,  /* of the answer */
    WAITS_FOR_BYTES, /* of its body */
    WAITS_FOR_END,   /* of all of it, as far as there is room */
};

struct stream {
    struct loop *loop;
    struct stream *next_posted; /* guarded by the loop's lock, as are the next two */
    bool is_posted;
    bool is_over; /* it was posted for the last time */
    struct arena *arena;

    /* Of the request, set before the loop gets it. */
    const char *url;
    const char *target; /* path and query as the request line will have them */
    const char *method;
    struct curl_slist *fields;
    int64_t connect_ms;
    int64_t silence_ns;
    int64_t body_len;    /* -1: unknown */
    struct str body;     /* absent: none, or it comes through the ring */
    bool is_body_coming; /* it does */
    bool is_head;        /* HEAD: no body comes back, whatever the answer says */
    bool may_repeat;
    size_t head_max; /* bytes of the answer's head */
    struct str exchange_id;

    /* The loop's own. */
    struct stream *next; /* of all its streams */
    struct stream *previous;
    struct stream *next_touched;
    bool is_touched;
    bool is_begun;
    CURL *easy; /* NULL: not begun, or over */
    unsigned attempts;
    size_t body_sent_len; /* of `body` */
    int64_t heard_ns;     /* when the other server last moved; 0: not connected yet */
    int64_t stuck_ns;     /* since when neither side can go on; 0: they can */
    uint64_t stuck_len;   /* `sent_len` then */
    size_t head_len;
    unsigned head_count;
    size_t field_room;
    bool is_head_wrong;
    bool is_head_whole;
    bool is_head_published; /* the worker knows */
    int64_t received_len;   /* of the reply's body */
    char reason[CURL_ERROR_SIZE];

    pthread_mutex_t lock;
    /* Guarded by it. */
    struct served *served; /* to be resumed; NULL when it is over */
    enum stream_wait waits;
    struct ring request;
    struct ring reply;
    bool is_body_whole;    /* nothing more comes into the request's ring */
    bool is_body_refused;  /* nobody reads that ring any more */
    bool is_upload_paused; /* libcurl waits for bytes */
    uint64_t sent_len;     /* of the request's body, that libcurl has taken */
    bool is_reply_paused;  /* libcurl waits for room */
    bool has_head;         /* `answer` is there; its fields are the worker's from now on */
    bool has_ended;        /* nothing more comes into the reply's ring */
    bool is_broken;        /* it ended before its time */
    bool is_client_gone;
    int64_t reply_len; /* of the whole body; -1: unknown. Written once, before `has_head` */
    struct upstream_answer answer;

    /* The worker's own, once `has_head`. */
    int64_t told_len; /* as the client hears it: of the whole body; -1: unknown */
    bool is_bodiless; /* nothing of it is sent, for HEAD or 304 */
};

/*
 * stream.c: the worker's side. True: go on. False: the connection is suspended, the same call comes again.
 */
/* The whole request is there: waits for the answer's head. */
void stream_park(struct stream *stream);
/* Takes what fits of `bytes`, or reads over it when nobody wants it any more; returns how much. */
size_t stream_give(struct stream *stream, struct str bytes);
/* The request is whole. */
bool stream_end_request(struct stream *stream);
/* -1: it broke; 0: suspended; -2: the end. */
#define STREAM_BROKEN ((ssize_t)-1)
#define STREAM_END    ((ssize_t)-2)
ssize_t stream_take(struct stream *stream, char *room, size_t max);
/* The whole of a short answer that is there already, in the arena; false when it is not. */
bool stream_take_all(struct stream *stream, struct arena *arena, struct str *ret_body);
/* Nobody reads the request's body any more: it has been answered. */
bool stream_is_refused(struct stream *stream);
/* That answer is there, as much of it as there is room for. */
bool stream_await_end(struct stream *stream);
bool stream_is_client_gone(struct stream *stream);
/* The exchange is over: the stream is the loop's alone. */
void stream_over(struct stream *stream);
/* Ends it before its time; a suspended connection is resumed. Any thread that keeps the exchange alive. */
void stream_abort(struct stream *stream);

/* loop.c. NULL when there is no thread to be had. */
struct loop *loop_start(void);
/* After its last stream is over. */
void loop_end(struct loop *loop);
/* Something about the stream has changed that the loop must look at. Any thread, before its last post. */
void loop_post(struct stream *stream);
/* The worker's: nobody touches the stream any more but the loop, which frees it. */
void loop_post_last(struct stream *stream);
/* While its worker waits the client is watched: when it goes, so does the stream. On the stream's worker. */
void loop_watch_client(const struct stream *stream, int fd);
void loop_unwatch_client(const struct stream *stream, int fd);
/* The worker may have something to do after this round. On the loop's thread. */
void loop_touch(struct stream *stream);

/* transfer.c: libcurl's handle for a stream, on the loop's thread. */
/* Makes stream->easy ready. */
bool transfer_begin(const struct curl_library *curl, struct stream *stream);
/* What libcurl has waited for may be there. */
void transfer_go_on(const struct curl_library *curl, struct stream *stream);
/* Gives the answer's head to the worker once it is whole. */
void transfer_publish(const struct curl_library *curl, struct stream *stream);
/* The answer has ended and libcurl has not: it may be taken away. */
bool transfer_is_answered_early(struct stream *stream);
/* libcurl says how it went. */
void transfer_conclude(const struct curl_library *curl, struct stream *stream, CURLcode code);
/* The end of a stream before its time. */
void transfer_fail(struct stream *stream, enum upstream_failure failure, struct str reason);

/* load.c: how many requests are under way; `client` 0 is all that have none. Any thread. Lives in the arena; every
 * request has left before its end. */
struct upstream_load *upstream_load_create(struct arena *arena);
/* False when there is no room, of `most` in all and `share_most` of one client. */
bool upstream_load_enter(struct upstream_load *load, int64_t client, unsigned most, unsigned share_most);
void upstream_load_leave(struct upstream_load *load, int64_t client);

/* fields.c: which header fields go on. */
/* libcurl's list for the request's head, in the arena. `via` is what we call ourselves. */
struct curl_slist *fields_forward(struct arena *arena, const struct exchange *exchange,
                                  const struct upstream_request *request, struct str via);
/* Whether a field of the answer goes on to the client. `connection` is what its Connection fields say, or absent. */
bool fields_may_return(struct str name, struct str connection);
/* Of a Cookie's pair, or of a Set-Cookie: that it is one of Jeton's pages', which are nobody else's business. */
bool fields_is_own_cookie(struct str pair);
/* All fields with this name as one list; absent: none. */
struct str fields_join(struct arena *arena, const struct request_field *fields, size_t count, struct str name);
/* Whether the list has the word, letters of either case. */
bool fields_list_has(struct str list, struct str word);
