/*
 * grant_service_account.c — a client acts for a principal that is no person, by the account's id and secret.
 */
#include "oauth/grant.h"

#include "crypto/digest.h"
#include "oauth/call.h"
#include "store/applications.h"

enum outcome service_account_check(struct call *call)
{
    REQUIRE(call, call_parameter(call, PARAMETER_account_id).len, account_missing);
    REQUIRE(call, call_parameter(call, PARAMETER_account_secret).len, account_missing);
    return OK;
}

enum outcome service_account_prepare(struct call *call, struct store_reader *reader)
{
    struct str account_id = call_parameter(call, PARAMETER_account_id);
    struct digest hash = digest_sha256(call_parameter(call, PARAMETER_account_secret));
    TRY(account_find(reader, call->arena, call->realm->id, account_id, &call->account));
    REQUIRE(call, call->account, account_unknown);
    REQUIRE(call, digest_equal(&call->account->secret_hash, &hash), account_secret_wrong);
    REQUIRE(call, call->account->suspended_at == 0, account_suspended);
    return grant_scope(call, GRANT_SERVICE_ACCOUNT);
}

enum outcome service_account_apply(struct call *call, struct store_tx *tx)
{
    return grant_begin(call, tx);
}
