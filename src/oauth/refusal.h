/*
 * refusal.h — every way in which the rules say no.
 *
 * A refusal has a name of its own, the RFC's error code, and a constant text. A dialect may give any of them another
 * status, code or text, by the refusal's name or by the code; the rules only choose which it is. Texts never
 * contain input.
 *
 * Specs: RFC 6749 §5.2, RFC 6750 §3.1, RFC 7009 §2.2.
 */
#pragma once

#include "base/outcome.h"
#include "base/text.h"

/* name, error, error_description */
#define REFUSALS(X)                                                                                                  \
    X(body_too_large, invalid_request, "The request body is too large.")                                             \
    X(headers_too_large, invalid_request, "The request headers are too large.")                                      \
    X(uri_too_long, invalid_request, "The request target is too long.")                                              \
    X(version_unsupported, invalid_request, "The HTTP version is not supported.")                                    \
    X(request_malformed, invalid_request, "The request is malformed.")                                               \
    X(path_unknown, not_found, "There is nothing at this path.")                                                     \
    X(method_not_allowed, invalid_request, "The request method is not allowed here.")                                \
    X(body_kind_wrong, invalid_request, "The content type is not supported here.")                                   \
    X(body_unreadable, invalid_request, "The request body cannot be parsed.")                                        \
    X(text_invalid, invalid_request, "A parameter is not valid text.")                                               \
    X(parameter_repeated, invalid_request, "A parameter is repeated.")                                               \
    X(parameter_too_long, invalid_request, "A parameter is too long.")                                               \
    X(query_not_allowed, invalid_request, "URL query parameters are not allowed.")                                   \
    X(secret_in_query, invalid_request, "Secrets must not be sent in the URL; consider this one leaked.")            \
    X(grant_type_missing, invalid_request, "The grant_type parameter is missing.")                                   \
    X(client_id_missing, invalid_request, "The client_id parameter is missing.")                                     \
    X(token_parameter_missing, invalid_request, "The token parameter is missing.")                                   \
    X(refresh_token_missing, invalid_request, "The refresh_token parameter is missing.")                             \
    X(account_missing, invalid_request, "The account's id or secret is missing.")                                    \
    X(credentials_double, invalid_request, "More than one client authentication method was used.")                   \
    X(credentials_missing, invalid_client, "Client authentication is missing.")                                      \
    X(credentials_malformed, invalid_client, "The client credentials cannot be read.")                               \
    X(credentials_place, invalid_client, "Client credentials are not accepted in this place.")                       \
    X(client_unknown, invalid_client, "The client is unknown.")                                                      \
    X(client_differs, invalid_client, "The client_id differs from the authenticated client.")                        \
    X(client_suspended, invalid_client, "The client is suspended.")                                                  \
    X(secret_wrong, invalid_client, "The client secret is wrong.")                                                   \
    X(secret_expired, invalid_client, "The client secret has expired.")                                              \
    X(client_is_public, invalid_client, "A public client cannot authenticate.")                                      \
    X(grant_type_unknown, unsupported_grant_type, "The grant type is not supported.")                                \
    X(grant_not_allowed, unauthorized_client, "The client may not use this grant type.")                             \
    X(scope_unknown, invalid_scope, "The scope is unknown or malformed.")                                            \
    X(scope_not_allowed, invalid_scope, "The client may not have this scope.")                                       \
    X(scope_needs_user, invalid_scope, "The scope needs a user's consent.")                                          \
    X(scope_grows, invalid_scope, "The scope exceeds what was granted.")                                             \
    X(limited_not_offered, invalid_scope, "Limited tokens are not offered here.")                                    \
    X(refresh_token_unknown, invalid_grant, "The refresh token is invalid.")                                         \
    X(refresh_token_expired, invalid_grant, "The refresh token has expired.")                                        \
    X(refresh_token_foreign, invalid_grant, "The refresh token belongs to another client.")                          \
    X(refresh_token_reused, invalid_grant, "The refresh token was used before; its grant is revoked.")               \
    X(grant_revoked, invalid_grant, "The grant was revoked.")                                                        \
    X(account_unknown, invalid_grant, "The account is unknown.")                                                     \
    X(account_secret_wrong, invalid_grant, "The account's secret is wrong.")                                         \
    X(account_suspended, invalid_grant, "The account is suspended.")                                                 \
    X(redirect_uri_missing, invalid_request, "The redirect_uri parameter is missing.")                               \
    X(redirect_uri_unknown, invalid_request, "The redirect_uri is not registered for this client.")                  \
    X(response_type_missing, invalid_request, "The response_type parameter is missing.")                             \
    X(response_type_unknown, unsupported_response_type, "The response type is not supported.")                       \
    X(response_mode_unknown, invalid_request, "The response mode is not supported for this response type.")          \
    X(state_missing, invalid_request, "The state parameter is required.")                                            \
    X(prompt_unknown, invalid_request, "The prompt or max_age parameter is wrong.")                                  \
    X(challenge_missing, invalid_request, "A code_challenge is required.")                                           \
    X(challenge_malformed, invalid_request, "The code_challenge or its method is wrong.")                            \
    X(login_required, login_required, "The user must sign in.")                                                      \
    X(consent_required, consent_required, "The user must be asked.")                                                 \
    X(access_denied, access_denied, "The user denied the request.")                                                  \
    X(code_missing, invalid_request, "The code parameter is missing.")                                               \
    X(code_unknown, invalid_grant, "The authorization code is invalid.")                                             \
    X(code_expired, invalid_grant, "The authorization code has expired.")                                            \
    X(code_foreign, invalid_grant, "The authorization code belongs to another client.")                              \
    X(code_reused, invalid_grant, "The authorization code was used before; its grant is revoked.")                   \
    X(redirect_uri_differs, invalid_grant, "The redirect_uri differs from the authorization request's.")             \
    X(verifier_missing, invalid_grant, "The code_verifier parameter is missing.")                                    \
    X(verifier_wrong, invalid_grant, "The code_verifier does not fit the code_challenge.")                           \
    X(username_missing, invalid_request, "The user name or the password is missing.")                                \
    X(password_wrong, invalid_grant, "The user name or the password is wrong.")                                      \
    X(sign_in_delayed, invalid_grant, "There were too many wrong passwords; try again later.")                       \
    X(second_factor_needed, invalid_grant, "The user must sign in with a second factor.")                            \
    X(user_disabled, invalid_grant, "The user is disabled.")                                                         \
    X(instance_gone, invalid_grant, "The user no longer belongs to the instance.")                                   \
    X(instance_missing, invalid_request, "An instance must be chosen.")                                              \
    X(busy, temporarily_unavailable, "The server is too busy.")                                                      \
    X(authorization_missing, token_missing, "An access token is needed.")                                            \
    X(authorization_malformed, invalid_request, "The Authorization header cannot be read.")                          \
    X(token_unknown, invalid_token, "The access token is invalid.")                                                  \
    X(token_expired, invalid_token, "The access token has expired.")                                                 \
    X(token_revoked, invalid_token, "The access token was revoked.")                                                 \
    X(scope_insufficient, insufficient_scope, "The request needs a scope that the token does not have.")             \
    X(instance_differs, insufficient_scope, "The request needs a token of another instance.")                        \
    X(user_needed, insufficient_scope, "The request needs a user's token.")                                          \
    X(environment_wrong, insufficient_scope, "The request needs a token of another environment.")                    \
    X(limited_refused, insufficient_scope, "The request needs a token that is not limited.")                         \
    X(request_unmatched, forbidden, "No rule lets this request pass.")                                               \
    X(request_unreadable, forbidden, "The request's method and path cannot be read in one way.")                     \
    X(query_unreadable, invalid_request, "The query cannot be read, or not in one way, so its cost is not known.")   \
    X(query_malformed, invalid_request, "The query has a mistake of grammar.")                                       \
    X(rate_limited, rate_limited, "There were too many requests; try again later.")                                  \
    X(charge_points_wrong, invalid_request, "The points must be a number from 0 to 1000000.")                        \
    X(charge_rule_unknown, invalid_request, "No rule has this name, or the path is none.")                           \
    X(charge_client_unknown, invalid_request, "No client has this client_id.")                                       \
    X(charge_subject_unknown, invalid_request, "No user and no service account has this subject.")                   \
    X(charge_not_allowed, unauthorized_client, "The client may not tell what requests cost.")                        \
    X(points_used_up, rate_limited, "All points are used up; try again later.")                                      \
    X(cost_too_high, invalid_request, "The request costs more points than its client may ever use at once.")         \
    X(usage_not_allowed, forbidden, "The client may not ask about another client's usage.")                          \
    X(usage_since_wrong, invalid_request,                                                                            \
      "since takes hours or days ago (24h, 30d; 400 days at most) or a day that has begun (2026-11-01).")            \
    X(usage_until_wrong, invalid_request,                                                                            \
      "until takes hours or days ago (24h, 30d; 400 days at most) or a day (2026-11-01).")                           \
    X(usage_span_empty, invalid_request,                                                                             \
      "until must lie an hour after since (24h if absent), or a day where only days are left.")                      \
    X(usage_by_wrong, invalid_request, "by takes hour, day, client or rule.")                                        \
    X(usage_rule_wrong, invalid_request, "rule takes a name, or - for what no rule was for.")                        \
    X(usage_environment_wrong, invalid_request, "environment takes production or development.")                      \
    X(usage_client_unknown, invalid_request, "No client has this client_id.")                                        \
    X(usage_too_much, invalid_request, "That is too much at once; ask for a shorter time or for one client.")        \
    X(upstream_unreachable, bad_gateway, "The API cannot be reached.")                                               \
    X(upstream_wrong, bad_gateway, "The API's answer cannot be read.")                                               \
    X(upstream_late, gateway_timeout, "The API did not answer in time.")                                             \
    X(store_unavailable, temporarily_unavailable, "The server cannot store anything at the moment.")

enum refusal {
    NOT_REFUSED = 0,
#define REFUSAL_ENUM(name, error, text) REFUSED_##name,
    REFUSALS(REFUSAL_ENUM)
#undef REFUSAL_ENUM
        REFUSAL_COUNT
};

struct refusal_words {
    struct str name;
    struct str
        error; /* token_missing, forbidden, not_found, bad_gateway and gateway_timeout are ours: no RFC has a code */
    struct str error_description;
};

const struct refusal_words *refusal_words(enum refusal refusal);
/* By its name; NOT_REFUSED for any other text. */
enum refusal refusal_find(struct str name);

/* Refuses the call unless the condition holds. */
#define REQUIRE(call, holds, name)                                                                                   \
    do {                                                                                                             \
        if (!(holds))                                                                                                \
            return refuse((call), REFUSED_##name);                                                                   \
    } while (0)

struct call;
enum outcome refuse(struct call *call, enum refusal refusal);
