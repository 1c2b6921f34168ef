/* Hex, base64, base32, base62 and percent-encoding: what is written, what is read, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"

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

static void assert_text(struct str found, struct str expected)
{
    if (!str_is_present(found) || !str_equal(found, expected))
        fail_msg("\"%.*s\" is not \"%.*s\"", STR_ARGS(found), STR_ARGS(expected));
}

static void test_hex_is_written_in_lower_case(void **state)
{
    char room[9] = "xxxxxxxx!";
    (void)state;
    hex_write((const unsigned char *)"\x00\x0f\xa0\xff", 4, room);
    assert_memory_equal(room, "000fa0ff!", 9);
}

static void test_hex_is_read_in_either_case(void **state)
{
    unsigned char room[5] = {0, 0, 0, 0, 42};
    (void)state;
    assert_true(hex_parse(STR("00aFFa9C"), room, 4));
    assert_memory_equal(room, "\x00\xaf\xfa\x9c\x2a", 5);
    assert_true(hex_parse(STR(""), room, 0));
}

static void test_hex_of_another_length_or_alphabet_is_refused(void **state)
{
    static const char *const bad[] = {"",     "a",    "abc",  "abcde", "abcdef", "abc/",
                                      "abc:", "abc@", "abcG", "abc`",  "abcg"};
    unsigned char room[2];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(hex_parse(str_of(bad[i]), room, 2));
    assert_true(hex_parse(STR("abcd"), room, 2));
}

static const struct {
    const char *bytes, *padded, *plain;
} vectors[] = {{"", "", ""}, /* RFC 4648, section 10 */
               {"f", "Zg==", "Zg"},
               {"fo", "Zm8=", "Zm8"},
               {"foo", "Zm9v", "Zm9v"},
               {"foob", "Zm9vYg==", "Zm9vYg"},
               {"fooba", "Zm9vYmE=", "Zm9vYmE"},
               {"foobar", "Zm9vYmFy", "Zm9vYmFy"}};

static void test_base64_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        struct str bytes;
        assert_text(base64_write(arena, str_of(vectors[i].bytes)), str_of(vectors[i].padded));
        assert_text(base64url_write(arena, str_of(vectors[i].bytes)), str_of(vectors[i].plain));
        assert_true(base64_parse(arena, str_of(vectors[i].padded), &bytes));
        assert_text(bytes, str_of(vectors[i].bytes));
        assert_true(base64_parse(arena, str_of(vectors[i].plain), &bytes));
        assert_text(bytes, str_of(vectors[i].bytes));
        assert_true(base64url_parse(arena, str_of(vectors[i].plain), &bytes));
        assert_text(bytes, str_of(vectors[i].bytes));
    }
}

static void test_base32_known_answers(void **state)
{
    /* RFC 4648, section 10, without the padding */
    static const char *const written[] = {"", "MY", "MZXQ", "MZXW6", "MZXW6YQ", "MZXW6YTB", "MZXW6YTBOI"};
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
        assert_text(base32_write(arena, str_of(vectors[i].bytes)), str_of(written[i]));
    assert_text(base32_write(arena, STR("\xff\xff\xff\xff\xff")), STR("77777777"));
}

/* As browsers write it: no padding, and each alphabet is foreign to the other. */
static void test_base64url_is_read_in_its_own_alphabet_only(void **state)
{
    static const struct str bad[] = {STR_INIT("Zg=="), STR_INIT("A"),     STR_INIT("Zm+v"),
                                     STR_INIT("Zm/v"), STR_INIT("Zm9\n"), STR_INIT("Zh")};
    struct str bytes;
    (void)state;
    assert_true(base64url_parse(arena, STR("-_-_"), &bytes));
    assert_text(bytes, STR("\xfb\xff\xbf"));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(base64url_parse(arena, bad[i], &bytes));
}

static void test_the_alphabets_differ_in_two_digits(void **state)
{
    (void)state;
    assert_text(base64_write(arena, STR("\xfb\xff\xbf")), STR("+/+/"));
    assert_text(base64url_write(arena, STR("\xfb\xff\xbf")), STR("-_-_"));
}

static void test_base64_reads_all_bytes_it_wrote(void **state)
{
    char all[256];
    struct str bytes;
    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    for (size_t len = 0; len <= sizeof(all); len++) {
        struct str written = {all + sizeof(all) - len, len};
        assert_true(base64_parse(arena, base64_write(arena, written), &bytes));
        assert_text(bytes, written);
    }
}

/* Two texts must never mean the same bytes, and nothing foreign is skipped. */
static void test_other_base64_is_refused(void **state)
{
    static const struct str bad[] = {
        STR_INIT("A"),        STR_INIT("AAAAA"), STR_INIT("="),     STR_INIT("=="),   STR_INIT("===="),
        STR_INIT("A==="),     STR_INIT("Zg="),   STR_INIT("Zm8=="), STR_INIT("Zg=A"), STR_INIT("Zg==Zg=="),
        STR_INIT("Zm9v===="), STR_INIT("Zh=="),  STR_INIT("Zh"),    STR_INIT("Zm9="), STR_INIT("Zm9"),
        STR_INIT("Zm 9v"),    STR_INIT("Zm9\n"), STR_INIT("Zm-v"),  STR_INIT("Zm_v"), STR_INIT("Zm9\0"),
        STR_INIT("Zm9\xff"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct str bytes = STR_NONE;
        if (base64_parse(arena, bad[i], &bytes))
            fail_msg("\"%.*s\" was read", STR_ARGS(bad[i]));
        assert_false(str_is_present(bytes));
    }
}

static void test_base62_is_written_with_leading_zeros(void **state)
{
    char room[13] = "xxxxxxxxxxxx!";
    (void)state;
    base62_write(0, 1, room);
    assert_int_equal(room[0], '0');
    base62_write(61, 1, room);
    assert_int_equal(room[0], 'z');
    base62_write(62, 4, room);
    assert_memory_equal(room, "0010", 4);
    base62_write(UINT64_MAX, 12, room);
    assert_memory_equal(room, "0LygHa16AHYF!", 13);
}

static void test_base62_is_read_up_to_64_bits(void **state)
{
    uint64_t number = 42;
    (void)state;
    assert_true(base62_parse(STR("9AZaz"), &number));
    assert_true(number == (((UINT64_C(9) * 62 + 10) * 62 + 35) * 62 + 36) * 62 + 61);
    assert_true(base62_parse(STR("000LygHa16AHYF"), &number));
    assert_true(number == UINT64_MAX);
    assert_false(base62_parse(STR("LygHa16AHYG"), &number));
    assert_false(base62_parse(STR("zzzzzzzzzzz"), &number));
    assert_false(base62_parse(STR("100000000000"), &number));
    assert_true(number == UINT64_MAX);
}

static void test_foreign_base62_digits_are_refused(void **state)
{
    static const struct str bad[] = {STR_INIT("/"), STR_INIT(":"), STR_INIT("@"),  STR_INIT("["),  STR_INIT("`"),
                                     STR_INIT("{"), STR_INIT("-"), STR_INIT("1 "), STR_INIT("\0"), STR_INIT("\xc3")};
    uint64_t number;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(base62_parse(bad[i], &number));
}

/* [RFC6749 2.3.1] Credentials come form-encoded: `+` is a blank, %2B a plus. In a path a plus is a plus. */
static void test_plus_is_a_blank_in_forms_only(void **state)
{
    struct str text;
    (void)state;
    assert_true(form_decode(arena, STR("a+b%2Bc%20d%c3%A9"), &text));
    assert_text(text, STR("a b+c d\xc3\xa9"));
    assert_true(percent_decode(arena, STR("a+b%2Bc%20d"), &text));
    assert_text(text, STR("a+b+c d"));
    assert_true(form_decode(arena,
                            STR("%00%25%"
                                "ff"),
                            &text));
    assert_text(text, STR("\0%\xff"));
    assert_true(form_decode(arena, STR(""), &text));
    assert_text(text, STR(""));
}

static void test_bad_escapes_are_refused(void **state)
{
    static const char *const bad[] = {"%", "a%", "%4", "a%4", "%g0", "%0g", "%%41", "% 1", "%+1", "%-1", "%u0041"};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct str text = STR_NONE;
        assert_false(form_decode(arena, str_of(bad[i]), &text));
        assert_false(percent_decode(arena, str_of(bad[i]), &text));
        assert_false(str_is_present(text));
    }
}

/* An escape that the view cuts off is bad, whatever stands behind the view. */
static void test_escapes_end_with_the_text(void **state)
{
    struct str text;
    (void)state;
    assert_false(form_decode(arena, str_slice(STR("a%41"), 0, 3), &text));
    assert_true(form_decode(arena, str_slice(STR("a%41"), 0, 4), &text));
}

static void test_encoding_leaves_the_unreserved_alone(void **state)
{
    struct buf buf;
    (void)state;
    buf_init(&buf, arena, 1000);
    form_encode(&buf, STR("AZaz09-._~ +%&=/*\xc3\xa9\n"));
    assert_text(buf_str(&buf), STR("AZaz09-._~+%2B%25%26%3D%2F%2A%C3%A9%0A"));
}

static void test_decoding_undoes_encoding_for_every_byte(void **state)
{
    char all[256];
    struct buf buf;
    struct str text;
    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    buf_init(&buf, arena, 1000);
    form_encode(&buf, (struct str){all, sizeof(all)});
    assert_true(form_decode(arena, buf_str(&buf), &text));
    assert_text(text, (struct str){all, sizeof(all)});
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_hex_is_written_in_lower_case),
        TEST(test_hex_is_read_in_either_case),
        TEST(test_hex_of_another_length_or_alphabet_is_refused),
        TEST(test_base64_known_answers),
        TEST(test_base32_known_answers),
        TEST(test_base64url_is_read_in_its_own_alphabet_only),
        TEST(test_the_alphabets_differ_in_two_digits),
        TEST(test_base64_reads_all_bytes_it_wrote),
        TEST(test_other_base64_is_refused),
        TEST(test_base62_is_written_with_leading_zeros),
        TEST(test_base62_is_read_up_to_64_bits),
        TEST(test_foreign_base62_digits_are_refused),
        TEST(test_plus_is_a_blank_in_forms_only),
        TEST(test_bad_escapes_are_refused),
        TEST(test_escapes_end_with_the_text),
        TEST(test_encoding_leaves_the_unreserved_alone),
        TEST(test_decoding_undoes_encoding_for_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
