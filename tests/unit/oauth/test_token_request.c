/* The token endpoint's rules by plain calls: authentication, grant types, scopes. */
#include "office.h"

static void a_client_gets_a_token_that_the_guard_knows(void **state)
{
    struct office *office = *state;
    struct call *call = office_token(office, "plain:secret", "client_credentials");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    assert_int_equal(office_guard(office, office_fact(call, FACT_access_token)), NOT_REFUSED);
    assert_true(str_equal(office_fact(call, FACT_scope), STR("read")));
    assert_int_equal(call->facts.values[FACT_expires_in].number, 3600);
    /* Behaviour 49. [RFC6749 4.4.3] A refresh token SHOULD NOT be included. */
    assert_false(str_is_present(office_fact(call, FACT_refresh_token)));
}

static void body_credentials_count_like_basic(void **state)
{
    struct office *office = *state;
    struct call *call = office_token(office, NULL, "client_credentials");
    call->parameters[PARAMETER_client_id] = STR("plain");
    call->parameters[PARAMETER_client_secret] = STR("secret");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    call->client_authentication = CLIENT_BY_HEADER;
    assert_int_equal(office_run(office, call, "token"), REFUSED_credentials_place);
}

/* Behaviours 2 and 4. [RFC6749 2.3] The client MUST NOT use more than one authentication method in each request. */
static void two_authentications_are_refused(void **state)
{
    struct office *office = *state;
    struct call *call = office_token(office, "plain:secret", "client_credentials");
    call->parameters[PARAMETER_client_secret] = STR("secret");
    assert_int_equal(office_run(office, call, "token"), REFUSED_credentials_double);
    call->parameters[PARAMETER_client_secret] = STR("");
    assert_int_equal(office_run(office, call, "token"), REFUSED_credentials_double);
    call->parameters[PARAMETER_client_secret] = STR_NONE;
    call->parameters[PARAMETER_client_id] = STR("plain");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    call->parameters[PARAMETER_client_id] = STR("trusted");
    assert_int_equal(office_run(office, call, "token"), REFUSED_client_differs);
    call->parameters[PARAMETER_client_id] = STR("");
    assert_int_equal(office_run(office, call, "token"), REFUSED_client_differs);
}

/* Behaviour 5. */
static void wrong_credentials_are_told_apart_for_the_dialect(void **state)
{
    static const struct {
        const char *credentials;
        enum refusal refusal;
    } cases[] = {{"nobody:secret", REFUSED_client_unknown},
                 {"plain:wrong", REFUSED_secret_wrong},
                 {"plain:", REFUSED_secret_wrong},
                 {"public:secret", REFUSED_client_is_public},
                 {NULL, REFUSED_credentials_missing}};
    struct office *office = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(
            office_run(office, office_token(office, cases[i].credentials, "client_credentials"), "token"),
            cases[i].refusal);
}

/* Behaviour 50. [RFC6749 5.2] invalid_request, unsupported_grant_type and unauthorized_client are three things. */
static void grant_types_are_kept_apart(void **state)
{
    struct office *office = *state;
    struct call *missing = office_token(office, "plain:secret", NULL);
    assert_int_equal(office_run(office, missing, "token"), REFUSED_grant_type_missing);
    struct call *unknown = office_token(office, "plain:secret", "magic");
    assert_int_equal(office_run(office, unknown, "token"), REFUSED_grant_type_unknown);
    office->realm.grants[GRANT_CLIENT_CREDENTIALS].is_for_trusted_clients = true;
    struct call *plain = office_token(office, "plain:secret", "client_credentials");
    assert_int_equal(office_run(office, plain, "token"), REFUSED_grant_not_allowed);
    struct call *trusted = office_token(office, "trusted:secret", "client_credentials");
    assert_int_equal(office_run(office, trusted, "token"), NOT_REFUSED);
    office->realm.grants[GRANT_CLIENT_CREDENTIALS].is_allowed = false;
    struct call *off = office_token(office, "trusted:secret", "client_credentials");
    assert_int_equal(office_run(office, off, "token"), REFUSED_grant_type_unknown);
}

/* Behaviour 49. */
static void scopes_are_known_ordered_and_for_clients(void **state)
{
    static const struct {
        const char *asked;
        enum refusal refusal;
        const char *got;
    } cases[] = {{"", NOT_REFUSED, "read"},
                 {"write read write", NOT_REFUSED, "read write"},
                 {"org_7:read org_12:read read org_7:read", NOT_REFUSED, "read org_12:read org_7:read"},
                 {"org_12345678901234567890:read", NOT_REFUSED, "org_12345678901234567890:read"},
                 {"org_123456789012345678901:read", REFUSED_scope_unknown, NULL},
                 {"admin", REFUSED_scope_unknown, NULL},
                 {"org_:read", REFUSED_scope_unknown, NULL},
                 {"org_x:read", REFUSED_scope_unknown, NULL},
                 {"read\"", REFUSED_scope_unknown, NULL},
                 {"me", REFUSED_scope_needs_user, NULL}};
    struct office *office = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct call *call = office_token(office, "plain:secret", "client_credentials");
        call->parameters[PARAMETER_scope] = str_of(cases[i].asked);
        assert_int_equal(office_run(office, call, "token"), cases[i].refusal);
        if (cases[i].got)
            assert_true(str_equal(office_fact(call, FACT_scope), str_of(cases[i].got)));
    }
}

static void a_policy_may_fix_the_scope(void **state)
{
    struct office *office = *state;
    office->realm.grants[GRANT_CLIENT_CREDENTIALS].scope = STR("read");
    struct call *call = office_token(office, "plain:secret", "client_credentials");
    call->parameters[PARAMETER_scope] = STR("write");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    assert_true(str_equal(office_fact(call, FACT_scope), STR("read")));
}

/* What policy gives unasked is given as far as the client may have it, and never what needs a user. */
static void nothing_is_given_that_the_client_may_not_have(void **state)
{
    struct office *office = *state;
    struct grant_policy *policy = &office->realm.grants[GRANT_CLIENT_CREDENTIALS];
    struct call *call = office_token(office, "writer:secret", "client_credentials");
    assert_int_equal(office_run(office, call, "token"), REFUSED_scope_not_allowed); /* the default is read */
    call->parameters[PARAMETER_scope] = STR("me");
    assert_int_equal(office_run(office, call, "token"), REFUSED_scope_needs_user);
    call->parameters[PARAMETER_scope] = STR_NONE;

    office->realm.default_scope = STR("read write me");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    assert_true(str_equal(office_fact(call, FACT_scope), STR("write")));
    policy->scope = STR("read me");
    assert_int_equal(office_run(office, call, "token"), REFUSED_scope_not_allowed);
    policy->scope = STR("write read");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    assert_true(str_equal(office_fact(call, FACT_scope), STR("write")));
    office->realm.limited_lifetime_seconds = 60;
    office->realm.limited_scope = STR("read");
    call->parameters[PARAMETER_limited_scope] = STR("true");
    assert_int_equal(office_run(office, call, "token"), REFUSED_scope_not_allowed);
}

static void limited_tokens_are_shorter_and_only_where_offered(void **state)
{
    struct office *office = *state;
    struct call *call = office_token(office, "plain:secret", "client_credentials");
    call->parameters[PARAMETER_limited_scope] = STR("true");
    assert_int_equal(office_run(office, call, "token"), REFUSED_limited_not_offered);
    office->realm.limited_lifetime_seconds = 60;
    office->realm.limited_scope = STR("org_1:read");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    assert_int_equal(call->facts.values[FACT_expires_in].number, 60);
    assert_true(str_equal(office_fact(call, FACT_scope), STR("org_1:read")));
}

static void an_account_signs_in_with_its_secret_only(void **state)
{
    static const struct {
        const char *account_id, *account_secret;
        enum refusal refusal;
    } cases[] = {{"42", "wrong", REFUSED_account_secret_wrong},
                 {"43", "account-secret", REFUSED_account_unknown},
                 {"42", NULL, REFUSED_account_missing},
                 {NULL, "account-secret", REFUSED_account_missing},
                 {"42", "account-secret", NOT_REFUSED}};
    struct office *office = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct call *call = office_token(office, "plain:secret", "service_account");
        call->parameters[PARAMETER_account_id] = str_of(cases[i].account_id);
        call->parameters[PARAMETER_account_secret] = str_of(cases[i].account_secret);
        assert_int_equal(office_run(office, call, "token"), cases[i].refusal);
    }
}

static void a_token_dies_at_its_second_and_not_before(void **state)
{
    struct office *office = *state;
    struct call *call = office_token(office, "plain:secret", "client_credentials");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    office->now += 3599;
    assert_int_equal(office_guard(office, office_fact(call, FACT_access_token)), NOT_REFUSED);
    office->now += 1;
    assert_int_equal(office_guard(office, office_fact(call, FACT_access_token)), REFUSED_token_expired);
}

static void a_token_of_another_realm_does_not_exist(void **state)
{
    struct office *office = *state;
    struct call *call = office_token(office, "plain:secret", "client_credentials");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    office->realm.id = office->house.realms[1].id;
    assert_int_equal(office_guard(office, office_fact(call, FACT_access_token)), REFUSED_token_unknown);
    struct call *other = office_token(office, "plain:secret", "client_credentials");
    assert_int_equal(office_run(office, other, "token"), REFUSED_client_unknown);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, office_setup, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_client_gets_a_token_that_the_guard_knows),
        TEST(body_credentials_count_like_basic),
        TEST(two_authentications_are_refused),
        TEST(wrong_credentials_are_told_apart_for_the_dialect),
        TEST(grant_types_are_kept_apart),
        TEST(scopes_are_known_ordered_and_for_clients),
        TEST(a_policy_may_fix_the_scope),
        TEST(nothing_is_given_that_the_client_may_not_have),
        TEST(limited_tokens_are_shorter_and_only_where_offered),
        TEST(an_account_signs_in_with_its_secret_only),
        TEST(a_token_dies_at_its_second_and_not_before),
        TEST(a_token_of_another_realm_does_not_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
