#include "base/text.h"

#include <strings.h>

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

bool str_equal_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

bool str_has_prefix(struct str text, struct str prefix)
{
    return text.len >= prefix.len && str_equal(str_slice(text, 0, prefix.len), prefix);
}

bool str_has_suffix(struct str text, struct str suffix)
{
    return text.len >= suffix.len && str_equal(str_slice(text, text.len - suffix.len, suffix.len), suffix);
}

bool str_has_prefix_nocase(struct str text, struct str prefix)
{
    return text.len >= prefix.len && str_equal_nocase(str_slice(text, 0, prefix.len), prefix);
}

struct str str_slice(struct str text, size_t from, size_t len)
{
    if (from > text.len)
        from = text.len;
    if (len > text.len - from)
        len = text.len - from;
    return (struct str){from ? text.ptr + from : text.ptr, len}; /* nothing is added to NULL */
}

struct str str_cut(struct str text, size_t len)
{
    if (len >= text.len)
        return text;
    while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80) /* the middle of a character */
        len--;
    return (struct str){text.ptr, len};
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

struct str str_trim(struct str text)
{
    while (text.len && is_blank(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

size_t str_find(struct str text, char byte)
{
    const char *found = text.len ? memchr(text.ptr, byte, text.len) : NULL;
    return found ? (size_t)(found - text.ptr) : text.len;
}

bool str_next(struct str *rest, char separator, struct str *ret_part)
{
    if (!rest->ptr)
        return false;
    size_t end = str_find(*rest, separator);
    *ret_part = str_slice(*rest, 0, end);
    if (end == rest->len)
        *rest = STR_NONE;
    else
        *rest = str_slice(*rest, end + 1, rest->len);
    return true;
}

bool str_next_word(struct str *rest, struct str *ret_word)
{
    while (str_next(rest, ' ', ret_word))
        if (ret_word->len)
            return true;
    return false;
}

bool str_parse_int(struct str text, int64_t *ret_number)
{
    bool negative = text.len && text.ptr[0] == '-';
    if (negative)
        text = str_slice(text, 1, text.len);
    if (text.len == 0)
        return false;
    int64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        if (__builtin_mul_overflow(number, (int64_t)10, &number) ||
            __builtin_sub_overflow(number, (int64_t)(text.ptr[i] - '0'), &number))
            return false;
    }
    if (!negative && number == INT64_MIN)
        return false;
    *ret_number = negative ? number : -number;
    return true;
}

struct str str_of_int(int64_t number, char *room)
{
    size_t at = TEXT_INT_MAX;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do {
        room[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0)
        room[--at] = '-';
    return (struct str){room + at, TEXT_INT_MAX - at};
}

/* Length of the UTF-8 sequence at the front, 0 when it is not one. Table 3-7 of the Unicode standard. */
static size_t utf8_sequence(const unsigned char *at, size_t left)
{
    unsigned char first = at[0];
    if (first < 0x80)
        return first != 0;
    size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || left < len)
        return 0;
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool str_is_utf8(struct str text)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    for (size_t i = 0; i < text.len;) {
        size_t len = utf8_sequence(bytes + i, text.len - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

uint64_t str_hash(struct str text)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 0x100000001b3u;
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93u;
    return hash ^ (hash >> 32);
}
