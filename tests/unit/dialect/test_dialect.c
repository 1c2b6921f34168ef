/* Loading dialects: the shipped ones are right, and every mistake is told at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mistake.h"
#include "dialect/dialect.h"
#include "dialect/shape.h"

static struct dialect *read_text(struct mistakes *mistakes, const char *text)
{
    mistakes_init(mistakes, arena_create());
    return dialect_read(STR("test.yaml"), str_of(text), mistakes);
}

static void every_shipped_dialect_loads(void **state)
{
    struct mistakes mistakes;
    size_t count = 0;
    (void)state;
    mistakes_init(&mistakes, arena_create());
    for (struct str name; str_is_present(name = dialect_shipped_name(count)); count++)
        assert_non_null(dialect_read(name, dialect_shipped(name), &mistakes));
    assert_true(count >= 6);
    assert_int_equal(mistakes.count, 0);
    assert_false(str_is_present(dialect_shipped(STR("nobody"))));
    arena_destroy(mistakes.arena);
}

static const char *const wrong = "authorization_schemes: [Token]\n"
                                 "colour: red\n"
                                 "client_authentication: [telepathy]\n"
                                 "repeated_parameters: sometimes\n"
                                 "endpoints:\n"
                                 "  - {path: auth, does: magic, bodies: [xml]}\n"
                                 "  - {does: token, names: {key: client_key}, query: maybe}\n"
                                 "replies:\n"
                                 "  token: {body: '{\"a\":$nobody}'}\n"
                                 "errors:\n"
                                 "  body: '{\"e\":$error'\n"
                                 "  no_such_error: {status: 400}\n"
                                 "  invalid_client: {status: 40, colour: red}\n";

static void all_mistakes_are_told_with_their_lines(void **state)
{
    static const struct {
        unsigned line;
        const char *found;
    } expected[] = {{2, "colour"},         {3, "telepathy"}, {4, "sometimes"},
                    {6, "auth"},           {6, "magic"},     {6, "xml"},
                    {7, "client_key"},     {7, "maybe"},     {9, "{\"a\":$nobody}"},
                    {12, "no_such_error"}, {13, "colour"},   {13, "40"},
                    {11, "{\"e\":$error"}};
    struct mistakes mistakes;
    (void)state;
    assert_null(read_text(&mistakes, wrong));
    for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
        const struct mistake *mistake = mistakes.first;
        while (mistake &&
               !(mistake->line == expected[i].line && str_equal(mistake->found, str_of(expected[i].found))))
            mistake = mistake->next;
        if (!mistake)
            print_error("line %u: %s\n", expected[i].line, expected[i].found);
        assert_non_null(mistake);
        assert_true(mistake->allowed.len > 0);
    }
    arena_destroy(mistakes.arena);
}

static void errors_must_have_a_body(void **state)
{
    struct mistakes mistakes;
    (void)state;
    assert_null(read_text(&mistakes, "endpoints: []\n"));
    assert_int_equal(mistakes.count, 1);
    arena_destroy(mistakes.arena);
}

static void a_refusal_lies_over_its_error_and_the_section(void **state)
{
    struct mistakes mistakes;
    (void)state;
    const struct dialect *dialect =
        read_text(&mistakes, "errors:\n"
                             "  body: '{\"e\":$error}'\n"
                             "  headers: {X-A: section, X-B: section}\n"
                             "  invalid_client: {status: 403, headers: {X-B: error}}\n"
                             "  secret_wrong: {status: 402, headers: {X-C: refusal, X-A: }}\n");
    assert_non_null(dialect);
    assert_int_equal(dialect->errors[REFUSED_client_unknown].status, 403);
    assert_int_equal(dialect->errors[REFUSED_secret_wrong].status, 402);
    assert_int_equal(dialect->errors[REFUSED_body_too_large].status, 413);
    assert_int_equal(dialect->errors[REFUSED_client_unknown].reply.header_count, 2);
    assert_int_equal(dialect->errors[REFUSED_secret_wrong].reply.header_count, 2);
    assert_true(str_equal(dialect->errors[REFUSED_secret_wrong].reply.headers[1].name, STR("X-C")));
    assert_int_equal(dialect->resource_errors[REFUSED_client_unknown].status, 403);
    arena_destroy(mistakes.arena);
}

/* Gateways take 401 and 403 for a no, and make a 500 of anything else. */
static void the_guard_refuses_by_401_where_the_api_says_400(void **state)
{
    struct mistakes mistakes;
    (void)state;
    const struct dialect *dialect = read_text(&mistakes, "errors: {body: '{}', invalid_token: {status: 400}}\n");
    assert_non_null(dialect);
    assert_int_equal(dialect->resource_errors[REFUSED_token_unknown].status, 400);
    assert_int_equal(dialect->guard_errors[REFUSED_token_unknown].status, 401);
    assert_int_equal(dialect->guard_errors[REFUSED_scope_insufficient].status, 403);
    arena_destroy(mistakes.arena);
}

/* echo.c gives a reply again only when nothing of the moment is in it. */
static void a_reply_knows_the_facts_that_it_tells(void **state)
{
    struct mistakes mistakes;
    (void)state;
    const struct dialect *dialect =
        read_text(&mistakes, "errors: {body: '{}'}\n"
                             "replies:\n"
                             "  guard: {headers: {X-Left: $expires_in}, body: '{\"a\":{\"b\":\"$scope\"}}'}\n");
    assert_non_null(dialect);
    assert_int_equal(dialect->guard.facts, UINT64_C(1) << FACT_expires_in | UINT64_C(1) << FACT_scope);
    arena_destroy(mistakes.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shipped_dialect_loads),
        cmocka_unit_test(all_mistakes_are_told_with_their_lines),
        cmocka_unit_test(errors_must_have_a_body),
        cmocka_unit_test(a_refusal_lies_over_its_error_and_the_section),
        cmocka_unit_test(the_guard_refuses_by_401_where_the_api_says_400),
        cmocka_unit_test(a_reply_knows_the_facts_that_it_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
