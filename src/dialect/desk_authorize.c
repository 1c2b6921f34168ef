/*
 * desk_authorize.c — an authorization endpoint: what the client asks, who is asked, and the answer's way back.
 *
 * The person is asked by the pages; nothing that was read here travels there but the request itself, which is read
 * again when the person has answered.
 *
 * Specs: RFC 6749 §3.1, §4.1.1, §4.1.2.
 */
#include "base/arena.h"
#include "dialect/decode.h"
#include "dialect/desk.h"
#include "dialect/encode.h"
#include "dialect/face.h"
#include "dialect/shape.h"
#include "http/message.h"

static struct call *read_question(struct exchange *exchange, const struct desk *desk, struct store *store,
                                  const struct request *request)
{
    struct call *call = desk_call(exchange, desk);
    if (decode_question(desk->dialect, desk->endpoint, request, call) == OK)
        desk_prepare(desk->endpoint->operation, call, store);
    return call;
}

struct call *desk_read_authorization(struct exchange *exchange, const struct desk *desk, struct store *store,
                                     struct str query)
{
    struct request request = {.method = STR("GET"), .query = query};
    return read_question(exchange, desk, store, &request);
}

/* [RFC6749 4.1.2.1] The person is told, and nobody is sent anywhere. */
static void tell_person(struct exchange *exchange, const struct desk *desk, struct call *call,
                        const struct face_pages *pages)
{
    call->facts.present = 0;
    encode_error_facts(call, desk->dialect->errors);
    if (pages->tell)
        pages->tell(pages->arg, exchange, call);
    else
        encode_plain_refusal(exchange, call->refusal);
}

void desk_answer_authorization(struct exchange *exchange, const struct desk *desk, struct call *call,
                               const struct face_pages *pages)
{
    desk_count_call(exchange, desk, call);
    if (call->refusal && !str_is_present(call->authorize.redirect_uri))
        tell_person(exchange, desk, call, pages);
    else
        encode_redirect(exchange, call, desk->dialect, &desk->endpoint->reply, pages);
    desk_count(exchange, desk);
}

void desk_serve_authorize(struct exchange *exchange, const struct desk *desk, const struct face_means *means)
{
    const struct face_pages *pages = &means->pages;
    struct call *call = read_question(exchange, desk, means->store, &exchange->request);
    bool may_redirect = str_is_present(call->authorize.redirect_uri);
    if (call->refusal && !(may_redirect && pages->ask))
        desk_answer_authorization(exchange, desk, call, pages);
    else if (pages->ask)
        pages->ask(pages->arg, exchange, call, decode_target(desk->endpoint, &exchange->request, exchange->arena));
    else
        encode_plain_refusal(exchange, REFUSED_busy);
}
