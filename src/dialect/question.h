/*
 * question.h — a GraphQL request as HTTP carries it: in a JSON body, or in the address.
 *
 * Specs: GraphQL over HTTP.   Threads: any.
 */
#pragma once

#include "base/json.h"
#include "base/outcome.h"
#include "base/text.h"

struct call;
struct request;

struct question {
    struct str query;
    struct str operation_name; /* absent: none is named */
    const json_t *variables;   /* an object or NULL */
};

/* Of a POST its body, of any other method the address. Refuses what is none. */
STEP question_read(struct call *call, const struct request *request, struct question *ret_question);

/* The points that the request will cost, at least 1: of all its queries, for it may be a list of them, wherever they
 * stand and whatever its content type says. `request` is a struct request; fits guarded_request.estimate. */
int64_t question_estimate(const struct call *call, const void *request);
