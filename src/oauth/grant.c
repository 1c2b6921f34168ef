#include "oauth/grant.h"

#include "oauth/scope.h"
#include "store/applications.h"
#include "store/people.h"
#include "store/store.h"
#include "store/tokens.h"

static const struct grant_kind kinds[GRANT_TYPE_COUNT] = {
    [GRANT_CLIENT_CREDENTIALS] = {STR_INIT("client_credentials"), GRANT_CLIENT_CREDENTIALS, false,
                                  client_credentials_check, client_credentials_prepare, NULL,
                                  client_credentials_apply},
    [GRANT_REFRESH_TOKEN] = {STR_INIT("refresh_token"), GRANT_REFRESH_TOKEN, true, refresh_token_check,
                             refresh_token_prepare, NULL, refresh_token_apply},
    [GRANT_SERVICE_ACCOUNT] = {STR_INIT("service_account"), GRANT_SERVICE_ACCOUNT, false, service_account_check,
                               service_account_prepare, NULL, service_account_apply},
    [GRANT_AUTHORIZATION_CODE] = {STR_INIT("authorization_code"), GRANT_AUTHORIZATION_CODE, true,
                                  authorization_code_check, authorization_code_prepare, NULL,
                                  authorization_code_apply},
    /* [RFC6749 4.2] At the authorization endpoint only. */
    [GRANT_IMPLICIT] = {STR_INIT("implicit"), GRANT_IMPLICIT, false, NULL, NULL, NULL, NULL},
    [GRANT_PASSWORD] = {STR_INIT("password"), GRANT_PASSWORD, false, password_check, password_prepare, password_prove,
                        password_apply},
};

const struct grant_kind *grant_kind_find(struct str name)
{
    for (int type = 0; type < GRANT_TYPE_COUNT; type++)
        if (kinds[type].apply && str_equal(kinds[type].name, name))
            return &kinds[type];
    return NULL;
}

struct str grant_kind_name(enum grant_type type)
{
    return kinds[type].name;
}

static enum scope_giver find_giver(enum grant_type type)
{
    bool is_user = type == GRANT_AUTHORIZATION_CODE || type == GRANT_IMPLICIT || type == GRANT_PASSWORD;
    return is_user ? SCOPE_BY_USER : SCOPE_BY_CLIENT;
}

enum outcome grant_scope(struct call *call, enum grant_type type)
{
    const struct grant_policy *policy = &call->realm->grants[type];
    struct str requested = call_parameter(call, PARAMETER_scope);
    if (!str_is_present(policy->scope))
        return scope_settle(call, find_giver(type), requested);
    TRY(scope_check_known(call, requested));
    return scope_give(call, find_giver(type), policy->scope);
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

enum outcome grant_open(struct call *call, struct store_tx *tx, int64_t *ret_grant_id)
{
    struct grant_row grant = {
        .client_id = call->client->id,
        .account_id = call->account ? call->account->id : 0,
        .user_id = call->user ? call->user->id : 0,
        .instance_id = call->instance ? call->instance->id : 0,
        .created_at = call->now,
    };
    TRY(scope_set_intern(tx, call->scope, &grant.scope_set));
    return grant_insert(tx, &grant, ret_grant_id);
}

enum outcome grant_begin(struct call *call, struct store_tx *tx)
{
    int64_t grant_id;
    TRY(grant_open(call, tx, &grant_id));
    if (call->gives_refresh_token)
        TRY(grant_issue_refresh(call, tx, grant_id, call->scope));
    return grant_issue_access(call, tx, grant_id);
}

enum outcome grant_check_user(struct call *call, struct store_reader *reader, const struct user_row *user,
                              const struct instance_row *instance)
{
    bool belongs;
    REQUIRE(call, user && user->realm_id == call->realm->id && user->disabled_at == 0, user_disabled);
    if (!instance)
        return OK;
    TRY(membership_find(reader, call->arena, user->id, instance->id, &belongs));
    REQUIRE(call, belongs && instance->realm_id == call->realm->id, instance_gone);
    return OK;
}

static STEP check_account(struct call *call, struct store_reader *reader, int64_t account_id)
{
    TRY(account_find_row(reader, call->arena, account_id, &call->account));
    REQUIRE(call, call->account && call->account->suspended_at == 0, account_suspended);
    return OK;
}

enum outcome grant_check(struct call *call, struct store_reader *reader, const struct grant_row *grant)
{
    REQUIRE(call, grant && grant->revoked_at == 0, grant_revoked);
    if (grant->account_id)
        return check_account(call, reader, grant->account_id);
    if (grant->user_id == 0)
        return OK;
    TRY(user_find_row(reader, call->arena, grant->user_id, &call->user));
    if (grant->instance_id) {
        TRY(instance_find_row(reader, call->arena, grant->instance_id, &call->instance));
        REQUIRE(call, call->instance, instance_gone);
    }
    return grant_check_user(call, reader, call->user, call->instance);
}
