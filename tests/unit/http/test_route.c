#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/arena.h"
#include "http/route.h"

struct fixture {
    struct arena *arena;
    struct route_table *table;
};

static int set_up(void **state)
{
    struct fixture *fixture = memory_alloc(sizeof(*fixture));
    fixture->arena = arena_create();
    fixture->table = route_table_create(fixture->arena);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_destroy(fixture->arena);
    memory_free(fixture);
    return 0;
}

/* Texts may be NULL for absent; a path that ends in '*' is a prefix without it. The target is the route's name. */
static bool add(struct fixture *fixture, const char *host, const char *path, const char *method, const char *name)
{
    const struct route *taken = NULL;
    struct str text = str_of(path);
    bool is_prefix = str_has_suffix(text, STR("*"));
    struct route route = {str_of(host), str_slice(text, 0, text.len - is_prefix), str_of(method), is_prefix, name};
    bool is_added = route_add(fixture->table, route, &taken);
    assert_true(is_added || taken);
    return is_added;
}

static void assert_finds(struct fixture *fixture, const char *host, const char *path, const char *method,
                         const char *name)
{
    const struct route *route = NULL;
    assert_int_equal(route_find(fixture->table, str_of(host), str_of(path), str_of(method), &route), ROUTE_FOUND);
    assert_string_equal(route->target, name);
}

static void assert_no_path(struct fixture *fixture, const char *host, const char *path)
{
    const struct route *route = NULL;
    assert_int_equal(route_find(fixture->table, str_of(host), str_of(path), STR("GET"), &route), ROUTE_NO_PATH);
    assert_null(route);
}

static void exact_path_matches_only_itself(void **state)
{
    struct fixture *fixture = *state;
    assert_true(add(fixture, NULL, "/token", "POST", "token"));
    assert_finds(fixture, NULL, "/token", "POST", "token");
    assert_finds(fixture, "any.example", "/token", "POST", "token");
    assert_no_path(fixture, NULL, "/token/");
    assert_no_path(fixture, NULL, "/toke");
    assert_no_path(fixture, NULL, "/TOKEN");
    assert_no_path(fixture, NULL, "/%74oken");
    assert_no_path(fixture, NULL, "");
}

static void empty_table_knows_nothing(void **state)
{
    assert_no_path(*state, "a.example", "/");
}

static void prefix_matches_whole_segments_below(void **state)
{
    struct fixture *fixture = *state;
    assert_true(add(fixture, NULL, "/guard/x*", NULL, "guard"));
    assert_finds(fixture, NULL, "/guard/x", "GET", "guard");
    assert_finds(fixture, NULL, "/guard/x/", "PUT", "guard");
    assert_finds(fixture, NULL, "/guard/x/y/z", "BREW", "guard");
    assert_no_path(fixture, NULL, "/guard/xy");
    assert_no_path(fixture, NULL, "/guard");
}

static void root_prefix_matches_everything(void **state)
{
    struct fixture *fixture = *state;
    assert_true(add(fixture, NULL, "/*", NULL, "root"));
    assert_finds(fixture, NULL, "/", "GET", "root");
    assert_finds(fixture, NULL, "/a/b", "GET", "root");
}

static void exact_beats_prefix_and_longer_prefix_beats_shorter(void **state)
{
    struct fixture *fixture = *state;
    assert_true(add(fixture, NULL, "/a*", NULL, "short"));
    assert_true(add(fixture, NULL, "/a/b/c*", NULL, "long"));
    assert_true(add(fixture, NULL, "/a/b*", NULL, "middle"));
    assert_true(add(fixture, NULL, "/a/b/c", "GET", "exact"));
    assert_finds(fixture, NULL, "/a/b/c", "GET", "exact");
    assert_finds(fixture, NULL, "/a/b/c/d", "GET", "long");
    assert_finds(fixture, NULL, "/a/b/x", "GET", "middle");
    assert_finds(fixture, NULL, "/a/x", "GET", "short");
    /* The exact path does not take GET's place for other methods. */
    assert_finds(fixture, NULL, "/a/b/c", "POST", "long");
}

static void host_beats_no_host(void **state)
{
    struct fixture *fixture = *state;
    assert_true(add(fixture, NULL, "/token", "POST", "any"));
    assert_true(add(fixture, "a.example", "/token", "POST", "a"));
    assert_true(add(fixture, "b.example", "/*", "POST", "b below"));
    assert_finds(fixture, "a.example", "/token", "POST", "a");
    assert_finds(fixture, "b.example", "/token", "POST", "b below");
    assert_finds(fixture, "c.example", "/token", "POST", "any");
    assert_finds(fixture, NULL, "/token", "POST", "any");
}

static void host_route_stays_on_its_host(void **state)
{
    struct fixture *fixture = *state;
    assert_true(add(fixture, "a.example", "/token", NULL, "a"));
    assert_no_path(fixture, "b.example", "/token");
    assert_no_path(fixture, NULL, "/token");
}

static void known_path_with_other_method_is_told(void **state)
{
    struct fixture *fixture = *state;
    const struct route *route = NULL;
    assert_true(add(fixture, NULL, "/token", "POST", "token"));
    assert_int_equal(route_find(fixture->table, STR_NONE, STR("/token"), STR("GET"), &route), ROUTE_NO_METHOD);
    assert_string_equal(route->target, "token");
    assert_int_equal(route_find(fixture->table, STR_NONE, STR("/token"), STR("post"), &route), ROUTE_NO_METHOD);
}

static void methods_of_one_path_are_apart(void **state)
{
    struct fixture *fixture = *state;
    assert_true(add(fixture, NULL, "/p", "GET", "get"));
    assert_true(add(fixture, NULL, "/p", "POST", "post"));
    assert_finds(fixture, NULL, "/p", "GET", "get");
    assert_finds(fixture, NULL, "/p", "POST", "post");
}

static void taken_route_is_refused_and_named(void **state)
{
    struct fixture *fixture = *state;
    const struct route *taken = NULL;
    assert_true(add(fixture, NULL, "/p", "GET", "first"));
    assert_false(route_add(fixture->table, (struct route){.path = STR("/p"), .method = STR("GET")}, &taken));
    assert_string_equal(taken->target, "first");
    assert_false(add(fixture, NULL, "/p", NULL, "any method over one"));
    assert_true(add(fixture, NULL, "/q", NULL, "any"));
    assert_false(add(fixture, NULL, "/q", "GET", "one method under any"));
    assert_true(add(fixture, NULL, "/p*", "GET", "prefix beside exact"));
    assert_true(add(fixture, "a.example", "/p", "GET", "host beside none"));
}

static void allow_header_names_each_method_once(void **state)
{
    struct fixture *fixture = *state;
    assert_true(add(fixture, NULL, "/p", "GET", ""));
    assert_true(add(fixture, NULL, "/p", "POST", ""));
    assert_true(add(fixture, "a.example", "/p", "POST", ""));
    assert_true(add(fixture, "a.example", "/p", "DELETE", ""));
    struct str methods = route_methods(fixture->table, fixture->arena, STR("a.example"), STR("/p"));
    assert_true(str_equal(methods, STR("POST, DELETE, GET")));
    methods = route_methods(fixture->table, fixture->arena, STR("b.example"), STR("/p"));
    assert_true(str_equal(methods, STR("GET, POST")));
    assert_true(str_is_empty(route_methods(fixture->table, fixture->arena, STR_NONE, STR("/q"))));
}

static void thousands_of_routes_are_all_found(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 5000; i++) {
        const char *path = arena_printf(fixture->arena, "/realm/%d/token", i).ptr;
        assert_true(add(fixture, i % 2 ? "a.example" : NULL, path, "POST", path));
    }
    for (int i = 0; i < 5000; i++) {
        const char *path = arena_printf(fixture->arena, "/realm/%d/token", i).ptr;
        assert_finds(fixture, "a.example", path, "POST", path);
    }
    assert_no_path(fixture, "a.example", "/realm/5000/token");
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(exact_path_matches_only_itself),
        RULE(empty_table_knows_nothing),
        RULE(prefix_matches_whole_segments_below),
        RULE(root_prefix_matches_everything),
        RULE(exact_beats_prefix_and_longer_prefix_beats_shorter),
        RULE(host_beats_no_host),
        RULE(host_route_stays_on_its_host),
        RULE(known_path_with_other_method_is_told),
        RULE(methods_of_one_path_are_apart),
        RULE(taken_route_is_refused_and_named),
        RULE(allow_header_names_each_method_once),
        RULE(thousands_of_routes_are_all_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
