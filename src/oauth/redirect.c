#include "oauth/redirect.h"

#include <arpa/inet.h>

#include "base/arena.h"
#include "base/codec.h"

/* [RFC1035 2.3.4] */
#define HOST_MAX  253
#define LABEL_MAX 63
#define PORT_MAX  65535

#define NOWHERE SIZE_MAX

/* Views of an URI's parts. A URI without `//` behind the scheme has no authority: host and port are absent. */
struct parts {
    struct str scheme;
    struct str host; /* an IPv6 address with its brackets */
    struct str port; /* absent: none, not even a colon */
    struct str rest; /* path and query */
};

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* The byte that an escape at `at` stands for; NOWHERE when there is no whole one. */
static size_t read_escape(struct str text, size_t at)
{
    unsigned char byte;
    if (text.ptr[at] != '%' || text.len - at < 3 || !hex_parse(str_slice(text, at + 1, 2), &byte, 1))
        return NOWHERE;
    return byte;
}

/* [RFC3986 2] Whatever else browsers put right in their own ways; and no control character, escaped or not. */
static bool has_uri_bytes_only(struct str uri)
{
    for (size_t i = 0; i < uri.len; i++) {
        char byte = uri.ptr[i];
        size_t escaped = byte == '%' ? read_escape(uri, i) : ' ';
        if (escaped < ' ' || escaped == 0x7f || escaped == NOWHERE)
            return false;
        if (!is_letter(byte) && !is_digit(byte) && (byte == '\0' || !strchr("%-._~:/?[]@!$&'()*+,;=", byte)))
            return false;
    }
    return true;
}

/* In lower case only: one spelling is enough. */
static bool is_scheme(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        bool is_lower = byte >= 'a' && byte <= 'z';
        if (!is_lower && (i == 0 || (!is_digit(byte) && byte != '+' && byte != '-' && byte != '.')))
            return false;
    }
    return text.len > 0;
}

/* Where the authority's host ends; behind it is nothing or a colon and the port. */
static size_t host_len(struct str authority)
{
    if (authority.len && authority.ptr[0] == '[') {
        size_t end = str_find(authority, ']');
        return end < authority.len ? end + 1 : authority.len;
    }
    return str_find(authority, ':');
}

static void read_authority(struct str authority, struct parts *parts)
{
    size_t len = host_len(authority);
    parts->host = str_slice(authority, 0, len);
    if (len < authority.len)
        parts->port = str_slice(authority, len, authority.len);
}

static bool read_parts(struct str uri, struct parts *ret_parts)
{
    size_t colon = str_find(uri, ':');
    struct parts parts = {.scheme = str_slice(uri, 0, colon), .rest = str_slice(uri, colon + 1, uri.len)};
    if (uri.len > REDIRECT_URI_MAX || colon == uri.len || !is_scheme(parts.scheme) || !has_uri_bytes_only(uri))
        return false;
    if (str_has_prefix(parts.rest, STR("//"))) {
        struct str after = str_slice(parts.rest, 2, parts.rest.len);
        size_t slash = str_find(after, '/'), mark = str_find(after, '?');
        size_t end = slash < mark ? slash : mark;
        read_authority(str_slice(after, 0, end), &parts);
        parts.rest = str_slice(after, end, after.len);
    }
    *ret_parts = parts;
    return true;
}

/* Absent is fine; a colon without a number is not. */
static bool is_port(struct str port)
{
    int64_t number;
    if (!str_is_present(port))
        return true;
    return port.len > 1 && port.len <= 6 && port.ptr[0] == ':' && is_digit(port.ptr[1]) &&
           str_parse_int(str_slice(port, 1, port.len), &number) && number > 0 && number <= PORT_MAX;
}

static bool is_label(struct str label)
{
    for (size_t i = 0; i < label.len; i++)
        if (!is_letter(label.ptr[i]) && !is_digit(label.ptr[i]) && label.ptr[i] != '-')
            return false;
    return label.len > 0 && label.len <= LABEL_MAX && label.ptr[0] != '-' && label.ptr[label.len - 1] != '-';
}

static bool is_address(int family, struct str text)
{
    char room[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    if (text.len >= sizeof(room))
        return false;
    memcpy(room, text.ptr, text.len);
    room[text.len] = '\0';
    return inet_pton(family, room, address) == 1;
}

/* Labels, none of them empty, so no dot at the end; absent when they are none. */
static struct str last_label(struct str host)
{
    struct str label = STR_NONE;
    while (host.len) {
        size_t dot = str_find(host, '.');
        label = str_slice(host, 0, dot);
        if (!is_label(label) || dot + 1 == host.len)
            return STR_NONE;
        host = str_slice(host, dot + 1, host.len);
    }
    return label;
}

/* Browsers take any host that ends in a number for an IPv4 address, in odd spellings too: 0x7f.1, 2130706433. */
static bool is_host(struct str host)
{
    if (host.len > 2 && host.ptr[0] == '[')
        return host.ptr[host.len - 1] == ']' && is_address(AF_INET6, str_slice(host, 1, host.len - 2));
    struct str last = last_label(host);
    if (host.len > HOST_MAX || !str_is_present(last))
        return false;
    return is_digit(last.ptr[0]) ? is_address(AF_INET, host) : true;
}

static bool is_of_this_machine(struct str host)
{
    bool is_address4 = str_has_prefix(host, STR("127.")) && is_address(AF_INET, host);
    return is_address4 || str_equal_nocase(host, STR("localhost")) || str_equal(host, STR("[::1]"));
}

/* The name is `iss`, escaped or not. */
static bool is_iss(struct str name)
{
    static const char iss[] = "iss";
    size_t at = 0, matched = 0;
    while (at < name.len && matched < 3) {
        size_t escaped = read_escape(name, at);
        size_t byte = escaped == NOWHERE ? (unsigned char)name.ptr[at] : escaped;
        if (byte != (unsigned char)iss[matched++])
            return false;
        at += escaped == NOWHERE ? 1 : 3;
    }
    return matched == 3 && at == name.len;
}

/* [RFC9207 2] The answer's own `iss` must be the only one. */
static bool has_iss(struct str rest)
{
    struct str query = str_slice(rest, str_find(rest, '?') + 1, rest.len);
    struct str pair;
    while (str_next(&query, '&', &pair))
        if (is_iss(str_slice(pair, 0, str_find(pair, '='))))
            return true;
    return false;
}

static bool is_web(struct str scheme)
{
    return str_equal(scheme, STR("https")) || str_equal(scheme, STR("http"));
}

/*
 * [RFC8252 7.1] A scheme of a domain that the developer has, read backwards, and a slash: without it this may be
 * somebody's `host.example:8443/cb`, and the scheme forgotten.
 */
static bool is_private_use(const struct parts *parts)
{
    bool has_at = str_find(parts->host, '@') < parts->host.len || str_find(parts->port, '@') < parts->port.len;
    bool has_path = str_has_prefix(parts->rest, STR("/")) || parts->host.len;
    return str_find(parts->scheme, '.') < parts->scheme.len && has_path && !has_at;
}

static bool may_be(const struct parts *parts)
{
    if (has_iss(parts->rest))
        return false;
    if (!is_web(parts->scheme))
        return is_private_use(parts);
    if (!is_host(parts->host) || !is_port(parts->port))
        return false;
    return str_equal(parts->scheme, STR("https")) || is_of_this_machine(parts->host);
}

/* [RFC6749 3.1.2] The redirection endpoint URI MUST be an absolute URI and MUST NOT include a fragment component: `#`
 * is none of a URI's bytes here. */
bool redirect_uri_may_be(struct str uri)
{
    struct parts parts;
    return read_parts(uri, &parts) && may_be(&parts);
}

static bool is_loopback_address(struct str host)
{
    return str_equal(host, STR("127.0.0.1")) || str_equal(host, STR("[::1]"));
}

/* [RFC8252 7.3] The authorization server MUST allow any port to be specified at the time of the request. */
static bool differs_by_port_only(const struct parts *a, const struct parts *b)
{
    return str_equal(a->scheme, STR("http")) && str_equal(b->scheme, STR("http")) && is_loopback_address(a->host) &&
           str_equal(a->host, b->host) && str_equal(a->rest, b->rest);
}

static bool is_on_same_host(const struct parts *a, const struct parts *b)
{
    return is_web(a->scheme) && is_web(b->scheme) && str_equal_nocase(a->host, b->host);
}

bool redirect_uri_fits(struct str uri, struct str registered, enum redirect_match match)
{
    struct parts asked, own;
    struct str word;
    if (!read_parts(uri, &asked) || !may_be(&asked))
        return false;
    while (str_next_word(&registered, &word)) {
        if (str_equal(uri, word))
            return true;
        if (!read_parts(word, &own))
            continue;
        if (match == REDIRECT_DOMAIN ? is_on_same_host(&asked, &own) : differs_by_port_only(&asked, &own))
            return true;
    }
    return false;
}

struct str redirect_uri_only(struct str registered)
{
    struct str only, other;
    if (!str_next_word(&registered, &only) || str_next_word(&registered, &other))
        return STR_NONE;
    return only;
}

/* A policy has no words for an IPv6 address: there the scheme must do. [CSP3 2.3.1] */
struct str redirect_uri_source(struct arena *arena, struct str uri)
{
    struct parts parts;
    if (!read_parts(uri, &parts))
        return STR_NONE;
    if (!is_web(parts.scheme) || parts.host.len == 0 || parts.host.ptr[0] == '[')
        return arena_printf(arena, "%.*s:", STR_ARGS(parts.scheme));
    return arena_printf(arena, "%.*s://%.*s%.*s", STR_ARGS(parts.scheme), STR_ARGS(parts.host), STR_ARGS(parts.port));
}

struct str redirect_uri_host(struct str uri)
{
    struct parts parts;
    if (!read_parts(uri, &parts))
        return STR_NONE;
    return is_web(parts.scheme) ? parts.host : parts.scheme;
}
