#include "dialect/desk.h"

#include "base/arena.h"
#include "base/codec.h"
#include "dialect/decode.h"
#include "dialect/echo.h"
#include "dialect/encode.h"
#include "dialect/face.h"
#include "dialect/shape.h"
#include "http/message.h"
#include "store/store.h"

/* What a parked exchange leaves behind: the unit is first, so that it finds the rest. */
struct errand {
    struct unit unit;
    struct exchange *exchange;
    const struct desk *desk;
    struct call *call;
};

struct call *desk_call(struct exchange *exchange, const struct desk *desk)
{
    struct call *call = arena_new(exchange->arena, struct call);
    call->arena = exchange->arena;
    call->realm = desk->realm;
    call->now = exchange->now;
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

static void answer_well(struct exchange *exchange, const struct desk *desk, struct call *call)
{
    const struct operation *operation = desk->endpoint->operation;
    if (operation->conclude)
        operation->conclude(call);
    if (desk->part == FACE_GUARD)
        encode_identity(exchange, call);
    encode_reply(exchange, call, &desk->endpoint->reply);
}

static void answer(struct exchange *exchange, const struct desk *desk, struct call *call)
{
    desk_count_call(exchange, desk, call);
    if (call->refusal) {
        encode_refusal(exchange, call, desk_errors(desk), STR_NONE);
    } else if (!echo_may_serve(desk, call)) {
        answer_well(exchange, desk, call);
    } else if (!echo_give(exchange, desk, call->token_id)) {
        answer_well(exchange, desk, call);
        echo_keep(exchange, desk, call->token_id);
    }
    desk_count(exchange, desk);
}

/* May run twice: what the first run refused must not outlive its rollback. */
static enum outcome apply(struct unit *unit, struct store_tx *tx)
{
    struct errand *errand = (struct errand *)unit;
    errand->call->refusal = NOT_REFUSED;
    return errand->desk->endpoint->operation->apply(errand->call, tx);
}

static void resume(struct unit *unit)
{
    exchange_resume(((struct errand *)unit)->exchange);
}

static void answer_resumed(struct exchange *exchange)
{
    struct errand *errand = exchange->face;
    if (errand->unit.outcome == FAILED)
        errand->call->refusal = REFUSED_store_unavailable;
    answer(exchange, errand->desk, errand->call);
}

static void park(struct exchange *exchange, const struct desk *desk, struct call *call, struct store *store)
{
    struct errand *errand = arena_new(exchange->arena, struct errand);
    *errand = (struct errand){{NULL, apply, resume, OK}, exchange, desk, call};
    exchange->face = errand;
    exchange->resumed = answer_resumed;
    exchange_park(exchange);
    store_submit(store, &errand->unit);
}

/* Nobody has it: a rule that cannot be read lets nobody pass. */
#define UNREADABLE_RULE STR("?")

/*
 * The gateway may ask for scopes in its own address: /guard/realm?scope=read, and nothing else may stand there. Below
 * the guard's path stands the client's original path with the client's query, which asks for nothing.
 */
static void read_needed_scope(const struct desk *desk, const struct request *request, struct call *call)
{
    struct str rest = request->query;
    if (str_is_empty(rest) || request->path.len != STR("/guard/").len + desk->realm->name.len)
        return;
    if (!str_has_prefix(rest, STR("scope=")) || str_find(rest, '&') != rest.len ||
        !form_decode(call->arena, str_slice(rest, STR("scope=").len, rest.len), &call->needed_scope))
        call->needed_scope = UNREADABLE_RULE;
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
    read_needed_scope(desk, &exchange->request, call);
    assume_original(exchange, desk);
    return OK;
}

void desk_serve(struct exchange *exchange, const struct desk *desk, struct store *store)
{
    struct call *call = desk_call(exchange, desk);
    bool must_apply = decode(exchange, desk, call) == OK && desk_prepare(desk->endpoint->operation, call, store);
    if (must_apply)
        park(exchange, desk, call, store);
    else
        answer(exchange, desk, call);
}
