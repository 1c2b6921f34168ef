/*
 * print.h — types and values as text, the way messages and introspection show them.
 *
 * Specs: GraphQL October 2021 §2.9, §4.2.   Threads: any; no state of its own.
 */
#pragma once

#include "base/json.h"
#include "graphql/ast.h"

struct arena;
struct buf;

/* `[String!]!` */
struct str type_text(struct arena *arena, const struct type_ref *type);
/* As a GraphQL literal: `{grant_type: CODE, tries: [1, 2]}`. */
struct str value_text(struct arena *arena, const struct value *value);
/* A JSON value for a message: deep and long ones are shortened, and no more of them is looked at than is shown. */
struct str json_inspect(struct arena *arena, const json_t *value);
/* A JSON string with its quotes. */
void text_write_quoted(struct str text, struct buf *out);
