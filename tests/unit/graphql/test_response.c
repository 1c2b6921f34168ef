#include "fixture.h"

static const char token_query[] =
    "mutation { requestAccessToken(input: {grant_type: CLIENT_CREDENTIALS client_id: \"i\" client_secret: \"s\"}) "
    "{ access_token token_type expires_in } }";

/* [GraphQL 6.3] The response is in the order of the selection. */
static void a_token_has_what_was_selected_in_that_order(void **state)
{
    (void)state;
    struct graphql_request *request = read_query(token_query, NULL);
    assert_null(request->errors);
    assert_true(request->is_mutation);
    assert_int_equal(request->field_count, 1);
    assert_true(str_equal(request->fields[0].parent_type, STR("Mutation")));
    assert_true(str_equal(request->fields[0].name, STR("requestAccessToken")));
    assert_int_equal(request->fields[0].line, 1);
    assert_int_equal(request->fields[0].column, 12);
    request->fields[0].result = json_read(
        arena, STR("{\"expires_in\":31536000,\"token_type\":\"Bearer\",\"access_token\":\"T\",\"more\":1}"));
    assert_string_equal(write_response(request), "{\"data\":{\"requestAccessToken\":{\"access_token\":\"T\","
                                                 "\"token_type\":\"Bearer\",\"expires_in\":31536000}}}");
}

static void an_error_of_the_caller_stands_first_with_path_and_place(void **state)
{
    (void)state;
    struct graphql_request *request = read_query(token_query, NULL);
    struct graphql_error error = {.message = STR("Client \"x\" is unknown.")};
    error.extensions = json_read(arena, STR("{\"code\":\"invalid_client\"}"));
    request->fields[0].error = &error;
    assert_string_equal(
        write_response(request),
        "{\"errors\":[{\"message\":\"Client \\\"x\\\" is unknown.\",\"locations\":[{\"line\":1,"
        "\"column\":12}],\"path\":[\"requestAccessToken\"],\"extensions\":{\"code\":\"invalid_client\"}}],"
        "\"data\":{\"requestAccessToken\":null}}");
}

/* [GraphQL 6.4.3, 6.4.4] CompleteValue and what an error does to the places around it. */
static void null_goes_up_to_the_next_place_that_may_be_null(void **state)
{
    (void)state;
    assert_string_equal(respond(token_query, NULL, "{\"requestAccessToken\":{\"access_token\":\"T\"}}"),
                        "{\"errors\":[{\"message\":\"Cannot return null for non-nullable field "
                        "AccessToken.token_type.\",\"locations\":[{\"line\":1,\"column\":121}],\"path\":"
                        "[\"requestAccessToken\",\"token_type\"]}],\"data\":{\"requestAccessToken\":null}}");
    assert_string_equal(respond("{ number strict { may must } }", NULL, "{\"strict\":{\"may\":\"x\"},\"number\":1}"),
                        "{\"errors\":[{\"message\":\"Cannot return null for non-nullable field Strict.must.\","
                        "\"locations\":[{\"line\":1,\"column\":23}],\"path\":[\"strict\",\"must\"]}],\"data\":null}");
    assert_string_equal(respond("{ lists { must } }", NULL, "{\"lists\":[{\"must\":\"a\"},{},null]}"),
                        "{\"errors\":[{\"message\":\"Cannot return null for non-nullable field Strict.must.\","
                        "\"locations\":[{\"line\":1,\"column\":11}],\"path\":[\"lists\",1,\"must\"]}],"
                        "\"data\":{\"lists\":[{\"must\":\"a\"},null,null]}}");
    assert_string_equal(respond("{ texts number }", NULL, "{\"texts\":[\"a\",null],\"number\":2}"),
                        "{\"errors\":[{\"message\":\"Cannot return null for non-nullable field Query.texts.\","
                        "\"locations\":[{\"line\":1,\"column\":3}],\"path\":[\"texts\",1]}],"
                        "\"data\":{\"texts\":null,\"number\":2}}");
    assert_string_equal(respond("{ viewer { id } }", NULL, NULL), "{\"data\":{\"viewer\":null}}");
}

static void abstract_values_are_of_the_type_they_name(void **state)
{
    (void)state;
    const char *results = "{\"search\":[{\"__typename\":\"Viewer\",\"id\":\"1\",\"name\":\"N\"},"
                          "{\"__typename\":\"Podcast\",\"id\":\"2\",\"title\":\"T\"}]}";
    assert_string_equal(respond("{ search { __typename ... on Viewer { name } ... on Node { id } ...P } } "
                                "fragment P on Podcast { title }",
                                NULL, results),
                        "{\"data\":{\"search\":[{\"__typename\":\"Viewer\",\"name\":\"N\",\"id\":\"1\"},"
                        "{\"__typename\":\"Podcast\",\"id\":\"2\",\"title\":\"T\"}]}}");
    assert_non_null(
        strstr(respond("{ node { id } }", NULL, "{\"node\":{\"id\":\"1\"}}"), "\"data\":{\"node\":null}"));
}

/* [GraphQL 3.13.1, 3.13.2] A selection is there when @skip is false and @include is true. */
static void skip_and_include_decide(void **state)
{
    (void)state;
    const char *query = "query ($b: Boolean!) { viewer { id @skip(if: $b) name @include(if: $b) "
                        "... @include(if: false) { email } } }";
    const char *results = "{\"viewer\":{\"id\":\"1\",\"name\":\"N\",\"email\":\"E\"}}";
    assert_string_equal(respond(query, "{\"b\":true}", results), "{\"data\":{\"viewer\":{\"name\":\"N\"}}}");
    assert_string_equal(respond(query, "{\"b\":false}", results), "{\"data\":{\"viewer\":{\"id\":\"1\"}}}");
    assert_int_equal(read_query("{ number @skip(if: true) }", NULL)->field_count, 0);
}

static void leaves_are_written_by_their_type(void **state)
{
    (void)state;
    assert_string_equal(respond("{ a: number echo viewer { id } }", NULL,
                                "{\"number\":-5,\"echo\":\"\\u0001\\\"\\n\",\"viewer\":{\"id\":7}}"),
                        "{\"data\":{\"a\":-5,\"echo\":\"\\u0001\\\"\\n\",\"viewer\":{\"id\":\"7\"}}}");
    assert_non_null(strstr(respond("{ number }", NULL, "{\"number\":\"5\"}"), "\"data\":{\"number\":null}"));
}

static void typename_is_anywhere(void **state)
{
    (void)state;
    assert_string_equal(
        respond("{ __typename t: __typename viewer { __typename } }", NULL, "{\"viewer\":{}}"),
        "{\"data\":{\"__typename\":\"Query\",\"t\":\"Query\",\"viewer\":{\"__typename\":\"Viewer\"}}}");
}

static void an_error_without_a_request_has_no_data(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, arena, 1000);
    graphql_error_write(STR("Must provide query string."), json_read(arena, STR("{\"a\":1}")), &out);
    assert_string_equal(arena_cstr(arena, buf_str(&out)),
                        "{\"errors\":[{\"message\":\"Must provide query string.\",\"extensions\":{\"a\":1}}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        graphql_test(a_token_has_what_was_selected_in_that_order),
        graphql_test(an_error_of_the_caller_stands_first_with_path_and_place),
        graphql_test(null_goes_up_to_the_next_place_that_may_be_null),
        graphql_test(abstract_values_are_of_the_type_they_name),
        graphql_test(skip_and_include_decide),
        graphql_test(leaves_are_written_by_their_type),
        graphql_test(typename_is_anywhere),
        graphql_test(an_error_without_a_request_has_no_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
