/* What a query is estimated to cost: depth times breadth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "graphql/points.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct graphql_estimate estimate_of(struct str query, const char *operation_name, const char *variables)
{
    struct arena *arena = arena_create();
    const json_t *given = variables ? json_read(arena, str_of(variables)) : NULL;
    size_t steps_left = GRAPHQL_STEPS_MAX;
    struct graphql_estimate found = graphql_estimate(arena, query, str_of(operation_name), given, &steps_left);
    arena_destroy(arena);
    return found;
}

static int64_t points_of(struct str query, const char *operation_name, const char *variables)
{
    return estimate_of(query, operation_name, variables).points;
}

static void assert_points(const char *query, const char *variables, int64_t expected)
{
    int64_t points = points_of(str_of(query), NULL, variables);
    if (points != expected)
        fail_msg("%s costs %lld, not %lld", query, (long long)points, (long long)expected);
}

static void fields_count_as_often_as_they_may_be_there(void **state)
{
    (void)state;
    assert_points("{ viewer { user { username } } }", NULL, 3);
    assert_points("{ posts(first: 20) { id user { name } } }", NULL, 1 + 20 * 3);
    assert_points("{ posts(last: 5, first: 2) { id } }", NULL, 1 + 5);
    assert_points("{ a(limit: 3) { b(count: 4) { c } } }", NULL, 1 + 3 * (1 + 4));
    assert_points("{ a(first: 3) }", NULL, 1); /* nothing is below it */
    assert_points("{ a(offset: 100) { b } }", NULL, 2);
    assert_points("{ a(first: 0) { b } }", NULL, 2);
    assert_points("{ a(first: -5) { b } }", NULL, 2);
    assert_points("{ a(first: null) { b } c(first: NINE) { d } e(first: true) { f } }", NULL, 6);
    assert_points("mutation { rate(id: 1) { ok } }", NULL, 2);
}

/* Podchaser's documents: one podcast with eight fields "around 9", ten with nine "around 100". [DOC] */
static void documented_queries_cost_what_is_documented(void **state)
{
    (void)state;
    assert_points("query { podcast(identifier: {id: \"278981407\", type: APPLE_PODCASTS}) {"
                  " id, title, description, url, rssUrl, imageUrl, language, numberOfEpisodes, } }",
                  NULL, 9);
    assert_points("query { podcasts(searchTerm: \"Marketing\", first: 10,"
                  " sort: {sortBy: FOLLOWER_COUNT, direction: DESCENDING}) {"
                  " id, title, description, url, rssUrl, imageUrl, language, numberOfEpisodes, applePodcastsId, } }",
                  NULL, 91);
}

static void aliases_and_fragments_count_each_time(void **state)
{
    (void)state;
    assert_points("{ a: x { id } b: x { id } }", NULL, 4);
    assert_points(
        "{ x(first: 10) { ...F ... on X { c } ... @include(if: false) { d } } ...F } fragment F on X { a b }", NULL,
        1 + 10 * 4 + 2);
    assert_points("{ ...A } fragment A on Q { x { ...A } }", NULL, 1);
    assert_points("{ ...Nobody }", NULL, 1);
}

static void breadths_are_found_in_variables_and_objects(void **state)
{
    (void)state;
    assert_points("query ($n: Int) { a(first: $n) { b } }", "{\"n\": 30}", 31);
    assert_points("query ($n: Int = 7) { a(first: $n) { b } }", NULL, 8);
    assert_points("query ($n: Int = 7) { a(first: $n) { b } }", "{\"n\": null}", 2);
    assert_points("query ($n: Int) { a(first: $n) { b } }", "[]", 2);
    assert_points("{ a(paging: {first: 6, page: 900}) { b } }", NULL, 7);
    assert_points("query ($p: P) { a(paging: $p) { b } }", "{\"p\": {\"first\": 8, \"page\": 900}}", 9);
    assert_points("query ($p: P = {first: 8}) { a(paging: $p) { b } }", NULL, 9);
    assert_points("query ($n: Int) { a(paging: {first: $n}) { b } }", "{\"n\": 4}", 5);
    assert_points("{ a(paging: [{page: 9}, {first: 6}]) { b } }", NULL, 7);
    assert_points("{ a(first: [6, 7]) { b } }", NULL, 8);
    assert_points("query ($p: [P]) { a(paging: $p) { b } }", "{\"p\": [{\"first\": 8}, 1]}", 9);
}

/* JavaScript has one kind of numbers, and GraphQL takes a whole one for an Int. [GraphQL 3.5.1] */
static void whole_numbers_may_be_written_as_fractions(void **state)
{
    (void)state;
    assert_points("query ($n: Int) { a(first: $n) { b } }", "{\"n\": 1e3}", 1001);
    assert_points("query ($n: Int) { a(first: $n) { b } }", "{\"n\": 30.0}", 31);
    assert_points("query ($n: Int) { a(first: $n) { b } }", "{\"n\": 1e300}", GRAPHQL_POINTS_MAX);
    assert_points("query ($n: Int) { a(first: $n) { b } }", "{\"n\": -1e300}", 2);
    assert_points("{ a(b: {c: {d: {e: {f: {g: {first: 1000}}}}}}) { h } }", NULL, 1001);
}

/* Some servers are that generous. */
static void numbers_in_texts_count(void **state)
{
    (void)state;
    assert_points("query ($n: Int) { a(first: $n) { b } }", "{\"n\": \"30\"}", 31);
    assert_points("query ($n: Int) { a(paging: $n) { b } }", "{\"n\": {\"limit\": \" 30 please\"}}", 31);
    assert_points("query ($n: Int = \"8\") { a(first: $n) { b } }", NULL, 9);
    assert_points("{ a(first: \"1000\") { b } }", NULL, 1001);
    assert_points("{ a(first: \"\"\" 1e3 \"\"\") { b } }", NULL, 1001);
    assert_points("{ a(first: \"0x10\") { b } }", NULL, 17);
    assert_points("{ a(first: 10.0) { b } }", NULL, 11);
    assert_points("{ a(first: \"\", last: \"all\", after: \"900\") { b } }", NULL, 2);
    assert_points("{ a(first: \"Ada 9\", last: \"\xe7\x8e\x8b\") { b } }", NULL, 2);
    assert_points("{ a(first: \"\xc2\xa0 30\") { b } }", NULL, 31);
    assert_points("{ a(first: \"1000000000000000000000000000000000000000000000\") { b } }", NULL, GRAPHQL_POINTS_MAX);
    assert_points("{ a(first: \"0.0000000000000000000000000000000000001e43\") { b } }", NULL, GRAPHQL_POINTS_MAX);
    assert_points("{ a(first: 0.000000000000000000000000000000000001e+43) { b } }", NULL, GRAPHQL_POINTS_MAX);
    assert_points("{ a(first: \"1_000\") { b } }", NULL, GRAPHQL_POINTS_MAX);
    assert_points("{ a(first: \"0b11\") { b } }", NULL, GRAPHQL_POINTS_MAX);
    assert_points("{ a(first: \"0o17\") { b } }", NULL, GRAPHQL_POINTS_MAX);
}

static void a_mistake_is_found_where_it_is(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    size_t steps_left = GRAPHQL_STEPS_MAX;
    struct graphql_estimate found = graphql_estimate(arena, STR("{\n  podcast( }"), STR_NONE, NULL, &steps_left);
    assert_false(found.is_document);
    assert_true(str_equal(found.mistake, STR("Syntax Error: Expected Name, found \"}\".")));
    assert_int_equal(found.line, 2);
    assert_int_equal(found.column, 12);
    char text[2000];
    memset(text, 'x', sizeof(text));
    memcpy(text, "{ a(", 4);
    found = graphql_estimate(arena, (struct str){text, sizeof(text)}, STR_NONE, NULL, &steps_left);
    assert_true(found.mistake.len > 0 && found.mistake.len <= GRAPHQL_MISTAKE_MAX);
    assert_false(str_is_present(graphql_estimate(arena, STR("{ a }"), STR_NONE, NULL, &steps_left).mistake));
    arena_destroy(arena);
}

static void named_operation_counts_or_the_dearest(void **state)
{
    struct str query =
        STR("query A { a } query B($n: Int = 3) { x(first: $n) { ...F } } fragment F on X { y(first: 2) { z } }");
    (void)state;
    assert_int_equal(points_of(query, "A", NULL), 1);
    assert_int_equal(points_of(query, "B", NULL), 1 + 3 * 3);
    assert_int_equal(points_of(query, "C", NULL), 1 + 3 * 3);
    assert_int_equal(points_of(query, NULL, NULL), 1 + 3 * 3);
}

/* Also what a later edition of the specification takes for one: another server may run it. */
static void what_is_no_document_is_told(void **state)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "{",
                                        "{ a",
                                        "}",
                                        "query",
                                        "\xff",
                                        "{ a(first: ) }",
                                        "\"lists\" { a(first: 900) { b } }",
                                        "query ($n: Int @x \"why\") { a(first: $n) { b } }"};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct graphql_estimate found = estimate_of(str_of(texts[i]), NULL, NULL);
        assert_int_equal(found.points, 1);
        assert_false(found.is_document || found.only_reads);
    }
    assert_true(estimate_of(STR("fragment F on X { a }"), NULL, NULL).is_document);
    assert_points("\"lists\" query L(\"\"\"how many\"\"\" $n: Int = 8) { a(first: $n) { b } }", NULL, 9);
}

static void what_may_run_decides_whether_it_only_reads(void **state)
{
    struct str query = STR("query A { a } mutation B { b } subscription C { c }");
    (void)state;
    assert_true(estimate_of(STR("{ a }"), NULL, NULL).only_reads);
    assert_true(estimate_of(query, "A", NULL).only_reads);
    assert_false(estimate_of(query, "B", NULL).only_reads);
    assert_false(estimate_of(query, "C", NULL).only_reads);
    assert_false(estimate_of(query, "D", NULL).only_reads);
    assert_false(estimate_of(query, NULL, NULL).only_reads);
    assert_false(estimate_of(STR("mutation { a }"), NULL, NULL).only_reads);
}

static struct str repeat(struct arena *arena, const char *before, const char *text, size_t count, const char *after)
{
    struct buf out;
    buf_init(&out, arena, 1 << 20);
    buf_add(&out, str_of(before));
    for (size_t i = 0; i < count; i++)
        buf_add(&out, str_of(text));
    buf_add(&out, str_of(after));
    return buf_str(&out);
}

/* A bomb is never cheap: neither one that multiplies, nor one that is too long, too deep or too many spreads. */
static void bombs_cost_all_there_is(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    assert_points("{ a(first: 99999999999999999999) { b } }", NULL, GRAPHQL_POINTS_MAX);
    assert_points("{ a(first: 9223372036854775807) { b(first: 9223372036854775807) { c } } }", NULL,
                  GRAPHQL_POINTS_MAX);
    assert_points("query ($n: Int) { a(first: $n) { b } }", "{\"n\": 9223372036854775807}", GRAPHQL_POINTS_MAX);
    assert_int_equal(points_of(repeat(arena, "{", "a ", 4998, "}"), NULL, NULL), 4998);
    assert_int_equal(points_of(repeat(arena, "{", "a ", 5001, "}"), NULL, NULL), GRAPHQL_POINTS_MAX);
    assert_int_equal(points_of(repeat(arena, "", "{a", 65, ""), NULL, NULL), GRAPHQL_POINTS_MAX);
    assert_int_equal(points_of(repeat(arena, "{a(x:", "[", 65, ""), NULL, NULL), GRAPHQL_POINTS_MAX);
    struct buf chain;
    buf_init(&chain, arena, 1 << 20);
    buf_add(&chain, STR("{...F0}"));
    for (int i = 0; i < 300; i++)
        buf_printf(&chain, "fragment F%d on X{...F%d}", i, i + 1);
    assert_int_equal(points_of(buf_str(&chain), NULL, NULL), GRAPHQL_POINTS_MAX);
    buf_init(&chain, arena, 1 << 20);
    buf_add(&chain, STR("{...F0}"));
    for (int i = 0; i < 60; i++)
        buf_printf(&chain, "fragment F%d on X{...F%d ...F%d}", i, i + 1, i + 1);
    buf_add(&chain, STR("fragment F60 on X{a}"));
    assert_int_equal(points_of(buf_str(&chain), NULL, NULL), GRAPHQL_POINTS_MAX);
    arena_destroy(arena);
}

/* Operations times uses of a variable times what stands in it: 64 KiB of such took 42 seconds once. */
static void no_query_takes_long(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    struct str operations = repeat(arena, "", "{...F}", 600, "");
    struct str uses = repeat(arena, "fragment F on X{a(", "x:$v ", 600, "){b}}");
    struct str query = arena_printf(arena, "%.*s%.*s", STR_ARGS(operations), STR_ARGS(uses));
    struct str variables = repeat(arena, "{\"v\":[", "1,", 6900, "1]}");
    int64_t began_ns = clock_monotonic_ns();
    for (int i = 0; i < 100; i++)
        assert_int_equal(points_of(query, NULL, variables.ptr), GRAPHQL_POINTS_MAX);
    assert_true(clock_monotonic_ns() - began_ns < INT64_C(10000000000));
    arena_destroy(arena);
}

/* A long list that is no breadth is looked through once. */
static void what_is_given_is_read_once(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    struct str given = repeat(arena, "{\"ids\":[", "1,", 6700, "1]}");
    struct str query =
        repeat(arena, "mutation ($ids: [ID!]!) {", "a(ids: $ids) { b } c(x: {first: $ids}) { d } ", 5, "}");
    assert_int_equal(points_of(query, NULL, given.ptr), 20);
    arena_destroy(arena);
}

/* What a list of queries may take together. */
static void steps_are_shared(void **state)
{
    struct arena *arena = arena_create();
    size_t steps_left = GRAPHQL_STEPS_MAX;
    struct str query = repeat(arena, "{", "a ", 4000, "}");
    (void)state;
    for (int i = 0; i < GRAPHQL_STEPS_MAX / 4001; i++)
        assert_int_equal(graphql_estimate(arena, query, STR_NONE, NULL, &steps_left).points, 4000);
    for (int i = 0; i < 4; i++)
        assert_int_equal(graphql_estimate(arena, query, STR_NONE, NULL, &steps_left).points, GRAPHQL_POINTS_MAX);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_count_as_often_as_they_may_be_there),
        cmocka_unit_test(documented_queries_cost_what_is_documented),
        cmocka_unit_test(aliases_and_fragments_count_each_time),
        cmocka_unit_test(breadths_are_found_in_variables_and_objects),
        cmocka_unit_test(numbers_in_texts_count),
        cmocka_unit_test(a_mistake_is_found_where_it_is),
        cmocka_unit_test(named_operation_counts_or_the_dearest),
        cmocka_unit_test(whole_numbers_may_be_written_as_fractions),
        cmocka_unit_test(what_is_no_document_is_told),
        cmocka_unit_test(what_may_run_decides_whether_it_only_reads),
        cmocka_unit_test(bombs_cost_all_there_is),
        cmocka_unit_test(no_query_takes_long),
        cmocka_unit_test(what_is_given_is_read_once),
        cmocka_unit_test(steps_are_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
