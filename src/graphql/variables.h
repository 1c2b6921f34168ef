/*
 * variables.h — the JSON values of an operation's variables, made to fit their types.
 *
 * Specs: GraphQL October 2021 §6.1.2.   Threads: any; no state of its own.
 */
#pragma once

#include "base/json.h"
#include "graphql/schema.h"

struct problems;

/*
 * A new object with a member for each variable that has a value. `given` may be NULL. Whatever does not fit adds a
 * problem.
 */
json_t *variables_coerce(struct problems *problems, const struct variable *variables, const json_t *given);
