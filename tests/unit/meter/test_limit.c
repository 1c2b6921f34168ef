/* Counts in windows: all or none, exact among threads, gone when they are over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/clock.h"
#include "meter/limit.h"
#include "store/windows.h"

#define NOW 1800000000

static struct limit_charge charge_of(int64_t owner, uint64_t window, int64_t seconds, int64_t most)
{
    return (struct limit_charge){.owner = owner, .window_id = window, .seconds = seconds, .most = most, .amount = 1};
}

static void test_window_has_room_for_its_limit(void **state)
{
    (void)state;
    struct limits *limits = limits_create(LIMITS_UNBOUNDED);
    struct limit_charge charge = charge_of(7, 1, 10, 3);
    for (int64_t used = 1; used <= 3; used++) {
        assert_true(limits_take(limits, &charge, 1, NOW + used));
        assert_int_equal(charge.used, used);
        assert_int_equal(charge.ends_at, NOW + 11); /* ten seconds from the first */
    }
    assert_false(limits_take(limits, &charge, 1, NOW + 10));
    assert_true(charge.is_full);
    assert_int_equal(charge.used, 3);
    /* The next window begins with the first charge after the end, not at the end. */
    assert_true(limits_take(limits, &charge, 1, NOW + 14));
    assert_int_equal(charge.used, 1);
    assert_int_equal(charge.ends_at, NOW + 24);
    limits_destroy(limits);
}

static void test_all_windows_or_none(void **state)
{
    (void)state;
    struct limits *limits = limits_create(LIMITS_UNBOUNDED);
    struct limit_charge charges[] = {charge_of(7, 1, 10, 100), charge_of(7, 2, 3600, 2), charge_of(7, 3, 60, 100)};
    charges[0].subject = 42; /* a user's, in another shard perhaps */
    assert_true(limits_take(limits, charges, 3, NOW));
    assert_true(limits_take(limits, charges, 3, NOW));
    assert_false(limits_take(limits, charges, 3, NOW));
    assert_false(charges[0].is_full);
    assert_true(charges[1].is_full);
    assert_false(charges[2].is_full);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(charges[i].used, 2);
    limits_destroy(limits);
}

static void test_charge_after_the_fact_goes_past_the_limit(void **state)
{
    (void)state;
    struct limits *limits = limits_create(LIMITS_UNBOUNDED);
    struct limit_charge charge = charge_of(7, 1, 10, 100);
    charge.amount = 150;
    assert_false(limits_take(limits, &charge, 1, NOW));
    limits_charge(limits, &charge, 1, NOW);
    assert_int_equal(charge.used, 150);
    charge.amount = 1;
    assert_false(limits_take(limits, &charge, 1, NOW));
    charge.amount = 0; /* what costs nothing always has room */
    assert_true(limits_take(limits, &charge, 1, NOW));
    assert_int_equal(charge.used, 150);
    limits_read(limits, &charge, 1, NOW + 10);
    assert_int_equal(charge.used, 0);
    limits_destroy(limits);
}

static void test_cleared_windows_are_empty_until_their_end(void **state)
{
    (void)state;
    struct limits *limits = limits_create(LIMITS_UNBOUNDED);
    struct limit_charge own = charge_of(7, 1, 10, 100), users = charge_of(7, 2, 10, 100),
                        others = charge_of(8, 1, 10, 100);
    users.subject = 42;
    struct limit_charge charges[] = {own, users, others};
    assert_true(limits_take(limits, charges, 3, NOW));
    limits_clear(limits, 7, 42, NOW + 1);
    limits_read(limits, charges, 3, NOW + 2);
    assert_true(charges[0].used == 1 && charges[1].used == 0 && charges[2].used == 1);
    assert_int_equal(charges[1].ends_at, NOW + 10);
    limits_clear(limits, 7, LIMITS_EVERYBODY, NOW + 3);
    limits_clear(limits, 7, LIMITS_EVERYBODY, NOW + 3);
    limits_read(limits, charges, 3, NOW + 4);
    assert_true(charges[0].used == 0 && charges[2].used == 1);
    limits_destroy(limits);
}

/* The request of a charge may have begun long before, in an earlier window. */
static void test_late_charge_leaves_the_window_its_end(void **state)
{
    (void)state;
    struct limits *limits = limits_create(LIMITS_UNBOUNDED);
    struct limit_charge charge = charge_of(7, 1, 10, 100);
    assert_true(limits_take(limits, &charge, 1, NOW + 8));
    limits_charge(limits, &charge, 1, NOW);
    assert_int_equal(charge.used, 2);
    assert_int_equal(charge.ends_at, NOW + 18);
    limits_read(limits, &charge, 1, NOW + 17);
    assert_int_equal(charge.used, 2);
    limits_destroy(limits);
}

static void test_what_was_taken_is_given_back(void **state)
{
    (void)state;
    struct limits *limits = limits_create(LIMITS_UNBOUNDED);
    struct limit_charge charges[] = {charge_of(7, 1, 10, 2), charge_of(7, 2, 60, 1)};
    charges[1].amount = 0; /* costs nothing, and so has begun no window */
    assert_true(limits_take(limits, charges, 2, NOW));
    assert_true(limits_take(limits, charges, 2, NOW + 1));
    limits_give_back(limits, charges, 2, NOW + 1);
    assert_int_equal(charges[0].used, 1);
    assert_int_equal(charges[1].used, 0);
    assert_int_equal(charges[0].ends_at, NOW + 10);
    assert_true(limits_take(limits, charges, 2, NOW + 2));
    assert_false(limits_take(limits, charges, 2, NOW + 2));
    /* What is given back is written down, too. */
    struct limits_walk walk = {0};
    struct window_row row;
    assert_int_equal(limits_collect(limits, &walk, NOW + 3, &row, 1), 1);
    assert_int_equal(row.used, 2);
    limits_give_back(limits, charges, 2, NOW + 3);
    walk = (struct limits_walk){0};
    assert_int_equal(limits_collect(limits, &walk, NOW + 3, &row, 1), 1);
    assert_int_equal(row.used, 1);
    limits_destroy(limits);
}

/* Nobody has more than is allowed because another's request went nowhere. */
static void test_nothing_is_given_back_of_another_window(void **state)
{
    (void)state;
    struct limits *limits = limits_create(LIMITS_UNBOUNDED);
    struct limit_charge charge = charge_of(7, 1, 10, 1);
    assert_true(limits_take(limits, &charge, 1, NOW));
    assert_true(limits_take(limits, &charge, 1, NOW + 10)); /* by a thread whose time has gone on */
    limits_give_back(limits, &charge, 1, NOW);
    assert_false(limits_take(limits, &charge, 1, NOW + 10));
    limits_give_back(limits, &charge, 1, NOW + 20); /* it is over */
    assert_int_equal(charge.used, 0);
    limits_destroy(limits);
}

static void test_clock_set_back_holds_nobody_up(void **state)
{
    (void)state;
    struct limits *limits = limits_create(LIMITS_UNBOUNDED);
    struct limit_charge charge = charge_of(7, 1, 10, 1);
    assert_true(limits_take(limits, &charge, 1, NOW));
    assert_false(limits_take(limits, &charge, 1, NOW - 86400));
    assert_int_equal(charge.ends_at, NOW - 86400 + 10);
    /* The wait does not begin again with each try. */
    assert_false(limits_take(limits, &charge, 1, NOW - 86400 + 4));
    assert_int_equal(charge.ends_at, NOW - 86400 + 10);
    struct limits_walk walk = {0};
    struct window_row row;
    assert_int_equal(limits_collect(limits, &walk, NOW - 86400, &row, 1), 1);
    assert_int_equal(row.ends_at, NOW - 86400 + 10);
    assert_true(limits_take(limits, &charge, 1, NOW - 86400 + 10));
    /* Nor for those who only look, or are charged afterwards. */
    limits_read(limits, &charge, 1, NOW - 2 * 86400);
    assert_int_equal(charge.ends_at, NOW - 2 * 86400 + 10);
    limits_charge(limits, &charge, 1, NOW - 3 * 86400);
    assert_int_equal(charge.ends_at, NOW - 3 * 86400 + 10);
    limits_read(limits, &charge, 1, NOW - 3 * 86400 + 10);
    assert_int_equal(charge.used, 0);
    limits_destroy(limits);
}

static void test_owners_subjects_and_windows_are_apart(void **state)
{
    (void)state;
    struct limits *limits = limits_create(LIMITS_UNBOUNDED);
    for (int64_t owner = 1; owner <= 1000; owner++) {
        for (int64_t subject = -1; subject <= 1; subject++) {
            struct limit_charge charge = charge_of(owner, (uint64_t)owner % 3, 10, 1);
            charge.subject = subject;
            assert_true(limits_take(limits, &charge, 1, NOW));
        }
    }
    assert_int_equal(limits_stats(limits).entry_count, 3000);
    limits_destroy(limits);
}

static void test_windows_that_are_over_leave(void **state)
{
    (void)state;
    struct limits *limits = limits_create(LIMITS_UNBOUNDED);
    for (int64_t owner = 1; owner <= 30000; owner++) {
        struct limit_charge charge = charge_of(owner, 1, owner % 2 ? 10 : 3600, 1);
        assert_true(limits_take(limits, &charge, 1, NOW));
    }
    size_t full_bytes = limits_stats(limits).byte_count;
    limits_sweep(limits, NOW + 3600, 256);
    assert_int_equal(limits_stats(limits).entry_count, 0);
    assert_true(limits_stats(limits).byte_count < full_bytes / 4);
    /* Nothing that still counts is lost when the table is built anew beside what is over. */
    for (int64_t owner = 1; owner <= 30000; owner++) {
        struct limit_charge charge = charge_of(owner, 1, 3600, 1);
        assert_true(limits_take(limits, &charge, 1, NOW + 3600));
        assert_false(limits_take(limits, &charge, 1, NOW + 3601));
    }
    limits_destroy(limits);
}

static void test_bounded_table_lets_others_go_uncounted(void **state)
{
    (void)state;
    struct limits *limits = limits_create(10);
    for (int64_t owner = 1; owner <= 1000; owner++) {
        struct limit_charge charge = charge_of(owner, 1, 10, 1);
        assert_true(limits_take(limits, &charge, 1, NOW));
        assert_int_equal(limits_take(limits, &charge, 1, NOW), owner > 10);
    }
    assert_int_equal(limits_stats(limits).entry_count, 10);
    limits_destroy(limits);
}

static void test_dirty_windows_are_collected_once(void **state)
{
    (void)state;
    struct limits *limits = limits_create(LIMITS_UNBOUNDED), *other = limits_create(LIMITS_UNBOUNDED);
    struct window_row rows[64];
    struct limits_walk walk = {0};
    size_t count, total = 0;
    for (int64_t owner = 1; owner <= 500; owner++) {
        struct limit_charge charge = charge_of(owner, 9, 10, 100);
        charge.amount = owner % 100 + 1;
        assert_true(limits_take(limits, &charge, 1, NOW));
    }
    while ((count = limits_collect(limits, &walk, NOW, rows, 64)) > 0) {
        limits_restore(other, rows, count);
        total += count;
    }
    assert_int_equal(total, 500);
    walk = (struct limits_walk){0};
    assert_int_equal(limits_collect(limits, &walk, NOW, rows, 64), 0);
    for (int64_t owner = 1; owner <= 500; owner++) {
        struct limit_charge charge = charge_of(owner, 9, 10, 100);
        limits_read(other, &charge, 1, NOW);
        assert_int_equal(charge.used, owner % 100 + 1);
    }
    walk = (struct limits_walk){0};
    assert_int_equal(limits_collect(other, &walk, NOW, rows, 64), 0);
    /* What could not be written is collected again, as it is by then. */
    rows[0] = (struct window_row){.owner = 5, .window_id = 9};
    limits_soil(limits, rows, 1);
    walk = (struct limits_walk){0};
    assert_int_equal(limits_collect(limits, &walk, NOW, rows, 64), 1);
    assert_int_equal(rows[0].used, 6);
    limits_destroy(limits);
    limits_destroy(other);
}

#define THREADS 8
#define TRIES   20000

struct crowd {
    struct limits *limits;
    int64_t most;
    atomic_long taken;
};

/* Two windows of one owner whose charges meet in other orders in other threads. */
static void *take_many(void *arg)
{
    struct crowd *crowd = arg;
    for (int i = 0; i < TRIES; i++) {
        struct limit_charge whole = charge_of(1, 1, 3600, crowd->most),
                            users = charge_of(1, 2, 3600, crowd->most + 5);
        users.subject = 42;
        struct limit_charge charges[] = {i % 2 ? whole : users, i % 2 ? users : whole};
        if (limits_take(crowd->limits, charges, 2, NOW))
            atomic_fetch_add(&crowd->taken, 1);
    }
    return NULL;
}

static void test_threads_take_neither_one_too_many_nor_one_too_few(void **state)
{
    (void)state;
    struct crowd crowd = {.limits = limits_create(LIMITS_UNBOUNDED), .most = 54321};
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, &crowd), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&crowd.taken), crowd.most);
    struct limit_charge other = charge_of(1, 2, 3600, crowd.most + 5);
    other.subject = 42;
    limits_read(crowd.limits, &other, 1, NOW);
    assert_int_equal(other.used, crowd.most);
    limits_destroy(crowd.limits);
}

static void test_hundred_thousand_clients_fit(void **state)
{
    (void)state;
    struct limits *limits = limits_create(LIMITS_UNBOUNDED);
    int64_t began_ns = clock_monotonic_ns();
    for (int64_t owner = 1; owner <= 100000; owner++) {
        struct limit_charge charges[] = {charge_of(owner, 1, 10, 5), charge_of(owner, 2, 3600, 5),
                                         charge_of(owner, 3, 86400, 5)};
        assert_true(limits_take(limits, charges, 3, NOW));
    }
    int64_t took_ns = clock_monotonic_ns() - began_ns;
    print_message("%.0f ns a request of three windows, %zu bytes\n", (double)took_ns / 100000,
                  limits_stats(limits).byte_count);
    assert_true(limits_stats(limits).byte_count <= 64 * 1024 * 1024);
    limits_destroy(limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_has_room_for_its_limit),
        cmocka_unit_test(test_all_windows_or_none),
        cmocka_unit_test(test_charge_after_the_fact_goes_past_the_limit),
        cmocka_unit_test(test_cleared_windows_are_empty_until_their_end),
        cmocka_unit_test(test_late_charge_leaves_the_window_its_end),
        cmocka_unit_test(test_what_was_taken_is_given_back),
        cmocka_unit_test(test_nothing_is_given_back_of_another_window),
        cmocka_unit_test(test_clock_set_back_holds_nobody_up),
        cmocka_unit_test(test_owners_subjects_and_windows_are_apart),
        cmocka_unit_test(test_windows_that_are_over_leave),
        cmocka_unit_test(test_bounded_table_lets_others_go_uncounted),
        cmocka_unit_test(test_dirty_windows_are_collected_once),
        cmocka_unit_test(test_threads_take_neither_one_too_many_nor_one_too_few),
        cmocka_unit_test(test_hundred_thousand_clients_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
