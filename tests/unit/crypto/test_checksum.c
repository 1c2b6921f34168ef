/* CRC-32 as token checksums carry it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/checksum.h"

/* The check value that lists of CRCs give for this one. */
static void test_crc32_known_answers(void **state)
{
    (void)state;
    assert_int_equal(checksum_crc32(0, STR("123456789")), 0xcbf43926);
    assert_int_equal(checksum_crc32(0, STR("The quick brown fox jumps over the lazy dog")), 0x414fa339);
    assert_int_equal(checksum_crc32(0, STR("")), 0);
    assert_int_equal(checksum_crc32(0, STR("\0")), 0xd202ef8d);
}

static void test_parts_give_the_sum_of_the_whole(void **state)
{
    struct str text = STR("123456789");
    (void)state;
    for (size_t at = 0; at <= text.len; at++) {
        uint32_t before = checksum_crc32(0, str_slice(text, 0, at));
        assert_int_equal(checksum_crc32(before, str_slice(text, at, text.len)), 0xcbf43926);
    }
}

/* An absent part is a part without bytes: what came before it counts on. */
static void test_an_absent_part_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(checksum_crc32(0xcbf43926, STR("")), 0xcbf43926);
    assert_int_equal(checksum_crc32(0xcbf43926, STR_NONE), 0xcbf43926);
}

/* What a person slips at: one character, or two that changed places. */
static void test_slips_of_the_pen_are_found(void **state)
{
    char text[] = "jtn_0aB9zQ";
    uint32_t right = checksum_crc32(0, str_of(text));
    (void)state;
    for (size_t i = 0; text[i + 1]; i++) {
        char first = text[i], second = text[i + 1];
        text[i] = second, text[i + 1] = first;
        assert_int_not_equal(checksum_crc32(0, str_of(text)), right);
        text[i] = (char)(first ^ 1), text[i + 1] = second;
        assert_int_not_equal(checksum_crc32(0, str_of(text)), right);
        text[i] = first;
    }
    assert_int_equal(checksum_crc32(0, str_of(text)), right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32_known_answers),
        cmocka_unit_test(test_parts_give_the_sum_of_the_whole),
        cmocka_unit_test(test_an_absent_part_changes_nothing),
        cmocka_unit_test(test_slips_of_the_pen_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
