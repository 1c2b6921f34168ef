/*
 * sdl.h — type system documents.
 *
 * Specs: GraphQL October 2021 §3.   Threads: any; no state of its own.
 */
#pragma once

#include "graphql/schema.h"

struct parser;

/* What is wrong with a schema, and where. */
struct schema_mistake {
    struct str message; /* absent: nothing */
    uint32_t at;
};

/* What every schema has: the introspection types, scalars, directives. Written in SDL like the rest. */
extern const struct str sdl_builtin;

/*
 * Adds the definitions of a document to the schema, where names may still mean nothing. Returns false and the
 * mistake when the text is no SDL. Only built-in definitions may have names that start with two underscores.
 */
bool sdl_read(struct graphql_schema *schema, struct str sdl, struct schema_mistake *ret_mistake);

/* Looks up every name and holds the rules of a schema as a whole. */
bool schema_check(struct graphql_schema *schema, struct schema_mistake *ret_mistake);
