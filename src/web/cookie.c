#include "web/cookie.h"

#include "base/arena.h"
#include "http/message.h"

struct cookie cookie_of(struct arena *arena, struct str label, struct str issuer)
{
    bool is_secure = str_has_prefix(issuer, STR("https://"));
    return (struct cookie){
        .name = arena_printf(arena, "%s%.*s", is_secure ? "__Host-" : "", STR_ARGS(label)),
        .is_secure = is_secure,
    };
}

static bool is_value(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_fit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '_' || c == '.';
        if (!is_fit)
            return false;
    }
    return text.len > 0 && text.len <= COOKIE_VALUE_MAX;
}

/* Adds to `count` how often the header names it. */
static struct str find_in(struct str header, struct str name, size_t *count)
{
    struct str rest = header, pair, found = STR_NONE;
    while (str_next(&rest, ';', &pair)) {
        pair = str_trim(pair);
        size_t equals = str_find(pair, '=');
        if (equals == pair.len || !str_equal(str_slice(pair, 0, equals), name))
            continue;
        found = str_slice(pair, equals + 1, pair.len);
        ++*count;
    }
    return found;
}

struct str cookie_read(const struct cookie *cookie, const struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    struct str found = STR_NONE;
    size_t count = 0;
    for (size_t i = 0; i < request->field_count; i++) {
        if (!str_equal_nocase(request->fields[i].name, STR("Cookie")))
            continue;
        struct str value = find_in(request->fields[i].value, cookie->name, &count);
        if (str_is_present(value))
            found = value;
    }
    return count == 1 && is_value(found) ? found : STR_NONE;
}

static void write(const struct cookie *cookie, struct exchange *exchange, struct str value, struct str lasts)
{
    struct str text =
        arena_printf(exchange->arena, "%.*s=%.*s; Path=/; HttpOnly; SameSite=Lax%.*s%s", STR_ARGS(cookie->name),
                     STR_ARGS(value), STR_ARGS(lasts), cookie->is_secure ? "; Secure" : "");
    response_header_add(exchange, STR("Set-Cookie"), text);
}

void cookie_write(const struct cookie *cookie, struct exchange *exchange, struct str value, int64_t lifetime_seconds)
{
    struct str lasts = STR("");
    if (lifetime_seconds)
        lasts = arena_printf(exchange->arena, "; Max-Age=%lld", (long long)lifetime_seconds);
    write(cookie, exchange, value, lasts);
}

void cookie_clear(const struct cookie *cookie, struct exchange *exchange)
{
    write(cookie, exchange, STR(""), STR("; Max-Age=0"));
}
