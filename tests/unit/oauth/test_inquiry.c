/* Whose usage may be told to whom. */
#include "office.h"

#include "oauth/inquiry.h"

static enum refusal settle(struct office *office, const char *credentials, const struct inquiry *inquiry,
                           struct summary_query *ret_query)
{
    struct call *call = office_call(office, credentials);
    enum outcome outcome = inquiry_settle(call, store_reader(office->house.store), inquiry, ret_query);
    assert_int_equal(outcome, call->refusal ? REFUSED : OK);
    return call->refusal;
}

static enum refusal ask_about(struct office *office, const char *credentials, const char *client_id,
                              struct summary_query *ret_query)
{
    const struct inquiry inquiry = {.client_id = str_of(client_id)};
    return settle(office, credentials, &inquiry, ret_query);
}

static void a_client_hears_of_itself(void **state)
{
    struct office *office = *state;
    struct summary_query query;
    for (int is_named = 0; is_named < 2; is_named++) {
        assert_int_equal(ask_about(office, "plain:secret", is_named ? "plain" : NULL, &query), NOT_REFUSED);
        assert_int_equal(query.client->id, office->client_rows[PLAIN]);
        assert_int_equal(query.realm_id, office->realm.id);
    }
}

/* It has proven who it is: what it lacks is leave, and it is not told whether there is somebody of that name. */
static void another_client_is_refused_whether_it_is_there_or_not(void **state)
{
    static const char *const names[] = {"trusted", "nobody", ""};
    struct office *office = *state;
    struct summary_query query;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_int_equal(ask_about(office, "plain:secret", names[i], &query), REFUSED_usage_not_allowed);
    assert_true(str_equal(refusal_words(REFUSED_usage_not_allowed)->error, STR("forbidden")));
    assert_int_equal(ask_about(office, "plain:wrong", "trusted", &query), REFUSED_secret_wrong);
}

static void a_resource_server_hears_of_everybody(void **state)
{
    struct office *office = *state;
    struct summary_query query;
    assert_int_equal(ask_about(office, "server:secret", NULL, &query), NOT_REFUSED);
    assert_null(query.client);
    assert_int_equal(ask_about(office, "server:secret", "plain", &query), NOT_REFUSED);
    assert_int_equal(query.client->id, office->client_rows[PLAIN]);
    assert_int_equal(ask_about(office, "server:secret", "nobody", &query), REFUSED_usage_client_unknown);
}

static void what_cannot_be_read_is_refused_by_its_name(void **state)
{
    static const struct {
        struct inquiry inquiry;
        enum refusal refusal;
    } cases[] = {
        {{.question.since = STR_INIT("450d")}, REFUSED_usage_since_wrong},
        {{.question.since = STR_INIT("12w")}, REFUSED_usage_since_wrong},
        {{.question.until = STR_INIT("450d")}, REFUSED_usage_until_wrong},
        {{.question.until = STR_INIT("2d")}, REFUSED_usage_span_empty},
        {{.question.by = STR_INIT("month")}, REFUSED_usage_by_wrong},
        {{.question.rule = STR_INIT("")}, REFUSED_usage_rule_wrong},
        {{.question.environment = STR_INIT("sandbox")}, REFUSED_usage_environment_wrong},
    };
    struct office *office = *state;
    struct summary_query query;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(settle(office, "plain:secret", &cases[i].inquiry, &query), cases[i].refusal);
        /* Only to who has proven who it is. */
        assert_int_equal(settle(office, "plain:wrong", &cases[i].inquiry, &query), REFUSED_secret_wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_client_hears_of_itself, office_setup, office_teardown),
        cmocka_unit_test_setup_teardown(another_client_is_refused_whether_it_is_there_or_not, office_setup,
                                        office_teardown),
        cmocka_unit_test_setup_teardown(a_resource_server_hears_of_everybody, office_setup, office_teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_refused_by_its_name, office_setup, office_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
