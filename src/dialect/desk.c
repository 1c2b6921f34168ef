#include "dialect/desk.h"

#include "base/arena.h"
#include "base/codec.h"
#include "dialect/decode.h"
#include "dialect/desk_errand.h"
#include "dialect/echo.h"
#include "dialect/encode.h"
#include "dialect/face.h"
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
    call->now = exchange->now;
    call->client_address = exchange->request.client_address;
    call->client_authentication = desk->dialect->client_authentication;
    return call;
}

const struct error_shape *desk_errors(const struct desk *desk)
{
    const struct operation *operation = desk->endpoint->operation;
    if (desk->part == FACE_GUARD)
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
    if (desk->part == FACE_GUARD)
        encode_identity(exchange, call);
    encode_fact_values(call, desk->dialect);
    encode_reply(exchange, call, choose_reply(desk->endpoint, call));
}

static void answer(struct exchange *exchange, const struct desk *desk, struct call *call)
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
    answer(errand->exchange, own->desk, own->call);
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

/* Nobody has it: a rule that cannot be read lets nobody pass. */
#define UNREADABLE_RULE STR("?")

/* Once each, and nothing else. */
static bool read_rule(struct call *call, struct str pair)
{
    size_t equals = str_find(pair, '=');
    struct str name = str_slice(pair, 0, equals);
    struct str *needed = str_equal(name, STR("scope"))      ? &call->needed_scope
                         : str_equal(name, STR("instance")) ? &call->needed_instance
                                                            : NULL;
    return needed && equals < pair.len && !str_is_present(*needed) &&
           form_decode(call->arena, str_slice(pair, equals + 1, pair.len), needed);
}

/*
 * The gateway may ask for scopes and an instance in its own address: /guard/realm?scope=read&instance=north, and
 * nothing else may stand there. Below the guard's path stands the client's original path with the client's query,
 * which asks for nothing.
 */
static void read_rules(const struct desk *desk, const struct request *request, struct call *call)
{
    struct str rest = request->query, pair;
    if (request->path.len != STR("/guard/").len + desk->realm->name.len)
        return;
    while (rest.len && str_next(&rest, '&', &pair)) {
        if (!read_rule(call, pair)) {
            call->needed_scope = UNREADABLE_RULE;
            return;
        }
    }
}

static struct str first_header(const struct exchange *exchange, const char *one, const char *other)
{
    struct str value = request_header(exchange, one);
    return value.len ? value : request_header(exchange, other);
}

/*
 * What the guard refuses is the request that the gateway asks about: nginx tells it in X-Original-*, Traefik and
 * Caddy in X-Forwarded-*, Envoy puts the path behind the guard's own and keeps the method. It shows in the words of a
 * refusal only.
 */
static void assume_original(struct exchange *exchange, const struct desk *desk)
{
    struct request *request = &exchange->request;
    struct str method = first_header(exchange, "X-Original-Method", "X-Forwarded-Method");
    struct str target = first_header(exchange, "X-Original-URI", "X-Forwarded-Uri");
    size_t own_len = STR("/guard/").len + desk->realm->name.len;
    if (method.len)
        request->method = method;
    if (target.len) {
        size_t mark = str_find(target, '?');
        request->path = str_slice(target, 0, mark);
        request->query = mark < target.len ? str_slice(target, mark + 1, target.len) : STR_NONE;
    } else if (request->path.len > own_len) {
        request->path = str_slice(request->path, own_len, request->path.len);
    }
}

static enum outcome decode(struct exchange *exchange, const struct desk *desk, struct call *call)
{
    if (desk->part != FACE_GUARD)
        return decode_request(desk->dialect, desk->endpoint, &exchange->request, call);
    decode_authorization(desk->dialect, exchange->request.authorization, call);
    read_rules(desk, &exchange->request, call);
    assume_original(exchange, desk);
    return OK;
}

void desk_serve(struct exchange *exchange, const struct desk *desk, const struct face_means *means)
{
    struct call *call = desk_call(exchange, desk);
    bool must_apply =
        decode(exchange, desk, call) == OK && desk_prepare(desk->endpoint->operation, call, means->store);
    if (must_apply)
        begin_errand(exchange, desk, call, means);
    else
        answer(exchange, desk, call);
}
