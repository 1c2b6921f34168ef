/* What /healthz and /readyz say, and to whom nothing is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "daemon/operations.h"
#include "http/message.h"

static struct operations operations;

static struct exchange *create_exchange(struct arena *arena, const char *method, const char *path)
{
    struct exchange *exchange = arena_new(arena, struct exchange);
    exchange->arena = arena;
    exchange->request.method = str_of(method);
    exchange->request.path = str_of(path);
    exchange->response.last_header = &exchange->response.headers;
    return exchange;
}

static int set_up(void **state)
{
    *state = arena_create();
    operations.not_ready = NULL;
    return 0;
}

static int tear_down(void **state)
{
    arena_destroy(*state);
    return 0;
}

static struct str find_header(const struct exchange *exchange, const char *name)
{
    for (const struct response_header *header = exchange->response.headers; header; header = header->next)
        if (str_equal(header->name, str_of(name)))
            return header->value;
    return STR_NONE;
}

static void test_health_is_that_the_process_answers(void **state)
{
    struct exchange *exchange = create_exchange(*state, "GET", "/healthz");
    operations.not_ready = "stopping\n";
    assert_true(operations_handle(&operations, exchange));
    assert_int_equal(exchange->response.status, 200);
    assert_true(str_equal(find_header(exchange, "Cache-Control"), STR("no-store")));
}

static void test_not_ready_says_why(void **state)
{
    struct exchange *exchange = create_exchange(*state, "GET", "/readyz");
    operations.not_ready = "stopping\n";
    assert_true(operations_handle(&operations, exchange));
    assert_int_equal(exchange->response.status, 503);
    assert_true(str_equal(exchange->response.body, STR("stopping\n")));
}

static void test_other_methods_are_told_which_are_allowed(void **state)
{
    struct exchange *exchange = create_exchange(*state, "POST", "/healthz");
    assert_true(operations_handle(&operations, exchange));
    assert_int_equal(exchange->response.status, 405);
    assert_true(str_equal(find_header(exchange, "Allow"), STR("GET, HEAD")));
}

static void test_other_paths_are_left_alone(void **state)
{
    struct exchange *exchange = create_exchange(*state, "GET", "/healthz/");
    assert_false(operations_handle(&operations, exchange));
    assert_int_equal(exchange->response.status, 0);
    operations_refuse(exchange);
    assert_int_equal(exchange->response.status, 404);
}

static void test_limits_have_their_statuses(void **state)
{
    static const struct {
        enum http_limit limit;
        unsigned status;
    } cases[] = {{BODY_TOO_LARGE, 413},
                 {HEADERS_TOO_LARGE, 431},
                 {URI_TOO_LONG, 414},
                 {VERSION_UNSUPPORTED, 505},
                 {REQUEST_MALFORMED, 400}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct exchange *exchange = create_exchange(*state, "GET", "/healthz");
        exchange->limit = cases[i].limit;
        assert_false(operations_handle(&operations, exchange));
        operations_refuse(exchange);
        assert_int_equal(exchange->response.status, cases[i].status);
    }
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(test_health_is_that_the_process_answers),
        RULE(test_not_ready_says_why),
        RULE(test_other_methods_are_told_which_are_allowed),
        RULE(test_other_paths_are_left_alone),
        RULE(test_limits_have_their_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
