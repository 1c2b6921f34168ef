/* Giving tokens back, and asking what they are worth. */
#include "office.h"

static struct call *about(struct office *office, const char *credentials, struct str token)
{
    struct call *call = office_call(office, credentials);
    call->parameters[PARAMETER_token] = token;
    return call;
}

static struct str new_token(struct office *office, const char *credentials)
{
    struct call *call = office_token(office, credentials, "client_credentials");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    return office_fact(call, FACT_access_token);
}

static bool is_active(struct office *office, const char *credentials, struct str token)
{
    struct call *call = about(office, credentials, token);
    assert_int_equal(office_run(office, call, "introspect"), NOT_REFUSED);
    bool active = call->facts.values[FACT_active].number;
    /* [RFC7662 2.2] Nothing else is said of a token that is not active. */
    if (!active)
        assert_int_equal(call->facts.present, UINT64_C(1) << FACT_active);
    return active;
}

/* Behaviours 51 and 55. [RFC7009 2.1] */
static void a_revoked_token_is_refused_by_the_next_request(void **state)
{
    struct office *office = *state;
    struct str token = new_token(office, "plain:secret");
    assert_int_equal(office_guard(office, token), NOT_REFUSED);
    assert_int_equal(office_run(office, about(office, "plain:secret", token), "revoke"), NOT_REFUSED);
    assert_int_equal(office_guard(office, token), REFUSED_token_unknown);
    assert_false(is_active(office, "server:secret", token));
    assert_int_equal(office_run(office, about(office, "plain:secret", token), "revoke"), NOT_REFUSED);
}

/* Behaviour 55. */
static void anothers_and_unknown_tokens_are_left_alone_and_answered_alike(void **state)
{
    struct office *office = *state;
    struct str token = new_token(office, "plain:secret");
    assert_int_equal(office_run(office, about(office, "trusted:secret", token), "revoke"), NOT_REFUSED);
    assert_int_equal(office_guard(office, token), NOT_REFUSED);
    assert_int_equal(office_run(office, about(office, "plain:secret", STR("garbage")), "revoke"), NOT_REFUSED);
    assert_int_equal(office_run(office, about(office, "plain:wrong", token), "revoke"), REFUSED_secret_wrong);
    assert_int_equal(office_run(office, about(office, NULL, token), "revoke"), REFUSED_credentials_missing);
    assert_int_equal(office_run(office, about(office, "plain:secret", STR_NONE), "revoke"),
                     REFUSED_token_parameter_missing);
    assert_int_equal(office_guard(office, token), NOT_REFUSED);
}

/* Behaviour 55. */
static void revoking_a_refresh_token_kills_its_access_tokens(void **state)
{
    struct office *office = *state;
    struct call *first = office_account(office);
    struct str refresh = office_fact(first, FACT_refresh_token);
    assert_true(is_active(office, "server:secret", refresh));
    assert_int_equal(office_run(office, about(office, "plain:secret", refresh), "revoke"), NOT_REFUSED);
    assert_int_equal(office_guard(office, office_fact(first, FACT_access_token)), REFUSED_token_revoked);
    assert_false(is_active(office, "server:secret", refresh));
    assert_int_equal(office_run(office, office_refresh(office, "plain:secret", refresh), "token"),
                     REFUSED_grant_revoked);
}

static void only_resource_servers_see_the_tokens_of_others(void **state)
{
    struct office *office = *state;
    struct str token = new_token(office, "plain:secret");
    assert_true(is_active(office, "server:secret", token));
    assert_true(is_active(office, "plain:secret", token));
    assert_false(is_active(office, "trusted:secret", token));
    assert_false(is_active(office, "server:secret", STR("garbage")));
    office->now += 3600;
    assert_false(is_active(office, "server:secret", token));
}

static void introspection_tells_whose_the_token_is(void **state)
{
    struct office *office = *state;
    struct call *first = office_account(office);
    struct call *call = about(office, "server:secret", office_fact(first, FACT_access_token));
    assert_int_equal(office_run(office, call, "introspect"), NOT_REFUSED);
    assert_true(str_equal(office_fact(call, FACT_client_id), STR("plain")));
    assert_true(str_equal(office_fact(call, FACT_subject), STR("42")));
    assert_true(str_equal(office_fact(call, FACT_scope), STR("read")));
    assert_int_equal(call->facts.values[FACT_issued_at].number, office->now);
    assert_int_equal(call->facts.values[FACT_expires_at].number, office->now + 3600);
}

static enum outcome suspend(struct unit *unit, struct store_tx *tx)
{
    struct office *office = ((struct office_unit *)unit)->office;
    struct client_row *client;
    TRY(client_find_row(store_tx_reader(tx), office->house.arena, office->client_rows[PLAIN], &client));
    return application_suspend(tx, client->application_id, office->now);
}

static void a_suspended_client_has_nothing_any_more(void **state)
{
    struct office *office = *state;
    struct str token = new_token(office, "plain:secret");
    assert_int_equal(office_guard(office, token), NOT_REFUSED);
    struct office_unit unit = {{.apply = suspend}, office};
    assert_int_equal(store_run(office->house.store, &unit.unit), OK);
    assert_int_equal(office_guard(office, token), REFUSED_token_revoked);
    assert_false(is_active(office, "server:secret", token));
    struct call *call = office_token(office, "plain:secret", "client_credentials");
    assert_int_equal(office_run(office, call, "token"), REFUSED_client_suspended);
    struct call *stranger = office_token(office, "plain:wrong", "client_credentials");
    assert_int_equal(office_run(office, stranger, "token"), REFUSED_secret_wrong);
}

static void the_guard_wants_every_needed_scope(void **state)
{
    struct office *office = *state;
    struct str token = new_token(office, "plain:secret");
    struct call *call = office_call(office, NULL);
    call->authorization = (struct authorization){.is_present = true, .token = token};
    call->needed_scope = STR("read");
    assert_int_equal(office_run(office, call, "guard"), NOT_REFUSED);
    call->needed_scope = STR("read write");
    assert_int_equal(office_run(office, call, "guard"), REFUSED_scope_insufficient);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, office_setup, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_revoked_token_is_refused_by_the_next_request),
        TEST(anothers_and_unknown_tokens_are_left_alone_and_answered_alike),
        TEST(revoking_a_refresh_token_kills_its_access_tokens),
        TEST(only_resource_servers_see_the_tokens_of_others),
        TEST(introspection_tells_whose_the_token_is),
        TEST(a_suspended_client_has_nothing_any_more),
        TEST(the_guard_wants_every_needed_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
