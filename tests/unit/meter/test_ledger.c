/* Usage in the store: written by adding, rolled up by the day, dropped when it is old. */
#include "fixture.h"

#include "meter/cells.h"
#include "meter/ledger.h"
#include "meter/usage.h"
#include "store/parts.h"

#define DAY INT64_C(86400)
/* 2026-11-25 12:00:00 UTC */
#define NOW   INT64_C(1795608000)
#define TODAY (NOW - 12 * 3600)

static void count(struct usage *usage, int64_t client_id, int64_t subject, int64_t now)
{
    const struct usage_request request = {
        .owner = {1, client_id, STR("rule")}, .points = 1, .subject = subject, .ns = 3000};
    usage_add_request(usage, &request, now);
}

static void age_all(struct ledger *ledger)
{
    while (ledger_age(ledger, NOW))
        continue;
}

static void what_is_written_twice_adds_up(void **state)
{
    struct fixture *fixture = *state;
    struct usage *usage = usage_create();
    struct ledger *ledger = ledger_create(usage, fixture->store);
    struct usage_row *row;
    const struct usage_key key = {NOW, 1, 5, STR("rule")};
    struct cell sum = {0};
    assert_true(ledger_write(ledger));
    for (int64_t second = 0; second < 3; second++) {
        for (int64_t subject = 1; subject <= 40; subject++)
            count(usage, 5, subject + second * 10, NOW + second);
        assert_true(ledger_write(ledger));
    }
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM usage_hours"), 1);
    assert_int_equal(usage_find(fixture->reader, USAGE_HOURS, fixture->arena, &key, &row), OK);
    assert_non_null(row);
    assert_int_equal(row->counts[USAGE_requests], 120);
    assert_int_equal(row->counts[USAGE_points], 120);
    cell_read(&sum, row);
    assert_int_equal(sketch_count(&sum.subjects), 60); /* few: exact */
    assert_in_range(times_quantile(&sum.times, 990), 2813, 3188);
    cell_clear(&sum);
    ledger_destroy(ledger);
    usage_destroy(usage);
}

static void many_are_written_in_slices(void **state)
{
    struct fixture *fixture = *state;
    struct usage *usage = usage_create();
    struct ledger *ledger = ledger_create(usage, fixture->store);
    for (int64_t client_id = 1; client_id <= 1000; client_id++)
        count(usage, client_id, 0, NOW);
    uint64_t unit_count = store_stats(fixture->store).unit_count;
    assert_true(ledger_write(ledger));
    assert_int_equal(store_stats(fixture->store).unit_count - unit_count, 5);
    assert_int_equal(ask(fixture->path, "SELECT sum(requests) FROM usage_hours"), 1000);
    ledger_destroy(ledger);
    usage_destroy(usage);
}

#define REFUSE                                                                                                       \
    "CREATE TRIGGER refuse BEFORE INSERT ON usage_hours WHEN (SELECT count(*) FROM usage_hours) >= 430 BEGIN"        \
    " SELECT raise(ABORT, 'no'); END"

static enum outcome refuse_rows(struct store_tx *tx, void *subject)
{
    (void)subject;
    return sql_run_script(tx->reader.sql, REFUSE);
}

static enum outcome take_rows(struct store_tx *tx, void *subject)
{
    (void)subject;
    return sql_run_script(tx->reader.sql, "DROP TRIGGER refuse");
}

static void what_cannot_be_written_is_written_later(void **state)
{
    struct fixture *fixture = *state;
    struct usage *usage = usage_create();
    struct ledger *ledger = ledger_create(usage, fixture->store);
    for (int64_t client_id = 1; client_id <= 450; client_id++)
        count(usage, client_id, 9, NOW);
    /* The third slice cannot be written: neither the rows that would have gone well are. */
    assert_int_equal(write_rows(fixture->store, refuse_rows, NULL), OK);
    assert_false(ledger_write(ledger));
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM usage_hours"), 400);
    for (int64_t client_id = 1; client_id <= 450; client_id++) /* meanwhile */
        count(usage, client_id, 10, NOW);
    assert_false(ledger_write(ledger));
    assert_int_equal(write_rows(fixture->store, take_rows, NULL), OK);
    assert_true(ledger_write(ledger));
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM usage_hours"), 450);
    assert_int_equal(ask(fixture->path, "SELECT min(requests) FROM usage_hours"), 2);
    assert_int_equal(ask(fixture->path, "SELECT max(requests) FROM usage_hours"), 2);
    ledger_destroy(ledger);
    usage_destroy(usage);
}

/* Whole days are rolled up, so that a day is never half in one table and half in the other for long. */
static void old_hours_become_days(void **state)
{
    struct fixture *fixture = *state;
    struct usage *usage = usage_create();
    struct ledger *ledger = ledger_create(usage, fixture->store);
    const int64_t old_day = TODAY - 31 * DAY;
    for (int64_t hour = 0; hour < 24; hour++)
        for (int64_t client_id = 1; client_id <= 20; client_id++) {
            count(usage, client_id, hour + 1, old_day + hour * 3600 + 17);
            count(usage, client_id, hour + 1, old_day + DAY + hour * 3600);
        }
    assert_true(ledger_write(ledger));
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM usage_hours"), 960);
    age_all(ledger);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM usage_hours"), 480); /* of the 30th day before today */
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM usage_days"), 20);
    assert_int_equal(ask(fixture->path, "SELECT sum(requests) FROM usage_days"), 480);
    assert_int_equal(ask(fixture->path, "SELECT min(begins_at) FROM usage_days"), old_day);
    assert_int_equal(ask(fixture->path, "SELECT max(begins_at) FROM usage_days"), old_day);
    struct usage_row *row;
    const struct usage_key key = {old_day, 1, 20, STR("rule")};
    struct cell sum = {0};
    assert_int_equal(usage_find(fixture->reader, USAGE_DAYS, fixture->arena, &key, &row), OK);
    cell_read(&sum, row);
    assert_int_equal(sum.counts[USAGE_requests], 24);
    assert_int_equal(sketch_count(&sum.subjects), 24);
    assert_in_range(times_quantile(&sum.times, 500), 2813, 3188);
    cell_clear(&sum);
    ledger_destroy(ledger);
    usage_destroy(usage);
}

static void old_days_leave(void **state)
{
    struct fixture *fixture = *state;
    struct usage *usage = usage_create();
    struct ledger *ledger = ledger_create(usage, fixture->store);
    count(usage, 1, 1, TODAY - 400 * DAY - 1);
    count(usage, 2, 1, TODAY - 400 * DAY);
    assert_true(ledger_write(ledger));
    age_all(ledger);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM usage_hours"), 0);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM usage_days"), 1);
    assert_int_equal(ask(fixture->path, "SELECT client_id FROM usage_days"), 2);
    ledger_destroy(ledger);
    usage_destroy(usage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_twice_adds_up, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(many_are_written_in_slices, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_written_later, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(old_hours_become_days, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(old_days_leave, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
