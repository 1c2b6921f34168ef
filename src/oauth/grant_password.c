/*
 * grant_password.c — the client has asked the user's name and password itself. [RFC6749 4.3]
 *
 * There is nobody who could be asked for a second step or for an instance: users who have (or must have) a second
 * factor come by the authorization endpoint, and who belongs to several instances gets a token of none.
 */
#include "oauth/grant.h"

#include "base/arena.h"
#include "identity/factor.h"
#include "identity/sign_in.h"
#include "store/people.h"
#include "store/store.h"

enum outcome password_check(struct call *call)
{
    REQUIRE(call, call_parameter(call, PARAMETER_username).len, username_missing);
    REQUIRE(call, call_parameter(call, PARAMETER_password).len, username_missing);
    return OK;
}

static STEP check_verdict(struct call *call)
{
    enum sign_in_verdict verdict = call->sign_in->verdict;
    REQUIRE(call, verdict != SIGN_IN_DELAYED, sign_in_delayed);
    REQUIRE(call, verdict != SIGN_IN_WRONG, password_wrong);
    REQUIRE(call, verdict != SIGN_IN_DISABLED, user_disabled);
    return OK;
}

/* [RFC6749 4.3.2] MUST protect the endpoint against brute force attacks: sign_in counts the wrong ones. */
enum outcome password_prepare(struct call *call, struct store_reader *reader)
{
    TRY(grant_scope(call, GRANT_PASSWORD));
    call->sign_in = arena_new(call->arena, struct sign_in);
    *call->sign_in = (struct sign_in){
        .arena = call->arena,
        .people = &call->realm->people,
        .now = call->now,
        .username = call_parameter(call, PARAMETER_username),
        .password = call_parameter(call, PARAMETER_password),
        .client_address = call->client_address,
    };
    TRY(sign_in_prepare(call->sign_in, reader));
    call->must_prove = true;
    return check_verdict(call);
}

enum outcome password_prove(struct call *call)
{
    sign_in_prove(call->sign_in);
    return check_verdict(call);
}

static STEP find_only_instance(struct call *call, struct store_reader *reader)
{
    struct membership_row *memberships;
    size_t count;
    TRY(membership_list(reader, call->arena, call->user->id, &memberships, &count));
    call->instance = count == 1 ? &memberships[0].instance : NULL;
    return OK;
}

enum outcome password_apply(struct call *call, struct store_tx *tx)
{
    struct store_reader *reader = store_tx_reader(tx);
    TRY(sign_in_apply(call->sign_in, tx));
    TRY(check_verdict(call));
    TRY(user_find_row(reader, call->arena, call->sign_in->user->id, &call->user));
    TRY(grant_check_user(call, reader, call->user, NULL));
    bool has_factor = factor_is_set_up(call->user) || factor_is_required(&call->realm->people, call->user);
    REQUIRE(call, !has_factor, second_factor_needed);
    TRY(find_only_instance(call, reader));
    return grant_begin(call, tx);
}
