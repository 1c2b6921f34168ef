/* How often: plans and their windows at the guard, and requests for tokens. */
#include "office.h"

#include "meter/meter.h"
#include "oauth/limit.h"

static struct rate_window standard_windows[] = {
    {.name = STR_INIT("hour"), .limit = STR_INIT("default"), .seconds = 3600, .most = 5},
    {.name = STR_INIT("burst"), .limit = STR_INIT("all"), .seconds = 10, .most = 3},
    {.name = STR_INIT("points"), .limit = STR_INIT("default"), .is_of_points = true, .seconds = 60, .most = 100},
    {.name = STR_INIT("other"), .limit = STR_INIT("other"), .seconds = 60, .most = 1},
};
static struct rate_window small_windows[] = {
    {.name = STR_INIT("hour"), .limit = STR_INIT("default"), .seconds = 3600, .most = 2},
};
static struct rate_window user_windows[] = {
    {.name = STR_INIT("hour"), .limit = STR_INIT("default"), .is_per_user = true, .seconds = 3600, .most = 2},
};
static struct rate_plan plans[] = {{.name = STR_INIT("standard"), .windows = standard_windows, .window_count = 4},
                                   {.name = STR_INIT("small"), .windows = small_windows, .window_count = 1},
                                   {.name = STR_INIT("by-user"), .windows = user_windows, .window_count = 1}};
static struct meter *meter;

static int set_up(void **state)
{
    office_setup(state);
    struct office *office = *state;
    for (size_t i = 0; i < 3; i++)
        rate_plan_compile(&plans[i], office->house.arena);
    office->realm.rate = (struct rate_policy){
        .plans = plans, .plan_count = 3, .defaults = {STR("standard"), STR_NONE}, .tokens = {{0, 60}, {3, 60}}};
    meter = meter_create();
    return 0;
}

static int tear_down(void **state)
{
    meter_destroy(meter);
    return office_teardown(state);
}

static struct call *metered(struct office *office, const char *credentials)
{
    struct call *call = office_call(office, credentials);
    call->meter = meter;
    call->client_address = STR("192.0.2.1");
    return call;
}

static struct call *ask_guard(struct office *office, struct str token)
{
    struct call *call = metered(office, NULL);
    call->wanted_facts = limit_facts();
    call->authorization = (struct authorization){.is_present = true, .token = token};
    office_run(office, call, "guard");
    return call;
}

static struct str own_token(struct office *office)
{
    struct call *call = office_token(office, "plain:secret", "client_credentials");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    return office_fact(call, FACT_access_token);
}

static int64_t number_of(const struct call *call, enum fact_name name)
{
    assert_true(call->facts.present & UINT64_C(1) << name);
    return call->facts.values[name].number;
}

static enum outcome give_small_plan(const struct office *office, struct store_tx *tx)
{
    return client_set_plan(tx, office->client_rows[PLAIN], STR("small"));
}

static enum outcome give_user_plan(const struct office *office, struct store_tx *tx)
{
    return client_set_plan(tx, office->client_rows[PLAIN], STR("by-user"));
}

static enum outcome give_unknown_plan(const struct office *office, struct store_tx *tx)
{
    return client_set_plan(tx, office->client_rows[PLAIN], STR("gone"));
}

static void the_tightest_window_refuses_and_says_for_how_long(void **state)
{
    struct office *office = *state;
    struct str token = own_token(office);
    for (int64_t i = 1; i <= 3; i++) {
        struct call *call = ask_guard(office, token);
        assert_int_equal(call->refusal, NOT_REFUSED);
        /* Of the request's own class, nearest to its end. */
        assert_true(str_equal(office_fact(call, FACT_rate_name), STR("hour")));
        assert_int_equal(number_of(call, FACT_rate_limit), 5);
        assert_int_equal(number_of(call, FACT_rate_remaining), 5 - i);
        assert_int_equal(number_of(call, FACT_points_remaining), 100 - i);
        assert_int_equal(number_of(call, FACT_query_cost), 1);
        assert_false(call->facts.present & UINT64_C(1) << FACT_retry_after);
    }
    office->now += 4;
    struct call *refused = ask_guard(office, token);
    assert_int_equal(refused->refusal, REFUSED_rate_limited);
    assert_true(str_equal(office_fact(refused, FACT_rate_name), STR("burst")));
    assert_int_equal(number_of(refused, FACT_retry_after), 6);
    assert_int_equal(number_of(refused, FACT_rate_reset), 6);
    assert_int_equal(number_of(refused, FACT_rate_remaining), 0);
    office->now += 6;
    assert_int_equal(number_of(ask_guard(office, token), FACT_rate_remaining),
                     1); /* none was charged for the refusal */
}

/* [draft-ietf-httpapi-ratelimit-headers-10 3, 4] */
static void all_windows_are_told_in_the_drafts_words(void **state)
{
    struct office *office = *state;
    struct call *call = ask_guard(office, own_token(office));
    assert_true(str_equal(office_fact(call, FACT_rate_policy),
                          STR("\"hour\";q=5;w=3600, \"burst\";q=3;w=10, \"points\";q=100;w=60;qu=\"points\"")));
    assert_true(str_equal(office_fact(call, FACT_rate_limits),
                          STR("\"hour\";r=4;t=3600, \"burst\";r=2;t=10, \"points\";r=99;t=60")));
}

static void a_clients_plan_holds_from_the_next_request_on(void **state)
{
    struct office *office = *state;
    struct str token = own_token(office);
    assert_int_equal(number_of(ask_guard(office, token), FACT_rate_limit), 5);
    office_perform(office, give_small_plan);
    struct call *call = ask_guard(office, token);
    assert_int_equal(number_of(call, FACT_rate_limit), 2);
    assert_int_equal(number_of(call, FACT_rate_remaining), 0); /* the same hour goes on */
    assert_int_equal(ask_guard(office, token)->refusal, REFUSED_rate_limited);
    office_perform(office, give_unknown_plan);
    assert_int_equal(number_of(ask_guard(office, token), FACT_rate_limit), 5);
}

static void users_have_windows_of_their_own(void **state)
{
    struct office *office = *state;
    struct str token = own_token(office);
    struct str alices = office_fact(office_redeem(office, office_code(office, "form")), FACT_access_token);
    struct str robots = office_fact(office_account(office), FACT_access_token);
    office_perform(office, give_user_plan);
    struct str tokens[] = {token, alices, robots};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ask_guard(office, tokens[i])->refusal, NOT_REFUSED);
        assert_int_equal(ask_guard(office, tokens[i])->refusal, NOT_REFUSED);
        assert_int_equal(ask_guard(office, tokens[i])->refusal, REFUSED_rate_limited);
    }
}

static void points_told_afterwards_may_go_past_the_limit(void **state)
{
    struct office *office = *state;
    struct str token = own_token(office);
    struct call *call = ask_guard(office, token);
    call->cost = 150;
    limit_charge_points(call);
    assert_int_equal(number_of(call, FACT_points_remaining), -51);
    struct call *refused = ask_guard(office, token);
    assert_int_equal(refused->refusal, REFUSED_points_used_up);
    assert_int_equal(number_of(refused, FACT_points_remaining), -51);
    assert_int_equal(number_of(refused, FACT_rate_limit), 100);
    /* Requests are counted when they are made, not when their cost is told. */
    office->now += 60;
    assert_int_equal(number_of(ask_guard(office, token), FACT_rate_remaining), 3);
}

/* No waiting helps, so none is asked for. */
static void what_costs_more_than_there_ever_is_is_told_so(void **state)
{
    struct office *office = *state;
    struct guard_rule dear = {.path = STR("/**"), .cost_text = STR("101"), .limit = STR("default")};
    struct str token = own_token(office);
    office->realm.guard = (struct guard_policy){.is_there = true, .rules = &dear, .rule_count = 1};
    rules_compile(&office->realm.guard, office->house.arena);
    struct call *call = metered(office, NULL);
    call->wanted_facts = limit_facts();
    call->authorization = (struct authorization){.is_present = true, .token = token};
    call->guarded = (struct guarded_request){.method = STR("GET"), .path = STR("/a")};
    assert_int_equal(office_run(office, call, "guard"), REFUSED_cost_too_high);
    assert_int_equal(call->facts.values[FACT_points_limit].number, 100);
    assert_false(call->facts.present & UINT64_C(1) << FACT_retry_after);
}

static void whoami_costs_nothing_and_without_a_meter_nothing_does(void **state)
{
    struct office *office = *state;
    struct str token = own_token(office);
    for (int i = 0; i < 10; i++) {
        struct call *call = metered(office, NULL);
        call->authorization = (struct authorization){.is_present = true, .token = token};
        assert_int_equal(office_run(office, call, "whoami"), NOT_REFUSED);
        assert_int_equal(office_guard(office, token), NOT_REFUSED);
    }
    assert_int_equal(number_of(ask_guard(office, token), FACT_rate_remaining), 4);
}

static enum refusal ask_token(struct office *office, const char *credentials, const char *address)
{
    struct call *call = metered(office, credentials);
    call->parameters[PARAMETER_grant_type] = STR("client_credentials");
    call->client_address = str_of(address);
    return office_run(office, call, "token");
}

static void a_client_uses_up_its_own_token_requests_only(void **state)
{
    struct office *office = *state;
    office->realm.rate.tokens = (struct rate_tokens){{2, 60}, {0, 60}};
    for (int i = 0; i < 5; i++)
        assert_int_equal(ask_token(office, "plain:wrong", "192.0.2.9"), REFUSED_secret_wrong);
    assert_int_equal(ask_token(office, "plain:secret", "192.0.2.1"), NOT_REFUSED);
    assert_int_equal(ask_token(office, "plain:secret", "192.0.2.1"), NOT_REFUSED);
    assert_int_equal(ask_token(office, "plain:secret", "192.0.2.1"), REFUSED_rate_limited);
    assert_int_equal(ask_token(office, "trusted:secret", "192.0.2.1"), NOT_REFUSED);
    office->now += 60;
    assert_int_equal(ask_token(office, "plain:secret", "192.0.2.1"), NOT_REFUSED);
}

static void guessing_is_limited_where_it_comes_from_and_nowhere_else(void **state)
{
    struct office *office = *state;
    assert_int_equal(ask_token(office, "plain:wrong", "2001:db8::1"), REFUSED_secret_wrong);
    assert_int_equal(ask_token(office, "nobody:wrong", "2001:db8::2"), REFUSED_client_unknown);
    assert_int_equal(ask_token(office, "plain:secret", "2001:db8::3"), NOT_REFUSED);
    assert_int_equal(ask_token(office, "plain:wrong", "2001:db8::4"), REFUSED_secret_wrong);
    /* Else guessing would pay: whoever hits is not told. */
    assert_int_equal(ask_token(office, "plain:secret", "2001:db8::5"), REFUSED_rate_limited);
    struct call *introspection = metered(office, "server:secret");
    introspection->client_address = STR("2001:db8::5");
    introspection->parameters[PARAMETER_token] = STR("x");
    assert_int_equal(office_run(office, introspection, "introspect"), REFUSED_rate_limited);
    assert_int_equal(number_of(introspection, FACT_retry_after), 60);
    /* Nobody is locked out by what strangers do elsewhere. */
    assert_int_equal(ask_token(office, "plain:secret", "2001:db8:0:1::1"), NOT_REFUSED);
    assert_int_equal(ask_token(office, "plain:secret", "192.0.2.1"), NOT_REFUSED);
    office->now += 60;
    assert_int_equal(ask_token(office, "plain:secret", "2001:db8::1"), NOT_REFUSED);
}

static void guessing_accounts_counts_too(void **state)
{
    struct office *office = *state;
    for (int i = 0; i < 4; i++) {
        struct call *call = metered(office, "plain:secret");
        call->parameters[PARAMETER_grant_type] = STR("service_account");
        call->parameters[PARAMETER_account_id] = STR("42");
        call->parameters[PARAMETER_account_secret] = STR("guess");
        assert_int_equal(office_run(office, call, "token"),
                         i < 3 ? REFUSED_account_secret_wrong : REFUSED_rate_limited);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_tightest_window_refuses_and_says_for_how_long),
        CASE(all_windows_are_told_in_the_drafts_words),
        CASE(a_clients_plan_holds_from_the_next_request_on),
        CASE(users_have_windows_of_their_own),
        CASE(points_told_afterwards_may_go_past_the_limit),
        CASE(what_costs_more_than_there_ever_is_is_told_so),
        CASE(whoami_costs_nothing_and_without_a_meter_nothing_does),
        CASE(a_client_uses_up_its_own_token_requests_only),
        CASE(guessing_is_limited_where_it_comes_from_and_nowhere_else),
        CASE(guessing_accounts_counts_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
