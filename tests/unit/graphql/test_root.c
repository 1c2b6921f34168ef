/* Whose a request is: by its root fields, wherever fragments have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "graphql/root.h"

static bool is_ours(struct str type, struct str field, const void *arg)
{
    (void)arg;
    return (str_equal(type, STR("Mutation")) && str_equal(field, STR("login"))) ||
           (str_equal(type, STR("Query")) && str_equal(field, STR("me")));
}

static bool holds(const char *query, const char *operation_name)
{
    struct arena *arena = arena_create();
    bool result = graphql_roots_hold(arena, str_of(query), str_of(operation_name), is_ours, NULL);
    arena_destroy(arena);
    return result;
}

static void all_root_fields_count(void **state)
{
    (void)state;
    assert_true(holds("mutation { login(a: 1) { token } }", NULL));
    assert_true(holds("{ me { id } }", NULL));
    assert_true(holds("{ other: me { id } __typename }", NULL));
    assert_true(holds("{ __typename }", NULL));
    assert_false(holds("{ me { id } posts { id } }", NULL));
    assert_false(holds("{ login }", NULL)); /* a mutation's */
    assert_false(holds("{ me: posts { id } }", NULL));
    assert_false(holds("{ __schema { types { name } } }", NULL));
    assert_false(holds("subscription { me }", NULL));
}

static void fragments_are_looked_into(void **state)
{
    (void)state;
    assert_true(holds("{ ...F } fragment F on Query { me { id } }", NULL));
    assert_true(holds("{ ... on Query { me { id } } ... @skip(if: true) { me } }", NULL));
    assert_false(holds("{ me ...F } fragment F on Query { ... { posts { id } } }", NULL));
    assert_false(holds("{ me ...Nobody }", NULL));
    assert_false(holds("{ ...F } fragment F on Query { ...F }", NULL)); /* none at all */
    assert_true(holds("{ me ...F } fragment F on Query { ...F }", NULL));
}

static void documents_are_told_from_other_texts(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    assert_true(graphql_is_document(arena, STR("{ whatever(a: [1, {b: $c}]) @x { y } }")));
    assert_false(graphql_is_document(arena, STR("{ whatever")));
    assert_false(graphql_is_document(arena, STR("")));
    arena_destroy(arena);
}

static void the_operation_must_be_clear(void **state)
{
    (void)state;
    const char *two = "query A { me } mutation B { purge }";
    assert_false(holds(two, NULL));
    assert_true(holds(two, "A"));
    assert_false(holds(two, "B"));
    assert_false(holds(two, "C"));
    assert_false(holds("{ me", NULL));
    assert_false(holds("", NULL));
    assert_false(holds("fragment F on Query { me }", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_root_fields_count),
        cmocka_unit_test(fragments_are_looked_into),
        cmocka_unit_test(documents_are_told_from_other_texts),
        cmocka_unit_test(the_operation_must_be_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
