#include "fixture.h"

#define ADVICE " Use different aliases on the fields to fetch both if this was intentional."

/* [GraphQL 5.3.2] Field selection merging. */
static void fields_that_conflict_are_refused(void **state)
{
    (void)state;
    static const struct case_of_message cases[] = {
        {"{ viewer { x: name x: email } }",
         "Fields \"x\" conflict because \"name\" and \"email\" are different fields." ADVICE},
        {"{ viewer { self { x: name } } viewer { self { x: email } } }",
         "Fields \"viewer\" conflict because subfields \"self\" conflict because subfields \"x\" conflict because "
         "\"name\" and \"email\" are different fields." ADVICE},
        {"{ podcast(identifier: {id: \"1\", type: FEED}) { rate(of: 1) rate(of: 2) } }",
         "Fields \"rate\" conflict because they have differing arguments." ADVICE},
        {"{ search { ... on Viewer { x: id } ... on Podcast { x: tags } } }",
         "Fields \"x\" conflict because they return conflicting types \"ID!\" and \"[String!]!\"." ADVICE},
        {"{ viewer { ...A ...B } } fragment A on Viewer { x: name } fragment B on Viewer { x: id }",
         "Fields \"x\" conflict because \"name\" and \"id\" are different fields." ADVICE},
    };
    assert_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

static void objects_that_never_meet_may_differ(void **state)
{
    (void)state;
    assert_string_equal(
        first_error("{ search { ... on Viewer { id x: name } ... on Podcast { id x: rate(of: 1) } } }", NULL),
        "Fields \"x\" conflict because they return conflicting types \"String\" and \"Int\"." ADVICE);
    assert_string_equal(first_error("{ search { ... on Viewer { x: id } ... on Podcast { x: id } } }", NULL), "");
}

static void equal_arguments_merge_in_any_order(void **state)
{
    (void)state;
    assert_string_equal(first_error("{ echo(i: 1, d: {a: 1, b: \"x\"}) echo(d: {b: \"x\", a: 1}, i: 1) }", NULL), "");
}

/* [GraphQL 6.3.2] CollectFields: fragments too, in the order in which keys come first. */
static void equal_keys_are_one_field_with_all_selections(void **state)
{
    (void)state;
    assert_string_equal(
        respond("{ viewer { id ...F } viewer { self { name } } ...G } "
                "fragment F on Viewer { self { id } } fragment G on Query { viewer { name } }",
                NULL, "{\"viewer\":{\"id\":\"1\",\"name\":\"N\",\"self\":{\"id\":\"2\",\"name\":\"M\"}}}"),
        "{\"data\":{\"viewer\":{\"id\":\"1\",\"self\":{\"id\":\"2\",\"name\":\"M\"},\"name\":\"N\"}}}");
    assert_int_equal(read_query("{ viewer { id } viewer { name } v: viewer { id } }", NULL)->field_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        graphql_test(fields_that_conflict_are_refused),
        graphql_test(objects_that_never_meet_may_differ),
        graphql_test(equal_arguments_merge_in_any_order),
        graphql_test(equal_keys_are_one_field_with_all_selections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
