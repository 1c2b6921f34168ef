/*
 * desk_count.c — what the desks count, and what an operator must hear of.
 */
#include <stdatomic.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "dialect/desk.h"
#include "dialect/shape.h"
#include "http/message.h"
#include "identity/sign_in.h"
#include "oauth/count.h"
#include "oauth/grant.h"
#include "store/rows.h"

struct desk_metrics {
    struct metric *seconds;
    struct metric *requests[6]; /* by the status' first digit */
    struct metric *tokens[GRANT_TYPE_COUNT];
    struct metric *refusals[REFUSAL_COUNT];
    atomic_int_least64_t gateway_told_at[GATEWAY_MISTAKE_COUNT];
};

static struct str endpoint_name(const struct endpoint *endpoint)
{
    return endpoint->path_count ? endpoint->paths[0] : endpoint->does;
}

static struct desk_metrics *create_metrics(struct arena *arena, struct str realm, const struct endpoint *endpoint)
{
    static const char *const classes[] = {"", "1xx", "2xx", "3xx", "4xx", "5xx"};
    struct desk_metrics *metrics = arena_new(arena, struct desk_metrics);
    struct str name = endpoint_name(endpoint);
    metrics->seconds = metric_histogram("jeton_request_seconds", "Time from a whole request to its answer.",
                                        METRIC_LABELS({"realm", realm}, {"endpoint", name}));
    for (int class = 2; class < 6; class ++)
        metrics->requests[class] =
            metric_counter("jeton_requests_total", "Requests answered.",
                           METRIC_LABELS({"realm", realm}, {"endpoint", name}, {"status", str_of(classes[class])}));
    for (int type = 0; type < GRANT_TYPE_COUNT; type++)
        metrics->tokens[type] =
            metric_counter("jeton_tokens_issued_total", "Access tokens issued.",
                           METRIC_LABELS({"realm", realm}, {"grant_type", grant_kind_name((enum grant_type)type)}));
    for (int refusal = NOT_REFUSED + 1; refusal < REFUSAL_COUNT; refusal++) {
        const struct refusal_words *words = refusal_words((enum refusal)refusal);
        metrics->refusals[refusal] =
            metric_counter("jeton_refusals_total", "Requests refused.",
                           METRIC_LABELS({"realm", realm}, {"error", words->error}, {"refusal", words->name}));
    }
    return metrics;
}

const struct desk *desk_create(struct arena *arena, const struct realm *realm, const struct dialect *dialect,
                               const struct endpoint *endpoint, unsigned part, struct meter *meter)
{
    static atomic_uint_least64_t desk_count;
    struct desk *desk = arena_new(arena, struct desk);
    *desk = (struct desk){
        .realm = realm,
        .dialect = dialect,
        .endpoint = endpoint,
        .part = part,
        .meter = meter,
        .metrics = create_metrics(arena, realm->name, endpoint),
        .serial = atomic_fetch_add(&desk_count, 1) + 1,
    };
    return desk;
}

void desk_count(const struct exchange *exchange, const struct desk *desk)
{
    unsigned class = exchange->response.status / 100;
    metric_observe_ns(desk->metrics->seconds, clock_monotonic_ns() - exchange->began_ns);
    if (class >= 2 && class < 6)
        metric_add(desk->metrics->requests[class], 1);
}

/* What a stranger can cause is told so often a second at most; the metric counts all of it. */
#define LINES_PER_SECOND    10
#define SECONDS_PER_MISTAKE 60

/* Of one event. Two threads may tell one line too many: that does not matter. */
struct flow {
    atomic_int_least64_t second;
    atomic_uint line_count;
};

static bool may_log(struct flow *flow, int64_t now)
{
    if (atomic_load_explicit(&flow->second, memory_order_relaxed) != now) {
        atomic_store_explicit(&flow->second, now, memory_order_relaxed);
        atomic_store_explicit(&flow->line_count, 0, memory_order_relaxed);
    }
    return atomic_fetch_add_explicit(&flow->line_count, 1, memory_order_relaxed) < LINES_PER_SECOND;
}

static void log_call(const struct exchange *exchange, const struct desk *desk, const char *event, struct flow *flow,
                     const struct call *call)
{
    if (!may_log(flow, exchange->now))
        return;
    struct str client_id = call->client ? call->client->client_id : call->claimed_client_id;
    log_event(LOG_WARNING, event, log_text("exchange", exchange->id), log_text("realm", desk->realm->name),
              log_text("client_id", str_is_present(client_id) ? client_id : STR("")),
              log_text("address", exchange->request.client_address));
}

/* It lasts until somebody repairs it, and each request has it. Two threads may tell it twice. */
void desk_log_gateway(const struct exchange *exchange, const struct desk *desk, enum gateway_mistake mistake)
{
    static const char *const reasons[GATEWAY_MISTAKE_COUNT] = {
        [GATEWAY_QUERY_WRONG] = "the query of the guard's address is none that it knows",
        [GATEWAY_SCOPE_UNKNOWN] = "a scope in the guard's address is none of the realm's",
        [GATEWAY_REQUEST_UNTOLD] = "the client's method or target is not told, and the realm has rules",
    };
    atomic_int_least64_t *told_at = &desk->metrics->gateway_told_at[mistake];
    int64_t since = exchange->now - atomic_load_explicit(told_at, memory_order_relaxed);
    if (since >= 0 && since < SECONDS_PER_MISTAKE)
        return;
    atomic_store_explicit(told_at, exchange->now, memory_order_relaxed);
    log_event(LOG_WARNING, "gateway_mistaken", log_text("exchange", exchange->id),
              log_text("realm", desk->realm->name), log_text("reason", str_of(reasons[mistake])),
              log_text("address", exchange->request.client_address));
}

void desk_count_call(const struct exchange *exchange, const struct desk *desk, const struct call *call)
{
    static struct flow leaks, reuses, code_reuses;
    if (call->sign_in && call->sign_in->verdict)
        sign_in_log(call->sign_in, exchange->id);
    if (call->refusal) {
        metric_add(desk->metrics->refusals[call->refusal], 1);
        if (call->refusal == REFUSED_secret_in_query)
            log_call(exchange, desk, "secret_in_query", &leaks, call);
        if (call->refusal == REFUSED_refresh_token_reused)
            log_call(exchange, desk, "refresh_token_reused", &reuses, call);
        /* At the token endpoint only: at the other a person has sent a form twice. */
        if (call->refusal == REFUSED_code_reused && call->grant_kind)
            log_call(exchange, desk, "code_reused", &code_reuses, call);
        return;
    }
    if (!call->grant_kind && !call->authorize.gives_token)
        return;
    metric_add(desk->metrics->tokens[call->grant_kind ? call->grant_kind->type : GRANT_IMPLICIT], 1);
    count_token(call);
}
