#include "dialect/encode.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "crypto/digest.h"
#include "dialect/hole.h"
#include "dialect/shape.h"
#include "http/message.h"
#include "oauth/limit.h"

#define HEADER_VALUE_MAX 4096
#define DIGEST_SHOWN     16
/* Of a header in the reply besides name and value, and for numbers that grow until it is sent. */
#define HEADER_ROOM 64

void encode_request_facts(struct exchange *exchange, struct call *call)
{
    const struct request *request = &exchange->request;
    struct str query = str_is_present(request->query) ? request->query : STR("");
    call_set_text(call, FACT_request_id, exchange->id);
    if (call->realm)
        call_set_text(call, FACT_realm, call->realm->name);
    /* What came in raw is shown only when it is text. */
    if (str_is_utf8(request->path) && str_is_utf8(query) && str_is_utf8(request->method)) {
        call_set_text(call, FACT_request_path, request->path);
        call_set_text(call, FACT_request_query, query);
        call_set_text(call, FACT_request_method, request->method);
    }
}

/* 32 hex digits of the body's SHA-256: for entity tags. */
static void set_body_digest(struct call *call, struct str body)
{
    struct digest digest = digest_sha256(body);
    char *room = arena_alloc(call->arena, 2 * DIGEST_SHOWN);
    hex_write(digest.bytes, DIGEST_SHOWN, room);
    call_set_text(call, FACT_body_digest, (struct str){room, 2 * DIGEST_SHOWN});
}

/* Absent when a hole is. */
static struct str write_value(struct exchange *exchange, const struct call *call,
                              const struct text_template *template)
{
    struct buf value;
    buf_init(&value, exchange->arena, HEADER_VALUE_MAX);
    return text_template_write_header(template, &call->facts, &value) && value.len ? buf_str(&value) : STR_NONE;
}

static void add_header(struct exchange *exchange, const struct call *call, const struct header_template *header)
{
    struct str value = write_value(exchange, call, header->value);
    if (!str_is_present(value))
        return;
    if (header->tells_limits)
        response_header_vary(exchange, header->name, value);
    else
        response_header_add(exchange, header->name, value);
}

void encode_limits(struct exchange *exchange, const struct call *call, const struct reply_shape *shape)
{
    if (!(shape->facts & call->facts.present & limit_facts()))
        return;
    for (size_t i = 0; i < shape->header_count; i++)
        if (shape->headers[i].tells_limits)
            add_header(exchange, call, &shape->headers[i]);
}

static bool has_field(const struct request_field *fields, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal_nocase(fields[i].name, name))
            return true;
    return false;
}

size_t encode_prepare_forwarded(struct exchange *exchange, struct call *call, const struct dialect *dialect)
{
    const struct reply_shape *shape = &dialect->guard;
    size_t len = 0;
    encode_request_facts(exchange, call);
    encode_fact_values(call, dialect);
    for (size_t i = 0; i < shape->header_count; i++) {
        const struct header_template *header = &shape->headers[i];
        struct str value =
            header->tells_limits || header->is_of_api ? write_value(exchange, call, header->value) : STR_NONE;
        len += str_is_present(value) ? header->name.len + value.len + HEADER_ROOM : 0;
    }
    return len;
}

void encode_forwarded(struct exchange *exchange, const struct call *call, const struct dialect *dialect,
                      const struct request_field *fields, size_t count)
{
    const struct reply_shape *shape = &dialect->guard;
    encode_limits(exchange, call, shape);
    for (size_t i = 0; i < shape->header_count; i++)
        if (shape->headers[i].is_of_api && !has_field(fields, count, shape->headers[i].name))
            add_header(exchange, call, &shape->headers[i]);
}

static bool is_among(struct str name, const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal_nocase(names[i], name))
            return true;
    return false;
}

/* A refusal for a while says how long, in whatever dialect. [RFC9110 10.2.3] */
static void add_retry_after(struct exchange *exchange, const struct call *call, const struct reply_shape *shape)
{
    if (!(call->facts.present & UINT64_C(1) << FACT_retry_after))
        return;
    for (size_t i = 0; i < shape->header_count; i++)
        if (str_equal_nocase(shape->headers[i].name, STR("Retry-After")))
            return;
    response_header_add(exchange, STR("Retry-After"),
                        arena_decimal(exchange->arena, call->facts.values[FACT_retry_after].number));
}

void encode_headers_but(struct exchange *exchange, const struct call *call, const struct reply_shape *shape,
                        const struct str *names, size_t count)
{
    for (size_t i = 0; i < shape->header_count; i++)
        if (!is_among(shape->headers[i].name, names, count))
            add_header(exchange, call, &shape->headers[i]);
}

static void answer_bytes(struct exchange *exchange, struct call *call, const struct reply_shape *shape,
                         unsigned status, struct str body)
{
    if (shape->facts & UINT64_C(1) << FACT_body_digest)
        set_body_digest(call, body);
    encode_headers_but(exchange, call, shape, NULL, 0);
    add_retry_after(exchange, call, shape);
    response_answer(exchange, status, body.len ? shape->content_type : STR_NONE, body);
}

static void answer(struct exchange *exchange, struct call *call, const struct reply_shape *shape, unsigned status)
{
    struct buf body;
    buf_init(&body, exchange->arena, REPLY_MAX);
    if (shape->body)
        json_template_write(shape->body, &call->facts, &body);
    answer_bytes(exchange, call, shape, status, buf_str(&body));
}

void encode_bytes(struct exchange *exchange, struct call *call, const struct reply_shape *shape, struct str body)
{
    encode_request_facts(exchange, call);
    answer_bytes(exchange, call, shape, shape->status, body);
}

void encode_fact_values(struct call *call, const struct dialect *dialect)
{
    uint64_t left = call->facts.present;
    for (size_t i = 0; i < dialect->fact_value_count; i++) {
        const struct fact_value *value = &dialect->fact_values[i];
        struct fact *fact = &call->facts.values[value->fact];
        uint64_t bit = UINT64_C(1) << value->fact;
        if (!(left & bit) || fact->kind != FACT_TEXT || !str_equal(fact->text, value->standard))
            continue;
        fact->text = value->wire;
        left &= ~bit;
    }
}

void encode_reply(struct exchange *exchange, struct call *call, const struct reply_shape *shape)
{
    encode_request_facts(exchange, call);
    answer(exchange, call, shape, shape->status);
}

static void set_text(struct call *call, enum fact_name name, const struct text_template *template,
                     struct str otherwise)
{
    struct buf text;
    if (!template) {
        call_set_text(call, name, otherwise);
        return;
    }
    buf_init(&text, call->arena, HEADER_VALUE_MAX);
    text_template_write(template, &call->facts, &text);
    call_set_text(call, name, buf_str(&text));
}

void encode_error_facts(struct call *call, const struct error_shape *shapes)
{
    const struct error_shape *shape = &shapes[call->refusal];
    const struct refusal_words *words = refusal_words(call->refusal);
    call_set_text(call, FACT_grant_type, call_parameter(call, PARAMETER_grant_type));
    set_text(call, FACT_error, shape->error, words->error);
    set_text(call, FACT_error_description, shape->error_description, words->error_description);
    for (int i = 0; i < TEMPLATE_EXTRA_MAX; i++)
        set_text(call, (enum fact_name)(FACT_extra_0 + i), shape->extra[i], STR_NONE);
}

/* What a refusal may tell of what the rules have found. */
static uint64_t facts_of_refusals(void)
{
    return limit_facts() | UINT64_C(1) << FACT_query_mistake | UINT64_C(1) << FACT_query_line |
           UINT64_C(1) << FACT_query_column;
}

void encode_refusal(struct exchange *exchange, struct call *call, const struct error_shape *shapes, struct str allow)
{
    const struct error_shape *shape = &shapes[call->refusal];
    call->facts.present &= facts_of_refusals();
    encode_request_facts(exchange, call);
    encode_error_facts(call, shapes);
    if (str_is_present(allow))
        response_header_add(exchange, STR("Allow"), allow);
    if (shape->challenge) {
        const struct header_template challenge = {.name = STR("WWW-Authenticate"), .value = shape->challenge};
        add_header(exchange, call, &challenge);
    }
    answer(exchange, call, &shape->reply, shape->status);
}

void encode_refusal_as(struct exchange *exchange, struct call *call, const struct error_shape *shapes,
                       unsigned status)
{
    call->facts.present &= facts_of_refusals();
    encode_request_facts(exchange, call);
    encode_error_facts(call, shapes);
    answer(exchange, call, &shapes[call->refusal].reply, status);
}

void encode_plain_refusal(struct exchange *exchange, enum refusal refusal)
{
    const struct refusal_words *words = refusal_words(refusal);
    static const struct {
        enum refusal refusal;
        unsigned status;
    } statuses[] = {
        {REFUSED_path_unknown, 404},      {REFUSED_body_too_large, 413},      {REFUSED_headers_too_large, 431},
        {REFUSED_uri_too_long, 414},      {REFUSED_version_unsupported, 505}, {REFUSED_busy, 503},
        {REFUSED_store_unavailable, 503},
    };
    unsigned status = 400;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
        if (statuses[i].refusal == refusal)
            status = statuses[i].status;
    struct str body = arena_printf(exchange->arena, "{\"error\":\"%.*s\",\"error_description\":\"%.*s\"}",
                                   STR_ARGS(words->error), STR_ARGS(words->error_description));
    response_header_add(exchange, STR("Cache-Control"), STR("no-store"));
    response_answer(exchange, status, STR("application/json"), body);
}

void encode_identity_fields(const struct call *call, struct request_field *fields)
{
    static const struct {
        struct str name;
        enum fact_name fact;
    } headers[IDENTITY_COUNT] = {
        {STR_INIT("X-Jeton-Client"), FACT_client_id},        {STR_INIT("X-Jeton-Application"), FACT_application},
        {STR_INIT("X-Jeton-Environment"), FACT_environment}, {STR_INIT("X-Jeton-Subject"), FACT_subject},
        {STR_INIT("X-Jeton-Instance"), FACT_instance},       {STR_INIT("X-Jeton-Scope"), FACT_scope},
        {STR_INIT("X-Jeton-Token-Id"), FACT_token_id},
    };
    for (size_t i = 0; i < IDENTITY_COUNT; i++) {
        char room[TEXT_INT_MAX];
        struct hole hole = {.fact = headers[i].fact};
        struct str text = hole_text(&hole, &call->facts, room);
        fields[i].name = headers[i].name;
        fields[i].value = text.len ? arena_str(call->arena, text) : STR("-");
    }
}

void encode_identity(struct exchange *exchange, const struct call *call)
{
    struct request_field fields[IDENTITY_COUNT];
    encode_identity_fields(call, fields);
    for (size_t i = 0; i < IDENTITY_COUNT; i++)
        response_header_add(exchange, fields[i].name, fields[i].value);
}
