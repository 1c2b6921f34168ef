/*
 * guard.c — may this request pass? And whoami: the same for the token's holder.
 *
 * Specs: RFC 6750 §2.1, §3.
 */
#include "oauth/bearer.h"
#include "oauth/call.h"
#include "oauth/scope.h"
#include "store/people.h"

enum outcome guard_check(struct call *call)
{
    /* [RFC6750 3.1] Without authentication information, or with another scheme's, no error code is told. */
    REQUIRE(call, call->authorization.is_present && !call->authorization.is_basic, authorization_missing);
    REQUIRE(call, !call->authorization.is_malformed, authorization_malformed);
    REQUIRE(call, call->authorization.token.len, authorization_malformed);
    return OK;
}

enum outcome guard_prepare(struct call *call, struct store_reader *reader)
{
    TRY(bearer_read(call, reader, call->authorization.token));
    REQUIRE(call, scope_contains(call->scope, call->needed_scope), scope_insufficient);
    if (str_is_present(call->needed_instance))
        REQUIRE(call, call->instance && str_equal(call->instance->name, call->needed_instance), instance_differs);
    call->is_settled = true;
    return OK;
}
