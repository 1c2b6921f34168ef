#include "fixture.h"

#include <time.h>

/* What a hostile body may cost: a document or variables with `count` times `unit`, numbered where it says so. */
struct bomb {
    const char *name;
    const char *head;
    const char *unit; /* with up to two %zu */
    const char *tail;
    size_t count;
    const char *query; /* NULL: the text is the query; else it is the variables of this one */
};

#define TOKEN_QUERY "mutation ($i: AccessTokenRequest!) { requestAccessToken(input: $i) { access_token } }"

static const struct bomb bombs[] = {
    {"unknown members", "{\"i\": {\"k\": 1", ", \"k%zu\": %zu", "}}", 1000, TOKEN_QUERY},
    {"wrong items", "{\"l\": [1", ", \"x%zu\"", "]}", 2000, "query ($l: [Int!]) { echo(l: $l) }"},
    {"wrong enum values", "{\"l\": [1", ", \"x%zu\"", "]}", 2000,
     "query ($l: [OAuthGrantType!]) { echo(d: {c: $l}) }"},
    {"unknown arguments", "{ echo(", "k%zu: 1 ", ") }", 150, NULL},
    {"unknown fields", "{ viewer { ", "nam%zu ", "} }", 240, NULL},
    {"literal members", "{ echo(d: {", "k%zu: 1 ", "}) }", 150, NULL},
    {"literal items", "{ echo(d: {c: [", "CLIENT%zu ", "]}) }", 480, NULL},
    {"conflicts", "{ viewer { ", "a: name a: email ", "} }", 70, NULL},
    {"unknown directives", "{ number ", "@d%zu ", "}", 240, NULL},
    {"undefined variables", "{ echo(l: [", "$v%zu ", "]) }", 240, NULL},
    {"unknown types", "query (", "$v%zu: Strin%zu ", ") { number }", 120, NULL},
};

#define BOMB_COUNT (sizeof(bombs) / sizeof(bombs[0]))

static const char *bomb_text(const struct bomb *bomb, size_t count)
{
    struct buf out;
    buf_init(&out, arena, 1 << 20);
    buf_add(&out, str_of(bomb->head));
    for (size_t i = 0; i < count; i++) {
        char unit[64];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(unit, sizeof(unit), bomb->unit, i, i);
#pragma GCC diagnostic pop
        buf_add(&out, str_of(unit));
    }
    buf_add(&out, str_of(bomb->tail));
    assert_false(out.is_full);
    return arena_cstr(arena, buf_str(&out));
}

static size_t count_errors(const struct graphql_request *request)
{
    size_t count = 0;
    for (const struct graphql_error *error = request->errors; error; error = error->next)
        count++;
    return count;
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* The least of some runs: the others were interrupted. */
static double seconds_for(const struct bomb *bomb, size_t count)
{
    const char *text = bomb_text(bomb, count);
    double least = 1e9;
    for (int run = 0; run < 5; run++) {
        double start = cpu_seconds();
        struct graphql_request *request = read_query(bomb->query ? bomb->query : text, bomb->query ? text : NULL);
        double seconds = cpu_seconds() - start;
        assert_true(count_errors(request) > 0);
        least = seconds < least ? seconds : least;
    }
    return least;
}

/* Four times as much takes four times as long at most; with the square it would be sixteen. */
static void work_does_not_grow_with_the_square(void **state)
{
    (void)state;
    for (size_t i = 0; i < BOMB_COUNT; i++) {
        double small = seconds_for(&bombs[i], bombs[i].count);
        double large = seconds_for(&bombs[i], bombs[i].count * 4);
        if (large > small * 8)
            fail_msg("%s: %.3f ms, four times as many %.3f ms", bombs[i].name, small * 1e3, large * 1e3);
    }
}

static void problems_stop_at_twenty(void **state)
{
    (void)state;
    for (size_t i = 0; i < BOMB_COUNT; i++) {
        const char *text = bomb_text(&bombs[i], bombs[i].count);
        const struct graphql_request *request =
            read_query(bombs[i].query ? bombs[i].query : text, bombs[i].query ? text : NULL);
        if (count_errors(request) != 20)
            fail_msg("%s: %zu problems", bombs[i].name, count_errors(request));
    }
}

static void comparing_long_arguments_is_limited(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, arena, 1 << 20);
    buf_add(&out, STR("{ ...K ...L "));
    for (int i = 0; i < 80; i++)
        buf_add(&out, STR("... on Query { ...K ...L } "));
    buf_add(&out, STR("}"));
    for (int i = 0; i < 2; i++) {
        buf_printf(&out, " fragment %s on Query { echo(any: {", i ? "L" : "K");
        for (int member = 0; member < 190; member++)
            buf_printf(&out, "m%d: 1 ", i ? member : 189 - member);
        buf_add(&out, STR("}) }"));
    }
    assert_string_equal(first_error(arena_cstr(arena, buf_str(&out)), NULL),
                        "Document is too expensive to validate.");
}

static void a_long_string_shows_its_beginning(void **state)
{
    (void)state;
    const struct bomb bomb = {"", "{\"i\": \"", "long %zu ", "\"}", 9000, TOKEN_QUERY};
    const char *message = first_error(TOKEN_QUERY, bomb_text(&bomb, bomb.count));
    const char *start = "Variable \"$i\" got invalid value \"long 0 long 1 long 2 ";
    assert_ptr_equal(strstr(message, start), message);
    assert_true(strlen(message) <= 1000);
}

static void introspection_roots_are_limited_from_both_sides(void **state)
{
    (void)state;
    static const char schema_twice[] = "{ a: __schema { description } b: __schema { description } ";
    const struct bomb types = {"", "{ number ", "t%zu: __type(name: \"ID\") { name } ", "}", 16, NULL};
    assert_string_equal(first_error(arena_cstr(arena, arena_printf(arena, "%s}", schema_twice)), NULL), "");
    assert_string_equal(
        first_error(arena_cstr(arena, arena_printf(arena, "%sc: __schema { description } }", schema_twice)), NULL),
        "Operation asks for more than 2 fields \"__schema\".");
    assert_string_equal(first_error(bomb_text(&types, 16), NULL), "");
    assert_string_equal(first_error(bomb_text(&types, 17), NULL),
                        "Operation asks for more than 16 fields \"__type\".");
}

static void introspection_lists_nest_twice_at_most(void **state)
{
    (void)state;
    static const struct case_of_message cases[] = {
        {"{ __schema { types { fields { type { inputFields { name } } } } } }", ""},
        {"{ __schema { types { fields { type { fields { type { interfaces { name } } } } } } } }",
         "Maximum introspection depth exceeded"},
        {"{ __type(name: \"Query\") { ...A } } fragment A on __Type { fields { type { ...B } } } "
         "fragment B on __Type { possibleTypes { possibleTypes { name } } }",
         "Maximum introspection depth exceeded"},
    };
    assert_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

static void fields_of_the_same_names_nest_as_they_like(void **state)
{
    (void)state;
    struct str error;
    unsigned line;
    const struct graphql_schema *schema = graphql_schema_parse(
        arena, STR("type Query { fields: Form } type Form { fields: Form name: String }"), &error, &line);
    assert_non_null(schema);
    const struct graphql_request *request =
        graphql_request_read(schema, arena, STR("{ fields { fields { fields { fields { name } } } } }"), STR_NONE,
                             NULL, &graphql_default_limits);
    assert_null(request->errors);
}

/* A few times what the whole schema needs, whatever aliases ask for, and however long they are. */
static void introspection_is_cut_before_it_grows_large(void **state)
{
    (void)state;
    const char *refusal = "{\"errors\":[{\"message\":\"Introspection asks for too much.\"}]}";
    struct bomb bomb = {"", "{ __schema { ", "a%zu: types { ...T } ", "} } fragment T on __Type { ", 45, NULL};
    const char *lists = bomb_text(&bomb, bomb.count);
    bomb = (struct bomb){"", lists, "a%zu: name ", "}", 20, NULL};
    assert_string_equal(respond(bomb_text(&bomb, bomb.count), NULL, NULL), refusal);
    bomb = (struct bomb){"", "{ number __schema { types { ", "long_", ": name } } }", 10000, NULL};
    assert_string_equal(respond(bomb_text(&bomb, bomb.count), NULL, NULL), refusal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        graphql_test(work_does_not_grow_with_the_square),
        graphql_test(problems_stop_at_twenty),
        graphql_test(comparing_long_arguments_is_limited),
        graphql_test(a_long_string_shows_its_beginning),
        graphql_test(introspection_roots_are_limited_from_both_sides),
        graphql_test(introspection_lists_nest_twice_at_most),
        graphql_test(fields_of_the_same_names_nest_as_they_like),
        graphql_test(introspection_is_cut_before_it_grows_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
