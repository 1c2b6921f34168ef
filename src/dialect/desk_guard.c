/*
 * desk_guard.c — the desk that gateways ask: may the client's request pass?
 *
 * Threads: as the other desks.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/codec.h"
#include "dialect/decode.h"
#include "dialect/desk.h"
#include "dialect/encode.h"
#include "dialect/face.h"
#include "dialect/shape.h"
#include "http/message.h"
#include "oauth/call.h"
#include "oauth/count.h"
#include "oauth/scope.h"

/* Nobody has it: a demand that cannot be read lets nobody pass. */
#define UNREADABLE_DEMAND STR("?")
#define DETAILS_MAX       3000

/* What a gateway may say in the guard's own address, besides demands on the token. */
struct wishes {
    struct str statuses; /* "dialect": refuse in the dialect's own status; absent: in one that every gateway knows */
    struct str refused;  /* present: only put this refusal into words again */
    bool are_unreadable;
    bool tells_no_request; /* no method or no target */
};

/* What a refusal says besides its name, as X-Jeton-Refusal has it: numbers, and texts in base64url. */
static const struct {
    struct str name;
    enum fact_name fact;
    bool is_text;
} details[] = {
    {STR_INIT("limit"), FACT_rate_limit, false},
    {STR_INIT("remaining"), FACT_rate_remaining, false},
    {STR_INIT("reset"), FACT_rate_reset, false},
    {STR_INIT("after"), FACT_retry_after, false},
    {STR_INIT("cost"), FACT_query_cost, false},
    {STR_INIT("points_limit"), FACT_points_limit, false},
    {STR_INIT("points_remaining"), FACT_points_remaining, false},
    {STR_INIT("name"), FACT_rate_name, true},
    {STR_INIT("policy"), FACT_rate_policy, true},
    {STR_INIT("limits"), FACT_rate_limits, true},
    {STR_INIT("mistake"), FACT_query_mistake, true},
    {STR_INIT("line"), FACT_query_line, false},
    {STR_INIT("column"), FACT_query_column, false},
};
#define DETAIL_COUNT (sizeof(details) / sizeof(*details))

/* Where the guard is asked: /guard/REALM. */
static size_t own_path_len(const struct desk *desk)
{
    return STR("/guard/").len + desk->realm->name.len;
}

/* Once each, and nothing else. */
static bool read_wish(struct call *call, struct wishes *wishes, struct str pair)
{
    size_t equals = str_find(pair, '=');
    struct str name = str_slice(pair, 0, equals);
    struct str *value = str_equal(name, STR("scope"))      ? &call->needed_scope
                        : str_equal(name, STR("instance")) ? &call->needed_instance
                        : str_equal(name, STR("statuses")) ? &wishes->statuses
                        : str_equal(name, STR("refused"))  ? &wishes->refused
                                                           : NULL;
    return value && equals < pair.len && !str_is_present(*value) &&
           form_decode(call->arena, str_slice(pair, equals + 1, pair.len), value) &&
           (value != &wishes->statuses || str_equal(*value, STR("dialect")));
}

/*
 * The gateway may demand scopes and an instance in its own address: /guard/realm?scope=read&instance=north, and say
 * how it wants to hear a no. Nothing else may stand there. Below the guard's path stands the client's original path
 * with the client's query, which says nothing of that; there a header does, which can only make another no of a no.
 */
static void read_wishes(struct exchange *exchange, const struct desk *desk, struct call *call,
                        struct wishes *ret_wishes)
{
    const struct request *request = &exchange->request;
    struct str rest = request->query, pair;
    if (str_equal(request_header(exchange, "X-Jeton-Statuses"), STR("dialect")))
        ret_wishes->statuses = STR("dialect");
    if (request->path.len != own_path_len(desk))
        return;
    ret_wishes->statuses = STR_NONE;
    while (rest.len && str_next(&rest, '&', &pair)) {
        if (!read_wish(call, ret_wishes, pair)) {
            call->needed_scope = UNREADABLE_DEMAND;
            ret_wishes->statuses = STR_NONE;
            ret_wishes->are_unreadable = true;
            return;
        }
    }
}

/* What is said of the original request, in several places perhaps. */
struct told {
    struct str value; /* the first; absent: nothing is said */
    bool is_disputed;
};

static void hear(struct told *told, struct str value)
{
    if (!str_is_present(told->value))
        told->value = value;
    else if (!str_equal(told->value, value))
        told->is_disputed = true;
}

static void hear_headers(const struct request *request, struct told *method, struct told *target)
{
    for (size_t i = 0; i < request->field_count; i++) {
        const struct request_field *field = &request->fields[i];
        if (str_equal_nocase(field->name, STR("X-Original-Method")) ||
            str_equal_nocase(field->name, STR("X-Forwarded-Method")))
            hear(method, field->value);
        else if (str_equal_nocase(field->name, STR("X-Original-URI")) ||
                 str_equal_nocase(field->name, STR("X-Forwarded-Uri")))
            hear(target, field->value);
    }
}

/* By these the client has some frameworks take its request for one of another method: they can only dispute it. */
static void hear_overrides(const struct request *request, struct told *method)
{
    for (size_t i = 0; i < request->field_count; i++) {
        const struct request_field *field = &request->fields[i];
        if ((header_is_like(field->name, STR("x-http-method-override")) ||
             header_is_like(field->name, STR("x-http-method")) ||
             header_is_like(field->name, STR("x-method-override"))) &&
            !str_equal(field->value, method->value))
            method->is_disputed = true;
    }
}

/* "/guard/REALM/things?id=1" is asked about /things?id=1. */
static struct str target_below(const struct desk *desk, const struct request *request)
{
    struct str path = str_slice(request->path, own_path_len(desk), request->path.len);
    return (struct str){path.ptr, path.len + (str_is_present(request->query) ? request->query.len + 1 : 0)};
}

/*
 * Which request the gateway asks about: nginx tells it in X-Original-*, Traefik and Caddy in X-Forwarded-*, Envoy
 * puts the target behind the guard's own and keeps the method. Some of them also pass on what the client itself has
 * put in another's headers: where two say two things, nothing is said. From here on the exchange is that request, for
 * the words of a refusal.
 */
static void assume_original(struct exchange *exchange, const struct desk *desk, struct call *call,
                            struct wishes *wishes)
{
    struct request *request = &exchange->request;
    struct told method = {0}, target = {0};
    hear_headers(request, &method, &target);
    if (request->path.len > own_path_len(desk)) {
        hear(&method, request->method);
        hear(&target, target_below(desk, request));
    }
    hear_overrides(request, &method);
    if (str_is_present(method.value))
        request->method = method.value;
    if (str_is_present(target.value)) {
        size_t mark = str_find(target.value, '?');
        request->path = str_slice(target.value, 0, mark);
        request->query = mark < target.value.len ? str_slice(target.value, mark + 1, target.value.len) : STR_NONE;
    }
    wishes->tells_no_request = !str_is_present(method.value) || !str_is_present(target.value);
    if (wishes->tells_no_request || method.is_disputed || target.is_disputed)
        return;
    call->guarded.method = request->method;
    call->guarded.path = request->path;
}

/* "rate_limited;limit=250;remaining=0;reset=17": bytes that mean the same in a header and in a query. */
static struct str describe_refusal(const struct call *call)
{
    struct buf text;
    buf_init(&text, call->arena, DETAILS_MAX);
    buf_add(&text, refusal_words(call->refusal)->name);
    for (size_t i = 0; i < DETAIL_COUNT; i++) {
        const struct fact *fact = &call->facts.values[details[i].fact];
        if (!(call->facts.present & UINT64_C(1) << details[i].fact))
            continue;
        struct str value =
            details[i].is_text ? base64url_write(call->arena, fact->text) : arena_decimal(call->arena, fact->number);
        buf_printf(&text, ";%.*s=%.*s", STR_ARGS(details[i].name), STR_ARGS(value));
    }
    return buf_str(&text);
}

/* As plans have names and policies: what goes into a header. */
static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > '~')
            return false;
    return true;
}

/* Whoever reaches the guard may have made it up. */
static bool read_fact(struct call *call, enum fact_name fact, bool is_text, struct str value)
{
    struct str text;
    int64_t number;
    bool may_be_below_zero = fact == FACT_rate_remaining || fact == FACT_points_remaining;
    if (is_text) {
        if (!base64url_parse(call->arena, value, &text) ||
            !(fact == FACT_query_mistake ? str_is_utf8(text) : is_plain(text)))
            return false;
        call_set_text(call, fact, text);
        return true;
    }
    if (!str_parse_int(value, &number) || (number < 0 && !may_be_below_zero))
        return false;
    call_set_number(call, fact, number);
    return true;
}

static bool read_detail(struct call *call, struct str pair)
{
    size_t equals = str_find(pair, '=');
    struct str name = str_slice(pair, 0, equals), value = str_slice(pair, equals + 1, pair.len);
    for (size_t i = 0; i < DETAIL_COUNT; i++)
        if (str_equal(details[i].name, name))
            return read_fact(call, details[i].fact, details[i].is_text, value);
    return false;
}

/* What describe_refusal has written; false for anything else. */
static bool read_refusal(struct call *call, struct str text)
{
    struct str name, pair;
    (void)str_next(&text, ';', &name);
    call->refusal = refusal_find(name);
    while (str_next(&text, ';', &pair))
        if (!read_detail(call, pair))
            return false;
    return call->refusal != NOT_REFUSED;
}

/* The gateway has been refused before and wants to tell the client in the dialect's words: nothing is looked up, and
 * nothing but a no comes of it. What cannot be read is a plain one. */
static void repeat_refusal(struct exchange *exchange, const struct desk *desk, struct call *call, struct str refused)
{
    const struct error_shape *shapes = desk->dialect->resource_errors;
    if (!read_refusal(call, refused)) {
        call->refusal = REFUSED_request_unreadable;
        shapes = desk->dialect->guard_errors;
    }
    encode_refusal(exchange, call, shapes, STR_NONE);
    desk_count(exchange, desk);
}

/* A gateway that takes the dialect's statuses gives the whole reply to the client; to any other one it is told what
 * the client should hear. */
static void answer_no(struct exchange *exchange, const struct desk *desk, struct call *call, bool takes_all_statuses)
{
    const struct dialect *dialect = desk->dialect;
    unsigned own_status = dialect->resource_errors[call->refusal].status;
    desk_count_call(exchange, desk, call);
    if (takes_all_statuses && own_status > 299) {
        encode_refusal(exchange, call, dialect->resource_errors, STR_NONE);
    } else {
        if (!takes_all_statuses) {
            response_header_add(exchange, STR("X-Jeton-Status"), arena_decimal(exchange->arena, own_status));
            response_header_add(exchange, STR("X-Jeton-Refusal"), describe_refusal(call));
        }
        encode_refusal(exchange, call, dialect->guard_errors, STR_NONE);
    }
    desk_count(exchange, desk);
}

void desk_refuse_guard(struct exchange *exchange, const struct desk *desk, enum refusal refusal)
{
    struct call *call = desk_call(exchange, desk);
    struct wishes wishes = {0};
    read_wishes(exchange, desk, call, &wishes);
    call->refusal = refusal;
    answer_no(exchange, desk, call, str_is_present(wishes.statuses));
}

int64_t desk_judge(struct call *call, struct store *store)
{
    int64_t began_ns = clock_monotonic_ns();
    (void)desk_prepare(operation_find(STR("guard")), call, store);
    return clock_monotonic_ns() - began_ns;
}

static bool are_known(const struct realm *realm, struct str scopes)
{
    struct str word;
    while (scopes.len && str_next(&scopes, ' ', &word))
        if (word.len && !scope_is_known(realm, word))
            return false;
    return true;
}

/* Clients hear a no that they cannot help: whoever looks after the gateway must hear why. */
static void note_mistake(const struct exchange *exchange, const struct desk *desk, const struct call *call,
                         const struct wishes *wishes)
{
    if (call->refusal == REFUSED_scope_insufficient && wishes->are_unreadable)
        desk_log_gateway(exchange, desk, GATEWAY_QUERY_WRONG);
    else if (call->refusal == REFUSED_scope_insufficient && !are_known(desk->realm, call->needed_scope))
        desk_log_gateway(exchange, desk, GATEWAY_SCOPE_UNKNOWN);
    else if (call->refusal == REFUSED_request_unreadable && wishes->tells_no_request)
        desk_log_gateway(exchange, desk, GATEWAY_REQUEST_UNTOLD);
}

void desk_serve_guard(struct exchange *exchange, const struct desk *desk, const struct face_means *means)
{
    struct call *call = desk_call(exchange, desk);
    struct wishes wishes = {0};
    decode_authorization(desk->dialect, exchange->request.authorization, call);
    read_wishes(exchange, desk, call, &wishes);
    assume_original(exchange, desk, call, &wishes);
    if (str_is_present(wishes.refused)) {
        repeat_refusal(exchange, desk, call, wishes.refused);
        return;
    }
    count_request(call, desk_judge(call, means->store));
    note_mistake(exchange, desk, call, &wishes);
    if (call->refusal)
        answer_no(exchange, desk, call, str_is_present(wishes.statuses));
    else
        desk_answer(exchange, desk, call);
}
