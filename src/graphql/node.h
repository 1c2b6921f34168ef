/*
 * node.h — a value on its way into a response: the caller's JSON, or something of the schema itself.
 *
 * Threads: belongs to its exchange.
 */
#pragma once

#include "base/json.h"
#include "graphql/schema.h"

enum node_kind {
    NODE_NULL,
    NODE_JSON,
    NODE_TEXT,
    NODE_TRUTH,
    NODE_LIST,
    NODE_SCHEMA,
    NODE_TYPE,
    NODE_FIELD,
    NODE_INPUT,
    NODE_ENUM_VALUE,
    NODE_DIRECTIVE,
};

struct node {
    enum node_kind kind;
    struct node *next; /* in its list */
    union {
        const json_t *json;
        struct str text;
        bool truth;
        struct node *items;
        const struct graphql_schema *schema;
        const struct type_ref *type;
        const struct field_def *field;
        const struct input_def *input;
        const struct enum_value_def *value;
        const struct directive_def *directive;
    };
};

/* What `parent`, a part of the schema, has in its field `name`. [GraphQL 4.2] `arguments` are coerced. */
struct node introspect(const struct graphql_schema *schema, struct arena *arena, const struct node *parent,
                       struct str name, const json_t *arguments);
