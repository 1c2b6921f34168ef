/* Quantiles of times, each within a sixteenth of the truth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "meter/times.h"

static struct str written(struct arena *arena, const struct times *times)
{
    struct buf out;
    buf_init(&out, arena, TIMES_BYTES_MAX);
    times_write(times, &out);
    assert_false(out.is_full);
    return buf_str(&out);
}

static void assert_near(int64_t found, int64_t truth)
{
    assert_true(llabs(found - truth) * 16 <= truth);
}

static void test_one_time_is_told_within_a_sixteenth(void **state)
{
    (void)state;
    for (int64_t ns = 256; ns < INT64_C(17000000000); ns += 1 + ns / 50) {
        struct times times = {0};
        times_add(&times, ns);
        assert_near(times_quantile(&times, 500), ns);
        assert_near(times_quantile(&times, 1000), ns);
        times_clear(&times);
    }
}

static void test_times_beyond_the_ends_are_in_the_last_buckets(void **state)
{
    (void)state;
    struct times times = {0};
    assert_int_equal(times_quantile(&times, 500), 0);
    times_add(&times, -5);
    times_add(&times, 0);
    assert_in_range(times_quantile(&times, 500), 256, 300);
    times_add(&times, INT64_MAX);
    times_add(&times, INT64_C(1) << 34);
    assert_in_range(times_quantile(&times, 1000), INT64_C(15000000000), INT64_C(18000000000));
    times_clear(&times);
}

static int compare(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

static void test_quantiles_of_many(void **state)
{
    (void)state;
    enum { COUNT = 9973 };
    static int64_t all[COUNT];
    static const unsigned permilles[] = {1, 10, 250, 500, 900, 990, 999, 1000};
    struct times times = {0}, parts[3] = {{0}};
    uint64_t random = 7;
    for (size_t i = 0; i < COUNT; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        all[i] = 500 + (int64_t)(random >> 44) * (random >> 60 == 0 ? 900 : 1); /* a long tail */
        times_add(&times, all[i]);
        times_add(&parts[i % 3], all[i]);
    }
    qsort(all, COUNT, sizeof(*all), compare);
    times_merge(&parts[0], &parts[1]);
    times_merge(&parts[2], &parts[0]);
    for (size_t p = 0; p < 8; p++) {
        int64_t truth = all[(COUNT * permilles[p] + 999) / 1000 - 1];
        assert_near(times_quantile(&times, permilles[p]), truth);
        assert_int_equal(times_quantile(&parts[2], permilles[p]), times_quantile(&times, permilles[p]));
    }
    times_clear(&times);
    for (size_t i = 0; i < 3; i++)
        times_clear(&parts[i]);
}

static void test_what_was_written_is_read(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    struct times times = {0}, again = {0};
    assert_int_equal(written(arena, &times).len, 0);
    assert_true(times_read(&again, STR_NONE));
    for (int64_t ns = 100; ns < INT64_C(40000000000); ns += 1 + ns / 3)
        for (int i = 0; i < 200; i++)
            times_add(&times, ns);
    struct str bytes = written(arena, &times);
    assert_true(times_read(&again, bytes));
    assert_true(str_equal(written(arena, &again), bytes));
    assert_true(times_read(&again, bytes));
    assert_int_equal(times_quantile(&again, 500), times_quantile(&times, 500));
    times_clear(&times);
    times_clear(&again);
    /* 1000 ns is in the last of the eight between 512 and 1024, the 16th of all; its count follows. */
    times_add(&times, 1000);
    assert_true(str_equal(written(arena, &times), STR("\x0f\x01")));
    times_clear(&times);
    arena_destroy(arena);
}

static void test_damaged_bytes_add_nothing(void **state)
{
    (void)state;
    static const struct str damaged[] = {
        STR_INIT("\x0f"),                                             /* no count */
        STR_INIT("\x0f\x80"),                                         /* half a count */
        STR_INIT("\xd0\x01\x01"),                                     /* a bucket that there is not: 208 */
        STR_INIT("\xcf\x01\x01\x01"),                                 /* one count too many behind the last: 207 */
        STR_INIT("\x0f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), /* a number of more than 64 bits */
    };
    struct times times = {0};
    for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++)
        assert_false(times_read(&times, damaged[i]));
    assert_int_equal(times.count, 0);
    assert_true(times_read(&times, STR("\xcf\x01\x01")));
    assert_int_equal(times.count, 1);
    times_clear(&times);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_time_is_told_within_a_sixteenth),
        cmocka_unit_test(test_times_beyond_the_ends_are_in_the_last_buckets),
        cmocka_unit_test(test_quantiles_of_many),
        cmocka_unit_test(test_what_was_written_is_read),
        cmocka_unit_test(test_damaged_bytes_add_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
