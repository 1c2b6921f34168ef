/*
 * encode.h — what the rules decided, as the dialect's bytes.
 *
 * Threads: any.
 */
#pragma once

#include "oauth/call.h"

struct dialect;
struct error_shape;
struct exchange;
struct reply_shape;

/* No reply grows past this. */
#define REPLY_MAX (1 << 20)

/* Answers with the shape and the call's facts. */
void encode_reply(struct exchange *exchange, struct call *call, const struct reply_shape *shape);

/* Answers with bytes that are there already, in the shape's status and headers. */
void encode_bytes(struct exchange *exchange, struct call *call, const struct reply_shape *shape, struct str body);

/* Answers with call->refusal in its shape. `allow`: methods for a 405, else absent. */
void encode_refusal(struct exchange *exchange, struct call *call, const struct error_shape *shapes, struct str allow);

/* Answers in no dialect: nobody is at this path. */
void encode_plain_refusal(struct exchange *exchange, enum refusal refusal);

/* Sets the facts `error`, `error_description` and the dialect's constants. */
void encode_error_facts(struct call *call, const struct error_shape *shapes);

/* The identity headers of the guard; `-` where there is nothing to say, so that a gateway always overwrites. */
void encode_identity(struct exchange *exchange, const struct call *call);
