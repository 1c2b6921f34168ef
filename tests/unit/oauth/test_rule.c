/* Which rule decides about a request, and which paths are no paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "oauth/rule.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* "GET HEAD /a/b": methods and a path; its place in the list is its index. */
static struct guard_policy policy_of(struct arena *arena, const char *const *texts, size_t count)
{
    struct guard_policy policy = {.is_there = true};
    policy.rules = arena_array(arena, struct guard_rule, count);
    policy.rule_count = count;
    for (size_t i = 0; i < count; i++) {
        struct str rest = str_of(texts[i]), word;
        struct guard_rule *rule = &policy.rules[i];
        rule->methods = arena_array(arena, struct str, 4);
        rule->cost_text = STR("1");
        while (str_next_word(&rest, &word) && word.ptr[0] != '/')
            rule->methods[rule->method_count++] = word;
        rule->path = word;
        assert_true(rule_is_pattern(rule->path));
    }
    rules_compile(&policy, arena);
    return policy;
}

static const struct guard_rule *find(const struct guard_policy *policy, struct arena *arena, const char *method,
                                     const char *path)
{
    struct str read;
    if (!rule_path_read(arena, str_of(path), &read))
        fail_msg("%s cannot be read", path);
    return rule_find(policy, str_of(method), read);
}

struct expected {
    const char *method;
    const char *path;
    int index; /* -1: none */
};

static void assert_all(const char *const *texts, size_t count, const struct expected *expected, size_t expected_count)
{
    struct arena *arena = arena_create();
    struct guard_policy policy = policy_of(arena, texts, count);
    for (size_t i = 0; i < expected_count; i++) {
        const struct guard_rule *rule = find(&policy, arena, expected[i].method, expected[i].path);
        int index = rule ? (int)rule->index : -1;
        if (index != expected[i].index)
            fail_msg("%s %s is decided by %d, not by %d", expected[i].method, expected[i].path, index,
                     expected[i].index);
    }
    arena_destroy(arena);
}

static void longest_match_decides(void **state)
{
    static const char *const rules[] = {
        "/**",          "/podcasts/*", "/podcasts/top", "/podcasts/*/episodes", "/*/top",
        "/podcasts/**", "/",           "/v2/**",        "/v2/api/graphql",
    };
    static const struct expected expected[] = {
        {"GET", "/", 6},
        {"GET", "/other", 0},
        {"GET", "/other/thing", 0},
        {"GET", "/other/top", 4},
        {"GET", "/podcasts", 5}, /* ** is any number of segments, also none */
        {"GET", "/podcasts/7", 1},
        {"GET", "/podcasts/top", 2},
        {"GET", "/podcasts/7/episodes", 3},
        {"GET", "/podcasts/top/episodes", 3}, /* where a literal leads nowhere, * goes on */
        {"GET", "/podcasts/top/reviews", 5},
        {"GET", "/podcasts/7/episodes/1", 5},
        {"GET", "/v2", 7},
        {"GET", "/v2/api", 7},
        {"GET", "/v2/api/graphql", 8},
        {"GET", "/v2/api/graphql2", 7},
        {"GET", "/v2/api/graph", 7},
        {"GET", "/V2/api/graphql", 0}, /* paths have a case */
    };
    (void)state;
    assert_all(rules, COUNT(rules), expected, COUNT(expected));
}

static void named_methods_come_before_every_method(void **state)
{
    static const char *const rules[] = {"/a", "GET HEAD /a", "POST /b", "/*", "DELETE /**"};
    static const struct expected expected[] = {
        {"GET", "/a", 1},    {"HEAD", "/a", 1},     {"POST", "/a", 0},   {"get", "/a", 0}, {"POST", "/b", 2},
        {"PUT", "/b", 3}, /* a rule that does not take the method does not fit */
        {"DELETE", "/b", 3}, {"DELETE", "/b/c", 4}, {"GET", "/b/c", -1}, {"GET", "/", -1}, {"DELETE", "/", 4},
    };
    (void)state;
    assert_all(rules, COUNT(rules), expected, COUNT(expected));
}

static void without_a_rule_nothing_fits(void **state)
{
    static const struct expected expected[] = {{"GET", "/", -1}, {"GET", "/a/b/c", -1}};
    (void)state;
    assert_all(NULL, 0, expected, COUNT(expected));
}

/* What the API decodes is compared decoded: nobody reaches a laxer rule by spelling a letter otherwise. */
static void spelling_does_not_matter(void **state)
{
    static const char *const rules[] = {"/user/status", "/users/@me", "/users/*", "/caf\xc3\xa9",
                                        "/%2A",         "/a%20b",     "/**"};
    static const struct expected expected[] = {
        {"GET", "/user/status/", 0},
        {"GET", "/%75ser/st%61tus", 0},
        {"GET", "/users/%40me", 1},
        {"GET", "/users/@me/", 1},
        {"GET", "/users/@you", 2},
        {"GET", "/caf%c3%a9", 3},
        {"GET", "/caf%C3%A9", 3},
        {"GET", "/*", 4},
        {"GET", "/x", 6},
        {"GET", "/a%20b", 5},
        {"GET", "/a+b", 6},
        {"GET", "/what%3f%23", 6},
        {"GET", "/100%25", 6},
        {"GET", "/user/.status", 6},
        {"GET", "/user/...", 6},
    };
    (void)state;
    assert_all(rules, COUNT(rules), expected, COUNT(expected));
}

/* Somebody on the way may read these otherwise. */
static void paths_with_two_readings_are_none(void **state)
{
    static const char *const paths[] = {
        "",
        "user",
        "*",
        "http://api.example/user",
        "//",
        "///",
        "//user",
        "/user//status",
        "/user//",
        "/.",
        "/..",
        "/./user",
        "/user/../admin",
        "/user/..",
        "/user/../",
        "/user/%2e%2e/admin",
        "/user/.%2E/admin",
        "/user/%2e",
        "/user%2fstatus",
        "/user%2Fstatus",
        "/user\\status",
        "/user%5cstatus",
        "/user%5C..%5Cadmin",
        "/user;a=b/status",
        "/..;/admin",
        "/user%3bx",
        "/user%00",
        "/user%00/status",
        "/user%0d%0aX",
        "/user%7f",
        "/user\x01",
        "/user\x7f",
        "/user status",
        "/user?x",
        "/user#x",
        "/user%",
        "/user%2",
        "/user%zz",
        "/user%252fstatus",
        "/%252e%252e/admin",
        "/user%25%32%66status",
        "/user%c0%af",
        "/user/%c0%ae%c0%ae",
        "/user\xff",
        "/user%ed%a0%80",
    };
    struct arena *arena = arena_create();
    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct str read = STR("untouched");
        if (rule_path_read(arena, str_of(paths[i]), &read))
            fail_msg("%s was read as %.*s", paths[i], STR_ARGS(read));
        assert_true(str_equal(read, STR("untouched")));
    }
    assert_false(rule_path_read(arena, (struct str){"/a\0b", 4}, &(struct str){0}));
    arena_destroy(arena);
}

static void patterns_are_paths_with_stars(void **state)
{
    static const char *const fit[] = {"/", "/a", "/a/", "/*", "/**", "/a/*/b/**", "/a/**/", "/%2a", "/a%2Ab"};
    static const char *const unfit[] = {"",       "a",     "**",       "/a*",    "/*a",   "/a/**/b", "/***", "//",
                                        "/a//b",  "/a?b",  "/a#b",     "/../a",  "/a;b",  "/%2f",    "/a b", "/%zz",
                                        "/**/**", "/**/*", "/a/./b/*", "/%252f", "/a\\b", "/*/**/*"};
    (void)state;
    for (size_t i = 0; i < COUNT(fit); i++)
        if (!rule_is_pattern(str_of(fit[i])))
            fail_msg("%s is refused", fit[i]);
    for (size_t i = 0; i < COUNT(unfit); i++)
        if (rule_is_pattern(str_of(unfit[i])))
            fail_msg("%s is taken", unfit[i]);
}

/* From both sides: 32 segments may be, 33 may not; paths may be as deep as they like. */
static void depth_of_patterns_is_limited(void **state)
{
    char pattern[2 * (RULE_SEGMENTS_MAX + 1) + 1] = "";
    char path[2 * 2000 + 1] = "";
    (void)state;
    for (size_t i = 0; i < RULE_SEGMENTS_MAX; i++)
        strcat(pattern, "/*");
    assert_true(rule_is_pattern(str_of(pattern)));
    for (size_t i = 0; i < 2000; i++)
        memcpy(path + 2 * i, "/a", 2);
    const char *const rules[] = {pattern, "/a/**"};
    const struct expected expected[] = {{"GET", path, 1}};
    assert_all(rules, 2, expected, 1);
    strcat(pattern, "/*");
    assert_false(rule_is_pattern(str_of(pattern)));
}

static void costs_are_points_or_estimated(void **state)
{
    static const char *const fit[] = {"0", "1", "1000000", "graphql"};
    static const char *const unfit[] = {"", "-1", "1000001", "1.5", "GraphQL", "many"};
    (void)state;
    for (size_t i = 0; i < COUNT(fit); i++)
        assert_true(rule_is_cost(str_of(fit[i])));
    for (size_t i = 0; i < COUNT(unfit); i++)
        assert_false(rule_is_cost(str_of(unfit[i])));
}

static void rules_are_named_by_what_they_are_for(void **state)
{
    static const char *const texts[] = {"GET HEAD /a", "/b"};
    struct arena *arena = arena_create();
    struct guard_policy policy = policy_of(arena, texts, 2);
    (void)state;
    assert_true(str_equal(policy.rules[0].name, STR("GET HEAD /a")));
    assert_true(str_equal(policy.rules[1].name, STR("/b")));
    arena_destroy(arena);
}

static void assert_shadows(const char *const *texts, size_t count, size_t index, int shadow)
{
    struct arena *arena = arena_create();
    struct guard_policy policy = policy_of(arena, texts, count);
    const struct guard_rule *found = rule_find_shadow(&policy, &policy.rules[index], arena);
    int got = found ? (int)found->index : -1;
    if (got != shadow)
        fail_msg("%s is shadowed by %d, not by %d", texts[index], got, shadow);
    arena_destroy(arena);
}

static void rules_that_never_decide_are_found(void **state)
{
    static const char *const same[] = {"/a", "/a/", "/%61"};
    static const char *const methods[] = {"GET /a", "POST /a", "GET POST /a", "GET PUT /a", "/a"};
    static const char *const together[] = {"/a/**", "/a", "/a/*", "/a/*/**"};
    static const char *const not_together[] = {"/a/**", "/a", "/a/*/**/", "GET /a/*", "/**"};
    (void)state;
    assert_shadows(same, 3, 0, -1);
    assert_shadows(same, 3, 1, 0);
    assert_shadows(same, 3, 2, 0);
    assert_shadows(methods, 5, 2, 0); /* each of its methods is somebody's */
    assert_shadows(methods, 5, 3, -1);
    assert_shadows(methods, 5, 4, -1); /* there is always one more method */
    assert_shadows(together, 4, 0, 1); /* nothing is left of it */
    assert_shadows(together, 4, 2, -1);
    assert_shadows(together, 4, 3, -1);
    assert_shadows(together, 3, 0, -1);
    assert_shadows(not_together, 5, 0, 1);
    assert_shadows(not_together, 5, 4, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_match_decides),
        cmocka_unit_test(named_methods_come_before_every_method),
        cmocka_unit_test(without_a_rule_nothing_fits),
        cmocka_unit_test(spelling_does_not_matter),
        cmocka_unit_test(paths_with_two_readings_are_none),
        cmocka_unit_test(patterns_are_paths_with_stars),
        cmocka_unit_test(depth_of_patterns_is_limited),
        cmocka_unit_test(costs_are_points_or_estimated),
        cmocka_unit_test(rules_are_named_by_what_they_are_for),
        cmocka_unit_test(rules_that_never_decide_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
