#include "dialect/desk.h"

#include "base/arena.h"
#include "dialect/decode.h"
#include "dialect/desk_errand.h"
#include "dialect/echo.h"
#include "dialect/encode.h"
#include "dialect/face.h"
#include "dialect/question.h"
#include "dialect/shape.h"
#include "http/message.h"
#include "oauth/grant.h"
#include "store/store.h"

struct call_errand {
    struct desk_errand errand;
    const struct desk *desk;
    struct call *call;
};

struct call *desk_call(struct exchange *exchange, const struct desk *desk)
{
    struct call *call = arena_new(exchange->arena, struct call);
    call->arena = exchange->arena;
    call->realm = desk->realm;
    call->meter = desk->meter;
    call->wanted_facts = desk->endpoint->reply.facts;
    call->guarded = (struct guarded_request){.estimate = question_estimate, .message = &exchange->request};
    call->now = exchange->now;
    call->client_address = exchange->request.client_address;
    call->client_authentication = desk->dialect->client_authentication;
    return call;
}

bool desk_is_guard(const struct desk *desk)
{
    return desk->part == FACE_GUARD && desk->endpoint->operation != &charge_operation;
}

const struct error_shape *desk_errors(const struct desk *desk)
{
    const struct operation *operation = desk->endpoint->operation;
    if (desk_is_guard(desk))
        return desk->dialect->guard_errors;
    return operation && operation->is_for_resource ? desk->dialect->resource_errors : desk->dialect->errors;
}

bool desk_prepare(const struct operation *operation, struct call *call, struct store *store)
{
    enum outcome outcome = operation->check(call);
    if (outcome == OK)
        outcome = operation->prepare(call, store_reader(store));
    if (outcome == FAILED)
        call->refusal = REFUSED_store_unavailable;
    return outcome == OK && !call->is_settled;
}

static const struct reply_shape *choose_reply(const struct endpoint *endpoint, const struct call *call)
{
    const struct reply_shape *reply = call->grant_kind ? endpoint->grant_replies[call->grant_kind->type] : NULL;
    return reply ? reply : &endpoint->reply;
}

static void answer_well(struct exchange *exchange, const struct desk *desk, struct call *call)
{
    const struct operation *operation = desk->endpoint->operation;
    if (operation->conclude)
        operation->conclude(call);
    if (desk_is_guard(desk))
        encode_identity(exchange, call);
    encode_fact_values(call, desk->dialect);
    encode_reply(exchange, call, choose_reply(desk->endpoint, call));
}

void desk_answer(struct exchange *exchange, const struct desk *desk, struct call *call)
{
    desk_count_call(exchange, desk, call);
    if (call->refusal) {
        encode_refusal(exchange, call, desk_errors(desk), STR_NONE);
    } else if (!echo_may_serve(desk, call)) {
        answer_well(exchange, desk, call);
    } else if (!echo_give(exchange, desk, call)) {
        answer_well(exchange, desk, call);
        echo_keep(exchange, desk, call);
    }
    desk_count(exchange, desk);
}

static enum outcome prove(struct desk_errand *errand)
{
    const struct call_errand *own = (struct call_errand *)errand;
    return own->desk->endpoint->operation->prove(own->call);
}

/* May run twice: what the first run refused must not outlive its rollback. */
static enum outcome apply(struct desk_errand *errand, struct store_tx *tx)
{
    const struct call_errand *own = (struct call_errand *)errand;
    own->call->refusal = NOT_REFUSED;
    return own->desk->endpoint->operation->apply(own->call, tx);
}

static void answer_errand(struct desk_errand *errand, enum refusal failure)
{
    const struct call_errand *own = (struct call_errand *)errand;
    if (failure)
        own->call->refusal = failure;
    desk_answer(errand->exchange, own->desk, own->call);
}

static void begin_errand(struct exchange *exchange, const struct desk *desk, struct call *call,
                         const struct face_means *means)
{
    struct call_errand *own = arena_new(exchange->arena, struct call_errand);
    own->errand = (struct desk_errand){
        .exchange = exchange, .prove = call->must_prove ? prove : NULL, .apply = apply, .answer = answer_errand};
    own->desk = desk;
    own->call = call;
    desk_errand_begin(&own->errand, means);
}

void desk_serve(struct exchange *exchange, const struct desk *desk, const struct face_means *means)
{
    struct call *call = desk_call(exchange, desk);
    bool must_apply = decode_request(desk->dialect, desk->endpoint, &exchange->request, call) == OK &&
                      desk_prepare(desk->endpoint->operation, call, means->store);
    if (must_apply)
        begin_errand(exchange, desk, call, means);
    else
        desk_answer(exchange, desk, call);
}
