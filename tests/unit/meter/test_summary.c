/* Usage as people read it: by hour, day, client or rule; what "since" and "until" mean. */
#include "fixture.h"

#include <stdio.h>

#include "meter/ledger.h"
#include "meter/summary.h"
#include "meter/usage.h"
#include "store/rows.h"

#define HOUR INT64_C(3600)
#define DAY  INT64_C(86400)
/* 2026-11-25 12:34:56 UTC */
#define NOW   INT64_C(1795610096)
#define TODAY (NOW - 12 * HOUR - 34 * 60 - 56)

static int64_t since(const char *text)
{
    const struct summary_question question = {.since = str_of(text)};
    struct summary_query query = {0};
    enum summary_mistake mistake = summary_read(&question, NOW, &query);
    assert_true(mistake == SUMMARY_UNDERSTOOD || mistake == SUMMARY_SINCE_WRONG);
    return mistake ? -1 : query.since_at;
}

static void since_is_a_span_or_a_day(void **state)
{
    (void)state;
    assert_int_equal(since(NULL), TODAY + 12 * HOUR - DAY);
    assert_int_equal(since("24h"), TODAY + 12 * HOUR - DAY);
    assert_int_equal(since("1h"), TODAY + 11 * HOUR);
    assert_int_equal(since("2d"), TODAY + 12 * HOUR - 2 * DAY);
    assert_int_equal(since("2026-11-25"), TODAY);
    assert_int_equal(since("2026-11-01"), TODAY - 24 * DAY);
    /* Kept by the day: a whole one. */
    assert_int_equal(since("31d"), TODAY - 31 * DAY);
    assert_int_equal(since("400d"), TODAY - 400 * DAY);
    assert_int_equal(since("9600h"), TODAY - 400 * DAY);
    assert_int_equal(since("2000-02-29"), INT64_C(951782400));
    static const char *const wrong[] = {"",      "h",          "0h",         "-1h",       "401d",
                                        "9601h", "24",         "24m",        "1e3h",      "2026-11-26", /* not yet */
                                        "now",   "2026-02-30", "2026-1-01 ", "2026-11-1", "99999999999999999999d",
                                        " 24h",  "24h ",       "2026/11/01", "12w"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_int_equal(since(wrong[i]), -1);
}

static enum summary_mistake span(const char *since, const char *until, int64_t *ret_until_at)
{
    const struct summary_question question = {.since = str_of(since), .until = str_of(until)};
    struct summary_query query = {0};
    enum summary_mistake mistake = summary_read(&question, NOW, &query);
    *ret_until_at = query.until_at;
    return mistake;
}

static int64_t until(const char *text)
{
    int64_t until_at;
    enum summary_mistake mistake = span("2000-01-01", text, &until_at);
    assert_true(mistake == SUMMARY_UNDERSTOOD || mistake == SUMMARY_UNTIL_WRONG);
    return mistake ? -1 : until_at;
}

static void until_is_the_beginning_of_an_hour_or_a_day(void **state)
{
    (void)state;
    assert_int_equal(until(NULL), INT64_MAX);
    assert_int_equal(until("1h"), TODAY + 11 * HOUR);
    assert_int_equal(until("24h"), TODAY + 12 * HOUR - DAY);
    assert_int_equal(until("2026-11-25"), TODAY);
    assert_int_equal(until("2026-11-01"), TODAY - 24 * DAY);
    assert_int_equal(until("30d"), TODAY + 12 * HOUR - 30 * DAY);
    assert_int_equal(until("31d"), TODAY - 31 * DAY);
    assert_int_equal(until("400d"), TODAY - 400 * DAY);
    /* The end of this month. */
    assert_int_equal(until("2026-12-01"), TODAY + 6 * DAY);
    static const char *const wrong[] = {"", "0h", "401d", "9601h", "450d", "12w", "now", "2026-02-30", "2026-11-1"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_int_equal(until(wrong[i]), -1);
}

static void until_lies_after_since(void **state)
{
    int64_t at;
    (void)state;
    assert_int_equal(span("2h", "1h", &at), SUMMARY_UNDERSTOOD);
    assert_int_equal(span("1h", "1h", &at), SUMMARY_SPAN_EMPTY);
    assert_int_equal(span("1h", "2h", &at), SUMMARY_SPAN_EMPTY);
    assert_int_equal(span("2026-11-01", "2026-11-01", &at), SUMMARY_SPAN_EMPTY);
    assert_int_equal(span("2026-10-01", "2026-11-01", &at), SUMMARY_UNDERSTOOD);
    /* Since 24 hours. */
    assert_int_equal(span(NULL, "23h", &at), SUMMARY_UNDERSTOOD);
    assert_int_equal(span(NULL, "24h", &at), SUMMARY_SPAN_EMPTY);
    assert_int_equal(span(NULL, "1970-01-01", &at), SUMMARY_SPAN_EMPTY);
    /* Of a day that is kept as one there are no hours. */
    assert_int_equal(span("40d", "959h", &at), SUMMARY_SPAN_EMPTY);
    assert_int_equal(span("40d", "39d", &at), SUMMARY_UNDERSTOOD);
    assert_int_equal(at, TODAY - 39 * DAY);
    /* What cannot be read is told first. */
    assert_int_equal(span("12w", "12w", &at), SUMMARY_SINCE_WRONG);
}

static int by(const char *text)
{
    const struct summary_question question = {.by = str_of(text)};
    struct summary_query query = {0};
    enum summary_mistake mistake = summary_read(&question, NOW, &query);
    assert_true(mistake == SUMMARY_UNDERSTOOD || mistake == SUMMARY_BY_WRONG);
    return mistake ? -1 : (int)query.by;
}

static void by_is_one_of_four(void **state)
{
    (void)state;
    assert_int_equal(by(NULL), SUMMARY_BY_HOUR);
    assert_int_equal(by("hour"), SUMMARY_BY_HOUR);
    assert_int_equal(by("day"), SUMMARY_BY_DAY);
    assert_int_equal(by("client"), SUMMARY_BY_CLIENT);
    assert_int_equal(by("rule"), SUMMARY_BY_RULE);
    assert_int_equal(by(""), -1);
    assert_int_equal(by("month"), -1);
}

static struct summary make_until(struct fixture *fixture, int64_t realm_id, int64_t client_id, enum summary_by by,
                                 int64_t until_at)
{
    static struct client_row client;
    struct summary summary;
    client.id = client_id;
    const struct summary_query query = {.realm_id = realm_id,
                                        .client = client_id < 0 ? NULL : &client,
                                        .since_at = TODAY - 100 * DAY,
                                        .until_at = until_at,
                                        .by = by,
                                        .row_max = 100000};
    assert_int_equal(summary_make(fixture->reader, fixture->arena, &query, &summary), OK);
    assert_false(summary.is_too_much);
    return summary;
}

static struct summary make(struct fixture *fixture, int64_t realm_id, int64_t client_id, enum summary_by by)
{
    return make_until(fixture, realm_id, client_id, by, INT64_MAX);
}

/* Three clients in two realms, today and 40 days ago; more rows than one page has. */
static void fill(struct fixture *fixture)
{
    struct usage *usage = usage_create();
    struct ledger *ledger = ledger_create(usage, fixture->store);
    for (int64_t client_id = 1; client_id <= 3; client_id++)
        for (int64_t i = 0; i < 600; i++) {
            char rule[16];
            snprintf(rule, sizeof(rule), "rule %03d", (int)i);
            const struct usage_request request = {
                .owner = {client_id == 3 ? 2 : 1, client_id, str_of(rule)},
                .refused = i < 100 ? USAGE_refused_scope : USAGE_requests,
                .points = client_id,
                .subject = i / 10 + 1,
                .ns = 10000,
            };
            usage_add_request(usage, &request, i % 2 ? NOW : NOW - 40 * DAY);
        }
    assert_true(ledger_write(ledger));
    while (ledger_age(ledger, NOW))
        continue;
    ledger_destroy(ledger);
    usage_destroy(usage);
}

static void rows_of_both_tables_add_up(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    struct summary all = make(fixture, 1, USAGE_ALL_CLIENTS, SUMMARY_BY_HOUR);
    assert_int_equal(all.line_count, 2);
    assert_int_equal(all.lines[0].key.begins_at, TODAY - 40 * DAY); /* rolled up */
    assert_int_equal(all.lines[1].key.begins_at, TODAY + 12 * HOUR);
    assert_int_equal(all.lines[1].counts[USAGE_requests], 600);
    assert_int_equal(all.total.counts[USAGE_requests], 1200);
    assert_int_equal(all.total.counts[USAGE_refused_scope], 200);
    assert_int_equal(all.total.counts[USAGE_points], 600 + 2 * 600);
    assert_int_equal(all.total.subject_count, 60);
    assert_in_range(all.total.p50_ns, 9375, 10625);
    assert_false(all.is_cut);
    struct summary one = make(fixture, 1, 2, SUMMARY_BY_DAY);
    assert_int_equal(one.line_count, 2);
    assert_int_equal(one.lines[1].key.begins_at, TODAY);
    assert_int_equal(one.total.counts[USAGE_points], 1200);
    /* A client of another realm is none of this one's. */
    assert_int_equal(make(fixture, 1, 3, SUMMARY_BY_DAY).line_count, 0);
    assert_int_equal(make(fixture, 2, USAGE_ALL_CLIENTS, SUMMARY_BY_DAY).total.counts[USAGE_requests], 600);
}

/* In both tables: what begins at the end is not of it. */
static void the_end_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        int64_t until_at;
        size_t line_count;
    } cases[] = {
        {TODAY + 12 * HOUR + 1, 2}, {TODAY + 12 * HOUR, 1}, {TODAY - 40 * DAY + 1, 1}, {TODAY - 40 * DAY, 0}};
    fill(fixture);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        for (int64_t client_id = -1; client_id <= 1; client_id += 2) {
            struct summary summary = make_until(fixture, 1, client_id, SUMMARY_BY_HOUR, cases[i].until_at);
            assert_int_equal(summary.line_count, cases[i].line_count);
            assert_int_equal(summary.total.counts[USAGE_requests],
                             (client_id < 0 ? 600 : 300) * (int64_t)cases[i].line_count);
        }
}

static void add_request(struct fixture *fixture, int64_t client_id, const char *rule)
{
    struct usage *usage = usage_create();
    struct ledger *ledger = ledger_create(usage, fixture->store);
    usage_add_request(usage, &(struct usage_request){.owner = {1, client_id, str_of(rule)}}, NOW);
    assert_true(ledger_write(ledger));
    ledger_destroy(ledger);
    usage_destroy(usage);
}

static int64_t count(struct fixture *fixture, const struct client_row *client, const char *rule,
                     const char *environment)
{
    struct summary summary;
    const struct summary_question question = {
        .since = STR("100d"), .rule = str_of(rule), .environment = str_of(environment)};
    struct summary_query query = {.realm_id = 1, .client = client, .row_max = 100000};
    assert_int_equal(summary_read(&question, NOW, &query), SUMMARY_UNDERSTOOD);
    assert_int_equal(summary_make(fixture->reader, fixture->arena, &query, &summary), OK);
    return summary.total.counts[USAGE_requests];
}

/* A name is what it was when it was counted, whether there still is a rule of it or not. */
static void one_rule_can_be_asked_for(void **state)
{
    struct fixture *fixture = *state;
    static const struct client_row second = {.id = 2};
    fill(fixture);
    assert_int_equal(count(fixture, NULL, NULL, NULL), 1200);
    assert_int_equal(count(fixture, NULL, "rule 123", NULL), 2);
    assert_int_equal(count(fixture, &second, "rule 123", NULL), 1);
    assert_int_equal(count(fixture, NULL, "rule 12", NULL), 0);
    assert_int_equal(count(fixture, NULL, "Rule 123", NULL), 0);
    /* What no rule was for, whoever it was. */
    assert_int_equal(count(fixture, NULL, "-", NULL), 0);
    add_request(fixture, 0, "");
    add_request(fixture, 2, "");
    assert_int_equal(count(fixture, NULL, "-", NULL), 2);
    assert_int_equal(count(fixture, &second, "-", NULL), 1);
    assert_int_equal(count(fixture, NULL, "rule 123", NULL), 2);
}

/* Who is not known has none, nor has a client that is gone. */
static void one_environment_can_be_asked_for(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(add_client(fixture, "one", NULL), 1);
    assert_int_equal(add_client(fixture, "two", NULL), 2);
    shut(fixture);
    change(fixture->path, "UPDATE clients SET environment = 'development' WHERE id = 2");
    reopen(fixture);
    fill(fixture);
    add_request(fixture, 0, "rule 123");
    add_request(fixture, 2, "rule 123");
    add_request(fixture, 77, "rule 123");
    static const struct client_row first = {.id = 1};
    assert_int_equal(count(fixture, NULL, NULL, NULL), 1203);
    assert_int_equal(count(fixture, NULL, NULL, "production"), 600);
    assert_int_equal(count(fixture, NULL, NULL, "development"), 601);
    assert_int_equal(count(fixture, NULL, "rule 123", "development"), 2);
    assert_int_equal(count(fixture, &first, NULL, "production"), 600);
    assert_int_equal(count(fixture, &first, NULL, "development"), 0);
}

static void what_cannot_be_a_rule_or_an_environment(void **state)
{
    (void)state;
    struct summary_query query = {0};
    static const struct summary_question no_rule = {.rule = STR_INIT("")};
    assert_int_equal(summary_read(&no_rule, NOW, &query), SUMMARY_RULE_WRONG);
    static const char *const wrong[] = {"", "sandbox", "Production", "prod", "production ", "-"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        const struct summary_question question = {.environment = str_of(wrong[i])};
        assert_int_equal(summary_read(&question, NOW, &query), SUMMARY_ENVIRONMENT_WRONG);
    }
}

/* What is passed over was looked at, too. */
static void a_filter_makes_no_question_cheaper(void **state)
{
    struct fixture *fixture = *state;
    struct summary summary;
    struct summary_query query = {.realm_id = 1,
                                  .since_at = TODAY - 100 * DAY,
                                  .until_at = INT64_MAX,
                                  .rule = STR("rule 123"),
                                  .row_max = 1199};
    fill(fixture);
    assert_int_equal(summary_make(fixture->reader, fixture->arena, &query, &summary), OK);
    assert_true(summary.is_too_much);
}

static void the_busiest_come_first(void **state)
{
    struct fixture *fixture = *state;
    fill(fixture);
    struct usage *usage = usage_create();
    struct ledger *ledger = ledger_create(usage, fixture->store);
    usage_add_request(usage, &(struct usage_request){.owner = {1, 2, STR("rule 123")}}, NOW);
    assert_true(ledger_write(ledger));
    struct summary clients = make(fixture, 1, USAGE_ALL_CLIENTS, SUMMARY_BY_CLIENT);
    assert_int_equal(clients.line_count, 2);
    assert_int_equal(clients.lines[0].key.client_id, 2);
    assert_int_equal(clients.lines[1].key.client_id, 1);
    struct summary rules = make(fixture, 1, USAGE_ALL_CLIENTS, SUMMARY_BY_RULE);
    assert_int_equal(rules.line_count, 600);
    assert_true(str_equal(rules.lines[0].key.rule, STR("rule 123")));
    assert_true(str_equal(rules.lines[1].key.rule, STR("rule 000")));
    ledger_destroy(ledger);
    usage_destroy(usage);
}

static void more_lines_than_are_told_still_count(void **state)
{
    struct fixture *fixture = *state;
    struct usage *usage = usage_create();
    struct ledger *ledger = ledger_create(usage, fixture->store);
    for (int64_t client_id = 1; client_id <= SUMMARY_LINES_MAX + 5; client_id++)
        for (int64_t i = 0; i < (client_id > 5 ? 2 : 1); i++)
            usage_add_request(usage, &(struct usage_request){.owner = {1, client_id, STR("rule")}}, NOW);
    assert_true(ledger_write(ledger));
    struct summary summary = make(fixture, 1, USAGE_ALL_CLIENTS, SUMMARY_BY_CLIENT);
    assert_true(summary.is_cut);
    assert_int_equal(summary.line_count, SUMMARY_LINES_MAX);
    assert_int_equal(summary.lines[SUMMARY_LINES_MAX - 1].counts[USAGE_requests], 2);
    assert_int_equal(summary.total.counts[USAGE_requests], 2 * SUMMARY_LINES_MAX + 5);
    ledger_destroy(ledger);
    usage_destroy(usage);
}

/* Half a truth would look like the whole. */
static void too_many_rows_are_not_told(void **state)
{
    struct fixture *fixture = *state;
    struct summary summary;
    fill(fixture);
    struct summary_query query = {
        .realm_id = 1, .since_at = TODAY - 100 * DAY, .until_at = INT64_MAX, .row_max = 1200};
    assert_int_equal(summary_make(fixture->reader, fixture->arena, &query, &summary), OK);
    assert_false(summary.is_too_much);
    query.row_max = 1199;
    assert_int_equal(summary_make(fixture->reader, fixture->arena, &query, &summary), OK);
    assert_true(summary.is_too_much);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(since_is_a_span_or_a_day),
        cmocka_unit_test(until_is_the_beginning_of_an_hour_or_a_day),
        cmocka_unit_test(until_lies_after_since),
        cmocka_unit_test(by_is_one_of_four),
        cmocka_unit_test_setup_teardown(rows_of_both_tables_add_up, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(the_end_is_left_out, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(one_rule_can_be_asked_for, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(one_environment_can_be_asked_for, open_fixture, close_fixture),
        cmocka_unit_test(what_cannot_be_a_rule_or_an_environment),
        cmocka_unit_test_setup_teardown(a_filter_makes_no_question_cheaper, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(the_busiest_come_first, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(more_lines_than_are_told_still_count, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(too_many_rows_are_not_told, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
