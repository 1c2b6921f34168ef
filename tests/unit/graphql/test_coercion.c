#include "fixture.h"

/* [GraphQL 3.11] A single value where a list is expected becomes a list of one. */
static void literals_become_json(void **state)
{
    (void)state;
    assert_string_equal(
        arguments_of("{ echo(i: -1, f: 1, s: \"x\\n\", b: true, id: 7, e: AUTHORIZATION_CODE) }", NULL),
        "{\"i\":-1,\"f\":1.0,\"s\":\"x\\n\",\"b\":true,\"id\":\"7\",\"e\":\"AUTHORIZATION_CODE\"}");
    assert_string_equal(arguments_of("{ echo(l: 1, ll: [[1], [null], 3], s: null) }", NULL),
                        "{\"s\":null,\"l\":[1],\"ll\":[[1],[null],[3]]}");
    assert_string_equal(arguments_of("{ echo(any: {a: [1, 2.5, X, \"s\"], b: {c: null}}) }", NULL),
                        "{\"any\":{\"a\":[1,2.5,\"X\",\"s\"],\"b\":{\"c\":null}}}");
}

/* [GraphQL 6.4.1] CoerceArgumentValues: an explicit null is no absence. */
static void defaults_fill_what_is_absent_and_only_that(void **state)
{
    (void)state;
    assert_string_equal(arguments_of("{ echo(d: {}) }", NULL),
                        "{\"d\":{\"a\":1,\"b\":\"x\",\"c\":[\"CLIENT_CREDENTIALS\"]}}");
    assert_string_equal(arguments_of("{ echo(d: {b: null, c: []}) }", NULL), "{\"d\":{\"a\":1,\"b\":null,\"c\":[]}}");
    assert_string_equal(arguments_of("{ search { __typename } }", NULL), "{\"first\":10}");
    assert_string_equal(arguments_of("{ echo }", NULL), "{}");
}

static void variables_stand_anywhere(void **state)
{
    (void)state;
    assert_string_equal(
        arguments_of("query ($c: String!, $l: Boolean) { requestAccessToken: echo(s: $c, b: $l) }", "{\"c\":\"id\"}"),
        "{\"s\":\"id\"}");
    assert_string_equal(arguments_of("mutation ($in: AccessTokenRequest!) { requestAccessToken(input: $in) "
                                     "{ access_token } }",
                                     "{\"in\":{\"client_secret\":\"s\",\"client_id\":\"i\","
                                     "\"grant_type\":\"CLIENT_CREDENTIALS\"}}"),
                        "{\"input\":{\"grant_type\":\"CLIENT_CREDENTIALS\",\"client_id\":\"i\","
                        "\"client_secret\":\"s\"}}");
    assert_string_equal(arguments_of("query ($i: Int) { echo(l: [1], any: [$i], d: {d: {b: \"y\"}}) }", NULL),
                        "{\"l\":[1],\"d\":{\"a\":1,\"b\":\"x\",\"c\":[\"CLIENT_CREDENTIALS\"],\"d\":{\"a\":1,\"b\":"
                        "\"y\",\"c\":[\"CLIENT_CREDENTIALS\"]}},\"any\":[null]}");
    assert_string_equal(arguments_of("query ($i: Int = 5, $n: [Int!]) { echo(i: $i, l: $n) }", "{\"n\":7}"),
                        "{\"i\":5,\"l\":[7]}");
    assert_string_equal(arguments_of("query ($i: ID, $f: Float, $n: Int) { echo(id: $i, f: $f, i: $n) }",
                                     "{\"i\":12,\"f\":2,\"n\":3.0}"),
                        "{\"i\":3,\"f\":2.0,\"id\":\"12\"}");
}

static void wrong_variables_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *variables;
        const char *message;
    } cases[] = {
        {"i: Int!", "{}", "Variable \"$v\" of required type \"Int!\" was not provided."},
        {"i: Int!", "{\"v\":null}", "Variable \"$v\" of non-null type \"Int!\" must not be null."},
        {"i: Int", "{\"v\":\"x\"}",
         "Variable \"$v\" got invalid value \"x\"; Int cannot represent non-integer value: \"x\""},
        {"i: Int", "{\"v\":3000000000}",
         "Variable \"$v\" got invalid value 3000000000; Int cannot represent non 32-bit signed integer value: "
         "3000000000"},
        {"s: String", "{\"v\":1}",
         "Variable \"$v\" got invalid value 1; String cannot represent a non string value: 1"},
        {"b: Boolean", "{\"v\":\"true\"}",
         "Variable \"$v\" got invalid value \"true\"; Boolean cannot represent a non boolean value: \"true\""},
        {"e: OAuthGrantType", "{\"v\":\"CLIENT_CREDENTIAL\"}",
         "Variable \"$v\" got invalid value \"CLIENT_CREDENTIAL\"; Value \"CLIENT_CREDENTIAL\" does not exist in "
         "\"OAuthGrantType\" enum. Did you mean the enum value \"CLIENT_CREDENTIALS\"?"},
        {"e: OAuthGrantType", "{\"v\":1}",
         "Variable \"$v\" got invalid value 1; Enum \"OAuthGrantType\" cannot represent non-string value: 1."},
        {"l: [Int!]", "{\"v\":[1,null]}",
         "Variable \"$v\" got invalid value null at \"v[1]\"; Expected non-nullable type \"Int!\" not to be null."},
        {"d: Defaulted", "{\"v\":{\"z\":1}}",
         "Variable \"$v\" got invalid value { z: 1 }; Field \"z\" is not defined by type \"Defaulted\". Did you mean "
         "\"a\", \"b\", \"c\", or \"d\"?"},
        {"d: Defaulted", "{\"v\":{\"d\":{\"b\":1}}}",
         "Variable \"$v\" got invalid value 1 at \"v.d.b\"; String cannot represent a non string value: 1"},
        {"d: Defaulted", "{\"v\":7}",
         "Variable \"$v\" got invalid value 7; Expected type \"Defaulted\" to be an object."},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str type = str_of(cases[i].type);
        size_t colon = str_find(type, ':');
        struct str query =
            arena_printf(arena, "query ($v%.*s) { echo(%.*s: $v) }", STR_ARGS(str_slice(type, colon, type.len)),
                         STR_ARGS(str_slice(type, 0, colon)));
        assert_string_equal(first_error(query.ptr, cases[i].variables), cases[i].message);
    }
}

static void null_by_variable_is_no_value_where_there_must_be_one(void **state)
{
    (void)state;
    const char *query = "query ($n: Int = 5) { podcast(identifier: {id: \"1\", type: FEED}) { id } "
                        "echo(d: {a: $n}) }";
    assert_string_equal(first_error(query, NULL), "");
    assert_string_equal(first_error(query, "{\"n\":null}"), "Argument \"d\" has invalid value {a: $n}.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        graphql_test(literals_become_json),
        graphql_test(defaults_fill_what_is_absent_and_only_that),
        graphql_test(variables_stand_anywhere),
        graphql_test(wrong_variables_are_told),
        graphql_test(null_by_variable_is_no_value_where_there_must_be_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
