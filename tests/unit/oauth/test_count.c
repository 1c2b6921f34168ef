/* Usage: under whom a request counts, and how a refusal is sorted. */
#include "office.h"

#include "meter/cells.h"
#include "meter/meter.h"
#include "meter/usage.h"
#include "oauth/count.h"
#include "oauth/rule.h"

static struct meter *meter;

static int set_up(void **state)
{
    office_setup(state);
    meter = meter_create();
    return 0;
}

static int tear_down(void **state)
{
    meter_destroy(meter);
    return office_teardown(state);
}

static void ask_guard(struct office *office, struct str token, enum refusal expected)
{
    struct call *call = office_call(office, NULL);
    call->meter = meter;
    call->authorization = (struct authorization){.is_present = token.len > 0, .token = token};
    call->guarded = (struct guarded_request){.method = STR("GET"), .path = STR("/things/1")};
    assert_int_equal(office_run(office, call, "guard"), expected);
    count_request(call, 2000);
}

/* The one cell of the client and rule; the counts that are there are taken away. */
static struct cell take_cell(int64_t client_id, const char *rule)
{
    struct cells cells = {0};
    size_t at = 0;
    struct cell found = {0};
    usage_collect(meter->usage, &cells);
    for (const struct cell *cell; (cell = cells_next(&cells, &at));) {
        assert_true(cell->key.client_id == client_id && str_equal(cell->key.rule, str_of(rule)));
        cell_merge(&found, cell);
    }
    cells_clear(&cells);
    return found;
}

static void assert_counts(int64_t client_id, const char *rule, enum usage_count what, int64_t count)
{
    struct cell cell = take_cell(client_id, rule);
    assert_int_equal(cell.counts[USAGE_requests], count);
    assert_int_equal(cell.counts[what], count);
    for (int other = USAGE_refused_token; other <= USAGE_refused_other; other++)
        assert_int_equal(cell.counts[other], other == (int)what ? count : 0);
    cell_clear(&cell);
}

static void a_client_counts_until_its_token_is_unknown(void **state)
{
    struct office *office = *state;
    const int64_t client_id = office->client_rows[PLAIN];
    struct call *call = office_token(office, "plain:secret", "client_credentials");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    struct str token = office_fact(call, FACT_access_token);
    ask_guard(office, token, NOT_REFUSED);
    assert_counts(client_id, "", USAGE_points, 1); /* a point each, where no rule says otherwise */
    office->now += 4000;
    ask_guard(office, token, REFUSED_token_expired);
    assert_counts(client_id, "", USAGE_refused_token, 1);
    ask_guard(office, STR("unknown"), REFUSED_token_unknown);
    ask_guard(office, STR(""), REFUSED_authorization_missing);
    assert_counts(0, "", USAGE_refused_token, 2);
}

static void users_and_accounts_are_subjects(void **state)
{
    struct office *office = *state;
    struct str of_alice = office_fact(office_redeem(office, office_code(office, "form")), FACT_access_token);
    struct str of_account = office_fact(office_account(office), FACT_access_token);
    struct call *own = office_token(office, "plain:secret", "client_credentials");
    assert_int_equal(office_run(office, own, "token"), NOT_REFUSED);
    for (int i = 0; i < 3; i++) {
        ask_guard(office, of_alice, NOT_REFUSED);
        ask_guard(office, of_account, NOT_REFUSED);
        ask_guard(office, office_fact(own, FACT_access_token), NOT_REFUSED);
    }
    struct cell cell = take_cell(office->client_rows[PLAIN], "");
    assert_int_equal(cell.counts[USAGE_requests], 9);
    assert_int_equal(sketch_count(&cell.subjects), 2);
    assert_in_range(times_quantile(&cell.times, 500), 1875, 2125);
    cell_clear(&cell);
}

static void refusals_count_by_rule_and_kind(void **state)
{
    struct office *office = *state;
    static struct guard_rule rules[] = {
        {.name = STR_INIT("things"), .path = STR_INIT("/things/*"), .cost_text = STR_INIT("7")}};
    const int64_t client_id = office->client_rows[PLAIN];
    struct call *call = office_token(office, "plain:secret", "client_credentials");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    struct str token = office_fact(call, FACT_access_token);
    office->realm.guard = (struct guard_policy){.is_there = true, .rules = rules, .rule_count = 1};
    rules_compile(&office->realm.guard, office->house.arena);
    ask_guard(office, token, NOT_REFUSED);
    struct cell cell = take_cell(client_id, "things");
    assert_int_equal(cell.counts[USAGE_points], 7);
    cell_clear(&cell);
    rules[0].scope = STR("write");
    ask_guard(office, token, REFUSED_scope_insufficient);
    assert_counts(client_id, "things", USAGE_refused_scope, 1);
    rules[0].scope = STR_NONE;
    rules[0].needs_user = true;
    ask_guard(office, token, REFUSED_user_needed);
    assert_counts(client_id, "things", USAGE_refused_scope, 1);
    office->realm.guard = (struct guard_policy){.is_there = true};
    rules_compile(&office->realm.guard, office->house.arena);
    ask_guard(office, token, REFUSED_request_unmatched);
    assert_counts(client_id, "", USAGE_refused_rule, 1);
}

/* Every refusal of the guard has a kind; what the machine or a stranger's protocol does is another matter. */
static void each_refusal_has_its_kind(void **state)
{
    struct office *office = *state;
    static const struct {
        enum refusal refusal;
        enum usage_count kind;
    } kinds[] = {
        {REFUSED_authorization_malformed, USAGE_refused_token}, {REFUSED_token_revoked, USAGE_refused_token},
        {REFUSED_instance_differs, USAGE_refused_scope},        {REFUSED_environment_wrong, USAGE_refused_scope},
        {REFUSED_limited_refused, USAGE_refused_scope},         {REFUSED_rate_limited, USAGE_refused_limit},
        {REFUSED_points_used_up, USAGE_refused_limit},          {REFUSED_request_unreadable, USAGE_refused_rule},
        {REFUSED_store_unavailable, USAGE_refused_other},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        struct call *call = office_call(office, NULL);
        call->meter = meter;
        call->refusal = kinds[i].refusal;
        call->cost = 5;
        count_request(call, 2000);
        struct cell cell = take_cell(0, "");
        assert_int_equal(cell.counts[kinds[i].kind], 1);
        assert_int_equal(cell.counts[USAGE_points], 0); /* what was refused costs nothing */
        cell_clear(&cell);
    }
}

static void without_a_meter_nothing_is_counted(void **state)
{
    struct call *call = office_call(*state, NULL);
    count_request(call, 1);
    count_points(call, 5);
    count_token(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_client_counts_until_its_token_is_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(users_and_accounts_are_subjects, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals_count_by_rule_and_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_refusal_has_its_kind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_meter_nothing_is_counted, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
