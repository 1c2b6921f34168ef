#include "fixture.h"

/* `count` times `unit` between `head` and `tail`. */
static const char *repeat(const char *head, const char *unit, size_t count, const char *tail)
{
    struct buf out;
    buf_init(&out, arena, 1 << 20);
    buf_add(&out, str_of(head));
    for (size_t i = 0; i < count; i++)
        buf_add(&out, str_of(unit));
    buf_add(&out, str_of(tail));
    assert_false(out.is_full);
    return arena_cstr(arena, buf_str(&out));
}

static const char *deep_query(size_t fields)
{
    const char *opening = repeat("{ viewer ", "{ self ", fields - 2, "{ id }");
    return repeat(opening, "}", fields - 1, "");
}

static void depth_is_limited(void **state)
{
    (void)state;
    assert_string_equal(first_error(deep_query(15), NULL), "");
    assert_non_null(strstr(first_error(deep_query(16), NULL), "Document is nested deeper than 15 levels."));
}

static void depth_counts_fragments(void **state)
{
    (void)state;
    const char *fragment =
        "fragment F on Viewer { self { self { self { self { self { self { self { id } } } } } } } }";
    const char *seven = "{ viewer { self { self { self { self { self { self { ...F } } } } } } } } ";
    const char *eight = "{ viewer { self { self { self { self { self { self { self { ...F } } } } } } } } } ";
    assert_string_equal(first_error(repeat(seven, fragment, 1, ""), NULL), "");
    assert_string_equal(first_error(repeat(eight, fragment, 1, ""), NULL),
                        "Document is nested deeper than 15 levels.");
}

static void nested_values_and_types_are_limited(void **state)
{
    (void)state;
    const char *list = repeat("{ echo(any: ", "[", 900, "1");
    assert_non_null(strstr(first_error(list, NULL), "nested deeper"));
    assert_non_null(strstr(first_error(repeat("query ($a: ", "[", 900, "Int"), NULL), "nested deeper"));
    assert_non_null(strstr(first_error(repeat("", "{ ... ", 900, ""), NULL), "nested deeper"));
}

static void aliases_are_counted(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, arena, 1 << 20);
    buf_add(&out, STR("{ "));
    for (int i = 0; i < 400; i++)
        buf_printf(&out, "a%d: number ", i);
    buf_add(&out, STR("}"));
    assert_string_equal(first_error(arena_cstr(arena, buf_str(&out)), NULL),
                        "Operation asks for more than 8 root fields.");
}

static void root_fields_are_limited_from_both_sides(void **state)
{
    (void)state;
    assert_string_equal(first_error("{ a: number b: number c: number d: number e: number f: number g: number "
                                    "h: number __typename }",
                                    NULL),
                        "");
    assert_string_equal(first_error("{ a: number b: number c: number d: number e: number f: number g: number "
                                    "h: number i: number }",
                                    NULL),
                        "Operation asks for more than 8 root fields.");
}

static void a_fragment_bomb_is_cut_before_it_explodes(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, arena, 1 << 20);
    buf_add(&out, STR("{ ...F0 } "));
    for (int i = 0; i < 20; i++)
        buf_printf(&out, "fragment F%d on Query { ...F%d ...F%d ...F%d } ", i, i + 1, i + 1, i + 1);
    buf_add(&out, STR("fragment F20 on Query { number }"));
    assert_string_equal(first_error(arena_cstr(arena, buf_str(&out)), NULL),
                        "Document asks for more than 1000 fields.");
}

static void fragment_cycles_are_refused(void **state)
{
    (void)state;
    static const struct case_of_message cases[] = {
        {"{ viewer { ...A } } fragment A on Viewer { ...A }", "Cannot spread fragment \"A\" within itself."},
        {"{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...C } fragment C on Viewer "
         "{ self { ...A } }",
         "Cannot spread fragment \"A\" within itself via \"B\", \"C\"."},
    };
    assert_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

static void tokens_are_limited_from_both_sides(void **state)
{
    (void)state;
    assert_string_equal(first_error(repeat("{ echo(l: [", "1 ", 1991, "]) }"), NULL), "");
    assert_string_equal(first_error(repeat("{ echo(l: [", "1 ", 1992, "]) }"), NULL),
                        "Syntax Error: Document contains more than 2000 tokens. Parsing aborted.");
}

static void fields_are_limited_from_both_sides(void **state)
{
    (void)state;
    assert_string_equal(first_error(repeat("{ ", "__typename ", 1000, "}"), NULL), "");
    assert_string_equal(first_error(repeat("{ ", "__typename ", 1001, "}"), NULL),
                        "Document asks for more than 1000 fields.");
}

static void garbage_is_one_error(void **state)
{
    (void)state;
    char *garbage = arena_alloc(arena, 65537);
    uint32_t seed = 1;
    for (size_t i = 0; i < 65536; i++) {
        seed = seed * 1664525u + 1013904223u;
        garbage[i] = (char)(seed >> 24);
    }
    struct graphql_request *request =
        graphql_request_read(NULL, arena, (struct str){garbage, 65536}, STR_NONE, NULL, &graphql_default_limits);
    assert_non_null(request->errors);
    assert_null(request->errors->next);
    assert_non_null(strstr(first_error(repeat("", "{", 65536, ""), NULL), "Syntax Error"));
    assert_non_null(strstr(first_error(repeat("{ echo(s: \"", "x", 65536, ""), NULL), "Unterminated"));
}

static void a_document_full_of_mistakes_gets_a_small_answer(void **state)
{
    (void)state;
    struct graphql_request *request = read_query(repeat("{ ", "nope ", 900, "}"), NULL);
    assert_true(strlen(write_response(request)) < 4096);
    const char *long_name = repeat("{ ", "x", 60000, " }");
    assert_true(strlen(write_response(read_query(long_name, NULL))) < 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        graphql_test(depth_is_limited),
        graphql_test(depth_counts_fragments),
        graphql_test(nested_values_and_types_are_limited),
        graphql_test(aliases_are_counted),
        graphql_test(root_fields_are_limited_from_both_sides),
        graphql_test(a_fragment_bomb_is_cut_before_it_explodes),
        graphql_test(fragment_cycles_are_refused),
        graphql_test(tokens_are_limited_from_both_sides),
        graphql_test(fields_are_limited_from_both_sides),
        graphql_test(garbage_is_one_error),
        graphql_test(a_document_full_of_mistakes_gets_a_small_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
