/*
 * token_request.c — the token endpoint: authenticate, find the grant type, issue, tell.
 *
 * Specs: RFC 6749 §3.2, §5.
 */
#include "oauth/call.h"

#include "oauth/client.h"
#include "oauth/grant.h"
#include "oauth/limit.h"
#include "oauth/subject.h"
#include "oauth/token.h"
#include "store/applications.h"

enum outcome token_check(struct call *call)
{
    struct str grant_type = call_parameter(call, PARAMETER_grant_type);
    TRY(client_check_credentials(call));
    REQUIRE(call, grant_type.len, grant_type_missing);
    call->grant_kind = grant_kind_find(grant_type);
    REQUIRE(call, call->grant_kind, grant_type_unknown);
    REQUIRE(call, call->realm->grants[call->grant_kind->type].is_allowed, grant_type_unknown);
    return OK;
}

/* A service account's secret is guessed as a client's is; passwords have their own delays. */
static enum outcome note_failure(struct call *call, enum outcome outcome)
{
    if (outcome == REFUSED &&
        (call->refusal == REFUSED_account_unknown || call->refusal == REFUSED_account_secret_wrong))
        limit_note_failure(call);
    return outcome;
}

enum outcome token_prepare(struct call *call, struct store_reader *reader)
{
    const struct realm *realm = call->realm;
    const struct grant_policy *policy = &realm->grants[call->grant_kind->type];

    TRY(call->grant_kind->takes_public_clients ? client_identify(call, reader) : client_authenticate(call, reader));
    TRY(limit_take_token(call));
    REQUIRE(call, !policy->is_for_trusted_clients || call->client->flags & CLIENT_IS_TRUSTED, grant_not_allowed);
    TRY(call->grant_kind->check(call));
    call->lifetime_seconds = realm->access_token.lifetime_seconds;
    call->gives_refresh_token = policy->gives_refresh_token;
    TRY(note_failure(call, call->grant_kind->prepare(call, reader)));
    if (!str_is_present(call->access.secret))
        token_draft_random(call->arena, &realm->access_token.format, &call->access);
    if (call->gives_refresh_token && !str_is_present(call->refresh.secret))
        token_draft_random(call->arena, &realm->refresh_token.format, &call->refresh);
    return OK;
}

enum outcome token_prove(struct call *call)
{
    return call->grant_kind->prove(call);
}

enum outcome token_apply(struct call *call, struct store_tx *tx)
{
    if (call->secret_id)
        TRY(secret_use(tx, call->secret_id, call->now));
    return call->grant_kind->apply(call, tx);
}

static struct str refresh_text(const struct call *call)
{
    if (call->refresh.id == 0)
        return call_parameter(call, PARAMETER_refresh_token);
    return token_write(call->arena, &call->realm->refresh_token.format, &call->refresh);
}

void token_conclude(struct call *call)
{
    const struct realm *realm = call->realm;
    call_set_text(call, FACT_access_token, token_write(call->arena, &realm->access_token.format, &call->access));
    if (call->lifetime_seconds)
        call_set_number(call, FACT_expires_in, call->lifetime_seconds);
    call_set_text(call, FACT_scope, call->scope);
    if (call->gives_refresh_token)
        call_set_text(call, FACT_refresh_token, refresh_text(call));
    call_set_text(call, FACT_client_id, call->client->client_id);
    call_set_text(call, FACT_environment, call->client->environment);
    call_set_number(call, FACT_issued_at, call->now);
    subject_tell(call);
}
