#include "dialect/face.h"

#include "base/arena.h"
#include "base/mistake.h"
#include "dialect/desk.h"
#include "dialect/encode.h"
#include "dialect/shape.h"
#include "http/message.h"
#include "http/route.h"
#include "oauth/rule.h"
#include "store/store.h"

struct face {
    struct face_means means;
    struct route_table *routes;
    struct route_table *forwards; /* what is none of ours: asked when nobody is found in `routes` */
};

/* What the server itself refuses, before anything was decoded. */
static enum refusal limit_refusal(enum http_limit limit)
{
    switch (limit) {
    case BODY_TOO_LARGE:
        return REFUSED_body_too_large;
    case HEADERS_TOO_LARGE:
        return REFUSED_headers_too_large;
    case URI_TOO_LONG:
        return REFUSED_uri_too_long;
    case VERSION_UNSUPPORTED:
        return REFUSED_version_unsupported;
    case REQUEST_MALFORMED:
        return REFUSED_request_malformed;
    case WITHIN_LIMITS:
        break;
    }
    return NOT_REFUSED;
}

/* `allow`: methods for a 405, else absent. Where people come, a page tells them. */
static void refuse_at(const struct face *face, struct exchange *exchange, const struct desk *desk,
                      enum refusal refusal, struct str allow)
{
    if (desk_is_guard(desk)) {
        desk_refuse_guard(exchange, desk, refusal);
        return;
    }
    struct call *call = desk_call(exchange, desk);
    call->refusal = refusal;
    if (desk->endpoint->asks_person) {
        if (str_is_present(allow))
            response_header_add(exchange, STR("Allow"), allow);
        desk_answer_authorization(exchange, desk, call, &face->means.pages);
        return;
    }
    desk_count_call(exchange, desk, call);
    encode_refusal(exchange, call, desk_errors(desk), allow);
    desk_count(exchange, desk);
}

/* The path as rules read it and most servers will, with the slash at its end. */
static struct str decode_path(const struct exchange *exchange)
{
    struct str raw = exchange->request.path, path;
    if (str_find(raw, '%') == raw.len)
        return raw;
    if (!rule_path_read(exchange->arena, raw, &path))
        return raw; /* which goes nowhere, wherever it leads */
    bool ends_in_slash = path.len > 0 && raw.ptr[raw.len - 1] == '/';
    return arena_printf(exchange->arena, "/%.*s%s", STR_ARGS(path), ends_in_slash ? "/" : "");
}

/* What is Jeton's own in another spelling is nobody's: the API's server may have something else there. */
static bool is_own(const struct face *face, const struct request *request, struct str path)
{
    const struct route *route = NULL;
    return str_has_prefix(path, STR("/auth/")) ||
           route_find(face->routes, request->host, path, request->method, &route) != ROUTE_NO_PATH;
}

/* The API that has the path; NULL: none. */
static const struct desk *find_forward(const struct face *face, const struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    const struct route *route = NULL;
    if (!face->means.upstreams)
        return NULL;
    struct str path = decode_path(exchange);
    if (!str_equal(path, request->path) && is_own(face, request, path))
        return NULL;
    if (route_find(face->forwards, request->host, path, request->method, &route) != ROUTE_FOUND)
        return NULL;
    return route->target;
}

/* What goes on while it comes has no other place than an API's. */
static void handle_stream(const struct face *face, struct exchange *exchange)
{
    const struct desk *forward = find_forward(face, exchange);
    if (forward)
        desk_serve_forward(exchange, forward, NULL, &face->means);
    else
        encode_plain_refusal(exchange, REFUSED_path_unknown);
}

/* The API behind this GraphQL endpoint: its own realm's. */
static const struct desk *find_behind(const struct face *face, const struct exchange *exchange,
                                      const struct desk *desk)
{
    const struct desk *forward = find_forward(face, exchange);
    return forward && forward->realm == desk->realm ? forward : NULL;
}

/* A GraphQL request with more than may be a request for a token: it is the API's, whatever it says. */
static bool is_too_long_for(const struct exchange *exchange, const struct desk *desk)
{
    return desk->endpoint->graphql && !str_is_present(request_header(exchange, "Transfer-Encoding")) &&
           !str_is_present(request_header(exchange, "Expect"));
}

bool face_streams(const struct face *face, struct exchange *exchange, unsigned parts)
{
    const struct request *request = &exchange->request;
    const struct route *route;
    const struct desk *forward = find_forward(face, exchange);
    if (!forward || !(parts & FACE_PUBLIC))
        return false;
    enum route_found found = route_find(face->routes, request->host, request->path, request->method, &route);
    if (found != ROUTE_NO_PATH && !(found == ROUTE_FOUND && is_too_long_for(exchange, route->target)))
        return false;
    return desk_may_stream(forward, exchange);
}

void face_handle(const struct face *face, struct exchange *exchange, unsigned parts)
{
    const struct request *request = &exchange->request;
    enum refusal refusal = limit_refusal(exchange->limit);
    const struct route *route = NULL;
    enum route_found found = route_find(face->routes, request->host, request->path, request->method, &route);
    const struct desk *desk = found == ROUTE_NO_PATH ? NULL : route->target;

    if (request->is_body_coming) {
        handle_stream(face, exchange);
        return;
    }
    if (!desk && (parts & FACE_PUBLIC))
        desk = find_forward(face, exchange);
    if (!desk || !(desk->part & parts)) {
        encode_plain_refusal(exchange, refusal ? refusal : REFUSED_path_unknown);
        return;
    }
    if (desk->upstream && !refusal) {
        desk_serve_forward(exchange, desk, NULL, &face->means);
        return;
    }
    const struct desk *behind = desk->endpoint->graphql ? find_behind(face, exchange, desk) : NULL;
    if (!refusal && found == ROUTE_NO_METHOD && behind) {
        desk_serve_forward(exchange, behind, NULL, &face->means);
        return;
    }
    if (refusal || found == ROUTE_NO_METHOD) {
        struct str allow = STR_NONE;
        if (!refusal)
            allow = route_methods(face->routes, exchange->arena, request->host, request->path);
        refuse_at(face, exchange, desk, refusal ? refusal : REFUSED_method_not_allowed, allow);
        return;
    }
    if (desk->endpoint->operation == &charge_operation)
        desk_serve_charge(exchange, desk, &face->means, parts);
    else if (desk->part == FACE_GUARD)
        desk_serve_guard(exchange, desk, &face->means);
    else if (desk->endpoint->graphql)
        desk_serve_graphql(exchange, desk, behind, &face->means);
    else if (desk->endpoint->tells_usage)
        desk_serve_usage(exchange, desk, &face->means);
    else if (desk->endpoint->asks_person)
        desk_serve_authorize(exchange, desk, &face->means);
    else
        desk_serve(exchange, desk, &face->means);
}

struct builder {
    struct arena *arena;
    struct face *face;
    const struct face_realm *realm;
    struct mistakes *mistakes;
};

static void add_route(struct builder *builder, const struct desk *desk, struct str host, struct str path,
                      struct str method)
{
    const struct route *taken;
    struct route_table *table = desk->upstream ? builder->face->forwards : builder->face->routes;
    struct route route = {host, path, method, desk_is_guard(desk) || desk->upstream, desk};
    if (route_add(table, route, &taken))
        return;
    const struct desk *other = taken->target;
    struct str found = arena_printf(builder->arena, "\"%.*s %.*s\"",
                                    STR_ARGS(str_is_present(method) ? method : STR("*")), STR_ARGS(path));
    struct str allowed = arena_printf(builder->arena, "a path that realm %.*s does not have on the same host",
                                      STR_ARGS(other->realm->name));
    mistake_add(builder->mistakes, builder->realm->file, builder->realm->line, builder->realm->realm->name, found,
                allowed);
}

static void add_on_hosts(struct builder *builder, const struct desk *desk, struct str path, struct str method)
{
    const struct realm *realm = builder->realm->realm;
    if (realm->host_count == 0)
        add_route(builder, desk, STR_NONE, path, method);
    for (size_t i = 0; i < realm->host_count; i++)
        add_route(builder, desk, realm->hosts[i], path, method);
}

static void add_endpoint(struct builder *builder, const struct endpoint *endpoint)
{
    const struct face_realm *realm = builder->realm;
    const struct desk *desk =
        desk_create(builder->arena, realm->realm, realm->dialect, endpoint, FACE_PUBLIC, builder->face->means.meter);
    for (size_t p = 0; p < endpoint->path_count; p++) {
        struct str prefix = endpoint->is_at_root ? STR("") : realm->realm->path;
        struct str path = arena_printf(builder->arena, "%.*s%.*s", STR_ARGS(prefix), STR_ARGS(endpoint->paths[p]));
        for (size_t m = 0; m < endpoint->method_count; m++)
            add_on_hosts(builder, desk, path, endpoint->methods[m]);
    }
}

/* Every realm has a guard, whatever its hosts: gateways ask by the realm's name. Any method: they forward theirs. */
static void add_guard(struct builder *builder)
{
    const struct face_realm *realm = builder->realm;
    struct endpoint *endpoint = arena_new(builder->arena, struct endpoint);
    endpoint->does = STR("guard");
    endpoint->operation = operation_find(endpoint->does);
    endpoint->reply = realm->dialect->guard;
    const struct desk *desk =
        desk_create(builder->arena, realm->realm, realm->dialect, endpoint, FACE_GUARD, builder->face->means.meter);
    struct str path = arena_printf(builder->arena, "/guard/%.*s", STR_ARGS(realm->realm->name));
    add_route(builder, desk, STR_NONE, path, STR_NONE);
}

/* What follows a request that the guard has let pass: for those who ask the guard. */
static void add_charge(struct builder *builder)
{
    const struct face_realm *realm = builder->realm;
    struct endpoint *endpoint = arena_new(builder->arena, struct endpoint);
    endpoint->does = charge_operation.name;
    endpoint->operation = &charge_operation;
    endpoint->bodies = BODY_FORM | BODY_JSON;
    endpoint->ignores_other_bodies = true; /* what counts may stand in headers */
    for (int parameter = 0; parameter < PARAMETER_COUNT; parameter++)
        endpoint->spelling.names[parameter] = parameter_name((enum parameter)parameter);
    endpoint->reply = realm->dialect->guard;
    endpoint->reply.status = 204;
    endpoint->reply.body = NULL;
    const struct desk *desk =
        desk_create(builder->arena, realm->realm, realm->dialect, endpoint, FACE_GUARD, builder->face->means.meter);
    struct str path = arena_printf(builder->arena, "/usage/%.*s", STR_ARGS(realm->realm->name));
    add_route(builder, desk, STR_NONE, path, STR("POST"));
}

/* For clients that want to know what they did, and for the portal that shows it. */
static void add_usage(struct builder *builder)
{
    const struct face_realm *realm = builder->realm;
    struct endpoint *endpoint = arena_new(builder->arena, struct endpoint);
    endpoint->does = STR("usage");
    endpoint->tells_usage = true;
    const struct desk *desk = desk_create(builder->arena, realm->realm, realm->dialect, endpoint,
                                          FACE_PUBLIC | FACE_GUARD, builder->face->means.meter);
    struct str path = arena_printf(builder->arena, "/usage/%.*s", STR_ARGS(realm->realm->name));
    add_route(builder, desk, STR_NONE, path, STR("GET"));
}

static void add_forward(struct builder *builder)
{
    const struct face_realm *realm = builder->realm;
    const struct upstream_policy *policy = &realm->realm->upstream;
    struct endpoint *endpoint = arena_new(builder->arena, struct endpoint);
    if (!policy->is_there)
        return;
    endpoint->does = STR("forward");
    endpoint->operation = operation_find(STR("guard"));
    endpoint->reply = realm->dialect->guard;
    struct desk *desk = arena_new(builder->arena, struct desk);
    *desk =
        *desk_create(builder->arena, realm->realm, realm->dialect, endpoint, FACE_PUBLIC, builder->face->means.meter);
    desk->upstream = desk_make_upstream(builder->arena, realm->realm, builder->face->means.upstreams);
    for (size_t i = 0; i < policy->path_count; i++)
        add_on_hosts(builder, desk, policy->paths[i], STR_NONE);
}

struct face *face_create(struct arena *arena, const struct face_means *means, const struct face_realm *realms,
                         size_t count, struct mistakes *mistakes)
{
    size_t count_before = mistakes->count;
    struct face *face = arena_new(arena, struct face);
    face->means = *means;
    face->routes = route_table_create(arena);
    face->forwards = route_table_create(arena);
    for (size_t i = 0; i < count; i++) {
        struct builder builder = {arena, face, &realms[i], mistakes};
        const struct dialect *dialect = realms[i].dialect;
        for (size_t e = 0; e < dialect->endpoint_count; e++)
            add_endpoint(&builder, &dialect->endpoints[e]);
        add_guard(&builder);
        add_charge(&builder);
        add_usage(&builder);
        add_forward(&builder);
    }
    return mistakes->count == count_before ? face : NULL;
}

/* NULL when no authorization endpoint of the exchange's host is there. */
static const struct desk *find_authorization(const struct face *face, const struct exchange *exchange,
                                             struct str target)
{
    const struct route *route = NULL;
    struct str path = str_slice(target, 0, str_find(target, '?'));
    if (route_find(face->routes, exchange->request.host, path, STR("GET"), &route) == ROUTE_NO_PATH)
        return NULL;
    const struct desk *desk = route->target;
    return desk->endpoint->asks_person ? desk : NULL;
}

struct call *face_read_authorization(const struct face *face, struct exchange *exchange, const struct realm *realm,
                                     struct str target)
{
    const struct desk *desk = find_authorization(face, exchange, target);
    if (!desk || desk->realm != realm)
        return NULL;
    struct str query = str_slice(target, str_find(target, '?') + 1, target.len);
    return desk_read_authorization(exchange, desk, face->means.store, query);
}

void face_answer_authorization(const struct face *face, struct exchange *exchange, struct call *call,
                               struct str target)
{
    const struct desk *desk = find_authorization(face, exchange, target);
    if (desk)
        desk_answer_authorization(exchange, desk, call, &face->means.pages);
    else
        encode_plain_refusal(exchange, REFUSED_path_unknown);
}
