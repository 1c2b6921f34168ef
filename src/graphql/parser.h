/*
 * parser.h — GraphQL source to syntax tree.
 *
 * The rules that both kinds of documents share, and executable documents. Nesting is limited, so no input can
 * exhaust the stack. After a failure (see lexer.h) a result is whatever was read so far: look at
 * `parser->lexer.message` before using it.
 *
 * Specs: GraphQL October 2021 §2.   Threads: a parser belongs to its exchange.
 */
#pragma once

#include "graphql/ast.h"
#include "graphql/lexer.h"

struct parser {
    struct arena *arena;
    struct lexer lexer;
    size_t depth;
    size_t depth_max;
};

/* Stands on the first token afterwards. */
void parser_init(struct parser *parser, struct arena *arena, struct str source, size_t token_max, size_t depth_max);

bool parser_is_at(const struct parser *parser, enum token_kind kind);
bool parser_is_at_word(const struct parser *parser, struct str word);
/* Past the token if it is of that kind. */
bool parser_skip(struct parser *parser, enum token_kind kind);
bool parser_skip_word(struct parser *parser, struct str word);
/* Past the token; fails if it is of another kind. */
void parser_expect(struct parser *parser, enum token_kind kind);
/* For `while`: true while items follow; past the closing token, or failed, when false. */
bool parser_has_more(struct parser *parser, enum token_kind close);
void parser_fail_unexpected(struct parser *parser);

struct str parse_name(struct parser *parser);
struct type_ref *parse_type(struct parser *parser);
/* Variables may stand in it, or not. */
struct value *parse_value(struct parser *parser);
struct value *parse_constant(struct parser *parser);
struct directive *parse_directives(struct parser *parser);
struct directive *parse_constant_directives(struct parser *parser);

/* A whole executable document. */
struct document *parse_document(struct parser *parser);
