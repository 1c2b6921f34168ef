#include "fixture.h"

static void good_documents_are_read(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{ viewer { id } }",
        "query { viewer { id } }",
        "query Q($i: Int = 3) { echo(i: $i) }",
        "{ viewer { query: id mutation: id fragment: id on: id true: id null: id } }",
        "{ ...onward } fragment onward on Query { viewer { id } }",
        "{ ... { viewer { id } } ... on Query { node { id } } ... @include(if: true) { number } }",
        "{ echo(any: {a: [], b: {}, c: [1, -2.5, \"s\", X, true, null]}) }",
        "query Q($l: [[Int!]!]) { echo(ll: $l) }",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_string_equal(first_error(good[i], NULL), "");
}

static void bad_documents_say_what_was_expected(void **state)
{
    (void)state;
    static const struct case_of_message cases[] = {
        {"", "Syntax Error: Unexpected <EOF>."},
        {"{", "Syntax Error: Expected Name, found <EOF>."},
        {"{ }", "Syntax Error: Expected Name, found \"}\"."},
        {"}", "Syntax Error: Unexpected \"}\"."},
        {"{ a: }", "Syntax Error: Expected Name, found \"}\"."},
        {"{ viewer() { id } }", "Syntax Error: Expected Name, found \")\"."},
        {"{ viewer { id } } x", "Syntax Error: Unexpected Name \"x\"."},
        {"query Q() { viewer { id } }", "Syntax Error: Expected \"$\", found \")\"."},
        {"query Q($a) { viewer { id } }", "Syntax Error: Expected \":\", found \")\"."},
        {"query Q($a: Int = $b) { echo(i: $a) }", "Syntax Error: Unexpected variable \"$b\" in constant value."},
        {"query Q($a: [Int) { echo(i: $a) }", "Syntax Error: Expected \"]\", found \")\"."},
        {"fragment on on Viewer { id }", "Syntax Error: Unexpected Name \"on\"."},
        {"fragment F { id }", "Syntax Error: Expected \"on\", found \"{\"."},
        {"{ echo(i: ) }", "Syntax Error: Unexpected \")\"."},
        {"{ echo(s: \"x\" \"y\") }", "Syntax Error: Expected Name, found String \"y\"."},
        {"type X { a: Int }", "Syntax Error: Unexpected Name \"type\"."},
    };
    assert_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

static void errors_have_their_place(void **state)
{
    (void)state;
    struct graphql_request *request = read_query("{\n  viewer {\n    # c\n    id }", NULL);
    assert_non_null(request->errors);
    assert_int_equal(request->errors->line, 4);
    assert_int_equal(request->errors->column, 9);
    assert_string_equal(write_response(request),
                        "{\"errors\":[{\"message\":\"Syntax Error: Expected Name, found <EOF>.\","
                        "\"locations\":[{\"line\":4,\"column\":9}]}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        graphql_test(good_documents_are_read),
        graphql_test(bad_documents_say_what_was_expected),
        graphql_test(errors_have_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
