/*
 * decode.h — bytes to named parameters, as a dialect spells them. Looks nothing up, decides nothing.
 *
 * Specs: WHATWG URL §5 (forms), RFC 8259, RFC 6749 §2.3.1 and Appendix B, RFC 9110 §11.   Threads: any.
 */
#pragma once

#include "base/json.h"
#include "base/outcome.h"
#include "base/text.h"

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

/* A form's pairs. `last_wins`: a repeated parameter replaces the one before, else it is refused. */
STEP decode_form(const struct spelling *spelling, struct str body, bool last_wins, struct call *call);

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
