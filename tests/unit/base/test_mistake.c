/* What is wrong with a file, told one line each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mistake.h"

static struct mistakes mistakes;

static int setup(void **state)
{
    (void)state;
    mistakes_init(&mistakes, arena_create());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(mistakes.arena);
    return 0;
}

static void assert_told(const char *expected)
{
    struct buf out;
    buf_init(&out, mistakes.arena, 100000);
    mistakes_write(&mistakes, &out);
    assert_false(out.is_full);
    assert_string_equal(arena_cstr(mistakes.arena, buf_str(&out)), expected);
}

static void test_nothing_wrong_says_nothing(void **state)
{
    (void)state;
    assert_int_equal(mistakes.count, 0);
    assert_told("");
}

static void test_mistakes_are_told_in_the_order_of_the_lines(void **state)
{
    (void)state;
    mistake_add(&mistakes, STR("b.yaml"), 7, STR("realms.b.length"), STR("12"), STR("30 to 255"));
    mistake_add(&mistakes, STR("a.yaml"), 2, STR("x"), STR("1"), STR("2"));
    mistake_add(&mistakes, STR("b.yaml"), 3, STR("second"), STR("1"), STR("2"));
    mistake_add(&mistakes, STR("b.yaml"), 3, STR("third"), STR("1"), STR("2"));
    mistake_add(&mistakes, STR("a.yaml"), 0, STR_NONE, STR("1"), STR("2"));
    mistakes_sort(&mistakes);
    mistake_add(&mistakes, STR("a.yaml"), 1, STR("last"), STR("1"), STR("2"));
    assert_int_equal(mistakes.count, 6);
    assert_told("b.yaml:3: second: found 1, allowed is 2\n"
                "b.yaml:3: third: found 1, allowed is 2\n"
                "b.yaml:7: realms.b.length: found 12, allowed is 30 to 255\n"
                "a.yaml: found 1, allowed is 2\n"
                "a.yaml:2: x: found 1, allowed is 2\n"
                "a.yaml:1: last: found 1, allowed is 2\n");
}

static void test_none_are_sorted_too(void **state)
{
    (void)state;
    mistakes_sort(&mistakes);
    assert_told("");
}

/* What the system or a library says is not something that was found. */
static void test_a_sentence_is_told_as_it_is(void **state)
{
    (void)state;
    mistake_tell(&mistakes, STR("/nope"), 0, STR_NONE, STR("cannot be read: No such file or directory"));
    mistake_tell(&mistakes, STR("a.yaml"), 2, STR("key_file"), STR("k cannot be read: Permission denied"));
    assert_told("/nope: cannot be read: No such file or directory\n"
                "a.yaml:2: key_file: k cannot be read: Permission denied\n");
}

static void test_values_are_quoted_and_what_is_missing_is_not(void **state)
{
    (void)state;
    mistake_add(&mistakes, STR("a"), 1, STR("k"), mistake_quote(mistakes.arena, STR("nope")), STR("x"));
    mistake_add(&mistakes, STR("a"), 2, STR("k"), mistake_quote(mistakes.arena, STR("")), STR("x"));
    mistake_add(&mistakes, STR("a"), 3, STR("k"), mistake_quote(mistakes.arena, STR_NONE), STR("x"));
    assert_told("a:1: k: found \"nope\", allowed is x\na:2: k: found \"\", allowed is x\n"
                "a:3: k: missing, allowed is x\n");
}

static void test_what_is_absent_is_missing(void **state)
{
    (void)state;
    mistake_add(&mistakes, STR("a.yaml"), 1, STR("issuer"), STR_NONE, STR("a URL"));
    assert_told("a.yaml:1: issuer: missing, allowed is a URL\n");
}

static void test_line_and_key_are_told_when_there_are_any(void **state)
{
    (void)state;
    mistake_add(&mistakes, STR("a.yaml"), 0, STR(""), STR("no file"), STR("one"));
    mistake_add(&mistakes, STR("a.yaml"), 0, STR_NONE, STR("no file"), STR("one"));
    assert_told("a.yaml: found no file, allowed is one\na.yaml: found no file, allowed is one\n");
}

static void test_texts_are_copied(void **state)
{
    char found[] = "12";
    (void)state;
    mistake_add(&mistakes, STR("a"), 1, STR("k"), str_of(found), STR("x"));
    memset(found, '!', sizeof(found) - 1);
    assert_told("a:1: k: found 12, allowed is x\n");
}

static void test_no_text_breaks_the_line_or_steers_the_terminal(void **state)
{
    (void)state;
    mistake_add(&mistakes, STR("a\nb"), 1, STR("k\r"), STR("\x1b[2J\x7f\t\xc3\xa9"), STR("x"));
    assert_told("a?b:1: k?: found ?[2J??\xc3\xa9, allowed is x\n");
}

static void assert_shown(struct str found, const char *shown)
{
    struct arena *arena = mistakes.arena;
    mistakes_init(&mistakes, arena);
    mistake_add(&mistakes, STR("a"), 1, STR("k"), found, STR("x"));
    assert_told(arena_printf(arena, "a:1: k: found %s, allowed is x\n", shown).ptr);
}

static void test_long_texts_are_cut_at_200_bytes(void **state)
{
    struct str digits = arena_printf(mistakes.arena, "%0*d", 201, 0);
    (void)state;
    assert_shown(str_slice(digits, 0, 200), arena_cstr(mistakes.arena, str_slice(digits, 0, 200)));
    assert_shown(digits, arena_printf(mistakes.arena, "%.200s...", digits.ptr).ptr);
}

/* Byte 200 is the second half of the last character. */
static void test_no_character_is_cut_in_two(void **state)
{
    struct str text = arena_printf(mistakes.arena, "%0*d\xc3\xa9zz", 199, 0);
    (void)state;
    assert_shown(text, arena_printf(mistakes.arena, "%.199s...", text.ptr).ptr);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_wrong_says_nothing),
        TEST(test_mistakes_are_told_in_the_order_of_the_lines),
        TEST(test_none_are_sorted_too),
        TEST(test_a_sentence_is_told_as_it_is),
        TEST(test_values_are_quoted_and_what_is_missing_is_not),
        TEST(test_what_is_absent_is_missing),
        TEST(test_line_and_key_are_told_when_there_are_any),
        TEST(test_texts_are_copied),
        TEST(test_no_text_breaks_the_line_or_steers_the_terminal),
        TEST(test_long_texts_are_cut_at_200_bytes),
        TEST(test_no_character_is_cut_in_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
