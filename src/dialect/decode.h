/*
 * decode.h — bytes to named parameters, as a dialect spells them. Looks nothing up, decides nothing.
 *
 * Specs: WHATWG URL §5 (forms), RFC 8259, RFC 6749 §2.3.1 and Appendix B, RFC 9110 §11.   Threads: any.
 */
#pragma once

#include "base/json.h"
#include "base/outcome.h"
#include "base/text.h"

struct arena;
struct authorization;
struct call;
struct dialect;
struct endpoint;
struct request;
struct spelling;

/* More pairs than this in one form are refused. */
#define PARAMETERS_MAX 64

/* The body, the query's leaks and the Authorization header of an ordinary endpoint. */
STEP decode_request(const struct dialect *dialect, const struct endpoint *endpoint, const struct request *request,
                    struct call *call);

/* The members of a JSON object; texts, whole numbers and truth values. Unknown members are ignored. */
STEP decode_members(const struct spelling *spelling, const json_t *object, struct call *call);

/* What becomes of a parameter that comes more than once. */
enum repeats {
    REPEATS_REFUSED,
    REPEATS_REPLACE, /* the last one counts */
    REPEATS_NOTED, /* the last one is kept and call->repeated says so: the rules refuse it once they know where to */
};

/* A form's pairs, of a body or a query. */
STEP decode_form(const struct spelling *spelling, struct str form, enum repeats repeats, struct call *call);

/* An authorization request: the query of a GET, the form of a POST. [RFC6749 3.1] */
STEP decode_question(const struct dialect *dialect, const struct endpoint *endpoint, const struct request *request,
                     struct call *call);
/* The same request as path and query, whatever way it came; what nobody reads and what may not be in a URL is left
 * out of a form. */
struct str decode_target(const struct endpoint *endpoint, const struct request *request, struct arena *arena);

/* Refuses a query that carries a secret under its wire or standard name, or one of the dialect's secret_names. After
 * decode_authorization. */
STEP decode_query(const struct dialect *dialect, const struct endpoint *endpoint, struct str query,
                  struct call *call);

/* Never refuses: what cannot be read is marked malformed. An unknown scheme is not present. */
void decode_authorization(const struct dialect *dialect, struct str header, struct call *call);

/* One of enum body_kind, or 0 for a media type that no dialect reads. Parameters such as charset do not matter. */
unsigned decode_body_kind(struct str content_type);

/* Fills in the endpoint's fixed and default values, and translates values that the API calls otherwise. */
void decode_finish(const struct spelling *spelling, struct call *call);
