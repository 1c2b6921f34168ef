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
        while (mistake && !(mistake->line == expected[i].line &&
                            str_equal(mistake->found, mistake_quote(mistakes.arena, str_of(expected[i].found)))))
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

/* Gateways let pass what is 2xx, and take only 401 and 403 for a no. */
static void the_guard_refuses_whatever_the_api_says(void **state)
{
    static const struct {
        const char *text;
        enum refusal refusal;
        unsigned api;
        unsigned guard;
    } cases[] = {{"invalid_token: {status: 400}", REFUSED_token_unknown, 400, 401},
                 {"invalid_token: {status: 200}", REFUSED_token_expired, 200, 401},
                 {"token_missing: {status: 302}", REFUSED_authorization_missing, 302, 401},
                 {"headers_too_large: {status: 431}", REFUSED_headers_too_large, 431, 403},
                 {"insufficient_scope: {status: 200}", REFUSED_scope_insufficient, 200, 403},
                 {"temporarily_unavailable: {status: 200}", REFUSED_store_unavailable, 200, 503},
                 {"invalid_token: {status: 403}", REFUSED_token_revoked, 403, 403}};
    struct mistakes mistakes;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arena *arena = arena_create();
        const char *text = arena_printf(arena, "errors: {body: '{}', %s}\n", cases[i].text).ptr;
        const struct dialect *dialect = read_text(&mistakes, text);
        assert_non_null(dialect);
        assert_int_equal(dialect->resource_errors[cases[i].refusal].status, cases[i].api);
        assert_int_equal(dialect->guard_errors[cases[i].refusal].status, cases[i].guard);
        arena_destroy(mistakes.arena);
        arena_destroy(arena);
    }
    for (int refusal = NOT_REFUSED + 1; refusal < REFUSAL_COUNT; refusal++) {
        const struct dialect *dialect = read_text(&mistakes, "errors: {body: '{}'}\n");
        assert_true(dialect->guard_errors[refusal].status >= 401);
        arena_destroy(mistakes.arena);
    }
}

static void the_guards_yes_must_be_one(void **state)
{
    struct mistakes mistakes;
    (void)state;
    assert_null(read_text(&mistakes, "errors: {body: '{}'}\nreplies: {guard: {status: 403}}\n"));
    assert_int_equal(mistakes.count, 1);
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

static bool pair_is(const struct redirect_shape *shape, size_t at, const char *name)
{
    return at < shape->count && str_equal(shape->pairs[at].name, str_of(name));
}

static void redirects_are_the_standards_unless_the_dialect_writes_them(void **state)
{
    struct mistakes mistakes;
    (void)state;
    const struct dialect *dialect = read_text(&mistakes, "errors: {body: '{}'}\n"
                                                         "redirects: {code: {ticket: $code, memo: 'x$state'}}\n");
    assert_non_null(dialect);
    assert_int_equal(dialect->code_redirect.count, 2);
    assert_true(pair_is(&dialect->code_redirect, 0, "ticket"));
    assert_true(pair_is(&dialect->code_redirect, 1, "memo"));
    assert_true(pair_is(&dialect->token_redirect, 0, "access_token"));
    assert_true(pair_is(&dialect->error_redirect, 0, "error"));
    assert_true(pair_is(&dialect->error_redirect, 3, "iss"));
    arena_destroy(mistakes.arena);
}

static void a_reply_may_differ_by_grant(void **state)
{
    struct mistakes mistakes;
    (void)state;
    const struct dialect *dialect =
        read_text(&mistakes, "errors: {body: '{}'}\n"
                             "endpoints: [{path: /t, does: token}]\n"
                             "replies:\n"
                             "  token: {status: 201, headers: {X-A: a}, body: '{\"a\":1}'}\n"
                             "  token refresh_token: {body: '{\"a\":2}'}\n");
    assert_non_null(dialect);
    const struct endpoint *endpoint = &dialect->endpoints[0];
    const struct reply_shape *reply = endpoint->grant_replies[GRANT_REFRESH_TOKEN];
    assert_null(endpoint->grant_replies[GRANT_CLIENT_CREDENTIALS]);
    assert_non_null(reply);
    assert_int_equal(reply->status, 201);
    assert_int_equal(reply->header_count, 1);
    assert_ptr_not_equal(reply->body, endpoint->reply.body);
    arena_destroy(mistakes.arena);
}

static void mistakes_of_redirects_facts_and_replies_are_told(void **state)
{
    static const char *const wrong_ones[] = {
        "redirects: {ticket: {}}",
        "redirects: {code: [a]}",
        "redirects: {code: {code: $nobody}}",
        "redirects: {code: {code: '${code'}}",
        "facts: {colour: {red: blue}}",
        "facts: {subject_type: {user: [a]}}",
        "replies: {token barter: {}}",
        "replies: {token refresh_token: {colour: red}}\nendpoints: [{path: /t, does: token}]",
    };
    struct mistakes mistakes;
    (void)state;
    for (size_t i = 0; i < sizeof(wrong_ones) / sizeof(*wrong_ones); i++) {
        struct arena *arena = arena_create();
        assert_null(read_text(&mistakes, arena_printf(arena, "errors: {body: '{}'}\n%s\n", wrong_ones[i]).ptr));
        assert_true(mistakes.count >= 1);
        arena_destroy(mistakes.arena);
        arena_destroy(arena);
    }
}

/* [RFC6749 3.1] The authorization endpoint MUST support GET and MAY support POST. */
static void people_are_asked_by_get_and_post(void **state)
{
    struct mistakes mistakes;
    (void)state;
    const struct dialect *dialect =
        read_text(&mistakes, "errors: {body: '{}'}\nendpoints: [{path: /a, does: authorize}]\n");
    assert_non_null(dialect);
    assert_true(dialect->endpoints[0].asks_person);
    assert_int_equal(dialect->endpoints[0].method_count, 2);
    arena_destroy(mistakes.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shipped_dialect_loads),
        cmocka_unit_test(all_mistakes_are_told_with_their_lines),
        cmocka_unit_test(errors_must_have_a_body),
        cmocka_unit_test(a_refusal_lies_over_its_error_and_the_section),
        cmocka_unit_test(the_guard_refuses_whatever_the_api_says),
        cmocka_unit_test(the_guards_yes_must_be_one),
        cmocka_unit_test(a_reply_knows_the_facts_that_it_tells),
        cmocka_unit_test(redirects_are_the_standards_unless_the_dialect_writes_them),
        cmocka_unit_test(a_reply_may_differ_by_grant),
        cmocka_unit_test(mistakes_of_redirects_facts_and_replies_are_told),
        cmocka_unit_test(people_are_asked_by_get_and_post),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
