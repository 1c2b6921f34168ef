/*
 * authorize.c — what the person's answer makes of an authorization request.
 */
#include "oauth/authorize.h"

#include "identity/form.h"
#include "oauth/grant.h"
#include "oauth/redirect.h"
#include "oauth/scope.h"
#include "oauth/token.h"
#include "store/applications.h"
#include "store/people.h"
#include "store/store.h"
#include "store/tokens.h"

/* Newer grants of one user that are looked at. Who has more is asked again. */
#define GRANTS_LOOKED_AT_MAX 200

/* A code that was used is remembered so much longer than any form that could ask for it again. */
#define FORGET_MARGIN_SECONDS 60

/* [RFC8252 8.6] Any program of the machine may answer on such a redirect_uri: that it was this client's last time
 * says nothing. */
static bool is_surely_itself(const struct call *call)
{
    return !(call->client->flags & CLIENT_IS_PUBLIC) || str_has_prefix(call->authorize.redirect_uri, STR("https:"));
}

static STEP covers(struct call *call, struct store_reader *reader, const struct grant_row *grant, bool *ret_covers)
{
    struct str granted;
    *ret_covers = false;
    if (grant->client_id != call->client->id || grant->instance_id != (call->instance ? call->instance->id : 0))
        return OK;
    TRY(scope_set_text(reader, call->arena, grant->scope_set, &granted));
    *ret_covers = scope_contains(granted, call->scope);
    return OK;
}

enum outcome authorize_is_covered(struct call *call, struct store_reader *reader, bool *ret_is_covered)
{
    struct user_grant *grants;
    size_t count;
    bool is_covered = false;
    *ret_is_covered = false;
    if (!call->realm->authorize.remembers_consent || call->authorize.must_ask || !is_surely_itself(call))
        return OK;
    TRY(grant_list_of_user(reader, call->arena, call->user->id, GRANTS_LOOKED_AT_MAX, &grants, &count));
    for (size_t i = 0; i < count && !is_covered; i++)
        TRY(covers(call, reader, &grants[i].grant, &is_covered));
    *ret_is_covered = is_covered;
    return OK;
}

/* Time has passed since the page was made: everybody must still be who and where they were. */
static STEP check_parties(struct call *call, struct store_reader *reader)
{
    struct membership_row *memberships;
    struct client_row *client;
    struct user_row *user;
    size_t count = 0;
    TRY(client_find_row(reader, call->arena, call->client->id, &client));
    REQUIRE(call, client, client_unknown);
    REQUIRE(call, client->suspended_at == 0, client_suspended);
    TRY(user_find_row(reader, call->arena, call->user->id, &user));
    TRY(grant_check_user(call, reader, user, call->instance));
    /* Nothing is given for all of a user's instances at once. */
    if (!call->instance)
        TRY(membership_list(reader, call->arena, user->id, &memberships, &count));
    REQUIRE(call, count == 0, instance_missing);
    return OK;
}

/* The same form again: the same answer, as long as it is worth something and the person has chosen nothing else. */
static STEP repeat_code(struct call *call, struct store_reader *reader, const struct code_row *row)
{
    struct grant_row *grant;
    TRY(grant_find(reader, call->arena, row->grant_id, &grant));
    REQUIRE(call, row->used_at == 0 && row->client_id == call->client->id, code_reused);
    REQUIRE(call, grant && grant->revoked_at == 0 && grant->user_id == call->user->id, code_reused);
    REQUIRE(call, grant->instance_id == (call->instance ? call->instance->id : 0), code_reused);
    REQUIRE(call, digest_equal(&row->secret_hash, &call->authorize.code.secret_hash), code_reused);
    REQUIRE(call, row->expires_at > call->now, code_expired);
    call->authorize.code.id = row->id;
    return OK;
}

static STEP issue_code(struct call *call, struct store_tx *tx)
{
    int64_t expires_at = call->now + call->realm->code.lifetime_seconds;
    int64_t form_ends_at = call->now + FORM_SECONDS;
    struct code_row row = {
        .secret_hash = call->authorize.code.secret_hash,
        .client_id = call->client->id,
        .redirect_uri = call_parameter(call, PARAMETER_redirect_uri),
        .code_challenge = call_parameter(call, PARAMETER_code_challenge),
        .submission = call->authorize.submission,
        .expires_at = expires_at,
        .forget_at = (expires_at > form_ends_at ? expires_at : form_ends_at) + FORGET_MARGIN_SECONDS,
    };
    TRY(grant_open(call, tx, &row.grant_id));
    row.id = store_tx_token_id(tx, call->now);
    call->authorize.code.id = row.id;
    return code_insert(tx, &row);
}

static STEP give_code(struct call *call, struct store_tx *tx)
{
    struct store_reader *reader = store_tx_reader(tx);
    struct authorization_request *request = &call->authorize;
    struct str source = {(const char *)request->submission.bytes, DIGEST_LEN};
    struct code_row *earlier;
    token_draft_derived(call->arena, &call->realm->code.format, &call->realm->refresh_key, STR("code"), source,
                        &request->code);
    TRY(code_find_submission(reader, call->arena, &request->submission, &earlier));
    return earlier ? repeat_code(call, reader, earlier) : issue_code(call, tx);
}

/* Whatever is refused here is the person's to hear: the client's request was in order. May run twice. */
enum outcome authorize_apply(struct call *call, struct store_tx *tx)
{
    call->authorize.redirect_uri = STR_NONE;
    TRY(check_parties(call, store_tx_reader(tx)));
    TRY(call->authorize.gives_token ? grant_begin(call, tx) : give_code(call, tx));
    call->authorize.redirect_uri = call->authorize.settled_uri;
    return OK;
}

/* [RFC6749 4.1.2, 4.2.2] */
void authorize_conclude(struct call *call)
{
    const struct authorization_request *request = &call->authorize;
    if (request->gives_token)
        token_conclude(call);
    else
        call_set_text(call, FACT_code, token_write(call->arena, &call->realm->code.format, &request->code));
    /* REQUIRED if it was in the request: the exact value. */
    call_set_text(call, FACT_state, call_parameter(call, PARAMETER_state));
    /* [RFC9207 2] */
    if (call->realm->authorize.tells_issuer)
        call_set_text(call, FACT_issuer, call->realm->issuer);
}

enum outcome authorize_deny(struct call *call)
{
    return refuse(call, REFUSED_access_denied);
}
