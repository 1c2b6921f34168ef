#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"

static struct fixture fixture;
static struct reply reply;

static int set_up(void **state)
{
    (void)state;
    fixture_init(&fixture);
    fixture_start(&fixture);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_stop(&fixture);
    return 0;
}

/* Restarts with what the test has changed in fixture.options. */
static void restart(void)
{
    struct server_options options = fixture.options;
    fixture_stop(&fixture);
    fixture_init(&fixture);
    options.arg = fixture.options.arg;
    fixture.options = options;
    fixture_start(&fixture);
}

static void assert_seen(const char *line)
{
    if (!strstr(reply.body, line))
        fail_msg("no %s in:\n%s", line, reply.body);
}

static void keep_alive_serves_one_after_another(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    for (int i = 0; i < 3; i++) {
        client_say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        assert_true(client_read(fd, &reply));
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply.body, "hello");
        assert_string_equal(reply_header(&reply, "Content-Type"), "text/plain");
    }
    close(fd);
}

static void each_reply_has_an_id_of_its_own(void **state)
{
    (void)state;
    char first[17];
    assert_int_equal(client_status(&fixture, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), &reply), 200);
    snprintf(first, sizeof(first), "%s", reply_header(&reply, "X-Request-Id"));
    assert_int_equal(strlen(reply_header(&reply, "X-Request-Id")), 16);
    assert_int_equal(strspn(first, "0123456789abcdef"), 16);
    assert_int_equal(client_status(&fixture, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), &reply), 200);
    assert_string_not_equal(reply_header(&reply, "X-Request-Id"), first);
}

/* [RFC9112 3.2] Path and query as they came. */
static void target_is_raw(void **state)
{
    (void)state;
    client_status(&fixture, STR("GET /a%2Fb//../c?x=%41&y HTTP/1.1\r\nHost: a\r\n\r\n"), &reply);
    assert_seen("target=/a%2Fb//../c?x=%41&y\npath=/a%2Fb//../c\nquery=x=%41&y\n");
    client_status(&fixture, STR("GET /a? HTTP/1.1\r\nHost: a\r\n\r\n"), &reply);
    assert_seen("path=/a\nquery=\n");
    client_status(&fixture, STR("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"), &reply);
    assert_seen("query=(absent)\n");
}

/* [RFC9110 7.2] Host and authority. */
static void host_is_lower_case_without_port(void **state)
{
    (void)state;
    client_status(&fixture, STR("GET / HTTP/1.1\r\nHost: Auth.Example:8080\r\n\r\n"), &reply);
    assert_seen("host=auth.example\nauthority=Auth.Example:8080\n");
    client_status(&fixture, STR("GET / HTTP/1.1\r\nhost:[::1]:80\r\n\r\n"), &reply);
    assert_seen("host=[::1]\nauthority=[::1]:80\n");
    client_status(&fixture, STR("GET / HTTP/1.0\r\n\r\n"), &reply);
    assert_seen("host=(absent)\n");
}

/* [RFC9112 3.2] When the target is absolute, the received Host MUST be ignored. */
static void absolute_target_outranks_host(void **state)
{
    (void)state;
    client_status(&fixture, STR("GET HTTP://B.example:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n"), &reply);
    assert_seen("path=/p\nquery=q\nhost=b.example\nauthority=B.example:81\n");
    client_status(&fixture, STR("GET http://b.example?q HTTP/1.1\r\nHost: a\r\n\r\n"), &reply);
    assert_seen("path=/\nquery=q\nhost=b.example\n");
}

static void headers_are_found_whatever_their_case(void **state)
{
    (void)state;
    client_status(&fixture,
                  STR("GET / HTTP/1.1\r\nHost: a\r\nX-TEST: \t one \r\nx-test: two\r\nAUTHORIZATION: Bearer t\r\n"
                      "content-type: text/x\r\n\r\n"),
                  &reply);
    assert_seen("x=one\n");
    assert_seen("authorization=Bearer t\ncontent_type=text/x\n");
    client_status(&fixture, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), &reply);
    assert_seen("authorization=(absent)\n");
}

static void any_method_reaches_the_handler(void **state)
{
    (void)state;
    assert_int_equal(client_status(&fixture, STR("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n"), &reply), 200);
    assert_seen("method=BREW\n");
    assert_int_equal(client_status(&fixture, STR("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), &reply), 200);
    assert_seen("path=*\n");
}

static void head_has_no_body(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_say(fd, "HEAD /headers HTTP/1.1\r\nHost: a\r\n\r\nGET /headers HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(client_read_head(fd, &reply));
    assert_string_equal(reply_header(&reply, "Content-Length"), "7");
    assert_true(client_read(fd, &reply));
    assert_string_equal(reply.body, "headers");
    close(fd);
}

static void no_content_has_no_body(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_say(fd, "GET /empty HTTP/1.1\r\nHost: a\r\n\r\nGET /headers HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(client_read_head(fd, &reply));
    assert_int_equal(reply.status, 204);
    assert_true(client_read(fd, &reply));
    assert_string_equal(reply.body, "headers");
    close(fd);
}

static void forged_reply_headers_are_left_out(void **state)
{
    (void)state;
    assert_int_equal(client_status(&fixture, STR("GET /headers HTTP/1.1\r\nHost: a\r\n\r\n"), &reply), 200);
    assert_string_equal(reply_header(&reply, "X-Good"), "yes");
    assert_null(strstr(reply.head, "evil"));
    assert_null(strstr(reply.head, "X-Forged"));
    assert_null(strstr(reply.head, "X-Empty"));
    assert_null(strstr(reply.head, "X-Nul"));
}

static void chunked_body_arrives_whole(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    for (int i = 0; i < 2; i++) {
        client_say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                       "5\r\nhello\r\n00A;x=y\r\n, 01234567\r\n0\r\nX-Trailer: t\r\n\r\n");
        assert_true(client_read(fd, &reply));
        assert_string_equal(reply.body, "hello, 01234567");
    }
    close(fd);
}

static void continue_is_said_before_the_body(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_true(client_read_head(fd, &reply));
    assert_int_equal(reply.status, 100);
    client_say(fd, "ok");
    assert_true(client_read(fd, &reply));
    assert_string_equal(reply.body, "ok");
    close(fd);
}

static void old_version_closes_unless_asked(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_say(fd, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_true(client_read(fd, &reply));
    client_say(fd, "GET / HTTP/1.0\r\n\r\n");
    assert_true(client_read(fd, &reply));
    assert_true(client_sees_end(fd));
    close(fd);
}

static void parked_exchange_is_answered_after_resume(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_say(fd, "POST /park HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    fixture_wait_parked(&fixture, 1);
    assert_int_equal(server_load(fixture.server).exchange_count, 1);
    fixture_resume(&fixture, 0);
    assert_true(client_read(fd, &reply));
    assert_string_equal(reply.body, "/park");
    fixture_wait_exchanges(&fixture, 0);
    close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_say(fd,
               "GET /park/1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
               "twoGET /park/3 HTTP/1.1\r\nHost: a\r\n\r\n");
    fixture_wait_parked(&fixture, 1);
    assert_int_equal(server_load(fixture.server).exchange_count, 1);
    fixture_resume(&fixture, 0);
    fixture_wait_parked(&fixture, 2);
    fixture_resume(&fixture, 1);
    static const char *const expected[] = {"/park/1", "two", "/park/3"};
    for (int i = 0; i < 3; i++) {
        assert_true(client_read(fd, &reply));
        assert_string_equal(reply.body, expected[i]);
    }
    close(fd);
}

static void exchange_outlives_its_client_while_parked(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_say(fd, "GET /park/gone HTTP/1.1\r\nHost: a\r\n\r\n");
    fixture_wait_parked(&fixture, 1);
    const struct linger reset = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
    /* The worker runs on and would have noticed the end of a connection that is not parked. */
    for (int i = 0; i < 20; i++)
        assert_int_equal(client_status(&fixture, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), &reply), 200);
    fixture_wait_ended(&fixture, 20);
    assert_true(str_equal(fixture.parked[0]->request.path, STR("/park/gone")));
    arena_str(fixture.parked[0]->arena, STR("still ours"));
    fixture_resume(&fixture, 0);
    fixture_wait_ended(&fixture, 21);
    fixture_wait_exchanges(&fixture, 0);
    fixture_wait_connections(&fixture, 0);
}

static void drain_answers_what_is_under_way_and_closes_the_idle(void **state)
{
    (void)state;
    int busy = client_connect(&fixture);
    int idle = client_connect(&fixture);
    client_say(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(client_read(idle, &reply));
    client_say(busy, "GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
    fixture_wait_parked(&fixture, 1);
    server_drain(fixture.server);
    assert_true(client_sees_end(idle));
    assert_int_equal(server_load(fixture.server).exchange_count, 1);
    fixture_resume(&fixture, 0);
    assert_true(client_read(busy, &reply));
    assert_string_equal(reply.body, "/park");
    assert_string_equal(reply_header(&reply, "Connection"), "close");
    assert_true(client_sees_end(busy));
    close(idle);
    close(busy);
}

static void drain_waits_for_requests_that_have_begun(void **state)
{
    (void)state;
    static const char *const halves[][2] = {
        {"GE", "T / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"GET / HTTP/1.1\r\nHo", "st: a\r\n\r\n"},
        {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel", "lo"},
    };
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = client_connect(&fixture);
        client_send(fds[i], str_of(halves[i][0]));
    }
    server_drain(fixture.server);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(server_load(fixture.server).connection_count, 3 - i);
        client_send(fds[i], str_of(halves[i][1]));
        assert_true(client_read(fds[i], &reply));
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply_header(&reply, "Connection"), "close");
        assert_true(client_sees_end(fds[i]));
        close(fds[i]);
        fixture_wait_connections(&fixture, (unsigned)(2 - i));
    }
}

static void *stop(void *server)
{
    server_stop(server);
    return NULL;
}

/* libmicrohttpd aborts the process when it is stopped with a suspended connection. */
static void stop_waits_for_what_is_parked(void **state)
{
    (void)state;
    pthread_t stopper;
    int parked = client_connect(&fixture);
    client_say(parked, "GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
    fixture_wait_parked(&fixture, 1);
    int late = client_connect(&fixture);
    client_say(late, "POST /park HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh");
    int probe = client_connect(&fixture);
    assert_int_equal(pthread_create(&stopper, NULL, stop, fixture.server), 0);
    do {
        client_say(probe, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    } while (client_read(probe, &reply));
    client_say(late, "i"); /* is parked no more */
    assert_true(client_sees_end(late));
    fixture_resume(&fixture, 0);
    assert_true(client_read(parked, &reply));
    assert_string_equal(reply.body, "/park");
    pthread_join(stopper, NULL);
    fixture.server = NULL;
    assert_int_equal(fixture.parked_count, 1);
    close(parked);
    close(late);
    close(probe);
}

static void connections_beyond_the_limit_wait_their_turn(void **state)
{
    (void)state;
    fixture.options.connection_max = 3;
    restart();
    int fds[4];
    for (int i = 0; i < 4; i++) {
        fds[i] = client_connect(&fixture);
        client_say(fds[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for (int i = 0; i < 3; i++)
        assert_true(client_read(fds[i], &reply));
    assert_int_equal(server_load(fixture.server).connection_count, 3);
    close(fds[0]);
    assert_true(client_read(fds[3], &reply));
    for (int i = 1; i < 4; i++)
        close(fds[i]);
}

/* [RFC6761 6.3] "localhost" is loopback, whatever the hosts file says. */
static void localhost_listens_on_every_loopback(void **state)
{
    (void)state;
    fixture.options.address = STR("localhost:0");
    restart();
    assert_true(server_port(fixture.server) > 0);
    assert_int_equal(client_status(&fixture, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), &reply), 200);
    int fd = client_connect_ipv6(&fixture);
    if (fd < 0) {
        print_message("no IPv6 loopback on this machine\n");
        return;
    }
    client_say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(client_read(fd, &reply));
    assert_seen("client_address=::1\n");
    close(fd);
}

static void taken_or_foreign_address_is_told(void **state)
{
    (void)state;
    struct server_options options = fixture.options;
    struct str error = STR_NONE;
    options.address = arena_printf(fixture.arena, "127.0.0.1:%u", server_port(fixture.server));
    assert_null(server_start(&options, fixture.arena, &error));
    assert_non_null(strstr(error.ptr, "Address already in use"));
    static const char *const wrong[] = {"localhost",     "127.0.0.1:", "127.0.0.1:65536", ":80",
                                        "203.0.113.1:0", "[::1:80",    "127.0.0.1:-0",    "127.0.0.1:000080"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        options.address = str_of(wrong[i]);
        error = STR_NONE;
        assert_null(server_start(&options, fixture.arena, &error));
        assert_true(error.len > 0);
    }
}

static void proxies_are_believed_only_when_trusted(void **state)
{
    (void)state;
    const struct str request =
        STR("GET / HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-For: 10.9.9.9\r\n"
            "X-Forwarded-Host: Auth.Example:8443\r\n\r\n");
    client_status(&fixture, request, &reply);
    assert_seen("host=inner\nauthority=inner\n");
    assert_seen("client_address=127.0.0.1\n");
    const struct str proxies[] = {STR("127.0.0.0/8"), STR("10.0.0.0/8")};
    fixture.options.trusted_proxies = proxies;
    fixture.options.trusted_proxy_count = 2;
    restart();
    client_status(&fixture, request, &reply);
    assert_seen("host=auth.example\nauthority=Auth.Example:8443\n");
    assert_seen("client_address=192.0.2.7\n");
}

/* As many as the machine lets us have descriptors for, on both sides. */
static unsigned idle_count(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur >= 2 * 4000 + 200 ? 4000 : (unsigned)(limit.rlim_cur - 200) / 2;
}

static void idle_thousands_do_not_hold_up_others(void **state)
{
    (void)state;
    unsigned count = idle_count();
    if (count < 4000)
        print_message("only %u idle connections: the descriptor limit is low\n", count);
    fixture.options.connection_max = count + 10;
    restart();
    int *fds = arena_array(fixture.arena, int, count);
    for (unsigned i = 0; i < count; i++)
        fds[i] = client_connect(&fixture);
    fixture_wait_connections(&fixture, count);
    for (int i = 0; i < 100; i++)
        assert_int_equal(client_status(&fixture, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), &reply), 200);
    for (unsigned i = 0; i < count; i += count / 20) {
        client_say(fds[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_true(client_read(fds[i], &reply));
    }
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
    fixture_wait_connections(&fixture, 0);
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(keep_alive_serves_one_after_another),
        RULE(each_reply_has_an_id_of_its_own),
        RULE(target_is_raw),
        RULE(host_is_lower_case_without_port),
        RULE(absolute_target_outranks_host),
        RULE(headers_are_found_whatever_their_case),
        RULE(any_method_reaches_the_handler),
        RULE(head_has_no_body),
        RULE(no_content_has_no_body),
        RULE(forged_reply_headers_are_left_out),
        RULE(chunked_body_arrives_whole),
        RULE(continue_is_said_before_the_body),
        RULE(old_version_closes_unless_asked),
        RULE(parked_exchange_is_answered_after_resume),
        RULE(pipelined_requests_are_answered_in_order),
        RULE(exchange_outlives_its_client_while_parked),
        RULE(drain_answers_what_is_under_way_and_closes_the_idle),
        RULE(drain_waits_for_requests_that_have_begun),
        RULE(stop_waits_for_what_is_parked),
        RULE(connections_beyond_the_limit_wait_their_turn),
        RULE(localhost_listens_on_every_loopback),
        RULE(taken_or_foreign_address_is_told),
        RULE(proxies_are_believed_only_when_trusted),
        RULE(idle_thousands_do_not_hold_up_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
