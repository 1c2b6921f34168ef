/* Text that grows up to its limit, and what is escaped on the way in. */
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

static void assert_holds(const struct buf *buf, struct str expected)
{
    struct str found = buf_str(buf);
    if (!str_equal(found, expected))
        fail_msg("\"%.*s\" is not \"%.*s\"", STR_ARGS(found), STR_ARGS(expected));
}

static void test_an_empty_one_is_present(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, arena, 10);
    buf_add(&buf, STR(""));
    buf_add(&buf, STR_NONE);
    assert_true(str_is_present(buf_str(&buf)));
    assert_holds(&buf, STR(""));
    assert_false(buf.is_full);
}

static void test_the_limit_is_reached_and_not_passed(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, arena, 5);
    buf_add(&buf, STR("abcd"));
    buf_add_char(&buf, 'e');
    assert_false(buf.is_full);
    buf_add_char(&buf, 'f');
    assert_true(buf.is_full);
    assert_holds(&buf, STR("abcde"));
}

/* What does not fit is dropped whole; what fits behind it is taken, and is_full stays. */
static void test_what_does_not_fit_is_dropped(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, arena, 5);
    buf_add(&buf, STR("abc"));
    buf_add(&buf, STR("xyz"));
    assert_holds(&buf, STR("abc"));
    buf_add(&buf, STR("de"));
    assert_holds(&buf, STR("abcde"));
    assert_true(buf.is_full);
}

static void test_a_limit_of_nothing_takes_nothing(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, arena, 0);
    buf_add(&buf, STR(""));
    assert_false(buf.is_full);
    buf_add_char(&buf, 'a');
    assert_true(buf.is_full);
    assert_holds(&buf, STR(""));
}

/* Over every step of growth, byte by byte: nothing is lost when the text moves. */
static void test_growing_keeps_what_was_written(void **state)
{
    const size_t limit = 100000;
    struct buf buf;
    (void)state;
    buf_init(&buf, arena, limit);
    for (size_t i = 0; i < limit; i++)
        buf_add_char(&buf, (char)(i % 251));
    assert_false(buf.is_full);
    assert_int_equal(buf.len, limit);
    for (size_t i = 0; i < limit; i++)
        assert_int_equal((unsigned char)buf.ptr[i], i % 251);
    buf_add_char(&buf, 0);
    assert_true(buf.is_full);
}

static void test_one_large_piece_fits_exactly(void **state)
{
    struct str large = arena_printf(arena, "%0*d", 70000, 7);
    struct buf buf;
    (void)state;
    buf_init(&buf, arena, large.len);
    buf_add(&buf, large);
    assert_false(buf.is_full);
    assert_holds(&buf, large);
    buf_init(&buf, arena, large.len - 1);
    buf_add(&buf, large);
    assert_true(buf.is_full);
    assert_int_equal(buf.len, 0);
}

static void test_numbers_and_formats_are_written(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, arena, 100);
    buf_add_int(&buf, INT64_MIN);
    buf_printf(&buf, " %s=%d", "a", 7);
    buf_add_int(&buf, 0);
    assert_holds(&buf, STR("-9223372036854775808 a=70"));
}

/* [RFC8259 7] Quotation mark, reverse solidus and controls MUST be escaped; anything else stays. */
static void test_json_escapes_what_must_be(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, arena, 1000);
    buf_add_json(&buf, STR("a\"b\\c/\n\r\t\b\x1f\x7f\0 \xc3\xa9'"));
    assert_holds(&buf, STR("a\\\"b\\\\c/\\n\\r\\t\\u0008\\u001f\\u007f\\u0000 \xc3\xa9'"));
}

static void test_json_reads_back_what_was_escaped(void **state)
{
    char all[0x7f + 2];
    struct buf buf;
    (void)state;
    for (int i = 0; i < 0x7f; i++)
        all[i] = (char)(i + 1);
    memcpy(all + 0x7f, "\xc3\xa9", 2);
    buf_init(&buf, arena, 1000);
    buf_add_char(&buf, '"');
    buf_add_json(&buf, (struct str){all, sizeof(all)});
    buf_add_char(&buf, '"');
    json_t *value = json_read(arena, buf_str(&buf));
    assert_non_null(value);
    assert_int_equal(json_string_length(value), sizeof(all));
    assert_memory_equal(json_string_value(value), all, sizeof(all));
}

/* [RFC9110 5.6.4] A quoted-string ends at the first bare quote: quotes and backslashes are escaped, and no byte
 * that could end the header gets through. */
static void test_no_byte_ends_a_quoted_string(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, arena, 1000);
    buf_add_quoted(&buf, STR("a\"b\\c\r\nX: y\0\x1f ~\x7f\xc3\xa9"));
    assert_holds(&buf, STR("a\\\"b\\\\c??X: y?? ~???"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_empty_one_is_present),          TEST(test_the_limit_is_reached_and_not_passed),
        TEST(test_what_does_not_fit_is_dropped),     TEST(test_a_limit_of_nothing_takes_nothing),
        TEST(test_growing_keeps_what_was_written),   TEST(test_one_large_piece_fits_exactly),
        TEST(test_numbers_and_formats_are_written),  TEST(test_json_escapes_what_must_be),
        TEST(test_json_reads_back_what_was_escaped), TEST(test_no_byte_ends_a_quoted_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
