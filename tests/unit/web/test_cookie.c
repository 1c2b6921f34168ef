/* Cookies and forms: what comes in is taken strictly, what goes out is hard to steal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "http/message.h"
#include "web/cookie.h"
#include "web/form.h"
#include "web/qr.h"

static struct exchange exchange;

static int begin(void **state)
{
    (void)state;
    exchange = (struct exchange){.arena = arena_create()};
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_destroy(exchange.arena);
    return 0;
}

static struct str read_cookie(const char *header)
{
    const struct cookie cookie = cookie_of(exchange.arena, STR("jeton-r"), STR("http://localhost"));
    struct request_field field = {STR("cookie"), str_of(header)};
    exchange.request.fields = &field;
    exchange.request.field_count = 1;
    return cookie_read(&cookie, &exchange);
}

static void only_one_cookie_of_ours_is_taken(void **state)
{
    (void)state;
    assert_true(str_equal(read_cookie("jeton-r=abc"), STR("abc")));
    assert_true(str_equal(read_cookie("a=b; jeton-r=a-b_c.D9; c"), STR("a-b_c.D9")));
    assert_true(str_equal(read_cookie("a=\"b;jeton-r=abc"), STR("abc")));
    static const char *const none[] = {"", "jeton-r", "jeton-r=", "jeton-rr=abc", "Jeton-R=abc", "xjeton-r=abc",
                                       "jeton-r=\"abc\"", "jeton-r=a b", "jeton-r=a%20b",
                                       /* Somebody put one beside ours, with another path or for the whole domain. */
                                       "jeton-r=abc; jeton-r=abc"};
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        assert_false(str_is_present(read_cookie(none[i])));
    char longest[COOKIE_VALUE_MAX + 12] = "jeton-r=";
    memset(longest + 8, 'a', COOKIE_VALUE_MAX);
    assert_int_equal(read_cookie(longest).len, COOKIE_VALUE_MAX);
    longest[8 + COOKIE_VALUE_MAX] = 'a';
    assert_false(str_is_present(read_cookie(longest)));
}

static void two_headers_are_one_too_many(void **state)
{
    (void)state;
    const struct cookie cookie = cookie_of(exchange.arena, STR("jeton-r"), STR("http://localhost"));
    struct request_field fields[] = {{STR("Cookie"), STR("jeton-r=abc")}, {STR("Cookie"), STR("jeton-r=def")}};
    exchange.request.fields = fields;
    exchange.request.field_count = 2;
    assert_false(str_is_present(cookie_read(&cookie, &exchange)));
}

static void assert_sets(struct str issuer, int64_t lifetime_seconds, const char *expected)
{
    const struct cookie cookie = cookie_of(exchange.arena, STR("jeton-r"), issuer);
    exchange.response = (struct response){0};
    cookie_write(&cookie, &exchange, STR("abc"), lifetime_seconds);
    assert_true(str_equal(exchange.response.headers->name, STR("Set-Cookie")));
    assert_true(str_equal(exchange.response.headers->value, str_of(expected)));
}

/* [RFC6265 4.1.2] */
static void no_script_and_no_other_site_gets_it(void **state)
{
    (void)state;
    assert_sets(STR("http://localhost:8080"), 0, "jeton-r=abc; Path=/; HttpOnly; SameSite=Lax");
    assert_sets(STR("https://a.example"), 60,
                "__Host-jeton-r=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
}

static bool read_body(const char *type, struct str body, struct form *form)
{
    exchange.request.content_type = str_of(type);
    exchange.request.body = body;
    return form_read(&exchange, form);
}

static void forms_are_read_strictly(void **state)
{
    static const char type[] = "application/x-www-form-urlencoded";
    struct form form;
    (void)state;
    assert_true(read_body("Application/X-WWW-form-urlencoded; charset=utf-8", STR("a=1&b=%C3%A9+x&c&&"), &form));
    assert_true(str_equal(form_value(&form, "a"), STR("1")));
    assert_true(str_equal(form_value(&form, "b"), STR("\xc3\xa9 x")));
    assert_true(str_is_present(form_value(&form, "c")));
    assert_false(str_is_present(form_value(&form, "d")));
    assert_true(read_body(type, STR(""), &form));
    assert_false(read_body("multipart/form-data; boundary=a", STR("a=1"), &form));
    assert_false(read_body("application/json", STR("{}"), &form));
    assert_false(read_body(NULL, STR("a=1"), &form));
    assert_false(read_body(type, STR("a=1&a=1"), &form));
    assert_false(read_body(type, STR("a=%"), &form));
    assert_false(read_body(type, STR("a=%ff"), &form));
    assert_false(read_body(type, STR("a=%00"), &form));
    assert_false(read_body(type, STR("%00=a"), &form));
}

static void a_form_has_not_more_fields_than_ours(void **state)
{
    char body[FORM_FIELDS_MAX * 4 + 8] = "";
    struct form form;
    (void)state;
    for (int i = 0; i < FORM_FIELDS_MAX; i++)
        snprintf(body + 3 * i, 4, "%02x&", i);
    assert_true(read_body("application/x-www-form-urlencoded", str_of(body), &form));
    strcat(body, "ff");
    assert_false(read_body("application/x-www-form-urlencoded", str_of(body), &form));
}

static void a_key_becomes_a_picture(void **state)
{
    (void)state;
    struct str picture = qr_picture(exchange.arena, STR("otpauth://totp/A:b?secret=JBSWY3DPEHPK3PXP&issuer=A"));
    assert_true(str_has_prefix(picture, STR("data:image/svg+xml;base64,PHN2Zy")));
    char *much = arena_alloc(exchange.arena, 8000);
    memset(much, 'a', 8000);
    assert_false(str_is_present(qr_picture(exchange.arena, (struct str){much, 8000})));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_one_cookie_of_ours_is_taken, begin, end),
        cmocka_unit_test_setup_teardown(two_headers_are_one_too_many, begin, end),
        cmocka_unit_test_setup_teardown(no_script_and_no_other_site_gets_it, begin, end),
        cmocka_unit_test_setup_teardown(forms_are_read_strictly, begin, end),
        cmocka_unit_test_setup_teardown(a_form_has_not_more_fields_than_ours, begin, end),
        cmocka_unit_test_setup_teardown(a_key_becomes_a_picture, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
