/*
 * graphql.h — read a GraphQL request against a small schema, write its response.
 *
 * The schema is SDL text. Reading parses, validates and plans: the caller gets the root fields in order with
 * their arguments coerced, fills in a result for each, and has the response written: selection by selection,
 * aliases and fragments applied, `__typename` and introspection (`__schema`, `__type`) answered from the schema.
 * Nothing here knows what a field means.
 *
 * Specs: GraphQL October 2021.   Threads: a schema is read only; a request belongs to its exchange.
 */
#pragma once

#include "base/json.h"
#include "base/text.h"

struct arena;
struct buf;
struct graphql_schema;

/* NULL when the SDL is wrong: `ret_error` says what, `ret_line` where. The schema lives in the arena. */
struct graphql_schema *graphql_schema_parse(struct arena *arena, struct str sdl, struct str *ret_error,
                                            unsigned *ret_line);
bool graphql_schema_has_field(const struct graphql_schema *schema, struct str type, struct str field);

/* What a request may cost; past one of them it is refused with an error, not cut. */
struct graphql_limits {
    size_t token_max;      /* lexical tokens of the document */
    size_t depth_max;      /* nesting of selections, fragments spread; also of values and types */
    size_t field_max;      /* fields after spreading fragments, aliases counted each */
    size_t root_field_max; /* root fields that are not introspection */
    size_t schema_max;     /* root fields `__schema` */
    size_t type_max;       /* root fields `__type` */
};
extern const struct graphql_limits
    graphql_default_limits; /* 2000, 15 (introspection queries of tools need 13), 1000, 8, 2, 16 */

struct graphql_error {
    struct graphql_error *next;
    struct str message;
    unsigned line; /* 0: no location */
    unsigned column;
    json_t *path;       /* array or NULL */
    json_t *extensions; /* object or NULL */
};

/* A root field that the caller resolves. */
struct graphql_field {
    struct str parent_type;  /* "Mutation" */
    struct str name;         /* "requestAccessToken" */
    struct str response_key; /* alias or name */
    json_t *arguments;       /* object: coerced, defaults applied, absent ones left out; enums as strings */
    unsigned line;
    unsigned column;
    /* The caller's: */
    /* Value of the field's type, all its members; NULL: null. A value of an interface or union names its object
     * type in the member `__typename`. */
    json_t *result;
    struct graphql_error *error; /* reported (and those after it) with path and location; result is then null */
    const void *selection;       /* the module's own */
};

struct graphql_request {
    struct graphql_field *fields; /* in the order of the response, merged as the specification says */
    size_t field_count;
    bool is_mutation;
    struct graphql_error *errors; /* not NULL: the request is wrong, there are no fields, `data` is left out */
    struct graphql_error **last_error;
    const void *plan; /* the module's own */
};

/*
 * Never NULL. `query` must live as long as the arena. NUL is refused, escaped too. Messages repeat what was
 * asked, secrets included: they go to the client, never to a log. `operation_name` may be absent, `variables` NULL.
 * Variables of wrong type, unknown fields, missing required arguments and so on become errors with locations, worded
 * as graphql-js words them.
 */
struct graphql_request *graphql_request_read(const struct graphql_schema *schema, struct arena *arena,
                                             struct str query, struct str operation_name, const json_t *variables,
                                             const struct graphql_limits *limits);

/*
 * {"data":{…}} or {"errors":[…],"data":…}; compact. Null in a non-null place travels up as the specification says.
 * Introspection that grows to several times the description of the whole schema is refused with an error.
 * Past the buffer's limit it stops with `out->is_full`, and what was written is no response.
 */
void graphql_request_write(struct graphql_request *request, struct buf *out);

/* A response that is errors only, for what fails before there is a request (no query, body is no JSON). */
void graphql_error_write(struct str message, json_t *extensions, struct buf *out);
