#include "web/escape.h"

#include "base/buf.h"

static struct str find_entity(char byte)
{
    switch (byte) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '"':
        return STR("&quot;");
    case '\'':
        return STR("&#39;");
    default:
        return STR_NONE;
    }
}

/* U+FFFD: what no text has, and what a browser would make something else of. */
static bool is_control(char byte)
{
    unsigned char c = (unsigned char)byte;
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

static void write_byte(struct buf *out, char byte)
{
    struct str entity = find_entity(byte);
    if (str_is_present(entity))
        buf_add(out, entity);
    else if (is_control(byte))
        buf_add(out, STR("\xef\xbf\xbd"));
    else
        buf_add_char(out, byte);
}

static void write_attribute(struct buf *out, struct str value)
{
    for (size_t i = 0; i < value.len; i++)
        write_byte(out, value.ptr[i]);
}

/* U+202A–202E and U+2066–2069 turn what stands around them: a name could make another one of "example.com". */
static bool turns_direction(struct str value, size_t at)
{
    if (value.len - at < 3 || value.ptr[at] != '\xe2')
        return false;
    unsigned char second = (unsigned char)value.ptr[at + 1], third = (unsigned char)value.ptr[at + 2];
    return (second == 0x80 && third >= 0xaa && third <= 0xae) || (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

static void write_text(struct buf *out, struct str value)
{
    size_t i = 0;
    while (i < value.len) {
        if (turns_direction(value, i)) {
            i += 3;
            continue;
        }
        write_byte(out, value.ptr[i++]);
    }
}

/* Browsers leave out tabs and line ends and take a backslash for a slash: `/\t/host` would be another host. */
static bool has_trick(struct str url)
{
    for (size_t i = 0; i < url.len; i++)
        if ((unsigned char)url.ptr[i] <= 0x20 || url.ptr[i] == '\\' || url.ptr[i] == 0x7f)
            return true;
    return false;
}

static bool is_own_path(struct str url)
{
    return str_has_prefix(url, STR("/")) && !str_has_prefix(url, STR("//"));
}

static bool has_private_scheme(struct str url)
{
    struct str scheme = str_slice(url, 0, str_find(url, ':'));
    bool has_dot = false;
    if (scheme.len == url.len)
        return false;
    for (size_t i = 0; i < scheme.len; i++) {
        char c = scheme.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!is_letter && (i == 0 || !is_other))
            return false;
        has_dot = has_dot || c == '.';
    }
    return has_dot;
}

static bool is_picture(struct str url)
{
    struct str prefix = STR("data:image/svg+xml;base64,");
    if (!str_has_prefix(url, prefix))
        return false;
    for (size_t i = prefix.len; i < url.len; i++) {
        char c = url.ptr[i];
        bool is_fit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
                      c == '/' || c == '=';
        if (!is_fit)
            return false;
    }
    return true;
}

bool escape_may_be_url(enum escape escape, struct str url)
{
    if (has_trick(url))
        return false;
    return is_own_path(url) || str_has_prefix_nocase(url, STR("https://")) ||
           str_has_prefix_nocase(url, STR("http://")) || (escape == ESCAPE_APP_URL && has_private_scheme(url)) ||
           (escape == ESCAPE_IMAGE_URL && is_picture(url));
}

static void write_url_part(struct buf *out, struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        bool is_free = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
        if (is_free)
            buf_add_char(out, c);
        else
            buf_printf(out, "%%%02X", (unsigned char)c);
    }
}

void escape_write(struct buf *out, enum escape escape, struct str value)
{
    switch (escape) {
    case ESCAPE_TEXT:
        write_text(out, value);
        break;
    case ESCAPE_ATTRIBUTE:
        write_attribute(out, value);
        break;
    case ESCAPE_URL_PART:
        write_url_part(out, value);
        break;
    case ESCAPE_URL:
    case ESCAPE_APP_URL:
    case ESCAPE_IMAGE_URL:
        write_attribute(out, escape_may_be_url(escape, value) ? value : STR("#"));
        break;
    }
}
