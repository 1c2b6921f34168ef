/*
 * desk.h — one endpoint of one realm at work: where an exchange is served.
 *
 * Private to dialect/. A desk knows its realm, dialect, endpoint and metrics. Serving is decode → check → prepare →
 * prove → apply → encode; the exchange is parked at most once, for the one errand that all its calls share.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "oauth/refusal.h"

struct arena;
struct call;
struct desk_metrics;
struct dialect;
struct endpoint;
struct error_shape;
struct exchange;
struct face_means;
struct face_pages;
struct meter;
struct operation;
struct realm;
struct store;
struct upstream_target;
struct upstreams;

struct desk {
    const struct realm *realm;
    const struct dialect *dialect;
    const struct endpoint *endpoint;
    unsigned part;                          /* enum face_part */
    const struct upstream_target *upstream; /* of a desk that forwards; NULL: another */
    struct desk_metrics *metrics;
    struct meter *meter; /* NULL: nothing is counted */
    uint64_t serial;     /* no desk of this process had it before */
};

const struct desk *desk_create(struct arena *arena, const struct realm *realm, const struct dialect *dialect,
                               const struct endpoint *endpoint, unsigned part, struct meter *meter);

/* A fresh call of this desk's realm. */
struct call *desk_call(struct exchange *exchange, const struct desk *desk);
/* The desk that gateways ask: it refuses in the few statuses that they know. Those who tell what a request has cost
 * are no gateways. */
bool desk_is_guard(const struct desk *desk);
const struct error_shape *desk_errors(const struct desk *desk);

void desk_serve(struct exchange *exchange, const struct desk *desk, const struct face_means *means);
void desk_serve_guard(struct exchange *exchange, const struct desk *desk, const struct face_means *means);
/* The question itself cannot be taken: says so as of any request that may not pass. */
void desk_refuse_guard(struct exchange *exchange, const struct desk *desk, enum refusal refusal);
/* `forward` is the desk of the API behind it; NULL: there is none. */
void desk_serve_graphql(struct exchange *exchange, const struct desk *desk, const struct desk *forward,
                        const struct face_means *means);
/* `asked` is the GraphQL desk that it was addressed to; NULL: none. */
void desk_serve_forward(struct exchange *exchange, const struct desk *desk, const struct desk *asked,
                        const struct face_means *means);
/* `parts` of the listener that it came by, as face_handle. */
void desk_serve_charge(struct exchange *exchange, const struct desk *desk, const struct face_means *means,
                       unsigned parts);
void desk_serve_usage(struct exchange *exchange, const struct desk *desk, const struct face_means *means);
void desk_serve_authorize(struct exchange *exchange, const struct desk *desk, const struct face_means *means);

/* Where the realm's API is; it lives in the arena. Without upstreams nothing can be sent there. */
const struct upstream_target *desk_make_upstream(struct arena *arena, const struct realm *realm,
                                                 struct upstreams *upstreams);
/* Whether the body of a forwarded request may go on while it comes: not when the guard must read it. */
bool desk_may_stream(const struct desk *desk, const struct exchange *exchange);

/* An authorization request of this desk again, from its query: decoded, checked, prepared. */
struct call *desk_read_authorization(struct exchange *exchange, const struct desk *desk, struct store *store,
                                     struct str query);
/* The client's answer, or the page that tells the person why there is none. */
void desk_answer_authorization(struct exchange *exchange, const struct desk *desk, struct call *call,
                               const struct face_pages *pages);

/* Runs check and prepare, and refuses where the machine failed. True: the call must be applied. */
bool desk_prepare(const struct operation *operation, struct call *call, struct store *store);

/* Whether an API request passes: by call->authorization and call->guarded, and by what else the guard needs. The call
 * is settled, or has its refusal. How many nanoseconds it took, for count_request. */
int64_t desk_judge(struct call *call, struct store *store);

/* Encodes and counts what the call came to. */
void desk_answer(struct exchange *exchange, const struct desk *desk, struct call *call);

/* Counts the answered exchange and its time. */
void desk_count(const struct exchange *exchange, const struct desk *desk);
/* How a gateway can ask so that its clients are refused, whoever they are. */
enum gateway_mistake { GATEWAY_QUERY_WRONG, GATEWAY_SCOPE_UNKNOWN, GATEWAY_REQUEST_UNTOLD, GATEWAY_MISTAKE_COUNT };
/* Logs it, once a minute. */
void desk_log_gateway(const struct exchange *exchange, const struct desk *desk, enum gateway_mistake mistake);
/* Counts what one call came to, and logs what an operator must hear of. */
void desk_count_call(const struct exchange *exchange, const struct desk *desk, const struct call *call);
