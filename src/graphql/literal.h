/*
 * literal.h — values written in a document or schema: are they of the type, and what are they?
 *
 * Specs: GraphQL October 2021 §3.12, §5.6, §6.4.1.   Threads: any; no state of its own.
 */
#pragma once

#include "base/json.h"
#include "graphql/schema.h"

struct problems;

/*
 * Adds a problem for everything in `value` that is not of `type` (NULL: of a type that nobody knows). Variables
 * are noted in `scope` with the type that their place expects.
 */
void literal_check(struct problems *problems, struct scope *scope, struct value *value, const struct type_ref *type);
/* An argument or member, whose place has a default value or not. */
void literal_check_input(struct problems *problems, struct scope *scope, struct value *value,
                         const struct input_def *input);

enum literal_state {
    LITERAL_OK,
    LITERAL_ABSENT,  /* a variable that has no value */
    LITERAL_INVALID, /* null where it must not be, by a variable */
};

/*
 * A new reference to what a checked literal means: defaults filled in, enums as strings. `variables` are the
 * coerced ones of the operation.
 */
enum literal_state literal_coerce(const struct value *value, const struct type_ref *type, const json_t *variables,
                                  json_t **ret_json);
