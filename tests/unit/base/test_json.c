/* JSON in: what is one value within the limits, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

static void assert_reads(struct str text, const char *written)
{
    json_t *value = json_read(arena, text);
    if (!value)
        fail_msg("\"%.*s\" was not read", STR_ARGS(text));
    assert_string_equal(arena_cstr(arena, json_text(arena, value)), written);
}

static void test_any_one_value_is_read(void **state)
{
    (void)state;
    assert_reads(STR(" {\"a\" : [1, -2.5, true, null, \"x\"]} "), "{\"a\":[1,-2.5,true,null,\"x\"]}");
    assert_reads(STR("\"\\u00e9\\\"\""), "\"\xc3\xa9\\\"\"");
    assert_reads(STR("7"), "7");
    assert_reads(STR("null"), "null");
    assert_reads(STR("9223372036854775807"), "9223372036854775807");
    assert_reads(STR("{\"b\":1,\"a\":2}"), "{\"b\":1,\"a\":2}"); /* in the order of the text */
}

static void test_other_texts_are_refused(void **state)
{
    static const struct str bad[] = {
        STR_INIT(""),
        STR_INIT(" "),
        STR_INIT("{"),
        STR_INIT("{}{}"),
        STR_INIT("{} x"),
        STR_INIT("[1,]"),
        STR_INIT("{a:1}"),
        STR_INIT("'a'"),
        STR_INIT("01"),
        STR_INIT("+1"),
        STR_INIT("1."),
        STR_INIT("NaN"),
        STR_INIT("9223372036854775808"),
        STR_INIT("1e999"),
        STR_INIT("\"a"),
        STR_INIT("\"\n\""),
        STR_INIT("// a\n1"),
        STR_INIT("{}\0"),
        STR_INIT("\"\xff\""),
        STR_INIT("\"\xc0\x80\""),
        STR_INIT("\"\xed\xa0\x80\""),
        STR_INIT("\"\\ud800\""),
        STR_INIT("\"a\\u0000b\""),
        STR_INIT("{\"\\u0000\":1}"),
        STR_INIT("\xef\xbb\xbf{}"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (json_read(arena, bad[i]))
            fail_msg("\"%.*s\" was read", STR_ARGS(bad[i]));
    assert_null(json_read(arena, STR_NONE));
}

/* Of two members of one name a proxy and we could each believe another one. */
static void test_a_name_stands_once_in_its_object(void **state)
{
    (void)state;
    assert_null(json_read(arena, STR("{\"a\":1,\"a\":1}")));
    assert_null(json_read(arena, STR("{\"a\":1,\"\\u0061\":2}")));
    assert_null(json_read(arena, STR("[{\"b\":{\"a\":1,\"a\":2}}]")));
    assert_reads(STR("{\"a\":{\"a\":1},\"A\":2}"), "{\"a\":{\"a\":1},\"A\":2}");
}

static struct str nest(size_t depth, const char *open, const char *close)
{
    struct buf buf;
    buf_init(&buf, arena, 100000);
    for (size_t i = 0; i < depth; i++)
        buf_add(&buf, str_of(open));
    buf_add_char(&buf, '1');
    for (size_t i = 0; i < depth; i++)
        buf_add(&buf, str_of(close));
    return buf_str(&buf);
}

static void test_depth_is_limited_from_both_sides(void **state)
{
    (void)state;
    assert_non_null(json_read(arena, nest(JSON_DEPTH_MAX, "[", "]")));
    assert_null(json_read(arena, nest(JSON_DEPTH_MAX + 1, "[", "]")));
    assert_non_null(json_read(arena, nest(JSON_DEPTH_MAX, "{\"a\":", "}")));
    assert_null(json_read(arena, nest(JSON_DEPTH_MAX + 1, "{\"a\":", "}")));
    assert_null(json_read(arena, nest(10000, "[{\"a\":", "}]")));
}

/* Brackets in strings, and those of neighbours, nest nothing. */
static void test_depth_counts_what_is_open_only(void **state)
{
    struct buf wide;
    (void)state;
    buf_init(&wide, arena, 1000);
    buf_add_char(&wide, '[');
    for (int i = 0; i < 100; i++)
        buf_add(&wide, STR("[{}],"));
    buf_add(&wide, STR("1]"));
    assert_non_null(json_read(arena, buf_str(&wide)));
    assert_non_null(json_read(arena, STR("\"[[[[[[[[[[[[[[[[[[[[\\\"{{{{{{{{{{\"")));
    assert_non_null(json_read(arena, STR("[\"\\\\\",[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]")));
    assert_null(json_read(arena, STR("[\"\\\\\",[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]")));
    assert_null(json_read(arena, STR("\"\\")));
}

static void test_nothing_behind_the_text_is_read(void **state)
{
    (void)state;
    assert_reads(str_slice(STR("[1]]"), 0, 3), "[1]");
    assert_null(json_read(arena, str_slice(STR("[1]"), 0, 2)));
}

static void test_member_is_a_text_or_absent(void **state)
{
    const json_t *object = json_read(arena, STR("{\"a\":\"x\",\"b\":1,\"c\":null,\"d\":\"\"}"));
    (void)state;
    assert_true(str_equal(json_member(object, "a"), STR("x")));
    assert_false(str_is_present(json_member(object, "b")));
    assert_false(str_is_present(json_member(object, "c")));
    assert_false(str_is_present(json_member(object, "z")));
    assert_true(str_is_present(json_member(object, "d")));
    assert_false(str_is_present(json_member(json_read(arena, STR("[]")), "a")));
    assert_false(str_is_present(json_member(NULL, "a")));
}

static void test_an_absent_text_is_null(void **state)
{
    (void)state;
    assert_true(json_is_null(json_keep(arena, json_of_str(STR_NONE))));
    json_t *empty = json_keep(arena, json_of_str(STR("")));
    assert_true(json_is_string(empty));
    json_t *part = json_keep(arena, json_of_str(str_slice(STR("abc"), 0, 2)));
    assert_string_equal(json_string_value(part), "ab");
    assert_null(json_keep(arena, json_of_str(STR("\xff"))));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_any_one_value_is_read),
        TEST(test_other_texts_are_refused),
        TEST(test_a_name_stands_once_in_its_object),
        TEST(test_depth_is_limited_from_both_sides),
        TEST(test_depth_counts_what_is_open_only),
        TEST(test_nothing_behind_the_text_is_read),
        TEST(test_member_is_a_text_or_absent),
        TEST(test_an_absent_text_is_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
