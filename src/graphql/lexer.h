/*
 * lexer.h — GraphQL source text, token by token.
 *
 * A failure is sticky: the first one is kept and every later token is TOKEN_FAILED, which fits no rule of the
 * grammar, so parsers run out by themselves and look once, at the end.
 *
 * Specs: GraphQL October 2021 §2.1.   Threads: a lexer belongs to its exchange.
 */
#pragma once

#include "base/text.h"

struct arena;

enum token_kind {
    TOKEN_FAILED,
    TOKEN_END,
    TOKEN_BANG,
    TOKEN_DOLLAR,
    TOKEN_AMP,
    TOKEN_PAREN_LEFT,
    TOKEN_PAREN_RIGHT,
    TOKEN_SPREAD,
    TOKEN_COLON,
    TOKEN_EQUALS,
    TOKEN_AT,
    TOKEN_BRACKET_LEFT,
    TOKEN_BRACKET_RIGHT,
    TOKEN_BRACE_LEFT,
    TOKEN_PIPE,
    TOKEN_BRACE_RIGHT,
    TOKEN_NAME,
    TOKEN_INT,
    TOKEN_FLOAT,
    TOKEN_STRING,
    TOKEN_BLOCK_STRING,
};

struct token {
    enum token_kind kind;
    uint32_t at;     /* byte offset in the source */
    struct str text; /* name, number as written, value of a string; absent for punctuation */
};

struct lexer {
    struct arena *arena;
    struct str source;
    size_t at;
    size_t tokens_left;
    size_t token_max;
    struct token token;
    struct str message; /* absent: no failure yet */
    bool is_past_limit; /* the failure: too many tokens, or nested too deep */
    uint32_t failed_at;
};

/* The source must be shorter than 4 GiB and live as long as the arena: names and plain strings are views into it. */
void lexer_init(struct lexer *lexer, struct arena *arena, struct str source, size_t token_max);

/* Puts the next token into `lexer->token`. */
void lexer_next(struct lexer *lexer);

/* The message gets "Syntax Error: " in front. */
void lexer_fail(struct lexer *lexer, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* `Name "viewer"`, `"{"`, `<EOF>`: how messages speak of a token and of a kind. */
struct str token_text(struct arena *arena, const struct token *token);
const char *token_kind_text(enum token_kind kind);

/* Lines are counted from 1, columns in UTF-16 units from 1: as the specification's reference does. */
void source_locate(struct str source, size_t at, unsigned *ret_line, unsigned *ret_column);
