/* What may be asked at the authorization endpoint, and who hears that it may not. */
#include "office.h"

#include "oauth/redirect.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define CHALLENGE    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static struct call *asked(struct office *office, const char *client_id, enum parameter parameter, const char *value)
{
    struct call *call = office_question(office, client_id, "code");
    call->parameters[parameter] = str_of(value);
    return call;
}

static bool goes_to_client(const struct call *call)
{
    return str_is_present(call->authorize.redirect_uri);
}

static void assert_refused(struct office *office, struct call *call, enum refusal refusal, bool to_client)
{
    assert_int_equal(office_ask(office, call), refusal);
    assert_int_equal(goes_to_client(call), to_client);
}

/* [RFC6749 4.1.1] */
static void what_is_in_order_may_be_asked(void **state)
{
    struct office *office = *state;
    struct call *call = office_question(office, "plain", "code");
    call->parameters[PARAMETER_redirect_uri] = STR(CALLBACK);
    call->parameters[PARAMETER_state] = STR("s");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_true(str_equal(call->authorize.redirect_uri, STR(CALLBACK)));
    assert_int_equal(call->authorize.response_mode, RESPONSE_QUERY);
    assert_true(str_equal(call->scope, STR("read")));
    assert_int_equal(call->lifetime_seconds, 3600);
    assert_true(call->gives_refresh_token);
    assert_false(call->authorize.must_sign_in_again || call->authorize.must_ask || call->authorize.may_not_ask);
}

/* Behaviour 14: unknown client or unregistered redirect_uri: a page, never a redirect. [RFC6749 3.1.2, 4.1.2.1] */
static void nobody_is_sent_to_strangers(void **state)
{
    struct office *office = *state;
    assert_refused(office, office_question(office, "nobody", "code"), REFUSED_client_unknown, false);
    assert_refused(office, office_question(office, NULL, "code"), REFUSED_client_id_missing, false);
    assert_refused(office, office_question(office, "", "code"), REFUSED_client_id_missing, false);
    static const char *const uris[] = {
        "https://evil.example/cb", "https://client.example/cb", "/cb", "javascript:x", CALLBACK "#", PUBLIC_CALLBACK};
    for (size_t i = 0; i < COUNT(uris); i++)
        assert_refused(office, asked(office, "plain", PARAMETER_redirect_uri, uris[i]), REFUSED_redirect_uri_unknown,
                       false);
    struct call *foreign = office_question(office, "plain", "code");
    office->realm.id = office->house.realms[1].id;
    assert_refused(office, foreign, REFUSED_client_unknown, false);
}

/* Whatever else is wrong: first it must be sure where to. */
static void other_mistakes_do_not_make_a_stranger_heard(void **state)
{
    struct office *office = *state;
    struct call *call = asked(office, "plain", PARAMETER_redirect_uri, "https://evil.example/cb");
    call->parameters[PARAMETER_response_type] = STR("nonsense");
    call->parameters[PARAMETER_scope] = STR("nonsense");
    call->parameters[PARAMETER_prompt] = STR("none");
    assert_refused(office, call, REFUSED_redirect_uri_unknown, false);
}

/* [RFC6749 3.1.2.3] */
static void without_a_redirect_uri_the_only_one_counts(void **state)
{
    struct office *office = *state;
    struct call *call = office_question(office, "plain", "code");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_true(str_equal(call->authorize.redirect_uri, STR(CALLBACK)));
    assert_refused(office, office_question(office, "public", "code"), REFUSED_redirect_uri_missing, false);
}

/* Behaviour 16 at work: a program on the user's machine listens where it can. [RFC8252 7.3] */
static void a_loopback_port_may_vary(void **state)
{
    struct office *office = *state;
    struct call *call = asked(office, "public", PARAMETER_redirect_uri, "http://127.0.0.1:51004/cb");
    call->parameters[PARAMETER_code_challenge] = STR(CHALLENGE);
    call->parameters[PARAMETER_code_challenge_method] = STR("S256");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_true(str_equal(call->authorize.redirect_uri, STR("http://127.0.0.1:51004/cb")));
}

static void a_domain_is_enough_where_policy_says_so(void **state)
{
    struct office *office = *state;
    office->realm.authorize.redirect_match = REDIRECT_DOMAIN;
    struct call *call = asked(office, "plain", PARAMETER_redirect_uri, "https://client.example:8443/other?a=b");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_refused(office, asked(office, "plain", PARAMETER_redirect_uri, "https://evil.example/"),
                   REFUSED_redirect_uri_unknown, false);
}

static enum outcome suspend(struct unit *unit, struct store_tx *tx)
{
    const struct office *office = ((struct office_unit *)unit)->office;
    return application_suspend(tx, office->application_rows[PLAIN], office->now);
}

static void a_suspended_client_may_not_ask(void **state)
{
    struct office *office = *state;
    struct office_unit unit = {{.apply = suspend}, office};
    assert_int_equal(store_run(office->house.store, &unit.unit), OK);
    assert_refused(office, office_question(office, "plain", "code"), REFUSED_client_suspended, false);
}

/* Behaviour 18: duplicate parameters are refused; of client_id and redirect_uri nobody knows which is meant.
 * [RFC6749 3.1] */
static void repeated_parameters_are_refused(void **state)
{
    struct office *office = *state;
    static const struct {
        enum parameter parameter;
        bool to_client;
    } cases[] = {
        {PARAMETER_client_id, false}, {PARAMETER_redirect_uri, false},         {PARAMETER_state, true},
        {PARAMETER_scope, true},      {PARAMETER_response_type, true},         {PARAMETER_prompt, true},
        {PARAMETER_max_age, true},    {PARAMETER_code_challenge_method, true}, {PARAMETER_response_mode, true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct call *call = office_question(office, "plain", "code");
        call->repeated = UINT32_C(1) << cases[i].parameter;
        assert_refused(office, call, REFUSED_parameter_repeated, cases[i].to_client);
    }
}

/* Behaviour 21: missing, unknown or not allowed response_type: the client hears it. [RFC6749 3.1.1, 4.1.2.1] */
static void response_types_are_kept_apart(void **state)
{
    struct office *office = *state;
    assert_refused(office, office_question(office, "plain", NULL), REFUSED_response_type_missing, true);
    static const char *const unknown[] = {"id_token", "code token", "Code", "none", "token code", "code "};
    for (size_t i = 0; i < COUNT(unknown); i++)
        assert_refused(office, office_question(office, "plain", unknown[i]), REFUSED_response_type_unknown, true);
    office->realm.grants[GRANT_IMPLICIT].is_allowed = false;
    assert_refused(office, office_question(office, "plain", "token"), REFUSED_response_type_unknown, true);
    office->realm.grants[GRANT_AUTHORIZATION_CODE].is_for_trusted_clients = true;
    assert_refused(office, office_question(office, "plain", "code"), REFUSED_grant_not_allowed, true);
    assert_int_equal(office_ask(office, office_question(office, "trusted", "code")), NOT_REFUSED);
    office->realm.grants[GRANT_AUTHORIZATION_CODE].is_allowed = false;
    assert_refused(office, office_question(office, "trusted", "code"), REFUSED_response_type_unknown, true);
}

/* Behaviour 23: response_mode=query is refused when tokens would be in it. */
static void response_modes_fit_the_type(void **state)
{
    struct office *office = *state;
    static const struct {
        const char *type, *mode;
        enum refusal refusal;
        enum response_mode travels;
    } cases[] = {
        {"code", NULL, NOT_REFUSED, RESPONSE_QUERY},
        {"code", "query", NOT_REFUSED, RESPONSE_QUERY},
        {"code", "form_post", NOT_REFUSED, RESPONSE_FORM_POST},
        {"code", "fragment", REFUSED_response_mode_unknown, RESPONSE_QUERY},
        {"code", "web_message", REFUSED_response_mode_unknown, RESPONSE_QUERY},
        {"token", NULL, NOT_REFUSED, RESPONSE_FRAGMENT},
        {"token", "fragment", NOT_REFUSED, RESPONSE_FRAGMENT},
        {"token", "form_post", NOT_REFUSED, RESPONSE_FORM_POST},
        {"token", "query", REFUSED_response_mode_unknown, RESPONSE_FRAGMENT},
        {"nonsense", "form_post", REFUSED_response_type_unknown, RESPONSE_FORM_POST},
        {NULL, NULL, REFUSED_response_type_missing, RESPONSE_QUERY},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct call *call = office_question(office, "plain", cases[i].type);
        call->parameters[PARAMETER_response_mode] = str_of(cases[i].mode);
        assert_int_equal(office_ask(office, call), cases[i].refusal);
        assert_true(goes_to_client(call));
        assert_int_equal(call->authorize.response_mode, cases[i].travels);
    }
}

static void state_is_required_where_policy_says_so(void **state)
{
    struct office *office = *state;
    office->realm.authorize.state_is_required = true;
    assert_refused(office, office_question(office, "plain", "code"), REFUSED_state_missing, true);
    assert_int_equal(office_ask(office, asked(office, "plain", PARAMETER_state, "1")), NOT_REFUSED);
}

/* A user may give what a client on its own never has. [RFC6749 3.3] */
static void scopes_are_the_clients_and_the_realms(void **state)
{
    static const struct {
        const char *client_id, *scope;
        enum refusal refusal;
        const char *given;
    } cases[] = {
        {"plain", NULL, NOT_REFUSED, "read"},
        {"plain", "me", NOT_REFUSED, "me"},
        {"plain", "me write read write", NOT_REFUSED, "read write me"},
        {"plain", "org_7:read org_12:read", NOT_REFUSED, "org_12:read org_7:read"},
        {"plain", "org_:read", REFUSED_scope_unknown, NULL},
        {"plain", "org", REFUSED_scope_unknown, NULL},
        {"plain", "read nonsense", REFUSED_scope_unknown, NULL},
        {"plain", "READ", REFUSED_scope_unknown, NULL},
        {"writer", "write me", NOT_REFUSED, "write me"},
        {"writer", "read", REFUSED_scope_not_allowed, NULL},
        {"writer", NULL, REFUSED_scope_not_allowed, NULL}, /* the default is read */
    };
    struct office *office = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct call *call = asked(office, cases[i].client_id, PARAMETER_scope, cases[i].scope);
        assert_int_equal(office_ask(office, call), cases[i].refusal);
        assert_true(goes_to_client(call));
        if (cases[i].given)
            assert_string_equal(arena_cstr(call->arena, call->scope), cases[i].given);
    }
}

static void a_policy_may_fix_the_scope(void **state)
{
    struct office *office = *state;
    office->realm.grants[GRANT_AUTHORIZATION_CODE].scope = STR("read me");
    struct call *call = asked(office, "plain", PARAMETER_scope, "write");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_true(str_equal(call->scope, STR("read me")));
}

/* Behaviours 32, 33 and 37: form of the challenge, method without challenge, unknown method, challenge without
 * method; public clients must. [RFC7636 4.3, 4.4.1] [RFC9700 2.1.1] */
static void challenges_are_s256_and_whole(void **state)
{
    static const struct {
        const char *client_id, *challenge, *method;
        enum refusal refusal;
    } cases[] = {
        {"plain", NULL, NULL, NOT_REFUSED},
        {"plain", CHALLENGE, "S256", NOT_REFUSED},
        {"plain", CHALLENGE, NULL, REFUSED_challenge_malformed},
        {"plain", CHALLENGE, "plain", REFUSED_challenge_malformed},
        {"plain", CHALLENGE, "s256", REFUSED_challenge_malformed},
        {"plain", CHALLENGE, "S512", REFUSED_challenge_malformed},
        {"plain", NULL, "S256", REFUSED_challenge_malformed},
        {"plain", NULL, "plain", REFUSED_challenge_malformed},
        {"plain", CHALLENGE "A", "S256", REFUSED_challenge_malformed},
        {"plain", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", "S256", REFUSED_challenge_malformed},
        {"plain", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "S256", REFUSED_challenge_malformed},
        {"plain", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw.cM", "S256", REFUSED_challenge_malformed},
        {"plain", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c=", "S256", REFUSED_challenge_malformed},
        {"public", CHALLENGE, "S256", NOT_REFUSED},
        {"public", NULL, NULL, REFUSED_challenge_missing},
        {"public", CHALLENGE, "plain", REFUSED_challenge_malformed},
    };
    struct office *office = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool is_public = str_equal(str_of(cases[i].client_id), STR("public"));
        struct call *call = asked(office, cases[i].client_id, PARAMETER_code_challenge, cases[i].challenge);
        call->parameters[PARAMETER_code_challenge_method] = str_of(cases[i].method);
        if (is_public)
            call->parameters[PARAMETER_redirect_uri] = STR(PUBLIC_CALLBACK);
        assert_int_equal(office_ask(office, call), cases[i].refusal);
        assert_true(goes_to_client(call));
    }
    office->realm.authorize.pkce = PKCE_ALWAYS;
    assert_refused(office, office_question(office, "plain", "code"), REFUSED_challenge_missing, true);
    office->realm.authorize.pkce = PKCE_OPTIONAL;
    struct call *call = asked(office, "public", PARAMETER_redirect_uri, PUBLIC_CALLBACK);
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
}

/* Behaviours 24 and 25. [OIDC 3.1.2.1] */
static void prompts_say_what_the_person_must_do(void **state)
{
    static const struct {
        const char *prompt, *max_age;
        enum refusal refusal;
        bool may_not_ask, must_sign_in, must_ask;
        int64_t age;
    } cases[] = {
        {"none", NULL, NOT_REFUSED, true, false, false, 0},
        {"login", NULL, NOT_REFUSED, false, true, false, 0},
        {"consent", NULL, NOT_REFUSED, false, false, true, 0},
        {"login consent", NULL, NOT_REFUSED, false, true, true, 0},
        {"none login", NULL, REFUSED_prompt_unknown, true, true, false, 0},
        {"consent none", NULL, REFUSED_prompt_unknown, true, false, true, 0},
        {"select_account", NULL, REFUSED_prompt_unknown, false, false, false, 0},
        {"Login", NULL, REFUSED_prompt_unknown, false, false, false, 0},
        {NULL, "60", NOT_REFUSED, false, false, false, 60},
        {NULL, "0", NOT_REFUSED, false, true, false, 0},
        {"none", "60", NOT_REFUSED, true, false, false, 60},
        {NULL, "-1", REFUSED_prompt_unknown, false, false, false, 0},
        {NULL, "soon", REFUSED_prompt_unknown, false, false, false, 0},
        {NULL, "99999999999999999999", REFUSED_prompt_unknown, false, false, false, 0},
        {NULL, "9223372036854775807", NOT_REFUSED, false, false, false, 0},
    };
    struct office *office = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct call *call = asked(office, "plain", PARAMETER_prompt, cases[i].prompt);
        call->parameters[PARAMETER_max_age] = str_of(cases[i].max_age);
        assert_int_equal(office_ask(office, call), cases[i].refusal);
        assert_true(goes_to_client(call));
        if (cases[i].refusal)
            continue;
        assert_int_equal(call->authorize.may_not_ask, cases[i].may_not_ask);
        assert_int_equal(call->authorize.must_sign_in_again, cases[i].must_sign_in);
        assert_int_equal(call->authorize.must_ask, cases[i].must_ask);
        assert_int_equal(call->authorize.authenticated_since, cases[i].age ? office->now - cases[i].age : 0);
    }
}

/* Never two ways at once: a secret that has come to a browser is nobody's any more. */
static void a_secret_at_this_endpoint_is_refused(void **state)
{
    struct office *office = *state;
    assert_refused(office, asked(office, "plain", PARAMETER_client_secret, "secret"), REFUSED_secret_in_query, false);
    assert_refused(office, asked(office, "plain", PARAMETER_client_secret, ""), REFUSED_secret_in_query, false);
}

static void the_person_may_say_no(void **state)
{
    struct office *office = *state;
    struct call *call = office_question(office, "plain", "code");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_int_equal(authorize_deny(call), REFUSED);
    assert_int_equal(call->refusal, REFUSED_access_denied);
    assert_true(goes_to_client(call));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, office_setup, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_in_order_may_be_asked),
        TEST(nobody_is_sent_to_strangers),
        TEST(other_mistakes_do_not_make_a_stranger_heard),
        TEST(without_a_redirect_uri_the_only_one_counts),
        TEST(a_loopback_port_may_vary),
        TEST(a_domain_is_enough_where_policy_says_so),
        TEST(a_suspended_client_may_not_ask),
        TEST(repeated_parameters_are_refused),
        TEST(response_types_are_kept_apart),
        TEST(response_modes_fit_the_type),
        TEST(state_is_required_where_policy_says_so),
        TEST(scopes_are_the_clients_and_the_realms),
        TEST(a_policy_may_fix_the_scope),
        TEST(challenges_are_s256_and_whole),
        TEST(prompts_say_what_the_person_must_do),
        TEST(a_secret_at_this_endpoint_is_refused),
        TEST(the_person_may_say_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
