/* Which header fields of a forwarded request and of its answer go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "http/message.h"
#include "http/stream.h"

static const struct upstream_target target = {.url = STR_INIT("http://127.0.0.1:1")};
static const struct upstream_target passing = {.url = STR_INIT("http://127.0.0.1:1"), .passes_authorization = true};

struct sent {
    struct arena *arena;
    struct curl_slist *lines;
};

static struct sent forward(const struct request_field *fields, size_t count, const struct upstream_target *where)
{
    struct arena *arena = arena_create();
    struct exchange exchange = {.arena = arena, .id = STR("0123456789abcdef")};
    const struct request_field identity[] = {{STR("X-Jeton-Client"), STR("c1")}};
    const struct upstream_request request = {
        .target = where, .scheme = STR("https"), .added = identity, .added_count = 1};
    exchange.request = (struct request){.method = STR("GET"),
                                        .path = STR("/"),
                                        .body = STR(""),
                                        .authority = STR("api.example:443"),
                                        .client_address = STR("192.0.2.7"),
                                        .fields = fields,
                                        .field_count = count};
    return (struct sent){arena, fields_forward(arena, &exchange, &request, STR("1.1 jeton-1"))};
}

static unsigned count_lines(const struct sent *sent, const char *line)
{
    unsigned count = 0;
    for (const struct curl_slist *item = sent->lines; item; item = item->next)
        count += strcmp(item->data, line) == 0;
    return count;
}

static bool has_text(const struct sent *sent, const char *text)
{
    for (const struct curl_slist *item = sent->lines; item; item = item->next)
        if (strstr(item->data, text))
            return true;
    return false;
}

static void what_is_end_to_end_goes_on(void **state)
{
    (void)state;
    const struct request_field fields[] = {{STR("Accept"), STR("text/plain")},
                                           {STR("X-Empty"), STR("")},
                                           {STR("Cookie"), STR("a=1")},
                                           {STR("Cookie"), STR("b=2")},
                                           {STR("Via"), STR("1.0 fred")}};
    struct sent sent = forward(fields, 5, &target);
    assert_int_equal(count_lines(&sent, "Accept: text/plain"), 1);
    assert_int_equal(count_lines(&sent, "Accept:"), 0);
    assert_int_equal(count_lines(&sent, "X-Empty;"), 1);
    assert_int_equal(count_lines(&sent, "Cookie: a=1") + count_lines(&sent, "Cookie: b=2"), 2);
    assert_int_equal(count_lines(&sent, "Via: 1.0 fred, 1.1 jeton-1"), 1);
    assert_int_equal(count_lines(&sent, "X-Forwarded-For: 192.0.2.7"), 1);
    assert_int_equal(count_lines(&sent, "X-Forwarded-Proto: https"), 1);
    assert_int_equal(count_lines(&sent, "X-Forwarded-Host: api.example:443"), 1);
    assert_int_equal(count_lines(&sent, "X-Request-Id: 0123456789abcdef"), 1);
    assert_int_equal(count_lines(&sent, "X-Jeton-Client: c1"), 1);
    arena_destroy(sent.arena);
}

/* [RFC9110 7.6.1] */
static void what_is_of_one_connection_stays(void **state)
{
    (void)state;
    static const char *const names[] = {"Connection",
                                        "keep-alive",
                                        "Proxy-Connection",
                                        "Proxy-Authorization",
                                        "TE",
                                        "Trailer",
                                        "Transfer-Encoding",
                                        "Upgrade",
                                        "Content-Length",
                                        "Expect",
                                        "HTTP2-Settings",
                                        "X-Listed",
                                        "transfer_encoding",
                                        "x-LISTED"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const struct request_field fields[] = {{STR("Connection"), STR("close, X-Listed , x-jeton-client")},
                                               {str_of(names[i]), STR("evil")}};
        struct sent sent = forward(fields, 2, &target);
        assert_false(has_text(&sent, "evil"));
        assert_int_equal(count_lines(&sent, "X-Jeton-Client: c1"), 1);
        arena_destroy(sent.arena);
    }
}

static void claims_stay_however_they_are_spelled(void **state)
{
    (void)state;
    static const char *const names[] = {
        "X-Jeton-Client",  "x_jeton_client",    "X.Jeton-Scope", "X-Jeton-",
        "X-Forwarded-For", "X_Forwarded_Proto", "Forwarded",     "Proxy",
        "X-Original-URI",  "X-Rewrite-Url",     "x-http-method", "X-HTTP-Method-Override",
        "X-Real-IP",       "X-Request-Id",      "X_Request_Id",  "Host"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const struct request_field fields[] = {{str_of(names[i]), STR("evil")}};
        struct sent sent = forward(fields, 1, &target);
        if (has_text(&sent, "evil"))
            fail_msg("%s went on", names[i]);
        arena_destroy(sent.arena);
    }
}

static void authorization_goes_on_where_it_may(void **state)
{
    (void)state;
    const struct request_field fields[] = {{STR("Authorization"), STR("Bearer t")}};
    struct sent kept = forward(fields, 1, &target);
    struct sent passed = forward(fields, 1, &passing);
    assert_false(has_text(&kept, "Bearer"));
    assert_int_equal(count_lines(&passed, "Authorization: Bearer t"), 1);
    arena_destroy(kept.arena);
    arena_destroy(passed.arena);
}

static void answers_lose_what_is_not_the_clients(void **state)
{
    (void)state;
    const struct str connection = STR("X-Hop, close");
    assert_true(fields_may_return(STR("Set-Cookie"), connection));
    assert_true(fields_may_return(STR("Date"), STR_NONE));
    assert_true(fields_may_return(STR("X-Hop"), STR_NONE));
    assert_false(fields_may_return(STR("x-hop"), connection));
    assert_false(fields_may_return(STR("Content-Length"), connection));
    assert_false(fields_may_return(STR("Transfer-Encoding"), connection));
    assert_false(fields_may_return(STR("X-Jeton-Cost"), connection));
    assert_false(fields_may_return(STR("X-Request-Id"), connection));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_end_to_end_goes_on),           cmocka_unit_test(what_is_of_one_connection_stays),
        cmocka_unit_test(claims_stay_however_they_are_spelled), cmocka_unit_test(authorization_goes_on_where_it_may),
        cmocka_unit_test(answers_lose_what_is_not_the_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
