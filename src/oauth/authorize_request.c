/*
 * authorize_request.c — what a client asks for at the authorization endpoint, and whether it may be asked.
 *
 * First who asks and where the answer may go: what is wrong until then is told to the person. [RFC6749 4.1.2.1]
 */
#include "oauth/authorize.h"

#include "oauth/grant.h"
#include "oauth/pkce.h"
#include "oauth/redirect.h"
#include "oauth/token.h"
#include "store/applications.h"

static bool is_repeated(const struct call *call, enum parameter parameter)
{
    return call->repeated & UINT32_C(1) << parameter;
}

enum outcome authorize_check(struct call *call)
{
    /* [RFC6749 3.1] Request and response parameters MUST NOT be included more than once: nobody can say which of two
     * clients or places is meant. */
    REQUIRE(call, !is_repeated(call, PARAMETER_client_id), parameter_repeated);
    REQUIRE(call, !is_repeated(call, PARAMETER_redirect_uri), parameter_repeated);
    REQUIRE(call, call_parameter(call, PARAMETER_client_id).len, client_id_missing);
    /* Whoever puts it here shows it to the browser, its history and what stands between. */
    REQUIRE(call, !str_is_present(call_parameter(call, PARAMETER_client_secret)), secret_in_query);
    return OK;
}

/* [RFC6749 3.1.2.3] */
static STEP settle_redirect_uri(struct call *call)
{
    struct str asked = call_parameter(call, PARAMETER_redirect_uri);
    struct str registered = call->client->redirect_uris;
    if (asked.len == 0) {
        asked = redirect_uri_only(registered);
        REQUIRE(call, str_is_present(asked), redirect_uri_missing);
    }
    /* [RFC6749 4.1.2.1] MUST NOT automatically redirect the user-agent to the invalid redirection URI. */
    REQUIRE(call, redirect_uri_fits(asked, registered, call->realm->authorize.redirect_match), redirect_uri_unknown);
    call->authorize.settled_uri = call->authorize.redirect_uri = asked;
    return OK;
}

static enum grant_type asked_grant(const struct call *call)
{
    return call->authorize.gives_token ? GRANT_IMPLICIT : GRANT_AUTHORIZATION_CODE;
}

/* Before anything is refused: a refusal travels in the same way. Unless the mode is one that carries it, it is the
 * response type's own. [OAuth 2.0 Multiple Response Types 2.1] */
static void settle_response_mode(struct call *call)
{
    struct authorization_request *request = &call->authorize;
    request->gives_token = str_equal(call_parameter(call, PARAMETER_response_type), STR("token"));
    request->response_mode = request->gives_token ? RESPONSE_FRAGMENT : RESPONSE_QUERY;
    if (str_equal(call_parameter(call, PARAMETER_response_mode), STR("form_post")))
        request->response_mode = RESPONSE_FORM_POST;
}

/* Tokens never stand in a query. [RFC9700 4.3.2] */
static STEP check_response_mode(struct call *call)
{
    struct str mode = call_parameter(call, PARAMETER_response_mode);
    struct str own = call->authorize.gives_token ? STR("fragment") : STR("query");
    REQUIRE(call, mode.len == 0 || str_equal(mode, own) || str_equal(mode, STR("form_post")), response_mode_unknown);
    return OK;
}

static STEP check_response_type(struct call *call)
{
    struct str type = call_parameter(call, PARAMETER_response_type);
    const struct grant_policy *policy = &call->realm->grants[asked_grant(call)];
    /* [RFC6749 4.1.2.1] Missing is invalid_request, unknown is unsupported_response_type. */
    REQUIRE(call, type.len, response_type_missing);
    REQUIRE(call, str_equal(type, STR("code")) || str_equal(type, STR("token")), response_type_unknown);
    REQUIRE(call, policy->is_allowed, response_type_unknown);
    REQUIRE(call, !policy->is_for_trusted_clients || call->client->flags & CLIENT_IS_TRUSTED, grant_not_allowed);
    return OK;
}

static STEP read_prompt(struct call *call)
{
    struct authorization_request *request = &call->authorize;
    struct str rest = call_parameter(call, PARAMETER_prompt), word;
    while (str_next_word(&rest, &word)) {
        if (str_equal(word, STR("none")))
            request->may_not_ask = true;
        else if (str_equal(word, STR("login")))
            request->must_sign_in_again = true;
        else if (str_equal(word, STR("consent")))
            request->must_ask = true;
        else
            return refuse(call, REFUSED_prompt_unknown);
    }
    /* [OIDC 3.1.2.1] none with any other value is an error. */
    REQUIRE(call, !request->may_not_ask || !(request->must_sign_in_again || request->must_ask), prompt_unknown);
    return OK;
}

/* Zero is as good as prompt=login: no sign-in is younger than the request. [OIDC 3.1.2.1] */
static STEP read_max_age(struct call *call)
{
    struct str text = call_parameter(call, PARAMETER_max_age);
    int64_t seconds;
    if (text.len == 0)
        return OK;
    REQUIRE(call, str_parse_int(text, &seconds) && seconds >= 0, prompt_unknown);
    if (seconds == 0 && !call->authorize.may_not_ask)
        call->authorize.must_sign_in_again = true;
    else if (seconds < call->now)
        call->authorize.authenticated_since = call->now - seconds;
    return OK;
}

static STEP check_request(struct call *call)
{
    REQUIRE(call, call->repeated == 0, parameter_repeated);
    TRY(check_response_mode(call));
    TRY(check_response_type(call));
    REQUIRE(call, !call->realm->authorize.state_is_required || call_parameter(call, PARAMETER_state).len,
            state_missing);
    TRY(grant_scope(call, asked_grant(call)));
    if (!call->authorize.gives_token)
        TRY(pkce_check_challenge(call));
    TRY(read_prompt(call));
    return read_max_age(call);
}

enum outcome authorize_prepare(struct call *call, struct store_reader *reader)
{
    const struct realm *realm = call->realm;
    struct str client_id = call_parameter(call, PARAMETER_client_id);
    TRY(client_find(reader, call->arena, realm->id, client_id, &call->client));
    REQUIRE(call, call->client, client_unknown);
    REQUIRE(call, call->client->suspended_at == 0, client_suspended);
    TRY(settle_redirect_uri(call));
    settle_response_mode(call);
    TRY(check_request(call));
    call->lifetime_seconds = realm->access_token.lifetime_seconds;
    call->gives_refresh_token = realm->grants[asked_grant(call)].gives_refresh_token;
    if (call->authorize.gives_token) {
        token_draft_random(call->arena, &realm->access_token.format, &call->access);
        token_draft_random(call->arena, &realm->refresh_token.format, &call->refresh);
    }
    return OK;
}
