/*
 * desk_charge.c — the desk that the API's servers tell what a request has cost: POST /usage/REALM.
 *
 * In a form or JSON, or in the headers that the guard gave the gateway, so that a gateway can send them back as they
 * are; what stands in the body counts first.
 */
#include "dialect/decode.h"
#include "dialect/desk.h"
#include "dialect/encode.h"
#include "dialect/face.h"
#include "dialect/shape.h"
#include "http/message.h"
#include "oauth/call.h"

static void read_header(const struct exchange *exchange, const char *name, struct call *call,
                        enum parameter parameter)
{
    struct str value = request_header(exchange, name);
    if (!str_is_present(call->parameters[parameter]) && str_is_present(value) && str_is_utf8(value))
        call->parameters[parameter] = value;
}

static enum outcome decode(struct exchange *exchange, const struct desk *desk, struct call *call)
{
    TRY(decode_request(desk->dialect, desk->endpoint, &exchange->request, call));
    read_header(exchange, "X-Jeton-Client", call, PARAMETER_client_id);
    read_header(exchange, "X-Jeton-Subject", call, PARAMETER_subject);
    read_header(exchange, "X-Jeton-Cost", call, PARAMETER_points);
    if (!str_is_present(call_parameter(call, PARAMETER_path))) {
        read_header(exchange, "X-Original-URI", call, PARAMETER_path);
        read_header(exchange, "X-Original-Method", call, PARAMETER_method);
    }
    return OK;
}

void desk_serve_charge(struct exchange *exchange, const struct desk *desk, const struct face_means *means,
                       unsigned parts)
{
    struct call *call = desk_call(exchange, desk);
    call->must_authenticate = parts & FACE_PUBLIC;
    if (decode(exchange, desk, call) == OK)
        (void)desk_prepare(desk->endpoint->operation, call, means->store);
    desk_count_call(exchange, desk, call);
    if (call->refusal)
        encode_refusal(exchange, call, desk->dialect->errors, STR_NONE);
    else
        encode_reply(exchange, call, &desk->endpoint->reply);
    desk_count(exchange, desk);
}
