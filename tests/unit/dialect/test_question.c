/* What a GraphQL request costs as HTTP carries it, and which one could be taken for another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "dialect/question.h"
#include "graphql/points.h"
#include "http/message.h"
#include "oauth/call.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define JSON         "application/json"
/* 1 + 20 × 1 */
#define POSTS "{posts(first:20){id}}"

static struct query_estimate estimate(struct request request)
{
    struct arena *arena = arena_create();
    const struct call call = {.arena = arena};
    struct query_estimate found = question_estimate(&call, &request);
    arena_destroy(arena);
    return found;
}

static struct query_estimate estimate_body(const char *type, const char *body)
{
    return estimate((struct request){.method = STR("POST"), .content_type = str_of(type), .body = str_of(body)});
}

static void assert_costs(const char *type, const char *body, int64_t points)
{
    struct query_estimate found = estimate_body(type, body);
    if (found.is_unreadable || found.points != points)
        fail_msg("%s: %s costs %lld%s, not %lld", type ? type : "-", body, (long long)found.points,
                 found.is_unreadable ? " or something else" : "", (long long)points);
}

static void assert_is_unreadable(struct request request)
{
    if (!estimate(request).is_unreadable)
        fail_msg("is readable: %s %s", request.query.len ? request.query.ptr : "",
                 request.body.len ? request.body.ptr : "");
}

static void a_query_costs_the_same_however_it_comes(void **state)
{
    (void)state;
    assert_costs(JSON, "{\"query\":\"" POSTS "\"}", 21);
    assert_costs("Application/JSON; charset=utf-8", "{\"query\":\"" POSTS "\",\"variables\":null}", 21);
    assert_costs("application/graphql+json", "{\"query\":\"" POSTS "\"}", 21);
    assert_costs("application/json; charset=\"UTF8\"", "{\"query\":\"" POSTS "\",\"variables\":[]}", 21);
    assert_costs(JSON, "{\"quer\\u0079\":\"" POSTS "\",\"extensions\":{\"a\":1}}", 21);
    assert_costs(JSON, "{\"query\":\"query($n:Int){posts(first:$n){id}}\",\"variables\":{\"n\":20}}", 21);
    assert_costs(JSON, "[{\"query\":\"" POSTS "\"},{\"query\":\"{a}\"}]", 22);
    assert_costs("application/graphql", POSTS, 21);
    assert_costs(JSON, "{\"query\":\"" POSTS "\",\"variables\":{\"x\":99999999999999999999},\"\xc3\xa9t\xc3\xa9\":1}",
                 21);
    assert_costs(JSON, "{\"query\":\"\\\"lists\\\" query L " POSTS "\"}", 21);
    assert_costs("application/x-www-form-urlencoded", "a=1&query=%7Bposts%28first:20%29%7Bid%7D%7D", 21);
    struct query_estimate found =
        estimate((struct request){.method = STR("GET"), .query = STR("a=1&query=%7Bposts(first:20)%7Bid%7D%7D")});
    assert_int_equal(found.points, 21);
    assert_false(found.is_unreadable);
}

/* Only when nothing else is unclear: else nobody knows what is meant. */
static void a_mistake_of_grammar_is_told(void **state)
{
    static const struct {
        const char *body;
        bool is_told;
    } cases[] = {
        {"{\"query\":\"{ a( }\"}", true},
        {"[{\"query\":\"{ a }\"},{\"query\":\"{ a( }\"}]", true},
        {"{\"query\":\"{ a( }\",\"Query\":\"{ a }\"}", false},
        {"{\"query\":\"{ a( }\",\"variables\":7}", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena *arena = arena_create();
        const struct call call = {.arena = arena};
        struct request request = {.method = STR("POST"), .content_type = STR(JSON), .body = str_of(cases[i].body)};
        struct query_estimate found = question_estimate(&call, &request);
        assert_true(found.is_unreadable);
        assert_int_equal(str_has_prefix(found.mistake, STR("Syntax Error: ")), cases[i].is_told);
        assert_true(!cases[i].is_told || (found.line == 1 && found.column == 6));
        arena_destroy(arena);
    }
}

static void without_a_query_it_counts_once(void **state)
{
    (void)state;
    struct query_estimate found = estimate((struct request){.method = STR("POST")});
    assert_int_equal(found.points, 1);
    assert_true(found.only_reads && !found.is_unreadable); /* there is nothing, or the gateway does not show it */
    /* Stored ones: nobody here knows what they do. */
    static const struct {
        const char *type, *query, *body;
    } stored[] = {
        {JSON, "", "{\"id\":\"a7f\",\"variables\":{\"n\":3}}"},
        {JSON, "", "{\"query\":\"\",\"extensions\":{\"persistedQuery\":{}}}"},
        {JSON, "", "{\"query\":null,\"id\":\"1\"}"},
        {"application/x-www-form-urlencoded", "", "id=a7f"},
        {NULL, "id=a7f", ""},
        {NULL, "extensions=%7B%7D&variables=&operationName=", ""},
    };
    for (size_t i = 0; i < COUNT(stored); i++) {
        found = estimate((struct request){.content_type = str_of(stored[i].type),
                                          .query = str_of(stored[i].query),
                                          .body = str_of(stored[i].body)});
        assert_int_equal(found.points, 1);
        assert_false(found.only_reads || found.is_unreadable);
    }
}

static void only_queries_read(void **state)
{
    (void)state;
    assert_true(estimate_body(JSON, "{\"query\":\"{a}\"}").only_reads);
    assert_false(estimate_body(JSON, "{\"query\":\"mutation{a}\"}").only_reads);
    assert_false(estimate_body(JSON, "[{\"query\":\"{a}\"},{\"query\":\"mutation{a}\"}]").only_reads);
    assert_false(estimate_body(JSON, "[{\"query\":\"{a}\"},{\"id\":\"1\"}]").only_reads);
    assert_false(estimate_body("application/graphql", "query A{a} mutation B{b}").only_reads);
    assert_true(estimate_body(JSON, "{\"query\":\"query A{a} mutation B{b}\",\"operationName\":\"A\"}").only_reads);
}

static void what_another_server_could_read_otherwise_is_unreadable(void **state)
{
    static const struct {
        const char *type;
        const char *body;
    } bodies[] = {
        {JSON, "{\"query\":\"" POSTS "\",\"query\":\"{a}\"}"},
        {JSON, "{\"query\":\"{a}\",\"Query\":\"" POSTS "\"}"},
        {JSON, "{\"query\":\"{a}\",\"variable\xc5\xbf\":{\"n\":9}}"},
        {JSON, "{\"query\":\"query($n:Int){a(first:$n){b}}\",\"variables\":\"{\\\"n\\\":900}\"}"},
        {JSON, "{\"query\":\"" POSTS "\"} {}"},
        {JSON, "\xef\xbb\xbf{\"query\":\"" POSTS "\"}"},
        {JSON, "{\"query\":\"" POSTS "\",\"x\":1e999}"},
        {JSON, "{\"query\":\"" POSTS "\",\"x\":\"\\ud800\"}"},
        {JSON, "{\"query\":[\"" POSTS "\"]}"},
        {JSON, "{\"query\":\"" POSTS "\",\"operationName\":1}"},
        {"application/json; charset=utf-7", "{\"query\":\"{a}\",\"x\":\"+ACI-,+ACI-query+ACI-:+ACI-" POSTS "\"}"},
        {"application/json; charset=utf-8; charset=utf-16", "{\"query\":\"{a}\"}"},
        {NULL, "{\"query\":\"{a}\",\"x\":\"&query=" POSTS "&\"}"},
        {"application/x-www-form-urlencoded", "query={a}&+query=" POSTS},
        {"application/x-www-form-urlencoded", "query={a}&query%00x=" POSTS},
        {"application/x-www-form-urlencoded", "x=1;query=" POSTS},
        {JSON, "[[[[[[[[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]]]]]]]]"},
        {JSON, "[1]"},
        {JSON, "\"" POSTS "\""},
        {JSON, "query=" POSTS},
        {JSON, POSTS},
        {JSON, "{\"query\":\"{a(first:\"}"},
        {NULL, POSTS},
        {"text/plain", "{\"query\":\"" POSTS "\"}"},
        {"multipart/form-data; boundary=b",
         "--b\r\nContent-Disposition: form-data; name=operations\r\n\r\n{}\r\n--b--"},
        {"application/x-www-form-urlencoded", "{\"query\":\"" POSTS "\"}"},
        {"application/x-www-form-urlencoded", "query={a}&query=" POSTS},
        {"application/x-www-form-urlencoded", "query[]=" POSTS},
        {"application/graphql", "{\"query\":\"" POSTS "\"}"},
        {"application/graphql", "\"d\" " POSTS},
    };
    static const char *const addresses[] = {"query={a}&query=" POSTS,
                                            "QUERY=" POSTS,
                                            "query=" POSTS "&x=%zz",
                                            "x=%zz&query=" POSTS,
                                            "query[0]=" POSTS,
                                            "query=" POSTS "&variables=1",
                                            "query={a(",
                                            "query={a}&%71uery=" POSTS,
                                            "x=1;query=" POSTS,
                                            "%20query=" POSTS,
                                            "query={a}&variables={n}"};
    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++)
        assert_is_unreadable((struct request){
            .method = STR("POST"), .content_type = str_of(bodies[i].type), .body = str_of(bodies[i].body)});
    for (size_t i = 0; i < COUNT(addresses); i++)
        assert_is_unreadable((struct request){.method = STR("GET"), .query = str_of(addresses[i])});
}

/* Some servers prefer what stands in the address. */
static void an_address_says_nothing_beside_a_body(void **state)
{
    static const char *const addresses[] = {"query={a}", "variables={\"n\":9}", "operationName=B", "Variables={}",
                                            "x=1;query={a}"};
    struct request request = {
        .method = STR("POST"), .content_type = STR(JSON), .body = STR("{\"query\":\"{a}\"}"), .query = STR("page=1")};
    (void)state;
    assert_false(estimate(request).is_unreadable);
    request.body = STR("{\"query\":\"query A{a}\",\"operationName\":\"A\"}");
    request.query = STR("operationName=A&variables=");
    assert_false(estimate(request).is_unreadable);
    for (size_t i = 0; i < COUNT(addresses); i++) {
        request.query = str_of(addresses[i]);
        assert_is_unreadable(request);
    }
}

static void what_is_compressed_or_cut_is_unreadable(void **state)
{
    static const struct {
        struct request_field field;
        bool is_unreadable;
    } cases[] = {
        {{STR_INIT("Content-Encoding"), STR_INIT("gzip")}, true},
        {{STR_INIT("content-encoding"), STR_INIT("identity, br")}, true},
        {{STR_INIT("Content-Encoding"), STR_INIT("Identity")}, false},
        {{STR_INIT("x-envoy-auth-partial-body"), STR_INIT("true")}, true},
        {{STR_INIT("x-envoy-auth-partial-body"), STR_INIT("false")}, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct request request = {.method = STR("POST"),
                                  .content_type = STR(JSON),
                                  .body = STR("{\"query\":\"{a}\"}"),
                                  .fields = &cases[i].field,
                                  .field_count = 1};
        assert_int_equal(estimate(request).is_unreadable, cases[i].is_unreadable);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_costs_the_same_however_it_comes),
        cmocka_unit_test(a_mistake_of_grammar_is_told),
        cmocka_unit_test(without_a_query_it_counts_once),
        cmocka_unit_test(only_queries_read),
        cmocka_unit_test(what_another_server_could_read_otherwise_is_unreadable),
        cmocka_unit_test(an_address_says_nothing_beside_a_body),
        cmocka_unit_test(what_is_compressed_or_cut_is_unreadable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
