/*
 * introspect.c — what a token is worth, for the API's own servers.
 *
 * Specs: RFC 7662.
 */
#include "base/arena.h"
#include "oauth/bearer.h"
#include "oauth/call.h"
#include "oauth/client.h"
#include "oauth/token.h"
#include "store/applications.h"
#include "store/store.h"
#include "store/tokens.h"

enum outcome introspect_check(struct call *call)
{
    TRY(client_check_credentials(call));
    REQUIRE(call, call_parameter(call, PARAMETER_token).len, token_parameter_missing);
    return OK;
}

/* The refresh token's own facts; the hint is only a hint [RFC7662 2.1], formats tell kinds apart or ids do. */
static STEP read_refresh(struct call *call, struct store_reader *reader, struct str token)
{
    struct refresh_token_row *row;
    struct grant_row *grant;
    struct digest hash;
    int64_t id;

    REQUIRE(call, token_read(&call->realm->refresh_token.format, token, &id, &hash), token_unknown);
    TRY(refresh_token_find(reader, call->arena, id, &row));
    REQUIRE(call, row && digest_equal(&row->secret_hash, &hash), token_unknown);
    TRY(client_find_row(reader, call->arena, row->client_id, &call->client));
    REQUIRE(call, call->client && call->client->realm_id == call->realm->id, token_unknown);
    REQUIRE(call, row->expires_at == 0 || row->expires_at > call->now, token_expired);
    REQUIRE(call, row->rotated_at == 0 && call->client->suspended_at == 0, token_revoked);
    TRY(grant_find(reader, call->arena, row->grant_id, &grant));
    REQUIRE(call, grant && grant->revoked_at == 0, token_revoked);
    TRY(scope_set_text(reader, call->arena, row->scope_set, &call->scope));
    call_set_text(call, FACT_client_id, call->client->client_id);
    call_set_text(call, FACT_environment, call->client->environment);
    call_set_text(call, FACT_scope, call->scope);
    call_set_text(call, FACT_token_id, arena_printf(call->arena, "%lld", (long long)row->id));
    call_set_text(call, FACT_token_kind, STR("refresh_token"));
    call_set_number(call, FACT_issued_at, token_id_time(row->id));
    if (row->expires_at)
        call_set_number(call, FACT_expires_at, row->expires_at);
    return OK;
}

static STEP read_either(struct call *call, struct store_reader *reader, struct str token)
{
    enum outcome outcome = bearer_read(call, reader, token);
    if (outcome != REFUSED)
        return outcome;
    call->refusal = NOT_REFUSED;
    call->facts.present = 0;
    return read_refresh(call, reader, token);
}

/* [RFC7662 2.2] Not live, or not the caller's to know: active is false and nothing else is said. */
static void set_inactive(struct call *call)
{
    call->refusal = NOT_REFUSED;
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
