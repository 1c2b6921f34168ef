/*
 * ast.h — a parsed document: what was written, and beside it what validation found out about it.
 *
 * Lists are chained by `next` in source order. `at` is the byte offset in the source. Everything lives in the
 * arena of its exchange (or, for values and types of a schema, of the schema).
 *
 * Specs: GraphQL October 2021 §2.   Threads: belongs to its exchange.
 */
#pragma once

#include "base/text.h"

struct directive_def;
struct field_def;
struct input_def;
struct type_def;

enum type_wrap { TYPE_NAMED, TYPE_LIST, TYPE_NON_NULL };

struct type_ref {
    enum type_wrap wrap;
    uint32_t at;
    struct str name;            /* of TYPE_NAMED */
    const struct type_def *def; /* of TYPE_NAMED; NULL: not looked up or unknown */
    struct type_ref *of;        /* of the wrapping ones */
};

enum value_kind {
    VALUE_VARIABLE,
    VALUE_INT,
    VALUE_FLOAT,
    VALUE_STRING,
    VALUE_BOOLEAN,
    VALUE_NULL,
    VALUE_ENUM,
    VALUE_LIST,
    VALUE_OBJECT,
};

/* Arguments and members of input objects are values with a name. */
struct value {
    struct value *next;
    struct str name;
    uint32_t name_at;
    uint32_t at;
    enum value_kind kind;
    struct str text;     /* variable's name, digits, string, true or false, enum value */
    struct value *items; /* of lists and objects */
};

/* The argument or member of that name in a list of them; NULL when there is none. */
static inline const struct value *value_find(const struct value *list, struct str name)
{
    while (list && !str_equal(list->name, name))
        list = list->next;
    return list;
}

struct directive {
    struct directive *next;
    struct str name;
    uint32_t at;
    struct value *arguments;
    const struct directive_def *def; /* NULL: unknown */
};

enum selection_kind { SELECTION_FIELD, SELECTION_SPREAD, SELECTION_INLINE };

struct selection {
    struct selection *next;
    enum selection_kind kind;
    uint32_t at;
    uint32_t name_at;        /* of a spread's name */
    struct str response_key; /* field: alias or name */
    struct str name;         /* field's or fragment's */
    struct value *arguments;
    struct directive *directives;
    struct selection *selections; /* NULL: none written */
    uint32_t selections_at;
    struct type_ref *condition; /* inline: NULL without one */
    /* Found out by validation: */
    const struct type_def *parent; /* the type that the selection is made on */
    const struct field_def *def;   /* of a field; NULL: unknown */
    struct fragment *fragment;     /* of a spread; NULL: unknown */
};

/* A variable at the place where it is used. */
struct variable_use {
    struct variable_use *next;
    const struct value *value;
    const struct type_ref *type; /* that the place expects; NULL: unknown */
    bool has_default;            /* the place has a default value */
};

struct spread_use {
    struct spread_use *next;
    const struct selection *spread;
};

/* What operations and fragments have in common: selections and what is used in them. */
struct scope {
    struct selection *selections;
    struct variable_use *variable_uses;
    struct variable_use **last_variable_use;
    struct spread_use *spread_uses;
    struct spread_use **last_spread_use;
};

struct variable {
    struct variable *next;
    struct str name;
    uint32_t at;
    uint32_t name_at;
    struct type_ref *type;
    struct value *fallback; /* its default value, or NULL */
    struct directive *directives;
    bool is_used;
    int64_t breadths[2]; /* found out by points.c: in a place that is no breadth, and in one that is; 0: not yet */
};

enum operation_kind { OPERATION_QUERY, OPERATION_MUTATION, OPERATION_SUBSCRIPTION };

struct operation {
    struct operation *next;
    enum operation_kind kind;
    struct str name; /* absent: anonymous */
    uint32_t at;
    uint32_t name_at;
    struct variable *variables;
    struct directive *directives;
    struct scope scope;
};

/* What a selection costs with its fragments spread. */
struct cost {
    size_t fields;
    size_t depth;   /* of fields */
    size_t nesting; /* of fields and fragments */
    size_t lists;   /* nesting of introspection's lists */
};

struct fragment {
    struct fragment *next;
    struct str name;
    uint32_t at;
    uint32_t name_at;
    struct type_ref *condition;
    struct directive *directives;
    struct scope scope;
    enum { COST_UNKNOWN, COST_OPEN, COST_KNOWN } cost_state;
    struct cost cost;
    int64_t points; /* of points.h; known by the same state */
    size_t visit;   /* number of the last walk that came here */
    bool is_used;
};

struct document {
    struct operation *operations;
    struct fragment *fragments;
    size_t visit_count; /* walks that enter each fragment once are numbered */
};
