/*
 * grant_client_credentials.c — a client asks for itself. [RFC6749 4.4]
 */
#include "oauth/grant.h"

#include "oauth/call.h"
#include "oauth/scope.h"

/* The values that JSON, forms and GraphQL spell for "yes". */
static bool asks_for_limited(const struct call *call)
{
    struct str value = call_parameter(call, PARAMETER_limited_scope);
    return str_equal(value, STR("true")) || str_equal(value, STR("1"));
}

enum outcome client_credentials_check(struct call *call)
{
    REQUIRE(call, !asks_for_limited(call) || call->realm->limited_lifetime_seconds, limited_not_offered);
    return OK;
}

enum outcome client_credentials_prepare(struct call *call, struct store_reader *reader)
{
    (void)reader;
    if (!asks_for_limited(call))
        return grant_scope(call, GRANT_CLIENT_CREDENTIALS);
    TRY(scope_check_known(call, call_parameter(call, PARAMETER_scope)));
    call->lifetime_seconds = call->realm->limited_lifetime_seconds;
    call->gives_refresh_token = false;
    return scope_give(call, SCOPE_BY_CLIENT, call->realm->limited_scope);
}

/* [RFC6749 4.4.3] A refresh token SHOULD NOT be included: policy may, and only then there is a grant row. */
enum outcome client_credentials_apply(struct call *call, struct store_tx *tx)
{
    if (call->gives_refresh_token)
        return grant_begin(call, tx);
    return grant_issue_access(call, tx, 0);
}
