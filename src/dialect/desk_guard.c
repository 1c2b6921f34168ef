/*
 * desk_guard.c — the desk that gateways ask: may the client's request pass?
 *
 * Threads: as the other desks.
 */
#include "base/arena.h"
#include "base/codec.h"
#include "dialect/decode.h"
#include "dialect/desk.h"
#include "dialect/face.h"
#include "http/message.h"
#include "oauth/call.h"

/* Nobody has it: a demand that cannot be read lets nobody pass. */
#define UNREADABLE_DEMAND STR("?")

/* Where the guard is asked: /guard/REALM. */
static size_t own_path_len(const struct desk *desk)
{
    return STR("/guard/").len + desk->realm->name.len;
}

/* Once each, and nothing else. */
static bool read_demand(struct call *call, struct str pair)
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
 * The gateway may demand scopes and an instance in its own address: /guard/realm?scope=read&instance=north, and
 * nothing else may stand there. Below the guard's path stands the client's original path with the client's query,
 * which demands nothing.
 */
static void read_demands(const struct desk *desk, const struct request *request, struct call *call)
{
    struct str rest = request->query, pair;
    if (request->path.len != own_path_len(desk))
        return;
    while (rest.len && str_next(&rest, '&', &pair)) {
        if (!read_demand(call, pair)) {
            call->needed_scope = UNREADABLE_DEMAND;
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
static void assume_original(struct exchange *exchange, const struct desk *desk, struct call *call)
{
    struct request *request = &exchange->request;
    struct told method = {0}, target = {0};
    hear_headers(request, &method, &target);
    if (request->path.len > own_path_len(desk)) {
        hear(&method, request->method);
        hear(&target, target_below(desk, request));
    }
    if (str_is_present(method.value))
        request->method = method.value;
    if (str_is_present(target.value)) {
        size_t mark = str_find(target.value, '?');
        request->path = str_slice(target.value, 0, mark);
        request->query = mark < target.value.len ? str_slice(target.value, mark + 1, target.value.len) : STR_NONE;
    }
    if (!method.is_disputed && !target.is_disputed && str_is_present(method.value) && str_is_present(target.value))
        call->guarded = (struct guarded_request){.method = request->method, .path = request->path};
}

void desk_judge(const struct desk *desk, struct call *call, struct store *store)
{
    (void)desk;
    (void)desk_prepare(operation_find(STR("guard")), call, store);
}

void desk_serve_guard(struct exchange *exchange, const struct desk *desk, const struct face_means *means)
{
    struct call *call = desk_call(exchange, desk);
    decode_authorization(desk->dialect, exchange->request.authorization, call);
    read_demands(desk, &exchange->request, call);
    assume_original(exchange, desk, call);
    desk_judge(desk, call, means->store);
    desk_answer(exchange, desk, call);
}
