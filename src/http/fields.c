/*
 * fields.c — which header fields of a forwarded request and of its answer go on.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "http/inside.h"
#include "http/stream.h"

#define VIA_MAX 1024

/* Of one connection only [RFC9110 7.6.1], and what libcurl writes itself. */
static const struct str connection_names[] = {
    STR_INIT("connection"),       STR_INIT("content-length"),      STR_INIT("expect"),
    STR_INIT("http2-settings"),   STR_INIT("keep-alive"),          STR_INIT("proxy-authenticate"),
    STR_INIT("proxy-connection"), STR_INIT("proxy-authorization"), STR_INIT("te"),
    STR_INIT("trailer"),          STR_INIT("transfer-encoding"),   STR_INIT("upgrade"),
    STR_INIT("x-request-id"),
};

/* What a client says of itself or of another request than was judged: frameworks believe some of these. */
static const struct str claim_names[] = {
    STR_INIT("client-ip"),
    STR_INIT("cf-connecting-ip"),
    STR_INIT("forwarded"),
    STR_INIT("host"),
    STR_INIT("proxy"),
    STR_INIT("true-client-ip"),
    STR_INIT("via"),
    STR_INIT("x-client-ip"),
    STR_INIT("x-cluster-client-ip"),
    STR_INIT("x-forwarded"),
    STR_INIT("x-host"),
    STR_INIT("x-http-method"),
    STR_INIT("x-http-method-override"),
    STR_INIT("x-real-ip"),
    STR_INIT("x-rewrite-url"),
    STR_INIT("x-method-override"),
};
static const struct str claim_prefixes[] = {
    STR_INIT("x-forwarded-"),
    STR_INIT("x-jeton-"),
    STR_INIT("x-original-"),
};

static bool is_among(struct str name, const struct str *known, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (header_is_like(name, known[i]))
            return true;
    return false;
}

#define IS_AMONG(name, known) is_among((name), (known), sizeof(known) / sizeof(*(known)))

static bool is_claim(struct str name)
{
    for (size_t i = 0; i < sizeof(claim_prefixes) / sizeof(*claim_prefixes); i++)
        if (header_begins_like(name, claim_prefixes[i]))
            return true;
    return IS_AMONG(name, claim_names);
}

bool fields_list_has(struct str list, struct str word)
{
    struct str part;
    while (str_is_present(list) && str_next(&list, ',', &part))
        if (str_equal_nocase(str_trim(part), word))
            return true;
    return false;
}

struct str fields_join(struct arena *arena, const struct request_field *fields, size_t count, struct str name)
{
    struct str list = STR_NONE;
    for (size_t i = 0; i < count; i++) {
        if (!str_equal_nocase(fields[i].name, name))
            continue;
        list = str_is_present(list) ? arena_printf(arena, "%.*s, %.*s", STR_ARGS(list), STR_ARGS(fields[i].value))
                                    : fields[i].value;
    }
    return list;
}

static bool may_go_on(struct str name, struct str connection, bool passes_authorization)
{
    if (IS_AMONG(name, connection_names) || is_claim(name) || fields_list_has(connection, name))
        return false;
    return passes_authorization || !is_among(name, &STR("authorization"), 1);
}

bool fields_may_return(struct str name, struct str connection)
{
    return !IS_AMONG(name, connection_names) && !header_begins_like(name, STR("x-jeton-")) &&
           !fields_list_has(connection, name);
}

/*
 * "__Host-jeton-REALM=…": such cookies open people's pages, or say whose browser it is. One without a name,
 * "=jeton-REALM=…", comes back as if this were its name. [RFC6265bis 5.6]
 */
bool fields_is_own_cookie(struct str pair)
{
    static const struct str prefixes[] = {STR_INIT("__Host-"), STR_INIT("__Secure-")};
    size_t from = 0;
    while (from < pair.len && (pair.ptr[from] == '=' || pair.ptr[from] == ' ' || pair.ptr[from] == '\t'))
        from++;
    struct str name = str_slice(pair, from, pair.len);
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
        if (str_has_prefix_nocase(name, prefixes[i]))
            name = str_slice(name, prefixes[i].len, name.len);
    return str_has_prefix(name, STR("jeton-")) || str_has_prefix(name, STR("jeton_"));
}

/* The client's cookies but ours; absent when there is no other. */
static struct str filter_cookies(struct arena *arena, struct str cookies)
{
    struct str rest = cookies, pair;
    struct buf kept;
    buf_init(&kept, arena, cookies.len + 1);
    while (rest.len && str_next(&rest, ';', &pair)) {
        if (fields_is_own_cookie(pair))
            continue;
        if (kept.len)
            buf_add_char(&kept, ';');
        buf_add(&kept, kept.len ? pair : str_trim(pair));
    }
    return kept.len ? buf_str(&kept) : STR_NONE;
}

struct listing {
    struct arena *arena;
    struct curl_slist *first;
    struct curl_slist **last;
};

static void add_line(struct listing *listing, struct str line)
{
    struct curl_slist *item = arena_new(listing->arena, struct curl_slist);
    item->data = (char *)(uintptr_t)line.ptr;
    *listing->last = item;
    listing->last = &item->next;
}

/* libcurl takes "Name;" for a field without a value, and "Name:" for one of its own that it is to leave out. */
static void add_field(struct listing *listing, struct str name, struct str value)
{
    if (value.len == 0)
        add_line(listing, arena_printf(listing->arena, "%.*s;", STR_ARGS(name)));
    else
        add_line(listing, arena_printf(listing->arena, "%.*s: %.*s", STR_ARGS(name), STR_ARGS(value)));
}

static void add_own(struct listing *listing, const struct exchange *exchange, struct str scheme, struct str via)
{
    const struct request *request = &exchange->request;
    struct str earlier = fields_join(listing->arena, request->fields, request->field_count, STR("Via"));
    if (str_is_present(earlier) && earlier.len > 0 && earlier.len <= VIA_MAX)
        via = arena_printf(listing->arena, "%.*s, %.*s", STR_ARGS(earlier), STR_ARGS(via));
    add_field(listing, STR("Via"), via);
    add_field(listing, STR("X-Forwarded-For"), request->client_address);
    add_field(listing, STR("X-Forwarded-Proto"), scheme);
    if (str_is_present(request->authority))
        add_field(listing, STR("X-Forwarded-Host"), request->authority);
    add_field(listing, STR("X-Request-Id"), exchange->id);
}

/* Methods that mean a body say so when it is empty. [RFC9110 8.6] */
static bool must_tell_empty(const struct request *request)
{
    return request->body.len == 0 && !request->is_body_coming &&
           (str_equal(request->method, STR("POST")) || str_equal(request->method, STR("PUT")) ||
            str_equal(request->method, STR("PATCH")));
}

/* What libcurl would say by itself and the client has not said. */
static void leave_out(struct listing *listing, const struct exchange *exchange)
{
    add_line(listing, STR("Expect:"));
    if (!str_is_present(request_header(exchange, "Accept")))
        add_line(listing, STR("Accept:"));
    if (must_tell_empty(&exchange->request))
        add_line(listing, STR("Content-Length: 0"));
}

struct curl_slist *fields_forward(struct arena *arena, const struct exchange *exchange,
                                  const struct upstream_request *sent, struct str via)
{
    const struct request *request = &exchange->request;
    struct listing listing = {.arena = arena, .last = &listing.first};
    struct str connection = fields_join(arena, request->fields, request->field_count, STR("Connection"));
    for (size_t i = 0; i < request->field_count; i++) {
        const struct request_field *field = &request->fields[i];
        if (!may_go_on(field->name, connection, sent->target->passes_authorization))
            continue;
        struct str value =
            header_is_like(field->name, STR("cookie")) ? filter_cookies(arena, field->value) : field->value;
        if (str_is_present(value))
            add_field(&listing, field->name, value);
    }
    leave_out(&listing, exchange);
    add_own(&listing, exchange, sent->scheme, via);
    for (size_t i = 0; i < sent->added_count; i++)
        add_field(&listing, sent->added[i].name, sent->added[i].value);
    return listing.first;
}
