/* Decoding: bytes to named parameters, and what is refused on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/mistake.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "dialect/shape.h"
#include "http/message.h"

struct desk_test {
    struct mistakes mistakes;
    const struct dialect *dialect;
    struct call *call;
};

static const char *const text = "authorization_schemes: [OAuth2, Bearer]\n"
                                "endpoints:\n"
                                "  - {path: /t, does: token, bodies: [form, json], names: {key: client_id}}\n"
                                "  - {path: /f, does: token, other_bodies: ignore, query: refuse,\n"
                                "     fixed: {grant_type: refresh_token}, defaults: {scope: read}}\n"
                                "  - {path: /v, does: token, values: {grant_type: {app: service_account}}}\n"
                                "errors: {body: '{}'}\n";

static int setup(void **state)
{
    struct desk_test *test = memory_alloc(sizeof(*test));
    mistakes_init(&test->mistakes, arena_create());
    test->dialect = dialect_read(STR("test.yaml"), str_of(text), &test->mistakes);
    assert_non_null(test->dialect);
    *state = test;
    return 0;
}

static int teardown(void **state)
{
    struct desk_test *test = *state;
    arena_destroy(test->mistakes.arena);
    memory_free(test);
    return 0;
}

static enum refusal decode(struct desk_test *test, size_t endpoint, struct request request)
{
    struct call *call = arena_new(test->mistakes.arena, struct call);
    call->arena = test->mistakes.arena;
    test->call = call;
    enum outcome outcome = decode_request(test->dialect, &test->dialect->endpoints[endpoint], &request, call);
    assert_int_equal(outcome == REFUSED, call->refusal != NOT_REFUSED);
    return call->refusal;
}

static enum refusal decode_body(struct desk_test *test, size_t endpoint, const char *type, struct str body)
{
    return decode(test, endpoint, (struct request){.content_type = str_of(type), .body = body});
}

#define FORM "application/x-www-form-urlencoded"
#define JSON "application/json"

static bool has(const struct desk_test *test, enum parameter parameter, const char *value)
{
    struct str found = test->call->parameters[parameter];
    return str_is_present(found) && str_equal(found, str_of(value));
}

static bool lacks(const struct desk_test *test, enum parameter parameter)
{
    return !str_is_present(test->call->parameters[parameter]);
}

static void forms_are_decoded(void **state)
{
    struct desk_test *test = *state;
    assert_int_equal(decode_body(test, 0, FORM "; charset=UTF-8", STR("&scope=a+b%2Bc&&key=%C3%A9&x=1&token")), 0);
    assert_true(has(test, PARAMETER_scope, "a b+c"));
    assert_true(has(test, PARAMETER_client_id, "\xc3\xa9"));
    assert_true(lacks(test, PARAMETER_token));
}

static void a_renamed_parameter_is_known_by_its_wire_name_only(void **state)
{
    struct desk_test *test = *state;
    assert_int_equal(decode_body(test, 0, FORM, STR("client_id=1")), 0);
    assert_true(lacks(test, PARAMETER_client_id));
}

static void bad_forms_are_refused(void **state)
{
    struct desk_test *test = *state;
    assert_int_equal(decode_body(test, 0, FORM, STR("scope=%zz")), REFUSED_body_unreadable);
    assert_int_equal(decode_body(test, 0, FORM, STR("scope=%f")), REFUSED_body_unreadable);
    assert_int_equal(decode_body(test, 0, FORM, STR("scope=%ff")), REFUSED_text_invalid);
    assert_int_equal(decode_body(test, 0, FORM, STR("scope=a%00b")), REFUSED_text_invalid);
    assert_int_equal(decode_body(test, 0, FORM, STR("scope=a&scope=a")), REFUSED_parameter_repeated);
    assert_int_equal(decode_body(test, 0, FORM, STR("x=a&x=a")), 0);
}

static void limits_hold_from_both_sides(void **state)
{
    struct desk_test *test = *state;
    struct arena *arena = test->mistakes.arena;
    struct str fits = arena_printf(arena, "scope=%0*d", PARAMETER_MAX, 1);
    struct str long_one = arena_printf(arena, "scope=%0*d", PARAMETER_MAX + 1, 1);
    assert_int_equal(decode_body(test, 0, FORM, fits), 0);
    assert_int_equal(decode_body(test, 0, FORM, long_one), REFUSED_parameter_too_long);
    char pairs[4 * (PARAMETERS_MAX + 1)];
    for (size_t i = 0; i <= PARAMETERS_MAX; i++)
        memcpy(pairs + 4 * i, "x=1&", 4);
    assert_int_equal(decode_body(test, 0, FORM, (struct str){pairs, 4 * PARAMETERS_MAX}), 0);
    assert_int_equal(decode_body(test, 0, FORM, (struct str){pairs, sizeof(pairs)}), REFUSED_body_unreadable);
}

static void json_takes_texts_numbers_and_truth(void **state)
{
    struct desk_test *test = *state;
    assert_int_equal(
        decode_body(test, 0, JSON,
                    STR("{\"key\":12,\"scope\":\"a\",\"limited_scope\":true,\"token\":null,\"x\":[{}]}")),
        0);
    assert_true(has(test, PARAMETER_client_id, "12"));
    assert_true(has(test, PARAMETER_limited_scope, "true"));
    assert_true(lacks(test, PARAMETER_token));
}

static void bad_json_is_refused(void **state)
{
    static const char *const unreadable[] = {"",
                                             "[]",
                                             "{",
                                             "{\"a\":1,\"a\":2}",
                                             "\"x\"",
                                             "{\"scope\":\"\xff\"}",
                                             "{}{}",
                                             "{\"x\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]}",
                                             "{\"scope\":\"a\\u0000b\"}"};
    struct desk_test *test = *state;
    for (size_t i = 0; i < sizeof(unreadable) / sizeof(*unreadable); i++)
        assert_int_equal(decode_body(test, 0, JSON, str_of(unreadable[i])), REFUSED_body_unreadable);
    assert_int_equal(decode_body(test, 0, JSON, STR("{\"scope\":[]}")), REFUSED_text_invalid);
    assert_int_equal(decode_body(test, 0, JSON, STR("{\"scope\":1.5}")), REFUSED_text_invalid);
}

static void other_bodies_are_refused_or_ignored(void **state)
{
    struct desk_test *test = *state;
    assert_int_equal(decode_body(test, 0, "multipart/form-data; boundary=x", STR("x")), REFUSED_body_kind_wrong);
    assert_int_equal(decode_body(test, 0, NULL, STR("scope=a")), REFUSED_body_kind_wrong);
    assert_int_equal(decode_body(test, 0, NULL, STR("")), 0);
    assert_int_equal(decode_body(test, 1, JSON, STR("{\"token\":\"x\"}")), 0);
    assert_true(lacks(test, PARAMETER_token));
}

static void fixed_default_and_translated_values(void **state)
{
    struct desk_test *test = *state;
    assert_int_equal(decode_body(test, 1, FORM, STR("grant_type=password")), 0);
    assert_true(has(test, PARAMETER_grant_type, "refresh_token"));
    assert_true(has(test, PARAMETER_scope, "read"));
    assert_int_equal(decode_body(test, 1, FORM, STR("scope=write")), 0);
    assert_true(has(test, PARAMETER_scope, "write"));
    assert_int_equal(decode_body(test, 2, FORM, STR("grant_type=app")), 0);
    assert_true(has(test, PARAMETER_grant_type, "service_account"));
}

/* [RFC6749 2.3.1] The parameters MUST NOT be included in the request URI. */
static void secrets_in_the_address_are_refused(void **state)
{
    static const char *const leaks[] = {"client_secret=x", "a=b&client_secret", "client%5Fsecret=x",
                                        "refresh_token=",  "access_token=x",    "token=x"};
    struct desk_test *test = *state;
    for (size_t i = 0; i < sizeof(leaks) / sizeof(*leaks); i++)
        assert_int_equal(decode(test, 0, (struct request){.query = str_of(leaks[i])}), REFUSED_secret_in_query);
    assert_int_equal(decode(test, 0, (struct request){.query = STR("key=1&state=x&%zz")}), 0);
    assert_int_equal(decode(test, 1, (struct request){.query = STR("state=x")}), REFUSED_query_not_allowed);
    assert_int_equal(decode(test, 1, (struct request){.query = STR("")}), 0);
}

/* [RFC6749 2.3.1] Form-encoded, joined by a colon, base64-encoded. */
static void basic_credentials_round_trip(void **state)
{
    struct desk_test *test = *state;
    /* "a%2Bb:c%25%3A%C3%A9+d" */
    assert_int_equal(decode(test, 0, (struct request){.authorization = STR("basic YSUyQmI6YyUyNSUzQSVDMyVBOStk")}),
                     0);
    assert_true(test->call->authorization.is_basic);
    assert_true(str_equal(test->call->authorization.client_id, STR("a+b")));
    assert_true(str_equal(test->call->authorization.client_secret, STR("c%:\xc3\xa9 d")));
}

static void bad_basic_credentials_are_malformed(void **state)
{
    static const char *const bad[] = {"Basic", "Basic ", "Basic !!!!", "Basic YQ==", "Basic YTolenp6", "Basic YTr/"};
    struct desk_test *test = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(decode(test, 0, (struct request){.authorization = str_of(bad[i])}), 0);
        assert_true(test->call->authorization.is_malformed);
    }
}

static void schemes_are_compared_without_case(void **state)
{
    struct desk_test *test = *state;
    struct call call = {.arena = test->mistakes.arena};
    decode_authorization(test->dialect, STR("oauth2  abc "), &call);
    assert_true(str_equal(call.authorization.token, STR("abc")));
    call = (struct call){.arena = test->mistakes.arena};
    decode_authorization(test->dialect, STR("OAuth2"), &call);
    assert_true(call.authorization.is_malformed);
    call = (struct call){.arena = test->mistakes.arena};
    decode_authorization(test->dialect, STR("Bearerabc"), &call);
    assert_false(call.authorization.is_present);
    decode_authorization(test->dialect, STR("Digest abc"), &call);
    assert_false(call.authorization.is_present);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(forms_are_decoded),
        TEST(a_renamed_parameter_is_known_by_its_wire_name_only),
        TEST(bad_forms_are_refused),
        TEST(limits_hold_from_both_sides),
        TEST(json_takes_texts_numbers_and_truth),
        TEST(bad_json_is_refused),
        TEST(other_bodies_are_refused_or_ignored),
        TEST(fixed_default_and_translated_values),
        TEST(secrets_in_the_address_are_refused),
        TEST(basic_credentials_round_trip),
        TEST(bad_basic_credentials_are_malformed),
        TEST(schemes_are_compared_without_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
