/* The chart of `jeton usage`: bars that are as long as they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "cli/usage.h"

#define FULL "████████████████████████████████████████"

static void assert_chart(const char *json, const char *expected)
{
    struct arena *arena = arena_create();
    struct buf out;
    buf_init(&out, arena, 65536);
    usage_print_chart(json_read(arena, str_of(json)), &out);
    buf_add_char(&out, '\0');
    assert_string_equal(buf_str(&out).ptr, expected);
    arena_destroy(arena);
}

static void test_hours_without_requests_are_lines_too(void **state)
{
    (void)state;
    assert_chart("{\"by\":\"hour\",\"usage\":[{\"begins_at\":1795528800,\"requests\":320},"
                 "{\"begins_at\":1795536000,\"requests\":9,\"refused_limit\":0},"
                 "{\"begins_at\":1795708800,\"requests\":160,\"refused_token\":40,\"refused_rule\":40}]}",
                 "2026-11-24 14:00  " FULL " 320\n"
                 "2026-11-24 15:00  0\n"
                 "2026-11-24 16:00  █▏ 9\n"
                 "⋮\n"
                 "2026-11-26 16:00  ██████████░░░░░░░░░░ 160 (80 refused)\n"
                 "█ passed  ░ refused\n");
}

static void test_days_have_dates_only(void **state)
{
    (void)state;
    assert_chart("{\"by\":\"day\",\"usage\":[{\"begins_at\":1795478400,\"requests\":1},"
                 "{\"begins_at\":1795564800,\"requests\":2}]}",
                 "2026-11-24  ████████████████████ 1\n"
                 "2026-11-25  " FULL " 2\n"
                 "█ passed  ░ refused\n");
}

static void test_names_are_one_column_wide(void **state)
{
    (void)state;
    assert_chart(
        "{\"by\":\"rule\",\"usage\":[{\"rule\":\"GET /größe/*\",\"requests\":4},{\"rule\":null,\"requests\":1,"
        "\"refused_rule\":1},{\"rule\":\"a\\u001b[2J\",\"requests\":0}]}",
        "GET /größe/*  " FULL " 4\n"
        "-             ░░░░░░░░░░ 1 (1 refused)\n"
        "a?[2J         0\n"
        "█ passed  ░ refused\n");
}

/* However little it is beside the rest, what there was is not shown like what there was not. */
static void test_a_little_is_not_nothing(void **state)
{
    (void)state;
    assert_chart("{\"by\":\"rule\",\"usage\":[{\"rule\":\"busy\",\"requests\":1000000,\"refused_limit\":3},"
                 "{\"rule\":\"few\",\"requests\":2},"
                 "{\"rule\":\"mixed\",\"requests\":3,\"refused_scope\":2},"
                 "{\"rule\":\"no\",\"requests\":1,\"refused_other\":1},"
                 "{\"rule\":\"none\",\"requests\":0,\"tokens_issued\":7}]}",
                 "busy   " FULL " 1000000 (3 refused)\n"
                 "few    ▏ 2\n"
                 "mixed  ▏ 3 (2 refused)\n"
                 "no     ░ 1 (1 refused)\n"
                 "none   0\n"
                 "█ passed  ░ refused\n");
}

static void test_nothing_is_said(void **state)
{
    (void)state;
    assert_chart("{\"by\":\"client\",\"usage\":[]}", "none\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hours_without_requests_are_lines_too),
        cmocka_unit_test(test_days_have_dates_only),
        cmocka_unit_test(test_names_are_one_column_wide),
        cmocka_unit_test(test_a_little_is_not_nothing),
        cmocka_unit_test(test_nothing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
