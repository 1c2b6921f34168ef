/*
 * validate.h — may this document be executed against this schema?
 *
 * First what it costs (cost.c): cycles and bombs stop everything else. Then each selection (validate.c), what
 * is used in the whole document (usage.c), and whether fields that share a response key can be merged (merge.c).
 * On the way the syntax tree learns its types.
 *
 * Specs: GraphQL October 2021 §5.   Threads: a document belongs to its exchange.
 */
#pragma once

#include "graphql/graphql.h"
#include "graphql/problem.h"
#include "graphql/schema.h"

struct validation {
    struct problems *problems;
    const struct graphql_schema *schema;
    struct document *document;
    const struct graphql_limits *limits;
    struct scope *scope; /* of the operation or fragment at hand */
};

/* Whatever is wrong becomes a problem. */
void document_validate(struct validation *validation);

/* Its parts, in this order. */
void cost_check(struct validation *validation);
void usage_check(struct validation *validation);
void merge_check(struct validation *validation);

struct fragment *document_find_fragment(const struct document *document, struct str name);
