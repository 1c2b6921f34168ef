#include "oauth/grant.h"

#include "oauth/scope.h"
#include "store/store.h"
#include "store/tokens.h"

static const struct grant_kind kinds[GRANT_TYPE_COUNT] = {
    [GRANT_CLIENT_CREDENTIALS] = {STR_INIT("client_credentials"), GRANT_CLIENT_CREDENTIALS, client_credentials_check,
                                  client_credentials_prepare, client_credentials_apply},
    [GRANT_REFRESH_TOKEN] = {STR_INIT("refresh_token"), GRANT_REFRESH_TOKEN, refresh_token_check,
                             refresh_token_prepare, refresh_token_apply},
    [GRANT_SERVICE_ACCOUNT] = {STR_INIT("service_account"), GRANT_SERVICE_ACCOUNT, service_account_check,
                               service_account_prepare, service_account_apply},
};

const struct grant_kind *grant_kind_find(struct str name)
{
    for (int type = 0; type < GRANT_TYPE_COUNT; type++)
        if (str_equal(kinds[type].name, name))
            return &kinds[type];
    return NULL;
}

struct str grant_kind_name(enum grant_type type)
{
    return kinds[type].name;
}

enum outcome grant_scope(struct call *call)
{
    const struct grant_policy *policy = &call->realm->grants[call->grant_kind->type];
    struct str requested = call_parameter(call, PARAMETER_scope);
    if (!str_is_present(policy->scope))
        return scope_for_client(call, requested);
    TRY(scope_check_known(call, requested));
    return scope_give(call, policy->scope);
}

enum outcome grant_issue_access(struct call *call, struct store_tx *tx, int64_t grant_id)
{
    struct access_token_row row = {
        .secret_hash = call->access.secret_hash,
        .client_id = call->client->id,
        .grant_id = grant_id,
        .expires_at = call->lifetime_seconds ? call->now + call->lifetime_seconds : 0,
    };
    TRY(scope_set_intern(tx, call->scope, &row.scope_set));
    row.id = store_tx_token_id(tx, call->now);
    call->access.id = row.id;
    return access_token_insert(tx, &row);
}

enum outcome grant_issue_refresh(struct call *call, struct store_tx *tx, int64_t grant_id, struct str scope)
{
    int64_t lifetime = call->realm->refresh_token.lifetime_seconds;
    struct refresh_token_row row = {
        .secret_hash = call->refresh.secret_hash,
        .client_id = call->client->id,
        .grant_id = grant_id,
        .expires_at = lifetime ? call->now + lifetime : 0,
    };
    TRY(scope_set_intern(tx, scope, &row.scope_set));
    row.id = store_tx_token_id(tx, call->now);
    call->refresh.id = row.id;
    return refresh_token_insert(tx, &row);
}

enum outcome grant_begin(struct call *call, struct store_tx *tx, int64_t account_id)
{
    struct grant_row grant = {.client_id = call->client->id, .account_id = account_id, .created_at = call->now};
    TRY(scope_set_intern(tx, call->scope, &grant.scope_set));
    TRY(grant_insert(tx, &grant, &grant.id));
    TRY(grant_issue_access(call, tx, grant.id));
    if (!call->gives_refresh_token)
        return OK;
    return grant_issue_refresh(call, tx, grant.id, call->scope);
}
