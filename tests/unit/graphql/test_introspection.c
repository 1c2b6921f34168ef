#include "fixture.h"

/* What tools ask when they want to know everything: seven wrappers deep. */
static const char whole_schema[] =
    "query IntrospectionQuery { __schema { description queryType { name } mutationType { name } subscriptionType { "
    "name "
    "} types { ...FullType } directives { name description isRepeatable locations args(includeDeprecated: true) { "
    "...InputValue } } } } "
    "fragment FullType on __Type { kind name description specifiedByURL fields(includeDeprecated: true) { name "
    "description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason "
    "} "
    "inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef } "
    "enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { "
    "...TypeRef "
    "} } "
    "fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated "
    "deprecationReason } "
    "fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind "
    "name "
    "ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";

static json_t *find_named(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (str_equal(json_member(json_array_get(list, i), "name"), str_of(name)))
            return json_array_get(list, i);
    return NULL;
}

static const char *text_of(const json_t *json)
{
    return arena_cstr(arena, json_text(arena, json));
}

static json_t *ask_schema(void)
{
    const char *response = respond(whole_schema, NULL, NULL);
    json_t *json = json_keep(arena, json_loads(response, 0, NULL));
    json_t *schema = json_object_get(json_object_get(json, "data"), "__schema");
    assert_non_null(schema);
    assert_null(json_object_get(json, "errors"));
    return schema;
}

/* [GraphQL 3.5, 3.13, 4.2] With the scalars, directives and types that no schema needs to define. */
static void the_whole_schema_is_told(void **state)
{
    (void)state;
    json_t *schema = ask_schema();
    assert_string_equal(text_of(json_object_get(schema, "queryType")), "{\"name\":\"Query\"}");
    assert_string_equal(text_of(json_object_get(schema, "mutationType")), "{\"name\":\"Mutation\"}");
    assert_true(json_is_null(json_object_get(schema, "subscriptionType")));
    json_t *types = json_object_get(schema, "types");
    static const char *const names[] = {
        "Query",      "Viewer",       "Node",        "Result",      "Identifier",         "Int",    "Float",
        "String",     "Boolean",      "ID",          "Any",         "__Schema",           "__Type", "__Field",
        "__TypeKind", "__InputValue", "__EnumValue", "__Directive", "__DirectiveLocation"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_non_null(find_named(types, names[i]));
    assert_null(find_named(types, "__Meta"));
    json_t *directives = json_object_get(schema, "directives");
    assert_non_null(find_named(directives, "skip"));
    assert_non_null(find_named(directives, "include"));
    assert_non_null(find_named(directives, "deprecated"));
    assert_non_null(find_named(directives, "specifiedBy"));
}

static void types_are_told_with_all_their_parts(void **state)
{
    (void)state;
    json_t *types = json_object_get(ask_schema(), "types");
    json_t *token = find_named(json_object_get(find_named(types, "Mutation"), "fields"), "requestAccessToken");
    json_t *input = find_named(json_object_get(token, "args"), "input");
    const char *type = text_of(json_object_get(input, "type"));
    assert_ptr_equal(strstr(type,
                            "{\"kind\":\"NON_NULL\",\"name\":null,\"ofType\":{\"kind\":\"INPUT_OBJECT\",\"name\":"
                            "\"AccessTokenRequest\""),
                     type);
    json_t *inputs = json_object_get(find_named(types, "Defaulted"), "inputFields");
    assert_string_equal(text_of(json_object_get(find_named(inputs, "c"), "defaultValue")),
                        "\"[CLIENT_CREDENTIALS]\"");
    assert_string_equal(text_of(json_object_get(find_named(inputs, "b"), "defaultValue")), "\"\\\"x\\\"\"");
    assert_int_equal(json_array_size(json_object_get(find_named(types, "Node"), "possibleTypes")), 2);
    assert_int_equal(json_array_size(json_object_get(find_named(types, "Viewer"), "interfaces")), 1);
    assert_true(json_is_null(json_object_get(find_named(types, "Viewer"), "possibleTypes")));
    assert_string_equal(text_of(json_object_get(find_named(types, "Any"), "specifiedByURL")),
                        "\"https://example.org/any\"");
    assert_string_equal(text_of(json_object_get(find_named(types, "Query"), "description")),
                        "\"What can be asked.\"");
}

static void deprecated_ones_are_told_when_asked_for(void **state)
{
    (void)state;
    assert_string_equal(
        respond("{ __type(name: \"PodcastIdentifier\") { enumValues { name description } all: "
                "enumValues(includeDeprecated: true) { name deprecationReason } } }",
                NULL, NULL),
        "{\"data\":{\"__type\":{\"enumValues\":[{\"name\":\"FEED\",\"description\":null},{\"name\":"
        "\"NUMBER\",\"description\":\"By number.\"}],\"all\":[{\"name\":\"FEED\",\"deprecationReason\":"
        "null},{\"name\":\"NUMBER\",\"deprecationReason\":null},{\"name\":\"OLD\",\"deprecationReason\":"
        "\"No longer supported\"}]}}}");
}

static void an_unknown_type_is_null(void **state)
{
    (void)state;
    assert_string_equal(respond("query ($n: String!) { __type(name: $n) { name } }", "{\"n\":\"Nope\"}", NULL),
                        "{\"data\":{\"__type\":null}}");
}

static void introspection_is_asked_of_the_query_only(void **state)
{
    (void)state;
    assert_string_equal(first_error("mutation { __schema { queryType { name } } }", NULL),
                        "Cannot query field \"__schema\" on type \"Mutation\".");
    assert_int_equal(read_query("{ __schema { queryType { name } } number }", NULL)->field_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        graphql_test(the_whole_schema_is_told),
        graphql_test(types_are_told_with_all_their_parts),
        graphql_test(deprecated_ones_are_told_when_asked_for),
        graphql_test(an_unknown_type_is_null),
        graphql_test(introspection_is_asked_of_the_query_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
