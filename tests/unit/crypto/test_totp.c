/* Codes of authenticator apps: the RFCs' own, the window around now, and that each is good once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "crypto/totp.h"

#define KEY STR("12345678901234567890")
#define NOW INT64_C(1800000000)

static struct str code_at(struct arena *arena, int64_t at)
{
    char room[TOTP_DIGITS];
    totp_write(KEY, at / TOTP_STEP_SECONDS, room);
    return arena_str(arena, (struct str){room, TOTP_DIGITS});
}

static int create_arena(void **state)
{
    *state = arena_create();
    return 0;
}

static int end_arena(void **state)
{
    arena_destroy(*state);
    return 0;
}

/* [RFC4226 5.3] with the values of its appendix D. */
static void counters_give_the_rfcs_codes(void **state)
{
    static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
                                        "254676", "287922", "162583", "399871", "520489"};
    char room[TOTP_DIGITS];
    (void)state;
    for (int i = 0; i < 10; i++) {
        totp_write(KEY, i, room);
        assert_memory_equal(room, codes[i], TOTP_DIGITS);
    }
}

/* RFC 6238, appendix B, whose codes have eight digits: the last six are ours. [RFC4226 4] */
static void times_give_the_rfcs_codes(void **state)
{
    static const struct {
        int64_t at;
        const char *code;
    } vectors[] = {{59, "287082"},         {1111111109, "081804"},          {1111111111, "050471"},
                   {1234567890, "005924"}, {INT64_C(2000000000), "279037"}, {INT64_C(20000000000), "353130"}};
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        int64_t step = 0;
        assert_int_equal(totp_check(KEY, str_of(vectors[i].code), vectors[i].at, 0, &step), TOTP_FITS);
        assert_int_equal(step, vectors[i].at / 30);
    }
}

/* [RFC6238 5.2] */
static void the_neighbouring_steps_count_and_no_others(void **state)
{
    int64_t step = 0;
    assert_int_equal(totp_check(KEY, code_at(*state, NOW - 30), NOW, 0, &step), TOTP_FITS);
    assert_int_equal(step, NOW / 30 - 1);
    assert_int_equal(totp_check(KEY, code_at(*state, NOW + 30), NOW, 0, &step), TOTP_FITS);
    assert_int_equal(step, NOW / 30 + 1);
    step = 0;
    assert_int_equal(totp_check(KEY, code_at(*state, NOW - 60), NOW, 0, &step), TOTP_WRONG);
    assert_int_equal(totp_check(KEY, code_at(*state, NOW + 60), NOW, 0, &step), TOTP_WRONG);
    assert_int_equal(step, 0);
    /* up to the last second of the next step */
    assert_int_equal(totp_check(KEY, code_at(*state, NOW), NOW + 59, 0, &step), TOTP_FITS);
    assert_int_equal(totp_check(KEY, code_at(*state, NOW), NOW + 60, 0, &step), TOTP_WRONG);
}

/* [RFC6238 5.2] "The verifier MUST NOT accept the second attempt of the OTP after the successful validation" */
static void a_code_is_good_once(void **state)
{
    int64_t step = 0;
    struct str code = code_at(*state, NOW);
    assert_int_equal(totp_check(KEY, code, NOW, 0, &step), TOTP_FITS);
    assert_int_equal(totp_check(KEY, code, NOW, step, &step), TOTP_WAS_USED);
    assert_int_equal(totp_check(KEY, code_at(*state, NOW - 30), NOW, step, &step), TOTP_WAS_USED);
    assert_int_equal(totp_check(KEY, code_at(*state, NOW + 30), NOW, step, &step), TOTP_FITS);
    assert_int_equal(step, NOW / 30 + 1);
}

static void only_six_digits_are_a_code(void **state)
{
    static const struct str bad[] = {STR_INIT(""),
                                     STR_INIT("28708"),
                                     STR_INIT("2870822"),
                                     STR_INIT("28708a"),
                                     STR_INIT("+87082"),
                                     STR_INIT("287082\0"),
                                     STR_INIT("287-082"),
                                     STR_INIT("\xd9\xa1\xd9\xa1\xd9\xa1"),
                                     STR_INIT("2                       87082")};
    int64_t step = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(totp_check(KEY, bad[i], 59, 0, &step), TOTP_WRONG);
    assert_int_equal(totp_check(KEY, STR_NONE, 59, 0, &step), TOTP_WRONG);
    assert_int_equal(totp_check(KEY, STR("287 082"), 59, 0, &step), TOTP_FITS);
    assert_int_equal(totp_check(KEY, STR(" 287082 "), 59, 0, &step), TOTP_FITS);
}

static void another_key_gives_other_codes(void **state)
{
    int64_t step;
    (void)state;
    assert_int_equal(totp_check(STR("12345678901234567891"), STR("287082"), 59, 0, &step), TOTP_WRONG);
}

static void the_uri_says_all_that_an_app_needs(void **state)
{
    struct str uri = totp_uri(*state, STR("Desert & Sons"), STR("ann@example.com"), KEY);
    struct str expected = STR("otpauth://totp/Desert%20%26%20Sons:ann%40example.com"
                              "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Desert%20%26%20Sons"
                              "&algorithm=SHA1&digits=6&period=30");
    assert_int_equal(uri.len, expected.len);
    assert_memory_equal(uri.ptr, expected.ptr, uri.len);
}

static void names_cannot_add_to_the_uri(void **state)
{
    struct str uri = totp_uri(*state, STR("a:b?c&d=e#f/g"), STR("?secret=A"), KEY);
    assert_true(str_has_prefix(uri, STR("otpauth://totp/a%3Ab%3Fc%26d%3De%23f%2Fg:%3Fsecret%3DA?secret=GEZD")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_give_the_rfcs_codes),
        cmocka_unit_test(times_give_the_rfcs_codes),
        cmocka_unit_test(the_neighbouring_steps_count_and_no_others),
        cmocka_unit_test(a_code_is_good_once),
        cmocka_unit_test(only_six_digits_are_a_code),
        cmocka_unit_test(another_key_gives_other_codes),
        cmocka_unit_test(the_uri_says_all_that_an_app_needs),
        cmocka_unit_test(names_cannot_add_to_the_uri),
    };
    return cmocka_run_group_tests(tests, create_arena, end_arena);
}
