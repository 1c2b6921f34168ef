/*
 * encode.h — what the rules decided, as the dialect's bytes.
 *
 * Threads: any.
 */
#pragma once

#include "oauth/call.h"

struct arena;
struct dialect;
struct error_shape;
struct exchange;
struct face_pages;
struct form_field;
struct reply_shape;
struct request_field;

/* No reply grows past this. */
#define REPLY_MAX (1 << 20)

/* Answers with the shape and the call's facts. */
void encode_reply(struct exchange *exchange, struct call *call, const struct reply_shape *shape);

/* Answers with bytes that are there already, in the shape's status and headers. */
void encode_bytes(struct exchange *exchange, struct call *call, const struct reply_shape *shape, struct str body);

/* Answers with call->refusal in its shape. `allow`: methods for a 405, else absent. */
void encode_refusal(struct exchange *exchange, struct call *call, const struct error_shape *shapes, struct str allow);

/* The same in another status than the shape's, and without a challenge. */
void encode_refusal_as(struct exchange *exchange, struct call *call, const struct error_shape *shapes,
                       unsigned status);

/* Gives facts the values that the dialect calls them by. Once, before the reply is encoded. */
void encode_fact_values(struct call *call, const struct dialect *dialect);

/* Answers an authorization request, refused or not, by way of call->authorize.redirect_uri. */
void encode_redirect(struct exchange *exchange, struct call *call, const struct dialect *dialect,
                     const struct reply_shape *shape, const struct face_pages *pages);
/* The redirect_uri with the fields in its query or fragment. It keeps the query that it has, but for parameters of
 * the fields' names: none may come twice. [RFC6749 3.1] [RFC6749 3.1.2] */
struct str encode_location(struct arena *arena, struct str redirect_uri, enum response_mode mode,
                           const struct form_field *fields, size_t count);

/* Answers in no dialect: nobody is at this path. */
void encode_plain_refusal(struct exchange *exchange, enum refusal refusal);

/* Adds the shape's headers but those of `names`, `count` of them. */
void encode_headers_but(struct exchange *exchange, const struct call *call, const struct reply_shape *shape,
                        const struct str *names, size_t count);

/* Adds those of the shape's headers that tell how much is left. */
void encode_limits(struct exchange *exchange, const struct call *call, const struct reply_shape *shape);

/* Before a request goes on to the API: sets the facts that its answer will tell of. How many bytes of the reply's
 * head that takes at most. */
size_t encode_prepare_forwarded(struct exchange *exchange, struct call *call, const struct dialect *dialect);
/* Adds what the dialect puts on the API's own answers: what is left of the limits, and headers of the guard's reply
 * that the answer with these fields has not got. */
void encode_forwarded(struct exchange *exchange, const struct call *call, const struct dialect *dialect,
                      const struct request_field *fields, size_t count);

/* Sets the facts about the request that templates may name. */
void encode_request_facts(struct exchange *exchange, struct call *call);

/* Sets the facts `error`, `error_description` and the dialect's constants. */
void encode_error_facts(struct call *call, const struct error_shape *shapes);

/* The identity headers as they are told to an API, IDENTITY_COUNT of them: `-` where there is nothing to say. */
#define IDENTITY_COUNT 7
struct request_field;
void encode_identity_fields(const struct call *call, struct request_field *fields);

/* The identity headers of the guard; `-` where there is nothing to say, so that a gateway always overwrites. */
void encode_identity(struct exchange *exchange, const struct call *call);
