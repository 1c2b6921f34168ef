/* Views of bytes: each function at both ends of what it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"

static bool is(struct str found, const char *expected)
{
    return str_is_present(found) && str_equal(found, str_of(expected));
}

static void test_absent_is_not_empty(void **state)
{
    (void)state;
    assert_false(str_is_present(STR_NONE));
    assert_false(str_is_present(str_of(NULL)));
    assert_true(str_is_present(STR("")));
    assert_true(str_is_empty(STR("")));
    assert_true(str_is_empty(STR_NONE));
    assert_true(str_equal(STR_NONE, STR("")));
}

static void test_equal_is_by_every_byte(void **state)
{
    (void)state;
    assert_true(str_equal(STR("a\0b"), STR("a\0b")));
    assert_false(str_equal(STR("a\0b"), STR("a\0c")));
    assert_false(str_equal(STR("ab"), STR("a")));
    assert_false(str_equal(STR("a"), STR("A")));
}

/* Only A-Z and a-z pair up: neither their neighbours in ASCII nor letters beyond it. */
static void test_case_is_ascii_only(void **state)
{
    (void)state;
    assert_true(str_equal_nocase(STR("AZaz09-"), STR("azAZ09-")));
    assert_false(str_equal_nocase(STR("@"), STR("`")));
    assert_false(str_equal_nocase(STR("["), STR("{")));
    assert_false(str_equal_nocase(STR("\xc3\x89"), STR("\xc3\xa9")));
    assert_false(str_equal_nocase(STR("a"), STR("ab")));
    assert_true(str_equal_nocase(STR_NONE, STR("")));
}

static void test_prefix_and_suffix_may_be_all_or_nothing(void **state)
{
    (void)state;
    assert_true(str_has_prefix(STR("abc"), STR("ab")));
    assert_true(str_has_prefix(STR("abc"), STR("abc")));
    assert_true(str_has_prefix(STR("abc"), STR("")));
    assert_true(str_has_prefix(STR_NONE, STR("")));
    assert_false(str_has_prefix(STR("abc"), STR("abcd")));
    assert_false(str_has_prefix(STR("abc"), STR("AB")));
    assert_true(str_has_prefix_nocase(STR("abc"), STR("AB")));
    assert_false(str_has_prefix_nocase(STR("abc"), STR("ABCD")));
    assert_true(str_has_suffix(STR("abc"), STR("bc")));
    assert_true(str_has_suffix(STR("abc"), STR("abc")));
    assert_true(str_has_suffix(STR("abc"), STR("")));
    assert_false(str_has_suffix(STR("abc"), STR("xabc")));
    assert_false(str_has_suffix(STR("abc"), STR("ab")));
}

static void test_slice_is_clipped_to_the_text(void **state)
{
    (void)state;
    assert_true(is(str_slice(STR("abc"), 1, 1), "b"));
    assert_true(is(str_slice(STR("abc"), 1, 2), "bc"));
    assert_true(is(str_slice(STR("abc"), 1, 3), "bc"));
    assert_true(is(str_slice(STR("abc"), 1, SIZE_MAX), "bc"));
    assert_true(is(str_slice(STR("abc"), 3, 1), ""));
    assert_true(is(str_slice(STR("abc"), SIZE_MAX, SIZE_MAX), ""));
    assert_false(str_is_present(str_slice(STR_NONE, 0, 1)));
    assert_false(str_is_present(str_slice(STR_NONE, 1, 1)));
}

/* U+00E9 has two bytes, U+20AC three, U+1F600 four: a cut falls before them or behind them. */
static void test_cut_leaves_no_half_character(void **state)
{
    static const struct {
        size_t limit, len;
    } cases[] = {{0, 0}, {1, 1}, {2, 1}, {3, 3}, {4, 3}, {5, 3}, {6, 6}, {9, 6}, {10, 10}, {11, 10}, {SIZE_MAX, 10}};
    struct str text = STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct str cut = str_cut(text, cases[i].limit);
        assert_ptr_equal(cut.ptr, text.ptr);
        assert_int_equal(cut.len, cases[i].len);
        assert_true(str_is_utf8(cut));
    }
    assert_false(str_is_present(str_cut(STR_NONE, 1)));
}

static void test_trim_takes_blanks_and_tabs_at_both_ends(void **state)
{
    (void)state;
    assert_true(is(str_trim(STR(" \ta \tb\t ")), "a \tb"));
    assert_true(is(str_trim(STR(" \t ")), ""));
    assert_true(is(str_trim(STR("\na\r")), "\na\r"));
    assert_false(str_is_present(str_trim(STR_NONE)));
}

static void test_find_gives_the_first_or_the_length(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("abcb"), 'b'), 1);
    assert_int_equal(str_find(STR("abc"), 'x'), 3);
    assert_int_equal(str_find(STR("a\0b"), '\0'), 1);
    assert_int_equal(str_find(STR(""), 'a'), 0);
    assert_int_equal(str_find(STR_NONE, 'a'), 0);
}

static void test_next_sees_empty_parts_too(void **state)
{
    struct str rest = STR("a  b "), part;
    (void)state;
    static const char *const parts[] = {"a", "", "b", ""};
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        assert_true(str_next(&rest, ' ', &part));
        assert_true(is(part, parts[i]));
    }
    assert_false(str_next(&rest, ' ', &part));
    assert_false(str_next(&rest, ' ', &part));
    rest = STR("");
    assert_true(str_next(&rest, ' ', &part));
    assert_true(is(part, ""));
    assert_false(str_next(&rest, ' ', &part));
}

/* [RFC6749 3.3] A scope is a list of tokens between blanks: blanks alone are none, a tab is not one of them. */
static void test_words_stand_between_blanks(void **state)
{
    struct str rest = STR("  read  org\tb write "), word;
    (void)state;
    static const char *const words[] = {"read", "org\tb", "write"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        assert_true(str_next_word(&rest, &word));
        assert_true(is(word, words[i]));
    }
    assert_false(str_next_word(&rest, &word));
    rest = STR("   ");
    assert_false(str_next_word(&rest, &word));
    rest = STR_NONE;
    assert_false(str_next_word(&rest, &word));
}

static void test_integers_are_read_up_to_both_ends(void **state)
{
    static const struct {
        struct str text;
        int64_t number;
    } cases[] = {{STR_INIT("0"), 0},
                 {STR_INIT("-0"), 0},
                 {STR_INIT("007"), 7},
                 {STR_INIT("-12"), -12},
                 {STR_INIT("9223372036854775807"), INT64_MAX},
                 {STR_INIT("-9223372036854775808"), INT64_MIN}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t number = 42;
        assert_true(str_parse_int(cases[i].text, &number));
        assert_true(number == cases[i].number);
    }
}

static void test_other_integers_are_refused(void **state)
{
    static const struct str cases[] = {
        STR_INIT(""),
        STR_INIT("-"),
        STR_INIT("+1"),
        STR_INIT("--1"),
        STR_INIT(" 1"),
        STR_INIT("1 "),
        STR_INIT("1.0"),
        STR_INIT("0x1"),
        STR_INIT("1e3"),
        STR_INIT("1\0"),
        STR_INIT("12a"),
        STR_INIT("\xb2"),
        STR_INIT("9223372036854775808"),
        STR_INIT("-9223372036854775809"),
        STR_INIT("99999999999999999999"),
    };
    int64_t number = 42;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_false(str_parse_int(cases[i], &number));
    assert_false(str_parse_int(STR_NONE, &number));
    assert_int_equal(number, 42);
}

static void test_integers_are_written_up_to_both_ends(void **state)
{
    char room[TEXT_INT_MAX];
    (void)state;
    assert_true(is(str_of_int(0, room), "0"));
    assert_true(is(str_of_int(-1, room), "-1"));
    assert_true(is(str_of_int(INT64_MAX, room), "9223372036854775807"));
    assert_true(is(str_of_int(INT64_MIN, room), "-9223372036854775808"));
}

/* The first and the last of each row of table 3-7 of the Unicode standard. */
static void test_utf8_is_taken_up_to_its_ends(void **state)
{
    static const struct str good[] = {
        STR_INIT(""),
        STR_INIT("\x01\x7f"),
        STR_INIT("\xc2\x80"),
        STR_INIT("\xdf\xbf"),
        STR_INIT("\xe0\xa0\x80"),
        STR_INIT("\xec\xbf\xbf"),
        STR_INIT("\xed\x80\x80"),
        STR_INIT("\xed\x9f\xbf"),
        STR_INIT("\xee\x80\x80"),
        STR_INIT("\xef\xbf\xbf"),
        STR_INIT("\xf0\x90\x80\x80"),
        STR_INIT("\xf3\xbf\xbf\xbf"),
        STR_INIT("\xf4\x80\x80\x80"),
        STR_INIT("\xf4\x8f\xbf\xbf"),
        STR_INIT("a\xc3\xa9z"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_true(str_is_utf8(good[i]));
    assert_true(str_is_utf8(STR_NONE));
}

static void test_utf8_beyond_its_ends_is_refused(void **state)
{
    static const struct str bad[] = {
        STR_INIT("a\0b"), /* NUL */
        STR_INIT("\x80"),
        STR_INIT("\xbf"),
        STR_INIT("a\x80"), /* no first byte */
        STR_INIT("\xc0\x80"),
        STR_INIT("\xc1\xbf"),
        STR_INIT("\xe0\x9f\xbf"),     /* overlong */
        STR_INIT("\xf0\x8f\xbf\xbf"), /* overlong */
        STR_INIT("\xed\xa0\x80"),
        STR_INIT("\xed\xbf\xbf"), /* surrogates */
        STR_INIT("\xf4\x90\x80\x80"),
        STR_INIT("\xf5\x80\x80\x80"),
        STR_INIT("\xff"), /* above U+10FFFF */
        STR_INIT("\xc3"),
        STR_INIT("\xe2\x82"),
        STR_INIT("\xf0\x9f\x98"), /* cut off */
        STR_INIT("\xc3z"),
        STR_INIT("\xe2\x82z"),
        STR_INIT("\xf0\x9f\x98z"),
        STR_INIT("\xe2\x82\xc0"),
        STR_INIT("\xf0\x9f\xc0\x80"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(str_is_utf8(bad[i]));
}

/* A sequence that ends behind the view is cut off, whatever stands there. */
static void test_utf8_looks_at_nothing_behind_the_text(void **state)
{
    struct str text = STR("\xf0\x9f\x98\x80");
    (void)state;
    assert_true(str_is_utf8(text));
    for (size_t len = 1; len < text.len; len++)
        assert_false(str_is_utf8(str_slice(text, 0, len)));
}

/* Tables use low bits or high bits: neighbours must part in both. */
static void test_hashes_of_neighbours_part(void **state)
{
    bool low[256] = {false}, high[256] = {false};
    unsigned low_count = 0, high_count = 0;
    (void)state;
    for (int i = 0; i < 256; i++) {
        char text[2] = {'k', (char)i};
        uint64_t hash = str_hash((struct str){text, 2});
        low_count += !low[hash & 255];
        high_count += !high[hash >> 56];
        low[hash & 255] = high[hash >> 56] = true;
    }
    /* 256 throws into 256 places fill about 162 of them. */
    assert_in_range(low_count, 130, 256);
    assert_in_range(high_count, 130, 256);
    assert_true(str_hash(STR("ab")) == str_hash(STR("ab")));
    assert_true(str_hash(STR_NONE) == str_hash(STR("")));
    assert_true(str_hash(STR("a")) != str_hash(STR("a\0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absent_is_not_empty),
        cmocka_unit_test(test_equal_is_by_every_byte),
        cmocka_unit_test(test_case_is_ascii_only),
        cmocka_unit_test(test_prefix_and_suffix_may_be_all_or_nothing),
        cmocka_unit_test(test_slice_is_clipped_to_the_text),
        cmocka_unit_test(test_cut_leaves_no_half_character),
        cmocka_unit_test(test_trim_takes_blanks_and_tabs_at_both_ends),
        cmocka_unit_test(test_find_gives_the_first_or_the_length),
        cmocka_unit_test(test_next_sees_empty_parts_too),
        cmocka_unit_test(test_words_stand_between_blanks),
        cmocka_unit_test(test_integers_are_read_up_to_both_ends),
        cmocka_unit_test(test_other_integers_are_refused),
        cmocka_unit_test(test_integers_are_written_up_to_both_ends),
        cmocka_unit_test(test_utf8_is_taken_up_to_its_ends),
        cmocka_unit_test(test_utf8_beyond_its_ends_is_refused),
        cmocka_unit_test(test_utf8_looks_at_nothing_behind_the_text),
        cmocka_unit_test(test_hashes_of_neighbours_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
