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
struct query_estimate;
struct request;

struct question {
    struct str query;
    struct str operation_name; /* absent: none is named */
    const json_t *variables;   /* an object or NULL */
};

/* Of a POST its body, of any other method the address. Refuses what is none. */
STEP question_read(struct call *call, const struct request *request, struct question *ret_question);

/*
 * What the request will cost and whether it only reads: of all its queries, for it may be a list of them, in its body
 * or, without one, in its address. Unreadable is what another server could take for another request: a body that is
 * compressed, not what its content type says, or has names that some take for others; a query that is none; an
 * address with a query beside a body. Whoever sends something but no query means a stored one, of which the API knows
 * the text: it counts 1 and may change something. `request` is a struct request; fits guarded_request.estimate.
 */
struct query_estimate question_estimate(const struct call *call, const void *request);
