#include "graphql/string.h"

#include "base/arena.h"
#include "graphql/lexer.h"

#define SURROGATE_FIRST     0xd800u
#define SURROGATE_LOW_FIRST 0xdc00u
#define SURROGATE_LAST      0xdfffu
#define CODE_POINT_LAST     0x10ffffu
#define NO_CODE_POINT       UINT32_MAX
/* Longer `\u{…}` is wrong whatever stands in it. */
#define BRACED_DIGIT_MAX 8

static uint32_t utf8_at(struct str text, size_t at)
{
    const unsigned char *byte = (const unsigned char *)text.ptr + at;
    if (byte[0] < 0x80)
        return byte[0];
    if (byte[0] < 0xe0)
        return (byte[0] & 0x1fu) << 6 | (byte[1] & 0x3fu);
    if (byte[0] < 0xf0)
        return (byte[0] & 0x0fu) << 12 | (byte[1] & 0x3fu) << 6 | (byte[2] & 0x3fu);
    return (byte[0] & 0x07u) << 18 | (byte[1] & 0x3fu) << 12 | (byte[2] & 0x3fu) << 6 | (byte[3] & 0x3fu);
}

struct str source_character(struct arena *arena, struct str source, size_t at)
{
    if (at >= source.len)
        return STR("<EOF>");
    uint32_t code = utf8_at(source, at);
    if (code == '"')
        return STR("'\"'");
    if (code >= 0x20 && code < 0x7f)
        return arena_printf(arena, "\"%c\"", (char)code);
    return arena_printf(arena, "U+%04X", code);
}

static size_t write_utf8(uint32_t code, char *room)
{
    if (code < 0x80) {
        room[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        room[0] = (char)(0xc0 | code >> 6);
        room[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        room[0] = (char)(0xe0 | code >> 12);
        room[1] = (char)(0x80 | (code >> 6 & 0x3f));
        room[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    room[0] = (char)(0xf0 | code >> 18);
    room[1] = (char)(0x80 | (code >> 12 & 0x3f));
    room[2] = (char)(0x80 | (code >> 6 & 0x3f));
    room[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static uint32_t hex_number(struct str digits)
{
    uint32_t number = 0;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = hex_digit(digits.ptr[i]);
        if (digit < 0)
            return NO_CODE_POINT;
        number = number << 4 | (uint32_t)digit;
    }
    return number;
}

static bool is_surrogate(uint32_t code)
{
    return code >= SURROGATE_FIRST && code <= SURROGATE_LAST;
}

/* The four digits behind `\u` at `at`, or no code point. */
static uint32_t fixed_escape(struct str source, size_t at)
{
    struct str escape = str_slice(source, at, 6);
    if (escape.len < 6 || !str_has_prefix(escape, STR("\\u")))
        return NO_CODE_POINT;
    return hex_number(str_slice(escape, 2, 4));
}

static struct str fail_unicode(struct lexer *lexer, size_t at, size_t len)
{
    struct str found = str_slice(lexer->source, at, len);
    while (found.len && !str_is_utf8(found))
        found.len--;
    lexer_fail(lexer, at, "Invalid Unicode escape sequence: \"%.*s\".", STR_ARGS(found));
    return STR_NONE;
}

/* NUL is refused in every spelling: no text of ours ends in the middle. `\u{1F600}`. Moves `*at` past it. */
static uint32_t read_braced(struct lexer *lexer, size_t *at)
{
    struct str rest = str_slice(lexer->source, *at + 3, BRACED_DIGIT_MAX + 1);
    struct str digits = str_slice(rest, 0, str_find(rest, '}'));
    bool is_closed = digits.len && digits.len < rest.len;
    uint32_t code = is_closed ? hex_number(digits) : NO_CODE_POINT;
    if (code == 0 || code > CODE_POINT_LAST || is_surrogate(code)) {
        fail_unicode(lexer, *at, 3 + digits.len + 1);
        return NO_CODE_POINT;
    }
    *at += 3 + digits.len + 1;
    return code;
}

/* `\u0041`, or two of them that make a surrogate pair. Moves `*at` past them. */
static uint32_t read_fixed(struct lexer *lexer, size_t *at)
{
    uint32_t code = fixed_escape(lexer->source, *at);
    if (code != 0 && code != NO_CODE_POINT && !is_surrogate(code)) {
        *at += 6;
        return code;
    }
    uint32_t low = fixed_escape(lexer->source, *at + 6);
    bool is_pair =
        is_surrogate(code) && code < SURROGATE_LOW_FIRST && low >= SURROGATE_LOW_FIRST && low <= SURROGATE_LAST;
    if (!is_pair) {
        fail_unicode(lexer, *at, 6);
        return NO_CODE_POINT;
    }
    *at += 12;
    return 0x10000 + ((code - SURROGATE_FIRST) << 10) + (low - SURROGATE_LOW_FIRST);
}

static char simple_escape(char byte)
{
    switch (byte) {
    case '"':
    case '\\':
    case '/':
        return byte;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

/* The escape at `*at` becomes bytes in `room` (at most 4); their number, 0 when it is none. */
static size_t read_escape(struct lexer *lexer, size_t *at, char *room)
{
    struct str escape = str_slice(lexer->source, *at, 3);
    char kind = escape.len > 1 ? escape.ptr[1] : 0;
    if (kind == 'u') {
        uint32_t code = escape.len > 2 && escape.ptr[2] == '{' ? read_braced(lexer, at) : read_fixed(lexer, at);
        return code == NO_CODE_POINT ? 0 : write_utf8(code, room);
    }
    room[0] = simple_escape(kind);
    if (room[0] == 0) {
        struct str found = str_slice(escape, 0, 2);
        found.len -= !str_is_utf8(found);
        lexer_fail(lexer, *at, "Invalid character escape sequence: \"%.*s\".", STR_ARGS(found));
        return 0;
    }
    *at += 2;
    return 1;
}

/* From the first backslash on: what is before it is copied, an escape is never shorter than what it means. */
static struct str read_escaped(struct lexer *lexer, size_t from, size_t at)
{
    const struct str source = lexer->source;
    size_t end = at;
    while (end < source.len && source.ptr[end] != '"' && source.ptr[end] != '\n' && source.ptr[end] != '\r')
        end += source.ptr[end] == '\\' ? 2 : 1;
    char *room = arena_alloc(lexer->arena, end - from + 1);
    size_t len = at - from;
    memcpy(room, source.ptr + from, len);
    while (at < source.len && source.ptr[at] != '"') {
        unsigned char byte = (unsigned char)source.ptr[at];
        if (byte == '\\') {
            size_t added = read_escape(lexer, &at, room + len);
            if (added == 0)
                return STR_NONE;
            len += added;
        } else if (byte < 0x20 && byte != '\t') {
            break;
        } else {
            room[len++] = source.ptr[at++];
        }
    }
    lexer->at = at;
    return (struct str){room, len};
}

/* Everything but the closing quote has been read. */
static struct str close_string(struct lexer *lexer, struct str value)
{
    size_t at = lexer->at;
    if (at < lexer->source.len && lexer->source.ptr[at] == '"') {
        lexer->at++;
        return value;
    }
    if (at == lexer->source.len || lexer->source.ptr[at] == '\n' || lexer->source.ptr[at] == '\r') {
        lexer_fail(lexer, at, "Unterminated string.");
        return STR_NONE;
    }
    struct str found = source_character(lexer->arena, lexer->source, at);
    lexer_fail(lexer, at, "Invalid character within String: %.*s.", STR_ARGS(found));
    return STR_NONE;
}

struct str string_read(struct lexer *lexer)
{
    const struct str source = lexer->source;
    size_t from = lexer->at + 1;
    size_t at = from;
    while (at < source.len && source.ptr[at] != '"' && source.ptr[at] != '\\' &&
           ((unsigned char)source.ptr[at] >= 0x20 || source.ptr[at] == '\t'))
        at++;
    lexer->at = at;
    if (at == source.len || source.ptr[at] != '\\')
        return close_string(lexer, str_slice(source, from, at - from));
    struct str value = read_escaped(lexer, from, at);
    return str_is_present(value) ? close_string(lexer, value) : STR_NONE;
}

static size_t line_indent(struct str line)
{
    size_t indent = 0;
    while (indent < line.len && (line.ptr[indent] == ' ' || line.ptr[indent] == '\t'))
        indent++;
    return indent;
}

/* Of all lines but the first that are not blank. */
static size_t common_indent(struct str raw)
{
    size_t common = SIZE_MAX;
    struct str line;
    if (!str_next(&raw, '\n', &line))
        return 0;
    while (str_next(&raw, '\n', &line)) {
        size_t indent = line_indent(line);
        if (indent < line.len && indent < common)
            common = indent;
    }
    return common;
}

/*
 * [GraphQL 2.9.4] BlockStringValue: the common indentation goes, and so do blank lines at both ends. Works in
 * place: the result is never longer.
 */
static struct str dedent(char *raw, size_t raw_len)
{
    struct str rest = {raw, raw_len};
    size_t common = common_indent(rest);
    size_t len = 0;
    size_t len_of_content = 0;
    bool is_first = true;
    struct str line;
    while (str_next(&rest, '\n', &line)) {
        bool is_blank = line_indent(line) == line.len;
        struct str kept = is_first ? line : str_slice(line, common, line.len);
        is_first = false;
        if (is_blank && len_of_content == 0)
            continue;
        if (len_of_content)
            raw[len++] = '\n';
        memmove(raw + len, kept.ptr, kept.len);
        len += kept.len;
        if (!is_blank)
            len_of_content = len;
    }
    return (struct str){raw, len_of_content};
}

struct str block_string_read(struct lexer *lexer)
{
    const struct str source = lexer->source;
    size_t at = lexer->at + 3;
    /* No longer than the source: an arena gives memory back only at its end, so find the end first. */
    size_t end = at;
    while (end < source.len && !str_has_prefix(str_slice(source, end, 3), STR("\"\"\"")))
        end += str_has_prefix(str_slice(source, end, 4), STR("\\\"\"\"")) ? 4 : 1;
    if (end >= source.len) {
        lexer_fail(lexer, source.len, "Unterminated string.");
        return STR_NONE;
    }
    char *raw = arena_alloc(lexer->arena, end - at + 1);
    size_t len = 0;
    while (at < end) {
        char byte = source.ptr[at];
        if ((unsigned char)byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') {
            struct str found = source_character(lexer->arena, source, at);
            lexer_fail(lexer, at, "Invalid character within String: %.*s.", STR_ARGS(found));
            return STR_NONE;
        }
        if (byte == '\\' && str_has_prefix(str_slice(source, at, 4), STR("\\\"\"\"")))
            byte = source.ptr[++at];
        else if (byte == '\r')
            byte = '\n';
        bool is_line_end = source.ptr[at] == '\r' && at + 1 < end && source.ptr[at + 1] == '\n';
        raw[len++] = byte;
        at += is_line_end ? 2 : 1;
    }
    lexer->at = end + 3;
    return dedent(raw, len);
}
