#include "graphql/lexer.h"

#include <stdarg.h>

#include "base/arena.h"
#include "graphql/string.h"

static const char *const kind_texts[] = {
    [TOKEN_FAILED] = "<failure>",    [TOKEN_END] = "<EOF>",        [TOKEN_BANG] = "\"!\"",
    [TOKEN_DOLLAR] = "\"$\"",        [TOKEN_AMP] = "\"&\"",        [TOKEN_PAREN_LEFT] = "\"(\"",
    [TOKEN_PAREN_RIGHT] = "\")\"",   [TOKEN_SPREAD] = "\"...\"",   [TOKEN_COLON] = "\":\"",
    [TOKEN_EQUALS] = "\"=\"",        [TOKEN_AT] = "\"@\"",         [TOKEN_BRACKET_LEFT] = "\"[\"",
    [TOKEN_BRACKET_RIGHT] = "\"]\"", [TOKEN_BRACE_LEFT] = "\"{\"", [TOKEN_PIPE] = "\"|\"",
    [TOKEN_BRACE_RIGHT] = "\"}\"",   [TOKEN_NAME] = "Name",        [TOKEN_INT] = "Int",
    [TOKEN_FLOAT] = "Float",         [TOKEN_STRING] = "String",    [TOKEN_BLOCK_STRING] = "BlockString",
};

static const enum token_kind punctuators[128] = {
    ['!'] = TOKEN_BANG,         ['$'] = TOKEN_DOLLAR,        ['&'] = TOKEN_AMP,        ['('] = TOKEN_PAREN_LEFT,
    [')'] = TOKEN_PAREN_RIGHT,  [':'] = TOKEN_COLON,         ['='] = TOKEN_EQUALS,     ['@'] = TOKEN_AT,
    ['['] = TOKEN_BRACKET_LEFT, [']'] = TOKEN_BRACKET_RIGHT, ['{'] = TOKEN_BRACE_LEFT, ['|'] = TOKEN_PIPE,
    ['}'] = TOKEN_BRACE_RIGHT,
};

const char *token_kind_text(enum token_kind kind)
{
    return kind_texts[kind];
}

struct str token_text(struct arena *arena, const struct token *token)
{
    if (!str_is_present(token->text))
        return str_of(kind_texts[token->kind]);
    return arena_printf(arena, "%s \"%.*s\"", kind_texts[token->kind], STR_ARGS(token->text));
}

void lexer_fail(struct lexer *lexer, size_t at, const char *format, ...)
{
    lexer->token = (struct token){.kind = TOKEN_FAILED, .at = (uint32_t)at};
    if (str_is_present(lexer->message))
        return;
    va_list list;
    va_start(list, format);
    struct str text = arena_vprintf(lexer->arena, format, list);
    va_end(list);
    lexer->message = arena_printf(lexer->arena, "Syntax Error: %.*s", STR_ARGS(text));
    lexer->failed_at = (uint32_t)at;
}

void lexer_init(struct lexer *lexer, struct arena *arena, struct str source, size_t token_max)
{
    *lexer = (struct lexer){.arena = arena, .source = source, .tokens_left = token_max, .token_max = token_max};
    if (!str_is_utf8(source))
        lexer_fail(lexer, 0, "Document is not valid UTF-8 text.");
    /* The byte order mark is white space at the front. */
    else if (str_has_prefix(source, STR("\xef\xbb\xbf")))
        lexer->at = 3;
}

void source_locate(struct str source, size_t at, unsigned *ret_line, unsigned *ret_column)
{
    unsigned line = 1;
    unsigned column = 1;
    for (size_t i = 0; i < at && i < source.len; i++) {
        unsigned char byte = (unsigned char)source.ptr[i];
        bool is_pair = byte == '\r' && i + 1 < source.len && source.ptr[i + 1] == '\n';
        if (byte == '\n' || (byte == '\r' && !is_pair)) {
            line++;
            column = 1;
        } else if ((byte & 0xc0) != 0x80) {
            column += byte >= 0xf0 ? 2 : 1;
        }
    }
    *ret_line = line;
    *ret_column = column;
}

static int peek(const struct lexer *lexer, size_t at)
{
    return at < lexer->source.len ? (unsigned char)lexer->source.ptr[at] : -1;
}

static bool is_digit(int byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_name_start(int byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

/* White space, commas and comments mean nothing. [GraphQL 2.1.7] */
static void skip_ignored(struct lexer *lexer)
{
    for (;;) {
        int byte = peek(lexer, lexer->at);
        if (byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r' || byte == ',') {
            lexer->at++;
        } else if (byte == '#') {
            while (byte != '\n' && byte != '\r' && byte != -1 && (byte >= 0x20 || byte == '\t'))
                byte = peek(lexer, ++lexer->at);
        } else {
            return;
        }
    }
}

static void take(struct lexer *lexer, enum token_kind kind, size_t start, size_t end)
{
    lexer->token = (struct token){kind, (uint32_t)start, str_slice(lexer->source, start, end - start)};
    lexer->at = end;
}

static void read_name(struct lexer *lexer)
{
    size_t end = lexer->at + 1;
    while (is_name_start(peek(lexer, end)) || is_digit(peek(lexer, end)))
        end++;
    take(lexer, TOKEN_NAME, lexer->at, end);
}

static void fail_number(struct lexer *lexer, size_t at, const char *what)
{
    struct str found = source_character(lexer->arena, lexer->source, at);
    lexer_fail(lexer, at, "Invalid number, %s: %.*s.", what, STR_ARGS(found));
}

/* At least one digit at `*at`, and past them all. */
static bool skip_digits(struct lexer *lexer, size_t *at)
{
    if (!is_digit(peek(lexer, *at))) {
        fail_number(lexer, *at, "expected digit but got");
        return false;
    }
    while (is_digit(peek(lexer, *at)))
        (*at)++;
    return true;
}

static bool skip_integer_part(struct lexer *lexer, size_t *at)
{
    if (peek(lexer, *at) == '-')
        (*at)++;
    if (peek(lexer, *at) != '0')
        return skip_digits(lexer, at);
    (*at)++;
    if (!is_digit(peek(lexer, *at)))
        return true;
    fail_number(lexer, *at, "unexpected digit after 0");
    return false;
}

/* [GraphQL 2.9.1, 2.9.2] No leading zeros; neither a name nor a dot may touch the number's end. */
static void read_number(struct lexer *lexer)
{
    enum token_kind kind = TOKEN_INT;
    size_t end = lexer->at;
    if (!skip_integer_part(lexer, &end))
        return;
    if (peek(lexer, end) == '.') {
        kind = TOKEN_FLOAT;
        end++;
        if (!skip_digits(lexer, &end))
            return;
    }
    if (peek(lexer, end) == 'e' || peek(lexer, end) == 'E') {
        kind = TOKEN_FLOAT;
        end++;
        if (peek(lexer, end) == '+' || peek(lexer, end) == '-')
            end++;
        if (!skip_digits(lexer, &end))
            return;
    }
    if (peek(lexer, end) == '.' || is_name_start(peek(lexer, end))) {
        fail_number(lexer, end, "expected digit but got");
        return;
    }
    take(lexer, kind, lexer->at, end);
}

static void read_string(struct lexer *lexer)
{
    size_t start = lexer->at;
    bool is_block = str_has_prefix(str_slice(lexer->source, start, 3), STR("\"\"\""));
    struct str value = is_block ? block_string_read(lexer) : string_read(lexer);
    if (!str_is_present(value))
        return;
    lexer->token = (struct token){is_block ? TOKEN_BLOCK_STRING : TOKEN_STRING, (uint32_t)start, value};
}

static void fail_character(struct lexer *lexer, int byte)
{
    struct str found = source_character(lexer->arena, lexer->source, lexer->at);
    if (byte == '\'')
        lexer_fail(lexer, lexer->at,
                   "Unexpected single quote character ('), did you mean to use a double quote (\")?");
    else if (byte < 0x20)
        lexer_fail(lexer, lexer->at, "Invalid character: %.*s.", STR_ARGS(found));
    else
        lexer_fail(lexer, lexer->at, "Unexpected character: %.*s.", STR_ARGS(found));
}

static void read_token(struct lexer *lexer)
{
    int byte = peek(lexer, lexer->at);
    if (is_name_start(byte)) {
        read_name(lexer);
    } else if (byte == '"') {
        read_string(lexer);
    } else if (is_digit(byte) || byte == '-') {
        read_number(lexer);
    } else if (byte == '.' && peek(lexer, lexer->at + 1) == '.' && peek(lexer, lexer->at + 2) == '.') {
        lexer->token = (struct token){.kind = TOKEN_SPREAD, .at = (uint32_t)lexer->at};
        lexer->at += 3;
    } else if (byte >= 0 && byte < 128 && punctuators[byte] != TOKEN_FAILED) {
        lexer->token = (struct token){.kind = punctuators[byte], .at = (uint32_t)lexer->at};
        lexer->at++;
    } else {
        fail_character(lexer, byte);
    }
}

void lexer_next(struct lexer *lexer)
{
    if (str_is_present(lexer->message))
        return;
    skip_ignored(lexer);
    if (lexer->at == lexer->source.len) {
        lexer->token = (struct token){.kind = TOKEN_END, .at = (uint32_t)lexer->at};
        return;
    }
    if (lexer->tokens_left == 0) {
        lexer->is_past_limit = true;
        lexer_fail(lexer, lexer->at, "Document contains more than %zu tokens. Parsing aborted.", lexer->token_max);
        return;
    }
    lexer->tokens_left--;
    read_token(lexer);
}
