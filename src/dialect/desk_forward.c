/*
 * desk_forward.c — the desk of the API behind Jeton: what the guard lets pass goes on, and the answer comes back.
 *
 * What is judged is what is served: a request that can be read in two ways goes nowhere.
 *
 * Threads: as the other desks.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "dialect/decode.h"
#include "dialect/desk.h"
#include "dialect/encode.h"
#include "dialect/face.h"
#include "dialect/question.h"
#include "dialect/shape.h"
#include "http/message.h"
#include "http/upstream.h"
#include "oauth/count.h"
#include "oauth/limit.h"
#include "store/rows.h"

#define COST_HEADER STR("X-Jeton-Cost")

struct forwarding {
    const struct desk *desk;
    struct call *call;
};

const struct upstream_target *desk_make_upstream(struct arena *arena, const struct realm *realm,
                                                 struct upstreams *upstreams)
{
    const struct upstream_policy *policy = &realm->upstream;
    struct upstream_target *target = arena_new(arena, struct upstream_target);
    *target = (struct upstream_target){
        .url = policy->url,
        .connect_seconds = policy->connect_seconds,
        .answer_seconds = policy->answer_seconds,
        .most = policy->requests,
        .share_most = policy->requests_per_client,
        .load = upstreams ? upstreams_load(upstreams, realm->name) : NULL,
        .passes_authorization = policy->passes_authorization,
    };
    return target;
}

bool desk_may_stream(const struct desk *desk, const struct exchange *exchange)
{
    struct str path;
    if (str_equal(exchange->request.method, STR("HEAD")))
        return false; /* it goes on without */
    if (!rule_path_read(exchange->arena, exchange->request.path, &path))
        return true; /* it is refused anyway */
    const struct guard_rule *rule = rule_find(&desk->realm->guard, exchange->request.method, path);
    return !rule || !rule->cost_is_estimated;
}

/* TRACE shows what a proxy has added, and CONNECT is for others. [RFC9110 9.3.6, 9.3.8] */
static bool is_method_fit(struct str method)
{
    return rule_method_is_fit(method) && !str_equal(method, STR("TRACE")) && !str_equal(method, STR("CONNECT"));
}

static bool is_path_fit(struct exchange *exchange)
{
    struct str path, query = exchange->request.query;
    return rule_path_read(exchange->arena, exchange->request.path, &path) &&
           str_find(exchange->request.path, '#') == exchange->request.path.len &&
           (!str_is_present(query) || str_find(query, '#') == query.len);
}

static enum refusal find_fault(struct exchange *exchange, const struct face_means *means)
{
    if (!is_method_fit(exchange->request.method))
        return REFUSED_method_not_allowed;
    if (!is_path_fit(exchange))
        return REFUSED_request_unreadable;
    if (!upstream_has_seen(means->upstreams, exchange))
        return NOT_REFUSED;
    log_event(LOG_WARNING, "upstream_failed", log_text("exchange", exchange->id),
              log_text("reason", STR("the request has been here before")));
    return REFUSED_upstream_unreachable;
}

/* What a browser asks on its own before it sends the real request: without a body. [Fetch 4.8] */
static bool is_preflight(const struct exchange *exchange)
{
    return str_equal(exchange->request.method, STR("OPTIONS")) && !exchange->request.is_body_coming &&
           exchange->request.body.len == 0 && str_is_present(request_header(exchange, "Origin")) &&
           str_is_present(request_header(exchange, "Access-Control-Request-Method"));
}

/* Points beside what the rule has charged already, told after the fact. */
static void charge(struct call *call, const struct upstream_answer *answer)
{
    int64_t points;
    for (size_t i = 0; i < answer->field_count; i++) {
        const struct request_field *field = &answer->fields[i];
        if (!call->client || !str_equal_nocase(field->name, COST_HEADER) || !str_parse_int(field->value, &points) ||
            points < 0 || points > RULE_COST_MAX)
            continue;
        call->now = clock_now(); /* the request may have begun long ago */
        call->cost = points;
        limit_charge_points(call);
        count_points(call, points);
        return;
    }
}

static enum refusal refusal_of(enum upstream_failure failure)
{
    switch (failure) {
    case UPSTREAM_LATE:
        return REFUSED_upstream_late;
    case UPSTREAM_WRONG:
        return REFUSED_upstream_wrong;
    default:
        return REFUSED_upstream_unreachable;
    }
}

/* On the worker again. */
static void answer_forwarded(struct exchange *exchange)
{
    const struct forwarding *forwarding = exchange->face;
    const struct desk *desk = forwarding->desk;
    struct call *call = forwarding->call;
    const struct upstream_answer *answer = upstream_answer(exchange);
    if (answer->failure) {
        log_event(LOG_WARNING, "upstream_failed", log_text("exchange", exchange->id),
                  log_text("realm", desk->realm->name), log_text("reason", answer->reason));
        call->refusal = refusal_of(answer->failure);
        desk_answer(exchange, desk, call);
        return;
    }
    charge(call, answer);
    encode_forwarded(exchange, call, desk->dialect, answer->fields, answer->field_count);
    upstream_reply(exchange);
    desk_count_call(exchange, desk, call);
    desk_count(exchange, desk);
}

/* False: there is no room, and nothing has happened. Else it can be sent. */
static bool prepare(struct exchange *exchange, const struct desk *desk, struct call *call,
                    const struct face_means *means)
{
    struct request_field identity[IDENTITY_COUNT];
    bool is_secure = str_has_prefix(desk->realm->issuer, STR("https://"));
    encode_identity_fields(call, identity);
    size_t reply_fields_len = encode_prepare_forwarded(exchange, call, desk->dialect);
    const struct upstream_request request = {.target = desk->upstream,
                                             .client = call->client ? call->client->id : 0,
                                             .scheme = is_secure ? STR("https") : STR("http"),
                                             .added = identity,
                                             .added_count = IDENTITY_COUNT,
                                             .reply_fields_len = reply_fields_len};
    return upstream_prepare(means->upstreams, exchange, &request);
}

static void send_on(struct exchange *exchange, const struct desk *desk, struct call *call)
{
    struct forwarding *forwarding = arena_new(exchange->arena, struct forwarding);
    *forwarding = (struct forwarding){desk, call};
    exchange->face = forwarding;
    exchange->resumed = answer_forwarded;
    upstream_send(exchange);
}

/* What the guard lets pass is charged, unless there is no room for it to go on. Counted is what came of it. */
static void judge(struct exchange *exchange, const struct desk *desk, struct call *call,
                  const struct face_means *means)
{
    int64_t ns = desk_judge(call, means->store);
    if (!call->refusal && !prepare(exchange, desk, call, means)) {
        limit_give_back(call);
        call->refusal = REFUSED_busy;
    }
    count_request(call, ns);
}

/* A GraphQL endpoint that asks for no token itself tells of one in its errors, as of any field. */
static void answer_no(struct exchange *exchange, const struct desk *desk, struct call *call, const struct desk *asked)
{
    const struct error_shape *shapes = desk->dialect->resource_errors;
    unsigned status = shapes[call->refusal].status;
    if (call->refusal == REFUSED_method_not_allowed) /* [RFC9110 15.5.6] */
        response_header_add(exchange, STR("Allow"), STR("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    if (!asked || asked->endpoint->authorizes || (status != 401 && status != 403)) {
        desk_answer(exchange, desk, call);
        return;
    }
    desk_count_call(exchange, desk, call);
    encode_refusal_as(exchange, call, shapes, 200);
    desk_count(exchange, desk);
}

void desk_serve_forward(struct exchange *exchange, const struct desk *desk, const struct desk *asked,
                        const struct face_means *means)
{
    const struct request *request = &exchange->request;
    struct call *call = desk_call(exchange, desk);
    int64_t began_ns = clock_monotonic_ns();
    enum refusal fault = find_fault(exchange, means);
    call->guarded = (struct guarded_request){
        .method = request->method, .path = request->path, .estimate = question_estimate, .message = request};
    decode_authorization(desk->dialect, request->authorization, call);
    if (fault) {
        call->refusal = fault;
        count_request(call, clock_monotonic_ns() - began_ns);
    } else if (desk->realm->upstream.passes_preflight && is_preflight(exchange)) {
        call->refusal = prepare(exchange, desk, call, means) ? NOT_REFUSED : REFUSED_busy;
    } else {
        judge(exchange, desk, call, means);
    }
    if (call->refusal)
        answer_no(exchange, desk, call, asked);
    else
        send_on(exchange, desk, call);
}
