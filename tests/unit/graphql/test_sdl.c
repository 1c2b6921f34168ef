#include "fixture.h"

static const char *schema_error(const char *sdl, unsigned *ret_line)
{
    struct str error = STR_NONE;
    *ret_line = 0;
    struct graphql_schema *schema = graphql_schema_parse(arena, str_of(sdl), &error, ret_line);
    return schema ? "" : arena_cstr(arena, error);
}

/* [GraphQL 3.3.1] Default root operation type names. */
static void usual_names_are_roots_without_a_schema_definition(void **state)
{
    (void)state;
    struct str error;
    unsigned line;
    struct graphql_schema *schema = graphql_schema_parse(arena, STR("type Query { a: Int }"), &error, &line);
    assert_non_null(schema);
    assert_true(graphql_schema_has_field(schema, STR("Query"), STR("a")));
    assert_false(graphql_schema_has_field(schema, STR("Query"), STR("b")));
    assert_false(graphql_schema_has_field(schema, STR("Mutation"), STR("a")));
}

/* [GraphQL 3.6] among them: IsValidImplementation and what it says of arguments. */
static void wrong_schemas_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *sdl;
        const char *error;
        unsigned line;
    } cases[] = {
        {"type Query {\n a: Nope }", "Unknown type \"Nope\".", 2},
        {"type Query { a: Int }\ntype Query { b: Int }", "Defined twice: \"Query\".", 2},
        {"type Query { a: Int\n a: Int }", "Defined twice: \"a\".", 2},
        {"type Query { a: In }\ninput In { b: Int }", "Not of an output type: \"a\".", 1},
        {"type Query { a(b: Query): Int }", "Not of an input type: \"b\".", 1},
        {"type A { a: Int }", "There is no type of the name \"Query\".", 1},
        {"schema { query: Q }", "Unknown type \"Q\".", 1},
        {"type Query { __a: Int }", "Names that begin with two underscores are reserved: \"__a\".", 1},
        {"type Query { a: Int @nope }", "Unknown directive \"nope\".", 1},
        {"type Query @deprecated { a: Int }", "Directive in a wrong place: \"deprecated\".", 1},
        {"type Query { a(b: Int = \"x\"): Int }", "Int cannot represent non-integer value: \"x\"", 1},
        {"type Query { a(b: In): Int }\ninput In { i: In = {} }", "Default values without end in \"In\".", 2},
        {"type Query implements I { a: Int }\ninterface I { b: Int }",
         "Misses or retypes a field that its interface promises: \"b\".", 1},
        {"type Query implements I { b: Int }\ninterface I { b: Int! }",
         "Misses or retypes a field that its interface promises: \"b\".", 1},
        {"type Query implements I { a: Int }\ninterface I { a(b: Int): Int }",
         "Misses or retypes an argument that its interface promises: \"b\".", 1},
        {"type Query implements I { a(b: Int!): Int }\ninterface I { a(b: Int): Int }",
         "Misses or retypes an argument that its interface promises: \"b\".", 1},
        {"type Query implements I { a(\n b: Int!): Int }\ninterface I { a: Int }",
         "Required, but unknown to the interface: \"b\".", 2},
        {"interface I implements I { a: Int }\ntype Query { a: Int }", "Implements itself: \"I\".", 1},
        {"interface I { a: Int }\ninterface J implements I { a: Int }\ntype Query implements J { a: Int }",
         "Has to implement the interface too that its interface implements: \"I\".", 3},
        {"type Query { a: Int }\nunion U = Query | E\nenum E { X }", "Not an object type: \"E\".", 2},
        {"enum E { true }\ntype Query { a: E }", "Reserved and no enum value: \"true\".", 1},
        {"type Query { }", "Syntax Error: Expected Name, found \"}\".", 1},
        {"extend type Query { a: Int }", "Syntax Error: Unexpected Name \"extend\".", 1},
        {"directive @d on NOWHERE\ntype Query { a: Int }", "Unknown directive location \"NOWHERE\".", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned line;
        const char *error = schema_error(cases[i].sdl, &line);
        assert_non_null(strstr(error, cases[i].error));
        assert_int_equal(line, cases[i].line);
    }
}

/* [GraphQL 3.6] A field of an implementation may be of a narrower type than the one promised. */
static void covariant_implementations_are_taken(void **state)
{
    (void)state;
    unsigned line;
    assert_string_equal(
        schema_error("interface Node { id: ID self: Node all: [Node] }\n"
                     "interface Named implements Node { id: ID! self: Named all: [Named!]! n: Int }\n"
                     "type Query implements Named & Node { id: ID! self: Query! all: [Query!]! n: Int }",
                     &line),
        "");
    assert_string_equal(schema_error("interface I { a(b: Int): Int }\n"
                                     "type Query implements I { a(b: Int c: Int d: Int! = 1): Int }",
                                     &line),
                        "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        graphql_test(usual_names_are_roots_without_a_schema_definition),
        graphql_test(wrong_schemas_are_refused_with_their_line),
        graphql_test(covariant_implementations_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
