/* The text of the metrics, as Prometheus reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/metric.h"

static struct str write_metrics(struct arena *arena)
{
    struct buf out;
    buf_init(&out, arena, 1024 * 1024);
    metrics_write(&out);
    assert_false(out.is_full);
    buf_add_char(&out, '\0');
    return buf_str(&out);
}

static void assert_written(const char *expected)
{
    struct arena *arena = arena_create();
    const char *text = write_metrics(arena).ptr;
    if (!strstr(text, expected))
        fail_msg("no\n%s\nin\n%s", expected, text);
    arena_destroy(arena);
}

static void test_same_name_and_labels_are_one_metric(void **state)
{
    (void)state;
    struct metric *a = metric_counter("t_same_total", "Same.", METRIC_LABELS({"realm", STR("a")}));
    assert_ptr_equal(metric_counter("t_same_total", "Same.", METRIC_LABELS({"realm", STR("a")})), a);
    assert_ptr_not_equal(metric_counter("t_same_total", "Same.", METRIC_LABELS({"realm", STR("b")})), a);
    assert_ptr_not_equal(metric_counter("t_same_total", "Same.", NULL), a);
}

static void test_members_stand_below_their_family_by_labels(void **state)
{
    (void)state;
    metric_add(metric_counter("t_family_total", "A family.", METRIC_LABELS({"r", STR("b")})), 2);
    metric_add(metric_counter("t_family_total", "Another help.", METRIC_LABELS({"r", STR("a")})), 1);
    assert_written("# HELP t_family_total A family.\n# TYPE t_family_total counter\n"
                   "t_family_total{r=\"a\"} 1\nt_family_total{r=\"b\"} 2\n");
}

static void test_families_stand_by_name(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    metric_add(metric_counter("t_order_b_total", "B.", NULL), 1);
    metric_add(metric_counter("t_order_a_total", "A.", NULL), 1);
    const char *text = write_metrics(arena).ptr;
    assert_true(strstr(text, "t_order_a_total 1") < strstr(text, "t_order_b_total 1"));
    arena_destroy(arena);
}

static void test_labels_and_help_are_escaped(void **state)
{
    (void)state;
    metric_add(metric_counter("t_escape_total", "a\\b\nc \"d\"", METRIC_LABELS({"l", STR("a\"b\\c\nd")})), 1);
    assert_written("# HELP t_escape_total a\\\\b\\nc \"d\"\n");
    assert_written("t_escape_total{l=\"a\\\"b\\\\c\\nd\"} 1\n");
}

static void test_gauge_may_be_negative(void **state)
{
    (void)state;
    metric_set(metric_gauge("t_gauge", "G.", NULL), -3);
    assert_written("# TYPE t_gauge gauge\nt_gauge -3\n");
}

static void test_counter_holds_64_bits(void **state)
{
    (void)state;
    metric_add(metric_counter("t_large_total", "L.", NULL), UINT64_MAX);
    assert_written("t_large_total 18446744073709551615\n");
}

static void test_histogram_counts_up_to_each_bound(void **state)
{
    (void)state;
    struct metric *histogram = metric_histogram("t_seconds", "H.", METRIC_LABELS({"r", STR("a")}));
    metric_observe_ns(histogram, 100000);      /* on a bound: below it */
    metric_observe_ns(histogram, 100001);      /* just above */
    metric_observe_ns(histogram, 10000000001); /* above every bound */
    metric_observe_ns(histogram, -5);          /* a clock that went back counts as nothing */
    assert_written("# TYPE t_seconds histogram\n"
                   "t_seconds_bucket{r=\"a\",le=\"0.0001\"} 2\nt_seconds_bucket{r=\"a\",le=\"0.00025\"} 3\n");
    assert_written("t_seconds_bucket{r=\"a\",le=\"10\"} 3\nt_seconds_bucket{r=\"a\",le=\"+Inf\"} 4\n"
                   "t_seconds_sum{r=\"a\"} 10.000200002\nt_seconds_count{r=\"a\"} 4\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_name_and_labels_are_one_metric),
        cmocka_unit_test(test_members_stand_below_their_family_by_labels),
        cmocka_unit_test(test_families_stand_by_name),
        cmocka_unit_test(test_labels_and_help_are_escaped),
        cmocka_unit_test(test_gauge_may_be_negative),
        cmocka_unit_test(test_counter_holds_64_bits),
        cmocka_unit_test(test_histogram_counts_up_to_each_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
