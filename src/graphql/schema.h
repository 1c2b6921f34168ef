/*
 * schema.h — the types that requests are read against.
 *
 * Made once from SDL (sdl.c), checked as a whole (check.c), read only afterwards. Schemas are small, so lists
 * are searched from the front.
 *
 * Specs: GraphQL October 2021 §3.   Threads: read only.
 */
#pragma once

#include "graphql/ast.h"

struct arena;
struct graphql_schema;

enum type_kind { TYPE_SCALAR, TYPE_OBJECT, TYPE_INTERFACE, TYPE_UNION, TYPE_ENUM, TYPE_INPUT_OBJECT };

/* How values of a scalar are checked; custom ones take any. */
enum scalar_kind { SCALAR_CUSTOM, SCALAR_INT, SCALAR_FLOAT, SCALAR_STRING, SCALAR_BOOLEAN, SCALAR_ID };

struct enum_value_def {
    struct enum_value_def *next;
    struct str name;
    struct str description;
    struct str deprecation; /* the reason; absent: not deprecated */
};

/* An argument or a field of an input object. */
struct input_def {
    struct input_def *next;
    struct str name;
    uint32_t at;
    const char *key; /* the name for jansson */
    struct str description;
    struct str deprecation;
    struct type_ref *type;
    struct value *fallback; /* default value, or NULL */
};

struct field_def {
    struct field_def *next;
    struct str name;
    uint32_t at;
    const char *key;
    struct str description;
    struct str deprecation;
    struct input_def *arguments;
    struct type_ref *type;
};

struct type_def {
    struct type_def *next;
    struct str name;
    uint32_t at;
    struct str description;
    enum type_kind kind;
    enum scalar_kind scalar;
    bool is_builtin;
    struct str specified_by_url;
    struct field_def *fields;      /* object, interface */
    struct input_def *inputs;      /* input object */
    struct enum_value_def *values; /* enum */
    struct type_list *interfaces;  /* object, interface: implements */
    struct type_list *possible;    /* union: members; interface: objects that implement it */
    struct type_ref self;          /* this type as a reference */
};

struct type_list {
    struct type_list *next;
    struct type_ref type;
};

struct directive_def {
    struct directive_def *next;
    struct str name;
    uint32_t at;
    struct str description;
    struct input_def *arguments;
    unsigned locations; /* 1 << enum directive_location */
    bool is_repeatable;
};

enum directive_location {
    ON_QUERY,
    ON_MUTATION,
    ON_SUBSCRIPTION,
    ON_FIELD,
    ON_FRAGMENT_DEFINITION,
    ON_FRAGMENT_SPREAD,
    ON_INLINE_FRAGMENT,
    ON_VARIABLE_DEFINITION,
    ON_SCHEMA,
    ON_SCALAR,
    ON_OBJECT,
    ON_FIELD_DEFINITION,
    ON_ARGUMENT_DEFINITION,
    ON_INTERFACE,
    ON_UNION,
    ON_ENUM,
    ON_ENUM_VALUE,
    ON_INPUT_OBJECT,
    ON_INPUT_FIELD_DEFINITION,
    DIRECTIVE_LOCATION_COUNT,
};

extern const struct str directive_location_names[DIRECTIVE_LOCATION_COUNT];

struct graphql_schema {
    struct arena *arena;
    struct str description;
    struct type_def *types;
    struct directive_def *directives;
    const struct type_def *roots[3]; /* by enum operation_kind; NULL: none */
    /* Fields that every schema has; the last two on the query type only. */
    const struct field_def *typename_field;
    const struct field_def *schema_field;
    const struct field_def *type_field;
    size_t introspection_len_max; /* bytes of a response */
};

/* NULL when there is none. */
const struct type_def *schema_find_type(const struct graphql_schema *schema, struct str name);
const struct directive_def *schema_find_directive(const struct graphql_schema *schema, struct str name);
const struct field_def *type_find_field(const struct type_def *type, struct str name);
const struct input_def *input_find(const struct input_def *list, struct str name);
const struct enum_value_def *type_find_value(const struct type_def *type, struct str name);

/* With the introspection fields that the place has. */
const struct field_def *schema_find_field(const struct graphql_schema *schema, const struct type_def *type,
                                          struct str name);

bool type_is_input(const struct type_def *type);
bool type_is_composite(const struct type_def *type);
bool type_is_abstract(const struct type_def *type);
/* Is every value of `object` one of `type`? */
bool type_includes(const struct type_def *type, const struct type_def *object);
/* Is there an object that is of both? */
bool types_overlap(const struct type_def *a, const struct type_def *b);

/* The named type inside all wrappers; NULL when unknown. */
const struct type_def *type_ref_named(const struct type_ref *type);
bool type_ref_equal(const struct type_ref *a, const struct type_ref *b);
/* May a value of type `a` stand where `b` is expected? */
bool type_ref_fits(const struct type_ref *a, const struct type_ref *b);
/* Without the outer non-null. */
const struct type_ref *type_ref_nullable(const struct type_ref *type);

/* Must it be given? */
static inline bool input_is_required(const struct input_def *input)
{
    return input->type->wrap == TYPE_NON_NULL && !input->fallback;
}
