/*
 * revoke.c — a client gives a token back.
 *
 * An unknown token is as good as a revoked one, another client's is left alone and answered alike. Revoking a
 * refresh token revokes its grant and with it every access token. A public client has its name to say, and the token.
 *
 * Specs: RFC 7009.
 */
#include "oauth/call.h"
#include "oauth/client.h"
#include "oauth/token.h"
#include "store/tokens.h"

enum outcome revoke_check(struct call *call)
{
    TRY(client_check_credentials(call));
    REQUIRE(call, call_parameter(call, PARAMETER_token).len, token_parameter_missing);
    return OK;
}

static STEP find_access(struct call *call, struct store_reader *reader, struct str token, bool *ret_found)
{
    struct access_token_row *row;
    struct digest hash;
    *ret_found = false;
    if (!token_read(&call->realm->access_token.format, token, &call->presented_id, &hash))
        return OK;
    TRY(access_token_find(reader, call->arena, call->presented_id, &row));
    *ret_found = row && digest_equal(&row->secret_hash, &hash) && row->client_id == call->client->id;
    return OK;
}

static STEP find_refresh(struct call *call, struct store_reader *reader, struct str token, bool *ret_found)
{
    struct refresh_token_row *row;
    struct digest hash;
    int64_t id;
    *ret_found = false;
    if (!token_read(&call->realm->refresh_token.format, token, &id, &hash))
        return OK;
    TRY(refresh_token_find(reader, call->arena, id, &row));
    *ret_found = row && digest_equal(&row->secret_hash, &hash) && row->client_id == call->client->id;
    if (*ret_found)
        call->presented_grant_id = row->grant_id;
    return OK;
}

/* [RFC7009 2.1] The hint may be wrong or unknown: both kinds are looked at whatever it says. */
enum outcome revoke_prepare(struct call *call, struct store_reader *reader)
{
    struct str token = call_parameter(call, PARAMETER_token);
    bool is_access, is_refresh;
    TRY(client_identify(call, reader));
    TRY(find_access(call, reader, token, &is_access));
    TRY(find_refresh(call, reader, token, &is_refresh));
    call->presented_is_refresh = is_refresh;
    call->is_settled = !is_access && !is_refresh;
    return OK;
}

enum outcome revoke_apply(struct call *call, struct store_tx *tx)
{
    if (call->presented_is_refresh)
        return grant_revoke(tx, call->presented_grant_id, call->now);
    return access_token_delete(tx, call->presented_id);
}
