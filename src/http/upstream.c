#include "http/upstream.h"

#include <assert.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/arena.h"
#include "http/inside.h"
#include "http/stream.h"

/* A loop is one thread; each keeps connections of its own. */
#define LOOPS_MAX 4
/* Of what libmicrohttpd has for a reply's head, for its own fields and ours. */
#define OWN_HEAD 640

/* What a name's upstream has under way. */
struct named_load {
    struct named_load *next;
    struct str name;
    struct upstream_load *load;
};

struct upstreams {
    struct arena *arena;
    struct named_load *loads; /* guarded by the lock, as are the loops; none ever leaves */
    struct str pseudonym;     /* in Via: no other process has it [RFC9110 7.6.3] */
    pthread_mutex_t lock;
    struct loop *loops[LOOPS_MAX]; /* guarded by it; those that are there stay */
    unsigned loop_count;           /* as many as there are to be */
    atomic_uint turn;
};

static unsigned count_loops(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN) / 2;
    return count < 1 ? 1 : count > LOOPS_MAX ? LOOPS_MAX : (unsigned)count;
}

struct upstreams *upstreams_create(void)
{
    struct arena *arena = arena_create();
    struct upstreams *upstreams = arena_new(arena, struct upstreams);
    uint32_t number;
    ssize_t got = getrandom(&number, sizeof(number), 0);
    assert(got == sizeof(number));
    upstreams->arena = arena;
    upstreams->pseudonym = arena_printf(arena, "jeton-%08x", number);
    upstreams->loop_count = count_loops();
    pthread_mutex_init(&upstreams->lock, NULL);
    return upstreams;
}

void upstreams_destroy(struct upstreams *upstreams)
{
    if (!upstreams)
        return;
    for (unsigned i = 0; i < upstreams->loop_count; i++)
        if (upstreams->loops[i])
            loop_end(upstreams->loops[i]);
    pthread_mutex_destroy(&upstreams->lock);
    arena_destroy(upstreams->arena);
}

struct upstream_load *upstreams_load(struct upstreams *upstreams, struct str name)
{
    pthread_mutex_lock(&upstreams->lock);
    struct named_load *named = upstreams->loads;
    while (named && !str_equal(named->name, name))
        named = named->next;
    if (!named) {
        named = arena_new(upstreams->arena, struct named_load);
        *named = (struct named_load){upstreams->loads, arena_str(upstreams->arena, name),
                                     upstream_load_create(upstreams->arena)};
        upstreams->loads = named;
    }
    pthread_mutex_unlock(&upstreams->lock);
    return named->load;
}

/* NULL when there is no thread for it. */
static struct loop *get_loop(struct upstreams *upstreams)
{
    unsigned number = atomic_fetch_add_explicit(&upstreams->turn, 1, memory_order_relaxed) % upstreams->loop_count;
    pthread_mutex_lock(&upstreams->lock);
    if (!upstreams->loops[number])
        upstreams->loops[number] = loop_start();
    struct loop *loop = upstreams->loops[number];
    pthread_mutex_unlock(&upstreams->lock);
    return loop;
}

/* [RFC9110 9.2.2] */
static bool is_idempotent(struct str method)
{
    static const struct str methods[] = {STR_INIT("GET"), STR_INIT("HEAD"), STR_INIT("PUT"), STR_INIT("DELETE"),
                                         STR_INIT("OPTIONS")};
    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
        if (str_equal(method, methods[i]))
            return true;
    return false;
}

/* The path of the URL, and behind it path and query as the client wrote them. */
static const char *write_target(struct arena *arena, struct str url, const struct request *request)
{
    size_t scheme = str_has_prefix(url, STR("https://")) ? STR("https://").len : STR("http://").len;
    struct str rest = str_slice(url, scheme, url.len);
    struct str prefix = str_slice(rest, str_find(rest, '/'), rest.len);
    bool has_query = str_is_present(request->query);
    return arena_printf(arena, "%.*s%.*s%s%.*s", STR_ARGS(prefix), STR_ARGS(request->path), has_query ? "?" : "",
                        has_query ? (int)request->query.len : 0, has_query ? request->query.ptr : "")
        .ptr;
}

/* What of a connection's memory the request has left for the reply's head. */
static size_t head_room(const struct served *served, size_t reply_fields_len)
{
    size_t all = connection_memory(&served->connection->pool->server->options);
    size_t taken = served->head_len + served->exchange.request.field_count * FIELD_ROOM + OWN_HEAD + reply_fields_len;
    return all > taken ? all - taken : 0;
}

static struct stream *create_stream(struct upstreams *upstreams, struct loop *loop, struct served *served,
                                    const struct upstream_request *sent)
{
    const struct request *request = &served->exchange.request;
    struct arena *arena = arena_create();
    struct stream *stream = arena_new(arena, struct stream);
    struct str via = arena_printf(arena, "1.1 %.*s", STR_ARGS(upstreams->pseudonym));
    stream->arena = arena;
    stream->loop = loop;
    stream->served = served;
    stream->exchange_id = arena_str(arena, served->exchange.id);
    stream->url = arena_cstr(arena, sent->target->url);
    stream->target = write_target(arena, sent->target->url, request);
    stream->method = arena_cstr(arena, request->method);
    stream->fields = fields_forward(arena, &served->exchange, sent, via);
    stream->connect_ms = sent->target->connect_seconds * 1000;
    stream->silence_ns = sent->target->answer_seconds * INT64_C(1000000000);
    stream->is_head = str_equal(request->method, STR("HEAD"));
    stream->may_repeat = is_idempotent(request->method);
    stream->head_max = head_room(served, sent->reply_fields_len);
    stream->reply_len = -1;
    stream->is_body_coming = request->is_body_coming;
    if (request->is_body_coming) {
        stream->body_len = served->announced_len > 0 ? (int64_t)served->announced_len : -1;
    } else if (!stream->is_head) {
        /* With a HEAD's, which means nothing, libcurl would wait for an answer's body. [RFC9110 9.3.2] */
        stream->body = arena_str(arena, request->body);
        stream->body_len = (int64_t)request->body.len;
    }
    pthread_mutex_init(&stream->lock, NULL);
    return stream;
}

bool upstream_prepare(struct upstreams *upstreams, struct exchange *exchange, const struct upstream_request *request)
{
    struct served *served = served_of(exchange);
    assert(exchange->response.status == 0 && !served->stream);
    const struct upstream_target *target = request->target;
    if (!upstream_load_enter(target->load, request->client, target->most, target->share_most))
        return false;
    struct loop *loop = get_loop(upstreams);
    if (!loop) {
        upstream_load_leave(target->load, request->client);
        return false;
    }
    served->stream = create_stream(upstreams, loop, served, request);
    served->stream_load = target->load;
    served->stream_client = request->client;
    return true;
}

void upstream_send(struct exchange *exchange)
{
    struct served *served = served_of(exchange);
    struct stream *stream = served->stream;
    assert(exchange->resumed);
    if (exchange->request.is_body_coming) {
        served->stage = STAGE_FORWARDING;
    } else {
        stream->is_body_whole = true;
        stream_park(stream);
    }
    loop_watch_client(stream, served->connection->fd);
    loop_post(stream);
}

void upstream_end(struct served *served)
{
    if (!served->stream)
        return;
    loop_unwatch_client(served->stream, served->connection->fd);
    stream_over(served->stream);
    upstream_load_leave(served->stream_load, served->stream_client);
    served->stream = NULL;
}

const struct upstream_answer *upstream_answer(const struct exchange *exchange)
{
    const struct served *served = (const struct served *)(const void *)exchange;
    return &served->stream->answer;
}

/* How long the body would be that is left out. Where the upstream does not tell, nothing is said of a HEAD, and by
 * libmicrohttpd 0 of a 304: no cache goes by that. [RFC9110 8.6] [RFC9111 3.2] */
static void tell_length(struct stream *stream)
{
    const struct upstream_answer *answer = &stream->answer;
    stream->told_len = -1;
    for (size_t i = 0; i < answer->field_count; i++)
        if (str_equal_nocase(answer->fields[i].name, STR("Content-Length")) &&
            (!str_parse_int(answer->fields[i].value, &stream->told_len) || stream->told_len < 0))
            stream->told_len = -1;
    stream->is_bodiless = stream->is_head || stream->told_len >= 0;
}

static size_t count_headers(const struct exchange *exchange)
{
    size_t count = 0;
    for (const struct response_header *header = exchange->response.headers; header; header = header->next)
        count++;
    return count;
}

/* Among the first `count` of the reply. */
static bool is_told(const struct exchange *exchange, size_t count, struct str name)
{
    const struct response_header *header = exchange->response.headers;
    for (size_t i = 0; i < count; i++, header = header->next)
        if (str_equal_nocase(header->name, name))
            return true;
    return false;
}

/* What stands in the reply before is ours to tell. */
static void add_fields(struct exchange *exchange, const struct upstream_answer *answer)
{
    struct str connection = fields_join(exchange->arena, answer->fields, answer->field_count, STR("Connection"));
    size_t own_count = count_headers(exchange);
    for (size_t i = 0; i < answer->field_count; i++) {
        const struct request_field *field = &answer->fields[i];
        bool is_forged = str_equal_nocase(field->name, STR("Set-Cookie")) && fields_is_own_cookie(field->value);
        if (fields_may_return(field->name, connection) && !is_told(exchange, own_count, field->name) && !is_forged)
            response_header_add(exchange, field->name, field->value);
    }
}

void upstream_reply(struct exchange *exchange)
{
    struct stream *stream = served_of(exchange)->stream;
    const struct upstream_answer *answer = &stream->answer;
    stream->told_len = stream->reply_len;
    if (stream->is_head || answer->status == 304)
        tell_length(stream);
    add_fields(exchange, answer);
    struct str body = STR("");
    exchange->response.is_streamed =
        answer->status != 204 && (stream->is_bodiless || !stream_take_all(stream, exchange->arena, &body));
    response_answer(exchange, answer->status, STR_NONE, body);
}

bool upstream_has_seen(const struct upstreams *upstreams, const struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    struct str via = fields_join(exchange->arena, request->fields, request->field_count, STR("Via")), entry, word;
    while (str_is_present(via) && str_next(&via, ',', &entry))
        while (str_next_word(&entry, &word))
            if (str_equal(word, upstreams->pseudonym))
                return true;
    return false;
}
