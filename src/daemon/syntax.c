#include "daemon/syntax.h"

#include <arpa/inet.h>

#include "http/address.h"

#define NAME_LEN_MAX 63
#define HOST_LEN_MAX 253
#define URI_LEN_MAX  500
#define COLOR_LEN    7
/* [RFC5321 4.5.3.1.3] */
#define MAIL_ADDRESS_LEN_MAX 254

static bool is_lower_or_digit(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

static bool is_printable(char byte)
{
    return byte > ' ' && byte < 0x7f;
}

bool syntax_is_name(struct str text)
{
    if (text.len == 0 || text.len > NAME_LEN_MAX || text.ptr[0] == '-' || text.ptr[text.len - 1] == '-')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!is_lower_or_digit(text.ptr[i]) && text.ptr[i] != '-')
            return false;
    return true;
}

bool syntax_is_prefix(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (!is_lower_or_digit(byte) && !(byte >= 'A' && byte <= 'Z') && byte != '_' && byte != '-')
            return false;
    }
    return true;
}

bool syntax_is_scope(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_printable(text.ptr[i]) || text.ptr[i] == '"' || text.ptr[i] == '\\')
            return false;
    return text.len > 0;
}

bool syntax_is_scope_list(struct str text)
{
    struct str word;
    while (text.len && str_next(&text, ' ', &word))
        if (!syntax_is_scope(word) || (str_is_present(text) && text.len == 0))
            return false;
    return true;
}

static bool is_numeric(int family, struct str text)
{
    char room[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (text.len >= sizeof(room))
        return false;
    memcpy(room, text.ptr, text.len);
    room[text.len] = '\0';
    return inet_pton(family, room, &address) == 1;
}

bool syntax_is_host(struct str text)
{
    if (text.len == 0 || text.len > HOST_LEN_MAX)
        return false;
    if (text.ptr[0] == '[')
        return text.ptr[text.len - 1] == ']' && text.len > 2 &&
               is_numeric(AF_INET6, str_slice(text, 1, text.len - 2));
    for (size_t i = 0; i < text.len; i++)
        if (!is_lower_or_digit(text.ptr[i]) && text.ptr[i] != '-' && text.ptr[i] != '.')
            return false;
    return text.ptr[0] != '.' && text.ptr[0] != '-';
}

/* Where the last colon is, or the length. */
static size_t find_port(struct str text)
{
    size_t at = text.len;
    while (at > 0 && text.ptr[at - 1] != ':')
        at--;
    return at ? at - 1 : text.len;
}

bool syntax_is_address(struct str text)
{
    size_t colon = find_port(text);
    unsigned port;
    return colon < text.len && syntax_is_host(str_slice(text, 0, colon)) &&
           port_parse(str_slice(text, colon + 1, text.len), &port);
}

bool syntax_is_proxy(struct str text)
{
    size_t slash = str_find(text, '/');
    struct str address = str_slice(text, 0, slash);
    bool is_four = is_numeric(AF_INET, address);
    if (!is_four && !is_numeric(AF_INET6, address))
        return false;
    int64_t bits;
    return slash == text.len ||
           (str_parse_int(str_slice(text, slash + 1, text.len), &bits) && bits >= 0 && bits <= (is_four ? 32 : 128));
}

bool syntax_is_path_prefix(struct str text)
{
    if (text.len == 0)
        return true;
    if (text.ptr[0] != '/' || text.ptr[text.len - 1] == '/')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!is_printable(text.ptr[i]) || strchr("?#\"<>\\", text.ptr[i]) ||
            (text.ptr[i] == '/' && text.ptr[i + 1] == '/'))
            return false;
    return true;
}

static bool is_loopback(struct str host)
{
    return str_equal(host, STR("localhost")) || str_has_suffix(host, STR(".localhost")) ||
           str_equal(host, STR("[::1]")) || (str_has_prefix(host, STR("127.")) && is_numeric(AF_INET, host));
}

static bool is_authority(struct str text, struct str *ret_host)
{
    *ret_host = text;
    if (syntax_is_host(text))
        return true;
    *ret_host = str_slice(text, 0, find_port(text));
    return syntax_is_address(text);
}

static bool is_http_url(struct str text, struct str *ret_host, bool *ret_is_secure)
{
    bool is_secure = str_has_prefix(text, STR("https://"));
    if (!is_secure && !str_has_prefix(text, STR("http://")))
        return false;
    struct str rest = str_slice(text, is_secure ? 8 : 7, text.len);
    size_t slash = str_find(rest, '/');
    *ret_is_secure = is_secure;
    return is_authority(str_slice(rest, 0, slash), ret_host) &&
           syntax_is_path_prefix(str_slice(rest, slash, rest.len));
}

bool syntax_is_issuer(struct str text)
{
    struct str host;
    bool is_secure;
    return is_http_url(text, &host, &is_secure) && (is_secure || is_loopback(host));
}

bool syntax_is_upstream(struct str text)
{
    struct str host;
    bool is_secure;
    return is_http_url(text, &host, &is_secure);
}

bool syntax_is_https_uri(struct str text)
{
    if (text.len > URI_LEN_MAX || !str_has_prefix(text, STR("https://")))
        return false;
    struct str rest = str_slice(text, strlen("https://"), text.len);
    struct str host;
    for (size_t i = 0; i < rest.len; i++)
        if (!is_printable(rest.ptr[i]) || strchr("\"'<>\\;,", rest.ptr[i]))
            return false;
    return is_authority(str_slice(rest, 0, str_find(rest, '/')), &host);
}

bool syntax_is_color(struct str text)
{
    if (text.len != COLOR_LEN || text.ptr[0] != '#')
        return false;
    for (size_t i = 1; i < text.len; i++)
        if (!strchr("0123456789abcdefABCDEF", text.ptr[i]))
            return false;
    return true;
}

/* What stands behind the scheme; absent when it is no scheme of mail. */
static struct str relay_authority(struct str text)
{
    bool is_secure = str_has_prefix(text, STR("smtps://"));
    if (!is_secure && !str_has_prefix(text, STR("smtp://")))
        return STR_NONE;
    return str_slice(text, is_secure ? strlen("smtps://") : strlen("smtp://"), text.len);
}

bool syntax_is_relay(struct str text)
{
    struct str host;
    return is_authority(relay_authority(text), &host);
}

bool syntax_is_local_relay(struct str text)
{
    struct str host;
    return is_authority(relay_authority(text), &host) && is_loopback(host);
}

bool syntax_is_mail_address(struct str text)
{
    size_t at = str_find(text, '@');
    if (at == 0 || text.len > MAIL_ADDRESS_LEN_MAX || !syntax_is_host(str_slice(text, at + 1, text.len)))
        return false;
    for (size_t i = 0; i < at; i++)
        if (!is_printable(text.ptr[i]) || strchr("\"(),:;<>[\\]", text.ptr[i]))
            return false;
    return true;
}

bool syntax_is_file(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return false;
    return text.len > 0;
}
