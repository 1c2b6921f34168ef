/*
 * transfer.c — libcurl's handle for one forwarded request, and what libcurl calls while it works. On the loop's
 * thread.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/inside.h"
#include "http/loop.h"
#include "http/stream.h"

#define STATUS_LEN 3
/* 101: an upgrade, which nobody has asked for. */
#define SWITCHING 101
/* Heads with a status of 1xx before the one that counts, and it. */
#define HEADS_MAX 16
/* The second goes out on a connection that was alive a moment ago, so a third would be of no use. */
#define TRIES_MAX 2

static void hear(struct stream *stream)
{
    stream->heard_ns = clock_monotonic_ns();
}

/* Called before each try on a connection that has come about. Only what may be done twice is sent again where a kept
 * connection has died under it: the other server may have done it. [RFC9110 9.2.2] */
static int before_request(void *arg, char *address, char *own_address, int port, int own_port)
{
    struct stream *stream = arg;
    (void)address, (void)own_address, (void)port, (void)own_port;
    hear(stream);
    names_note_found(stream);
    unsigned most = stream->may_repeat ? TRIES_MAX : 1;
    return ++stream->attempts <= most ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t give_body(char *room, size_t size, size_t count, void *arg)
{
    struct stream *stream = arg;
    hear(stream);
    if (!stream->is_body_coming) {
        struct str part = str_slice(stream->body, stream->body_sent_len, size * count);
        memcpy(room, part.ptr, part.len);
        stream->body_sent_len += part.len;
        return part.len;
    }
    pthread_mutex_lock(&stream->lock);
    bool is_refused = stream->is_body_refused;
    size_t len = is_refused ? 0 : ring_take(&stream->request, room, size * count);
    stream->sent_len += len;
    stream->is_upload_paused = !is_refused && len == 0 && !stream->is_body_whole;
    bool is_paused = is_refused || stream->is_upload_paused;
    pthread_mutex_unlock(&stream->lock);
    loop_touch(stream);
    return is_paused ? CURL_READFUNC_PAUSE : len;
}

/* Back to the beginning for a second try: a body that came through the ring is gone. */
static int rewind_body(void *arg, curl_off_t offset, int origin)
{
    struct stream *stream = arg;
    if (stream->is_body_coming || offset != 0 || origin != SEEK_SET)
        return CURL_SEEKFUNC_FAIL;
    stream->body_sent_len = 0;
    return CURL_SEEKFUNC_OK;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct stream *stream = arg;
    size_t len = size * count;
    hear(stream);
    pthread_mutex_lock(&stream->lock);
    bool has_room = ring_free_len(&stream->reply) >= len;
    if (has_room)
        stream->received_len += (int64_t)ring_put(&stream->reply, (struct str){bytes, len});
    stream->is_reply_paused = !has_room;
    pthread_mutex_unlock(&stream->lock);
    loop_touch(stream);
    return has_room ? len : CURL_WRITEFUNC_PAUSE;
}

/* --- the answer's head --- */

static bool begin_head(struct stream *stream, struct str line)
{
    struct upstream_answer *answer = &stream->answer;
    struct str rest = line, version, status;
    answer->field_count = 0;
    if (!str_next_word(&rest, &version) || !str_next_word(&rest, &status) || status.len != STATUS_LEN)
        return false;
    answer->status = 0;
    for (size_t i = 0; i < status.len; i++)
        answer->status = answer->status * 10 + (unsigned)(status.ptr[i] - '0');
    return answer->status >= 100 && answer->status <= 599 && answer->status != SWITCHING;
}

/* Doubled when it is full; what it had before stays in the arena until the stream ends. */
static void add_field(struct stream *stream, struct request_field field)
{
    struct upstream_answer *answer = &stream->answer;
    size_t count = answer->field_count;
    if (count == stream->field_room) {
        stream->field_room = count ? count * 2 : 16;
        struct request_field *fields = arena_array(stream->arena, struct request_field, stream->field_room);
        for (size_t i = 0; i < count; i++)
            fields[i] = answer->fields[i];
        answer->fields = fields;
    }
    answer->fields[answer->field_count++] = field;
}

/* A line of no field, a folded one or one with a name that is none says that somebody may read it otherwise. */
static bool read_field(struct stream *stream, struct str line)
{
    size_t colon = str_find(line, ':');
    struct str name = str_slice(line, 0, colon);
    if (colon == line.len || !header_may_be_name(name))
        return false;
    struct str value = str_trim(str_slice(line, colon + 1, line.len));
    if (value.len == 0)
        return true;
    if (!header_may_be_value(value))
        return false;
    add_field(stream, (struct request_field){arena_str(stream->arena, name), arena_str(stream->arena, value)});
    return true;
}

static bool read_head_line(struct stream *stream, struct str line)
{
    if (stream->is_head_whole)
        return true; /* a trailer */
    stream->head_len += line.len + 2;
    if (stream->head_len > stream->head_max)
        return false;
    if (str_has_prefix(line, STR("HTTP/"))) {
        stream->head_len = line.len;
        return stream->head_count++ < HEADS_MAX && begin_head(stream, line);
    }
    if (line.len > 0)
        return read_field(stream, line);
    stream->is_head_whole = stream->answer.status >= 200;
    return true;
}

static size_t take_head_line(char *bytes, size_t size, size_t count, void *arg)
{
    struct stream *stream = arg;
    struct str line = {bytes, size * count};
    hear(stream);
    while (line.len > 0 && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
        line.len--;
    stream->is_head_wrong = !read_head_line(stream, line);
    loop_touch(stream);
    return stream->is_head_wrong ? 0 : size * count;
}

/* --- the handle --- */

#define SET(option, value) code |= curl->easy_setopt(easy, CURLOPT_##option, (value))

/* What holds for each: one protocol, nobody in between, and the bytes as they are. */
static CURLcode set_limits(const struct curl_library *curl, CURL *easy, struct stream *stream)
{
    CURLcode code = CURLE_OK;
    SET(PROTOCOLS_STR, "http,https");
    SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(FOLLOWLOCATION, 0L);
    SET(NETRC, (long)CURL_NETRC_IGNORED);
    SET(PROXY, "");
    SET(NOSIGNAL, 1L);
    /* A lookup that is under way when the request is over is left to its thread (names.c): the loop does not wait. */
    SET(QUICK_EXIT, 1L);
    SET(NOPROGRESS, 1L);
    SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(HTTP_CONTENT_DECODING, 0L);
    SET(PATH_AS_IS, 1L);
    SET(TCP_NODELAY, 1L);
    SET(CONNECTTIMEOUT_MS, (long)stream->connect_ms);
    SET(ERRORBUFFER, stream->reason);
    SET(PRIVATE, stream);
    return code;
}

static CURLcode set_callbacks(const struct curl_library *curl, CURL *easy, struct stream *stream)
{
    CURLcode code = CURLE_OK;
    SET(PREREQFUNCTION, before_request);
    SET(PREREQDATA, stream);
    SET(HEADERFUNCTION, take_head_line);
    SET(HEADERDATA, stream);
    SET(WRITEFUNCTION, take_body);
    SET(WRITEDATA, stream);
    SET(READFUNCTION, give_body);
    SET(READDATA, stream);
    SET(SEEKFUNCTION, rewind_body);
    SET(SEEKDATA, stream);
    return code;
}

/* The method as it is; what libcurl takes it for tells whether bodies go and come. */
static CURLcode set_request(const struct curl_library *curl, CURL *easy, struct stream *stream)
{
    CURLcode code = CURLE_OK;
    SET(URL, stream->url);
    SET(REQUEST_TARGET, stream->target);
    SET(HTTPHEADER, stream->fields);
    if (stream->is_head)
        SET(NOBODY, 1L);
    if (stream->body_len != 0) {
        SET(UPLOAD, 1L);
        SET(INFILESIZE_LARGE, (curl_off_t)stream->body_len);
    }
    SET(CUSTOMREQUEST, stream->method);
    return code;
}

bool transfer_begin(const struct curl_library *curl, struct stream *stream)
{
    CURL *easy = stream->easy;
    return set_limits(curl, easy, stream) == CURLE_OK && set_callbacks(curl, easy, stream) == CURLE_OK &&
           set_request(curl, easy, stream) == CURLE_OK;
}

void transfer_go_on(const struct curl_library *curl, struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool may_upload = stream->is_upload_paused && (stream->request.len > 0 || stream->is_body_whole);
    bool may_reply = stream->is_reply_paused && ring_free_len(&stream->reply) >= RING_ROOM / 2;
    int paused = (stream->is_upload_paused && !may_upload ? CURLPAUSE_SEND : 0) |
                 (stream->is_reply_paused && !may_reply ? CURLPAUSE_RECV : 0);
    if (may_upload)
        stream->is_upload_paused = false;
    if (may_reply)
        stream->is_reply_paused = false;
    pthread_mutex_unlock(&stream->lock);
    if (!may_upload && !may_reply)
        return;
    hear(stream);
    curl->easy_pause(stream->easy, paused);
}

void transfer_publish(const struct curl_library *curl, struct stream *stream)
{
    curl_off_t len = -1;
    if (!stream->is_head_whole || stream->is_head_published)
        return;
    stream->is_head_published = true;
    (void)curl->easy_getinfo(stream->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &len);
    pthread_mutex_lock(&stream->lock);
    stream->reply_len = len;
    stream->has_head = true;
    /* Who says so before the body was there wants no more of it. */
    if (stream->is_body_coming && stream->answer.status >= 300)
        stream->is_body_refused = true;
    pthread_mutex_unlock(&stream->lock);
}

/* libcurl goes on sending after an early answer that also ends the connection, and waits for us with it: such an
 * answer is whole when it is as long as it has said. */
bool transfer_is_answered_early(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    bool is_whole = stream->is_body_refused && stream->has_head && !stream->has_ended &&
                    stream->received_len == stream->reply_len;
    if (is_whole)
        stream->has_ended = true;
    pthread_mutex_unlock(&stream->lock);
    return is_whole;
}

/* Before the head is published a failure is the answer; then it is the end of what came, unless all has come. */
void transfer_fail(struct stream *stream, enum upstream_failure failure, struct str reason)
{
    pthread_mutex_lock(&stream->lock);
    bool is_whole = stream->has_head && stream->received_len == stream->reply_len;
    bool is_untold = stream->has_head && !is_whole && !stream->is_client_gone;
    if (!stream->has_head) {
        stream->answer = (struct upstream_answer){.failure = failure, .reason = arena_str(stream->arena, reason)};
        stream->has_head = true;
    }
    stream->is_broken = !is_whole;
    stream->has_ended = true;
    stream->is_body_refused = true;
    pthread_mutex_unlock(&stream->lock);
    if (is_untold)
        log_event(LOG_WARNING, "upstream_broke_off", log_text("exchange", stream->exchange_id),
                  log_text("reason", reason));
    stream->is_head_published = true;
    loop_touch(stream);
}

static enum upstream_failure failure_of(const struct stream *stream, CURLcode code)
{
    if (stream->is_head_wrong)
        return UPSTREAM_WRONG;
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return UPSTREAM_LATE;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        return UPSTREAM_WRONG;
    default:
        return UPSTREAM_UNREACHABLE;
    }
}

/* All of an answer that came before all of the request was sent: its sender wants no more of it. */
static bool is_answered(const struct curl_library *curl, const struct stream *stream)
{
    curl_off_t len = -1;
    (void)curl->easy_getinfo(stream->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &len);
    return stream->received_len == len;
}

static bool has_address(const struct curl_library *curl, const struct stream *stream)
{
    curl_off_t lookup_us = 0;
    (void)curl->easy_getinfo(stream->easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup_us);
    return lookup_us > 0;
}

void transfer_conclude(const struct curl_library *curl, struct stream *stream, CURLcode code)
{
    if (stream->is_head_whole && (code == CURLE_OK || is_answered(curl, stream))) {
        transfer_publish(curl, stream);
        pthread_mutex_lock(&stream->lock);
        stream->has_ended = true;
        stream->is_body_refused = true;
        pthread_mutex_unlock(&stream->lock);
        loop_touch(stream);
        return;
    }
    if (code == CURLE_OPERATION_TIMEDOUT && !has_address(curl, stream))
        names_note_lost(stream);
    const char *reason = stream->reason[0] ? stream->reason : curl->easy_strerror(code);
    if (stream->is_head_wrong)
        reason = "the head of the answer is wrong or too long";
    transfer_fail(stream, failure_of(stream, code), str_of(reason));
}
