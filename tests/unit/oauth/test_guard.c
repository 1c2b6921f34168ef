/* Which token passes which rule, in which order things are found out, and what is never done for a token that is
 * none. */
#include "office.h"

#include "meter/meter.h"
#include "oauth/limit.h"

static struct str both_methods[] = {STR_INIT("GET"), STR_INIT("POST")};
static struct str one_method[] = {STR_INIT("GET")};
static struct guard_rule rules[] = {
    {.path = STR_INIT("/open"), .takes_limited = true, .cost_text = STR_INIT("7")},
    {.path = STR_INIT("/read"), .scope = STR_INIT("read"), .cost_text = STR_INIT("1")},
    {.path = STR_INIT("/both"), .scope = STR_INIT("write read"), .cost_text = STR_INIT("1")},
    {.path = STR_INIT("/user"), .needs_user = true, .cost_text = STR_INIT("1")},
    {.path = STR_INIT("/test"), .environment = STR_INIT("development"), .cost_text = STR_INIT("1")},
    {.path = STR_INIT("/live"), .environment = STR_INIT("production"), .cost_text = STR_INIT("1")},
    {.path = STR_INIT("/query"), .methods = both_methods, .method_count = 2, .cost_text = STR_INIT("graphql")},
    {.path = STR_INIT("/**"), .methods = one_method, .method_count = 1, .cost_text = STR_INIT("0")},
};
#define RULE_COUNT (sizeof(rules) / sizeof(*rules))

static size_t estimate_count;

static struct query_estimate estimate(const struct call *call, const void *message)
{
    (void)call;
    estimate_count++;
    return *(const struct query_estimate *)message;
}

static int set_up(void **state)
{
    office_setup(state);
    struct office *office = *state;
    struct guard_rule *own = arena_array(office->house.arena, struct guard_rule, RULE_COUNT);
    memcpy(own, rules, sizeof rules);
    office->realm.limited_lifetime_seconds = 60;
    office->realm.limited_scope = STR("read");
    office->realm.guard = (struct guard_policy){.is_there = true, .rules = own, .rule_count = RULE_COUNT};
    rules_compile(&office->realm.guard, office->house.arena);
    estimate_count = 0;
    return 0;
}

static struct str token_of(struct office *office, const char *scope)
{
    struct call *call = office_token(office, "plain:secret", "client_credentials");
    call->parameters[PARAMETER_scope] = str_of(scope);
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    return office_fact(call, FACT_access_token);
}

static struct call *ask_query(struct office *office, struct str token, const char *method, const char *path,
                              const struct query_estimate *query)
{
    struct call *call = office_call(office, NULL);
    call->authorization = (struct authorization){.is_present = str_is_present(token), .token = token};
    call->guarded = (struct guarded_request){
        .method = str_of(method), .path = str_of(path), .estimate = estimate, .message = query};
    office_run(office, call, "guard");
    return call;
}

static struct call *ask(struct office *office, struct str token, const char *method, const char *path)
{
    static const struct query_estimate query = {.points = 42, .only_reads = true};
    return ask_query(office, token, method, path, &query);
}

static void assert_ends(struct office *office, struct str token, const char *method, const char *path,
                        enum refusal expected)
{
    enum refusal refusal = ask(office, token, method, path)->refusal;
    if (refusal != expected)
        fail_msg("%s %s: %.*s", method ? method : "-", path ? path : "-", STR_ARGS(refusal_words(refusal)->name));
}

static void a_token_has_what_its_rule_needs(void **state)
{
    struct str both = token_of(*state, "read write"), write = token_of(*state, "write");
    assert_ends(*state, both, "POST", "/open", NOT_REFUSED);
    assert_ends(*state, both, "POST", "/read", NOT_REFUSED);
    assert_ends(*state, write, "POST", "/read", REFUSED_scope_insufficient);
    assert_ends(*state, both, "POST", "/both", NOT_REFUSED);
    assert_ends(*state, write, "POST", "/both", REFUSED_scope_insufficient);
    assert_ends(*state, both, "POST", "/live", NOT_REFUSED);
    assert_ends(*state, both, "POST", "/test", REFUSED_environment_wrong);
    assert_ends(*state, both, "GET", "/else", NOT_REFUSED);
    assert_ends(*state, both, "POST", "/else", REFUSED_request_unmatched);
}

static void a_user_is_no_service_account(void **state)
{
    struct str account = office_fact(office_account(*state), FACT_access_token);
    assert_ends(*state, token_of(*state, "write"), "GET", "/user", REFUSED_user_needed);
    assert_ends(*state, account, "GET", "/user", REFUSED_user_needed);
}

static void a_limited_token_passes_where_it_is_taken(void **state)
{
    struct office *office = *state;
    struct str limited = token_of(office, "read");
    assert_ends(office, limited, "GET", "/open", NOT_REFUSED);
    assert_ends(office, limited, "GET", "/read", REFUSED_limited_refused);
    office->realm.guard.lets_unmatched_pass = true;
    assert_ends(office, limited, "POST", "/else", REFUSED_limited_refused);
    assert_ends(office, token_of(office, "write"), "POST", "/else", NOT_REFUSED);
    office->realm.limited_lifetime_seconds = 0; /* nobody gets such tokens: it is an ordinary one */
    assert_ends(office, limited, "GET", "/read", NOT_REFUSED);
}

static void a_query_is_seen_before_it_passes(void **state)
{
    struct office *office = *state;
    const struct query_estimate reads = {.points = 2, .only_reads = true}, writes = {.points = 2},
                                unreadable = {.points = 2, .only_reads = true, .is_unreadable = true},
                                malformed = {.points = 1,
                                             .is_unreadable = true,
                                             .mistake = STR("Syntax Error"),
                                             .line = 3,
                                             .column = 7};
    struct str token = token_of(office, "write"), limited = token_of(office, "read");
    for (size_t i = 0; i < RULE_COUNT; i++)
        office->realm.guard.rules[i].takes_limited = true;
    assert_int_equal(ask_query(office, token, "POST", "/query", &writes)->refusal, NOT_REFUSED);
    assert_int_equal(ask_query(office, limited, "POST", "/query", &reads)->refusal, NOT_REFUSED);
    assert_int_equal(ask_query(office, limited, "POST", "/query", &writes)->refusal, REFUSED_limited_refused);
    assert_int_equal(ask_query(office, token, "POST", "/query", &unreadable)->refusal, REFUSED_query_unreadable);
    const struct call *call = ask_query(office, token, "POST", "/query", &malformed);
    assert_int_equal(call->refusal, REFUSED_query_malformed);
    assert_int_equal(call->facts.values[FACT_query_line].number, 3);
    assert_int_equal(call->facts.values[FACT_query_column].number, 7);
    assert_int_equal(ask_query(office, token, "POST", "/both", &unreadable)->refusal, REFUSED_scope_insufficient);
    assert_int_equal(ask_query(office, limited, "POST", "/read", &unreadable)->refusal, NOT_REFUSED);
}

static void what_cannot_be_read_never_passes(void **state)
{
    struct office *office = *state;
    struct str token = token_of(office, "write");
    for (int turn = 0; turn < 2; turn++) {
        office->realm.guard.lets_unmatched_pass = turn;
        assert_ends(office, token, "GET", "/open/..", REFUSED_request_unreadable);
        assert_ends(office, token, "GET", NULL, REFUSED_request_unreadable);
        assert_ends(office, token, NULL, "/open", REFUSED_request_unreadable);
    }
    office->realm.guard.is_there = false;
    assert_ends(office, token, NULL, NULL, NOT_REFUSED);
}

/* The rule is known for whoever counts; whoever asks hears of it only with a live token. */
static void the_token_comes_before_the_rule(void **state)
{
    struct call *call = ask(*state, STR_NONE, "GET", "/query");
    assert_int_equal(call->refusal, REFUSED_authorization_missing);
    assert_true(call->rule && str_equal(call->rule->path, STR("/query")));
    assert_int_equal(ask(*state, STR("bogus"), "GET", "/a/../b")->refusal, REFUSED_token_unknown);
    assert_int_equal(ask(*state, STR("bogus"), "GET", "/query")->refusal, REFUSED_token_unknown);
    assert_int_equal(estimate_count, 0); /* strangers make nobody work */
}

static void a_request_costs_what_its_rule_says(void **state)
{
    struct str token = token_of(*state, "write");
    assert_int_equal(ask(*state, token, "GET", "/open")->cost, 7);
    assert_int_equal(ask(*state, token, "GET", "/else")->cost, 0);
    assert_int_equal(estimate_count, 0);
    assert_int_equal(ask(*state, token, "POST", "/query")->cost, 42);
    assert_int_equal(estimate_count, 1);
    ((struct office *)*state)->realm.guard.is_there = false;
    assert_int_equal(ask(*state, token, "POST", "/query")->cost, 1);
}

/* whoami and introspection are about the token, not about a request. */
static void other_questions_have_no_rule(void **state)
{
    struct str token = token_of(*state, "write");
    struct call *call = office_call(*state, NULL);
    call->authorization = (struct authorization){.is_present = true, .token = token};
    assert_int_equal(office_run(*state, call, "whoami"), NOT_REFUSED);
    assert_null(call->rule);
}

static void a_cost_is_told_and_not_charged(void **state)
{
    static struct rate_window windows[] = {
        {.name = STR_INIT("points"), .limit = STR_INIT("all"), .is_of_points = true, .seconds = 60, .most = 50}};
    static struct rate_plan plan = {.name = STR_INIT("standard"), .windows = windows, .window_count = 1};
    struct office *office = *state;
    struct meter *meter = meter_create();
    const struct query_estimate query = {.points = 90};
    rate_plan_compile(&plan, office->house.arena);
    office->realm.rate =
        (struct rate_policy){.plans = &plan, .plan_count = 1, .defaults = {STR("standard"), STR_NONE}};
    struct str token = token_of(office, "write");
    for (int turn = 0; turn < 3; turn++) {
        struct call *call = office_call(office, NULL);
        call->meter = meter;
        call->wanted_facts = limit_facts();
        call->authorization = (struct authorization){.is_present = true, .token = token};
        call->guarded = (struct guarded_request){.estimate = estimate, .message = &query};
        assert_int_equal(office_run(office, call, "cost"), NOT_REFUSED);
        assert_int_equal(call->facts.values[FACT_query_cost].number, 90);
        assert_int_equal(call->facts.values[FACT_points_remaining].number, 50);
    }
    meter_destroy(meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_token_has_what_its_rule_needs, set_up, office_teardown),
        cmocka_unit_test_setup_teardown(a_user_is_no_service_account, set_up, office_teardown),
        cmocka_unit_test_setup_teardown(a_limited_token_passes_where_it_is_taken, set_up, office_teardown),
        cmocka_unit_test_setup_teardown(a_query_is_seen_before_it_passes, set_up, office_teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_never_passes, set_up, office_teardown),
        cmocka_unit_test_setup_teardown(the_token_comes_before_the_rule, set_up, office_teardown),
        cmocka_unit_test_setup_teardown(a_request_costs_what_its_rule_says, set_up, office_teardown),
        cmocka_unit_test_setup_teardown(other_questions_have_no_rule, set_up, office_teardown),
        cmocka_unit_test_setup_teardown(a_cost_is_told_and_not_charged, set_up, office_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
