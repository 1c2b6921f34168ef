#include "fixture.h"

static void unknown_names_are_told_with_suggestions(void **state)
{
    (void)state;
    static const struct case_of_message cases[] = {
        {"{ viewr { id } }", "Cannot query field \"viewr\" on type \"Query\". Did you mean \"viewer\"?"},
        {"{ zzzzzzzz }", "Cannot query field \"zzzzzzzz\" on type \"Query\"."},
        {"{ search { title } }",
         "Cannot query field \"title\" on type \"Result\". Did you mean to use an inline fragment on \"Podcast\"?"},
        {"{ search(frist: 1) { __typename } }",
         "Unknown argument \"frist\" on field \"Query.search\". Did you mean \"first\"?"},
        {"{ node { ... on Viewr { id } } }", "Unknown type \"Viewr\". Did you mean \"Viewer\"?"},
        {"{ viewer { ...F } }", "Unknown fragment \"F\"."},
        {"{ viewer { id @skp(if: true) } }", "Unknown directive \"@skp\"."},
        {"{ viewer { id @skip(if: true, x: 1) } }", "Unknown argument \"x\" on directive \"@skip\"."},
        {"query Q { echo(i: $a) }", "Variable \"$a\" is not defined by operation \"Q\"."},
        {"query ($a: Nope) { echo(i: $a) }", "Unknown type \"Nope\". Did you mean \"Node\"?"},
    };
    assert_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

static void required_arguments_and_members_must_be_there(void **state)
{
    (void)state;
    static const struct case_of_message cases[] = {
        {"mutation { requestAccessToken { access_token } }",
         "Field \"requestAccessToken\" argument \"input\" of type \"AccessTokenRequest!\" is required, but it was "
         "not "
         "provided."},
        {"mutation { requestAccessToken(input: {grant_type: CLIENT_CREDENTIALS client_id: \"a\"}) { access_token } }",
         "Field \"AccessTokenRequest.client_secret\" of required type \"String!\" was not provided."},
        {"{ viewer { id @skip } }",
         "Directive \"@skip\" argument \"if\" of type \"Boolean!\" is required, but it was not provided."},
    };
    assert_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

static void literals_must_be_of_their_type(void **state)
{
    (void)state;
    static const struct case_of_message cases[] = {
        {"{ echo(e: \"CLIENT_CREDENTIALS\") }", "Enum \"OAuthGrantType\" cannot represent non-enum value: "
                                                "\"CLIENT_CREDENTIALS\". Did you mean the enum value "
                                                "\"CLIENT_CREDENTIALS\"?"},
        {"{ echo(e: AUTHORIZATION_TOKEN) }",
         "Value \"AUTHORIZATION_TOKEN\" does not exist in \"OAuthGrantType\" enum. "
         "Did you mean the enum value \"AUTHORIZATION_CODE\"?"},
        {"{ echo(i: \"1\") }", "Int cannot represent non-integer value: \"1\""},
        {"{ echo(i: 3000000000) }", "Int cannot represent non 32-bit signed integer value: 3000000000"},
        {"{ echo(f: X) }", "Float cannot represent non numeric value: X"},
        {"{ echo(s: 1) }", "String cannot represent a non string value: 1"},
        {"{ echo(b: 1) }", "Boolean cannot represent a non boolean value: 1"},
        {"{ echo(id: 1.5) }", "ID cannot represent a non-string and non-integer value: 1.5"},
        {"{ echo(l: [1, null]) }", "Expected value of type \"Int!\", found null."},
        {"{ echo(d: 1) }", "Expected value of type \"Defaulted\", found 1."},
        {"{ echo(d: {x: 1, a: 2}) }",
         "Field \"x\" is not defined by type \"Defaulted\". Did you mean \"a\", \"b\", \"c\", or \"d\"?"},
        {"{ echo(i: {a: [1, \"x\"]}) }", "Int cannot represent non-integer value: {a: [1, \"x\"]}"},
    };
    assert_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

static void names_stand_once(void **state)
{
    (void)state;
    static const struct case_of_message cases[] = {
        {"{ echo(i: 1, i: 1) }", "There can be only one argument named \"i\"."},
        {"{ echo(d: {a: 1, a: 1}) }", "There can be only one input field named \"a\"."},
        {"query ($a: Int, $a: Int) { echo(i: $a) }", "There can be only one variable named \"$a\"."},
        {"query A { number } query A { number }", "There can be only one operation named \"A\"."},
        {"{ ...F } fragment F on Query { number } fragment F on Query { number }",
         "There can be only one fragment named \"F\"."},
        {"{ number } query A { number }", "This anonymous operation must be the only defined operation."},
        {"{ number @skip(if: true) @skip(if: true) }",
         "The directive \"@skip\" can only be used once at this location."},
    };
    assert_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

/* [GraphQL 5.3.3] Leaf field selections. */
static void selections_end_at_leaves(void **state)
{
    (void)state;
    static const struct case_of_message cases[] = {
        {"{ viewer }",
         "Field \"viewer\" of type \"Viewer\" must have a selection of subfields. Did you mean \"viewer { "
         "... }\"?"},
        {"{ viewer { id { x } } }", "Field \"id\" must not have a selection since type \"ID!\" has no subfields."},
    };
    assert_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

/* [GraphQL 5.5.2.3] Fragment spread is possible. */
static void fragments_must_be_possible_and_used(void **state)
{
    (void)state;
    static const struct case_of_message cases[] = {
        {"{ number } fragment F on Viewer { id }", "Fragment \"F\" is never used."},
        {"{ viewer { ... on Podcast { id } } }",
         "Fragment cannot be spread here as objects of type \"Viewer\" can never be of type \"Podcast\"."},
        {"{ viewer { ...F } } fragment F on Podcast { id }",
         "Fragment \"F\" cannot be spread here as objects of type \"Viewer\" can never be of type \"Podcast\"."},
        {"{ viewer { ... on ID { id } } }", "Fragment cannot condition on non composite type \"ID\"."},
        {"{ ...F } fragment F on ID { id }", "Fragment \"F\" cannot condition on non composite type \"ID\"."},
    };
    assert_messages(cases, sizeof(cases) / sizeof(cases[0]));
    assert_string_equal(first_error("{ search { ... on Node { id } } node { ... on Result { __typename } } }", NULL),
                        "");
}

/* [GraphQL 5.8.5] A default value, unless it is null, lets a nullable variable stand where null must not. */
static void variables_must_fit_and_be_used(void **state)
{
    (void)state;
    static const struct case_of_message cases[] = {
        {"query ($a: Int) { number }", "Variable \"$a\" is never used."},
        {"query Q($a: Int) { number }", "Variable \"$a\" is never used in operation \"Q\"."},
        {"query ($a: Viewer) { echo(any: $a) }", "Variable \"$a\" cannot be non-input type \"Viewer\"."},
        {"query ($a: String) { echo(i: $a) }",
         "Variable \"$a\" of type \"String\" used in position expecting type \"Int\"."},
        {"query ($a: [Int]) { echo(l: $a) }",
         "Variable \"$a\" of type \"[Int]\" used in position expecting type \"[Int!]\"."},
        {"query ($a: Int) { echo(l: [$a]) }",
         "Variable \"$a\" of type \"Int\" used in position expecting type \"Int!\"."},
        {"query ($a: Int = null) { echo(l: [$a]) }",
         "Variable \"$a\" of type \"Int\" used in position expecting type \"Int!\"."},
        {"query ($a: Int = \"x\") { echo(i: $a) }", "Int cannot represent non-integer value: \"x\""},
        {"query A { ...F } fragment F on Query { echo(i: $a) }",
         "Variable \"$a\" is not defined by operation \"A\"."},
    };
    assert_messages(cases, sizeof(cases) / sizeof(cases[0]));
    assert_string_equal(first_error("query ($a: Int = 1) { echo(l: [$a]) }", NULL), "");
}

static void directives_have_their_places(void **state)
{
    (void)state;
    static const struct case_of_message cases[] = {
        {"query @skip(if: true) { number }", "Directive \"@skip\" may not be used on QUERY."},
        {"{ number @deprecated }", "Directive \"@deprecated\" may not be used on FIELD."},
    };
    assert_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

static void one_operation_is_chosen(void **state)
{
    (void)state;
    static const struct case_of_message cases[] = {
        {"query A { number } query B { number }",
         "Must provide operation name if query contains multiple operations."},
        {"subscription { x }", "Schema is not configured to execute subscription operation."},
    };
    assert_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        graphql_test(unknown_names_are_told_with_suggestions),
        graphql_test(required_arguments_and_members_must_be_there),
        graphql_test(literals_must_be_of_their_type),
        graphql_test(names_stand_once),
        graphql_test(selections_end_at_leaves),
        graphql_test(fragments_must_be_possible_and_used),
        graphql_test(variables_must_fit_and_be_used),
        graphql_test(directives_have_their_places),
        graphql_test(one_operation_is_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
