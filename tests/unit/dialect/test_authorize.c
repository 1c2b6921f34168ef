/* The authorization endpoint's bytes: the request by query or form, and the answer's way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/mistake.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "dialect/encode.h"
#include "dialect/shape.h"
#include "http/message.h"

#define FORM "application/x-www-form-urlencoded"

struct question_test {
    struct mistakes mistakes;
    struct arena *arena;
    const struct dialect *noting;
    const struct dialect *replacing;
    struct call *call;
};

static const struct dialect *load(struct question_test *test, const char *repeated)
{
    const char *text = arena_printf(test->arena,
                                    "repeated_parameters: %s\n"
                                    "endpoints:\n"
                                    "  - {path: /a, does: authorize, names: {key: client_id},\n"
                                    "     defaults: {response_type: code}, values: {response_type: {ticket: code}}}\n"
                                    "errors: {body: '{}'}\n",
                                    repeated)
                           .ptr;
    const struct dialect *dialect = dialect_read(STR("test.yaml"), str_of(text), &test->mistakes);
    assert_non_null(dialect);
    return dialect;
}

static int setup(void **state)
{
    struct question_test *test = memory_alloc(sizeof(*test));
    test->arena = arena_create();
    mistakes_init(&test->mistakes, test->arena);
    test->noting = load(test, "refuse");
    test->replacing = load(test, "last");
    *state = test;
    return 0;
}

static int teardown(void **state)
{
    struct question_test *test = *state;
    arena_destroy(test->arena);
    memory_free(test);
    return 0;
}

static enum refusal decode(struct question_test *test, const struct dialect *dialect, struct request request)
{
    test->call = arena_new(test->arena, struct call);
    test->call->arena = test->arena;
    enum outcome outcome = decode_question(dialect, &dialect->endpoints[0], &request, test->call);
    assert_int_equal(outcome == REFUSED, test->call->refusal != NOT_REFUSED);
    return test->call->refusal;
}

static struct request get(struct str query)
{
    return (struct request){.method = STR("GET"), .path = STR("/a"), .query = query};
}

static struct request post(struct str body)
{
    return (struct request){.method = STR("POST"), .path = STR("/a"), .body = body, .content_type = STR(FORM)};
}

static bool has(const struct question_test *test, enum parameter parameter, struct str value)
{
    return str_equal(test->call->parameters[parameter], value);
}

/* [RFC6749 3.1] Query or form; unknown parameters are ignored, empty ones are absent. Behaviours 19 and 20. */
static void a_form_asks_what_a_query_asks(void **state)
{
    struct question_test *test = *state;
    struct str text = STR("key=me&state=a+b%26%C3%A9&nonce=1&scope=&display=popup");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(decode(test, test->noting, i ? post(text) : get(text)), 0);
        assert_true(has(test, PARAMETER_client_id, STR("me")));
        assert_true(has(test, PARAMETER_state, STR("a b&\xc3\xa9")));
        assert_true(has(test, PARAMETER_response_type, STR("code")));
        assert_false(str_is_present(test->call->parameters[PARAMETER_scope]));
    }
    assert_int_equal(decode(test, test->noting, get(STR("response_type=ticket"))), 0);
    assert_true(has(test, PARAMETER_response_type, STR("code")));
    assert_int_equal(decode(test, test->noting, get(STR_NONE)), 0);
}

static void a_post_must_be_a_form(void **state)
{
    struct question_test *test = *state;
    struct request request = post(STR("{}"));
    request.content_type = STR("application/json");
    assert_int_equal(decode(test, test->noting, request), REFUSED_body_kind_wrong);
    request.content_type = STR_NONE;
    assert_int_equal(decode(test, test->noting, request), REFUSED_body_kind_wrong);
}

/* Behaviour 3, and the services' own words: a secret in the address is leaked, whatever else the request says. */
static void secrets_never_ride_in_the_address(void **state)
{
    static const char *const leaks[] = {"key=1&client_secret=x", "password=x", "code=x",         "code_verifier=x",
                                        "access_token=x",        "token=x",    "refresh_token=x"};
    struct question_test *test = *state;
    for (size_t i = 0; i < sizeof(leaks) / sizeof(*leaks); i++) {
        assert_int_equal(decode(test, test->replacing, get(str_of(leaks[i]))), REFUSED_secret_in_query);
        struct request request = post(STR("key=1"));
        request.query = str_of(leaks[i]);
        assert_int_equal(decode(test, test->replacing, request), REFUSED_secret_in_query);
    }
}

/* [RFC6749 3.1] Parameters MUST NOT be included more than once. Behaviour 18: the rules refuse it, where the client
 * can be told; or the last one wins, where the API says so. */
static void repeats_are_noted_or_replace(void **state)
{
    struct question_test *test = *state;
    struct str text = STR("state=1&scope=a&state=2&x=1&x=2&state=");
    assert_int_equal(decode(test, test->noting, get(text)), 0);
    assert_int_equal(test->call->repeated, 1u << PARAMETER_state);
    assert_int_equal(decode(test, test->noting, get(STR("state=1&state=2"))), 0);
    assert_true(has(test, PARAMETER_state, STR("2")));
    assert_int_equal(decode(test, test->replacing, get(STR("state=1&state=2"))), 0);
    assert_int_equal(test->call->repeated, 0);
    assert_true(has(test, PARAMETER_state, STR("2")));
}

/* Behaviour 28: a state of 4 KiB comes through as it is. */
static void limits_hold_from_both_sides(void **state)
{
    struct question_test *test = *state;
    struct str fits = arena_printf(test->arena, "state=%0*d", PARAMETER_MAX, 7);
    struct str long_one = arena_printf(test->arena, "state=%0*d", PARAMETER_MAX + 1, 7);
    assert_int_equal(decode(test, test->noting, get(fits)), 0);
    assert_int_equal(test->call->parameters[PARAMETER_state].len, PARAMETER_MAX);
    assert_int_equal(decode(test, test->noting, get(long_one)), REFUSED_parameter_too_long);
    assert_int_equal(decode(test, test->noting, get(STR("state=%ff"))), REFUSED_text_invalid);
    assert_int_equal(decode(test, test->noting, get(STR("state=a%00"))), REFUSED_text_invalid);
    assert_int_equal(decode(test, test->noting, get(STR("state=%zz"))), REFUSED_request_malformed);
    assert_int_equal(decode(test, test->noting, post(STR("state=%zz"))), REFUSED_body_unreadable);
}

/* The pages carry the request as path and query, and the dialect reads it again from there. */
static void a_form_becomes_a_target(void **state)
{
    struct question_test *test = *state;
    struct request request = get(STR("key=1&x=%zz"));
    const struct endpoint *endpoint = &test->noting->endpoints[0];
    assert_true(str_equal(decode_target(endpoint, &request, test->arena), STR("/a?key=1&x=%zz")));
    request = post(STR("key=1&client_secret=s&x=2&%zz&st%61te=a+b%2B&password=p&scope=c"));
    assert_true(str_equal(decode_target(endpoint, &request, test->arena), STR("/a?key=1&st%61te=a+b%2B&scope=c")));
}

static void check_location(struct question_test *test, const char *uri, enum response_mode mode,
                           const struct form_field *fields, size_t count, const char *expected)
{
    struct str location = encode_location(test->arena, str_of(uri), mode, fields, count);
    if (!str_equal(location, str_of(expected)))
        print_error("%.*s\n", STR_ARGS(location));
    assert_true(str_equal(location, str_of(expected)));
}

/* [RFC6749 3.1.2] The query component MUST be retained. [RFC6749 4.2.2] A fragment for tokens. */
static void a_redirect_uri_keeps_the_query_it_had(void **state)
{
    static const struct form_field fields[] = {{STR_INIT("code"), STR_INIT("c/1")},
                                               {STR_INIT("state"), STR_INIT("a b&=\xc3\xa9")}};
    struct question_test *test = *state;
    check_location(test, "https://a.b/c", RESPONSE_QUERY, fields, 2,
                   "https://a.b/c?code=c%2F1&state=a+b%26%3D%C3%A9");
    check_location(test, "https://a.b/c?", RESPONSE_QUERY, fields, 1, "https://a.b/c?code=c%2F1");
    check_location(test, "https://a.b/c?r=%2f+x&&y", RESPONSE_QUERY, fields, 1,
                   "https://a.b/c?r=%2f+x&&y&code=c%2F1");
    check_location(test, "https://a.b/c?r=1", RESPONSE_FRAGMENT, fields, 1, "https://a.b/c?r=1#code=c%2F1");
    check_location(test, "https://a.b", RESPONSE_FRAGMENT, fields, 1, "https://a.b#code=c%2F1");
    check_location(test, "https://a.b/c?r=1", RESPONSE_FORM_POST, fields, 2, "https://a.b/c?r=1");
    check_location(test, "com.app:/x", RESPONSE_QUERY, fields, 1, "com.app:/x?code=c%2F1");
    check_location(test, "https://a.b/c?r", RESPONSE_QUERY, fields, 0, "https://a.b/c?r");
}

/* [RFC9207 2] The issuer's own value wins over one that the redirect_uri brings. Behaviour 22. */
static void no_parameter_comes_twice(void **state)
{
    static const struct form_field fields[] = {{STR_INIT("code"), STR_INIT("1")},
                                               {STR_INIT("iss"), STR_INIT("https://me")}};
    static const enum response_mode modes[] = {RESPONSE_QUERY, RESPONSE_FRAGMENT, RESPONSE_FORM_POST};
    static const char *const expected[] = {"https://a.b/?x=1&code=1&iss=https%3A%2F%2Fme",
                                           "https://a.b/?x=1#code=1&iss=https%3A%2F%2Fme", "https://a.b/?x=1"};
    struct question_test *test = *state;
    for (size_t i = 0; i < 3; i++)
        check_location(test, "https://a.b/?iss=evil&x=1&%69ss=worse&code", modes[i], fields, 2, expected[i]);
}

static void no_byte_can_end_the_header(void **state)
{
    static const struct form_field fields[] = {{STR_INIT("state"), STR_INIT("a\r\nX: y")}};
    struct question_test *test = *state;
    check_location(test, "https://a.b/\r\n\xc3\xa9?\t#frag", RESPONSE_QUERY, fields, 1,
                   "https://a.b/%0D%0A%C3%A9?%09&state=a%0D%0AX%3A+y");
}

static void an_api_may_call_values_otherwise(void **state)
{
    struct question_test *test = *state;
    const char *text = "errors: {body: '{}'}\nfacts: {subject_type: {account: user, user: person}}\n";
    const struct dialect *dialect = dialect_read(STR("test.yaml"), str_of(text), &test->mistakes);
    struct call call = {0};
    assert_non_null(dialect);
    encode_fact_values(&call, dialect);
    assert_int_equal(call.facts.present, 0);
    call_set_text(&call, FACT_subject_type, STR("account"));
    encode_fact_values(&call, dialect);
    assert_true(str_equal(call.facts.values[FACT_subject_type].text, STR("user")));
    call_set_text(&call, FACT_subject_type, STR("robot"));
    encode_fact_values(&call, dialect);
    assert_true(str_equal(call.facts.values[FACT_subject_type].text, STR("robot")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_form_asks_what_a_query_asks),
        TEST(a_post_must_be_a_form),
        TEST(secrets_never_ride_in_the_address),
        TEST(repeats_are_noted_or_replace),
        TEST(limits_hold_from_both_sides),
        TEST(a_form_becomes_a_target),
        TEST(a_redirect_uri_keeps_the_query_it_had),
        TEST(no_parameter_comes_twice),
        TEST(no_byte_can_end_the_header),
        TEST(an_api_may_call_values_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
