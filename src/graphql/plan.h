/*
 * plan.h — what an operation's response consists of.
 *
 * Fields of a selection are gathered with fragments spread, @skip and @include applied and equal response keys
 * merged, once for each object type that turns up.
 *
 * Specs: GraphQL October 2021 §6.   Threads: belongs to its exchange.
 */
#pragma once

#include "graphql/graphql.h"
#include "graphql/problem.h"
#include "graphql/schema.h"

/* Selections that are merged into one. */
struct selection_part {
    struct selection_part *next;
    const struct selection *selections;
};

struct planned_field {
    struct planned_field *next;
    struct str response_key;
    const struct field_def *def;
    const struct selection *selection; /* the first that asked for it */
    struct selection_part *parts;      /* what is selected inside */
    struct selection_part **last_part;
    struct planned_set *sets;    /* the inside, by object type; made when it is needed */
    struct graphql_field *field; /* of a root field that the caller resolves */
};

struct planned_set {
    struct planned_set *next;
    const struct type_def *type;
    struct planned_field *fields;
};

struct plan {
    const struct graphql_schema *schema;
    struct arena *arena;
    struct str source;
    struct document *document;
    const struct operation *operation;
    const json_t *variables;   /* coerced */
    struct planned_field root; /* of no field: its parts are the operation's selections */
};

/* The fields inside `field` for a value of `type`. */
const struct planned_field *plan_inside(struct plan *plan, struct planned_field *field, const struct type_def *type);

/*
 * A new object with the field's arguments, in the order of the schema. NULL after a problem: null arrived by a
 * variable where it must not.
 */
json_t *plan_arguments(struct plan *plan, struct problems *problems, const struct planned_field *field);

/* Chooses the operation, coerces variables and fills in the request's fields. */
void plan_request(struct plan *plan, struct problems *problems, struct str operation_name, const json_t *variables,
                  const struct graphql_limits *limits, struct graphql_request *request);
