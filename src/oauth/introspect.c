/*
 * introspect.c — what a token is worth, for the API's own servers.
 *
 * Specs: RFC 7662.
 */
#include "oauth/bearer.h"
#include "oauth/call.h"
#include "oauth/client.h"
#include "store/rows.h"

enum outcome introspect_check(struct call *call)
{
    TRY(client_check_credentials(call));
    REQUIRE(call, call_parameter(call, PARAMETER_token).len, token_parameter_missing);
    return OK;
}

/* The hint is only a hint [RFC7662 2.1]: both kinds are looked at. */
static STEP read_either(struct call *call, struct store_reader *reader, struct str token)
{
    enum outcome outcome = bearer_read(call, reader, token);
    if (outcome != REFUSED)
        return outcome;
    call->refusal = NOT_REFUSED;
    call->facts.present = 0;
    return bearer_read_refresh(call, reader, token);
}

/* [RFC7662 2.2] Not live, or not the caller's to know: active is false and nothing else is said. */
static void set_inactive(struct call *call)
{
    call->refusal = NOT_REFUSED;
    call->token_id = 0;
    call->facts.present = 0;
    call_set_bool(call, FACT_active, false);
}

enum outcome introspect_prepare(struct call *call, struct store_reader *reader)
{
    TRY(client_authenticate(call, reader));
    const struct client_row *caller = call->client;
    enum outcome outcome = read_either(call, reader, call_parameter(call, PARAMETER_token));
    if (outcome == FAILED)
        return FAILED;
    call->is_settled = true;
    /* A client that is no resource server sees its own tokens only. */
    bool may_see = outcome == OK && (caller->flags & CLIENT_MAY_INTROSPECT || caller->id == call->client->id);
    if (!may_see) {
        set_inactive(call);
        return OK;
    }
    call_set_bool(call, FACT_active, true);
    call_set_text(call, FACT_issuer, call->realm->issuer);
    return OK;
}
