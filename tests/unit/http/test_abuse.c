#include "fixture.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"

#define TOO_SLOW_SECONDS 1

static struct fixture fixture;
static struct reply reply;

static int set_up(void **state)
{
    (void)state;
    fixture_init(&fixture);
    fixture_start(&fixture);
    return 0;
}

static int set_up_impatient(void **state)
{
    (void)state;
    fixture_init(&fixture);
    fixture.options.request_timeout_seconds = TOO_SLOW_SECONDS;
    fixture_start(&fixture);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_stop(&fixture);
    return 0;
}

static struct str repeat(const char *text, size_t count)
{
    size_t len = strlen(text);
    char *all = arena_alloc(fixture.arena, len * count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(all + i * len, text, len);
    return (struct str){all, len * count};
}

static struct str join(struct str a, struct str b, struct str c)
{
    char *all = arena_alloc(fixture.arena, a.len + b.len + c.len + 1);
    memcpy(all, a.ptr, a.len);
    memcpy(all + a.len, b.ptr, b.len);
    memcpy(all + a.len + b.len, c.ptr, c.len);
    return (struct str){all, a.len + b.len + c.len};
}

/* The answer's status; the connection must end behind it, whoever gave it. */
static int refused_status(struct str bytes)
{
    int fd = client_connect(&fixture);
    client_send(fd, bytes);
    int status = client_read(fd, &reply) ? reply.status : 0;
    if (!client_sees_end(fd))
        fail_msg("status %d, and the connection stays open", status);
    close(fd);
    return status;
}

#define assert_handler_refuses(bytes, status)                                                                        \
    do {                                                                                                             \
        assert_int_equal(refused_status(bytes), status);                                                             \
        assert_string_equal(reply.body, "limit");                                                                    \
    } while (0)

static void assert_still_serving(void)
{
    assert_int_equal(client_status(&fixture, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), &reply), 200);
}

static struct str post(size_t body_len)
{
    struct str head =
        arena_printf(fixture.arena, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", body_len);
    return join(head, repeat("x", body_len), STR(""));
}

static void body_at_the_limit_passes_one_above_does_not(void **state)
{
    (void)state;
    assert_int_equal(client_status(&fixture, post(65536), &reply), 200);
    assert_int_equal(reply.body_len, 65536);
    assert_handler_refuses(post(65537), 413);
}

static void much_too_large_body_is_refused_unread(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000000\r\n\r\n");
    assert_true(client_read(fd, &reply));
    assert_int_equal(reply.status, 413);
    assert_true(client_sees_end(fd));
    close(fd);
}

static void too_large_body_is_not_asked_for(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n");
    assert_true(client_read(fd, &reply));
    assert_int_equal(reply.status, 413);
    close(fd);
}

static void chunks_count_towards_the_body_limit(void **state)
{
    (void)state;
    struct str head = STR("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_int_equal(client_status(&fixture, join(head, repeat("1\r\nx\r\n", 1000), STR("0\r\n\r\n")), &reply), 200);
    assert_int_equal(reply.body_len, 1000);
    struct str full = join(STR("10000\r\n"), repeat("x", 65536), STR("\r\n"));
    assert_int_equal(client_status(&fixture, join(head, full, STR("0\r\n\r\n")), &reply), 200);
    assert_handler_refuses(join(head, full, STR("1\r\nx\r\n0\r\n\r\n")), 413);
}

static void endless_chunks_end_the_connection(void **state)
{
    (void)state;
    struct str head = STR("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    struct str piece = join(STR("10000\r\n"), repeat("x", 65536), STR("\r\n"));
    int fd = client_connect(&fixture);
    client_send(fd, head);
    for (int i = 0; i < 40; i++)
        client_send(fd, piece);
    assert_true(client_sees_end(fd));
    close(fd);
    assert_still_serving();
}

static struct str with_fields(size_t count)
{
    return join(STR("GET / HTTP/1.1\r\nHost: a\r\n"), repeat("X-N: y\r\n", count - 1), STR("\r\n"));
}

static void header_count_at_the_limit_passes_one_above_does_not(void **state)
{
    (void)state;
    assert_int_equal(client_status(&fixture, with_fields(20), &reply), 200);
    assert_handler_refuses(with_fields(21), 431);
}

static struct str with_head_len(size_t len)
{
    struct str front = STR("GET / HTTP/1.1\r\nHost: a\r\nX: ");
    return join(front, repeat("y", len - front.len - 4), STR("\r\n\r\n"));
}

static void head_at_the_limit_passes_one_above_does_not(void **state)
{
    (void)state;
    assert_int_equal(client_status(&fixture, with_head_len(4096), &reply), 200);
    assert_handler_refuses(with_head_len(4097), 431);
}

static void long_target_is_refused_as_such(void **state)
{
    (void)state;
    struct str target = repeat("/a", 2049);
    assert_handler_refuses(join(STR("GET "), target, STR(" HTTP/1.1\r\nHost: a\r\n\r\n")), 414);
}

static void query_of_many_arguments_is_just_a_query(void **state)
{
    (void)state;
    struct str query = repeat("a&", 1500);
    assert_int_equal(client_status(&fixture, join(STR("GET /?"), query, STR(" HTTP/1.1\r\nHost: a\r\n\r\n")), &reply),
                     200);
    assert_non_null(strstr(reply.body, "query=a&a&"));
}

/* [RFC9112 6.1, 6.3] Two framings are smuggling; a coding that is not ours ends the request. */
static void conflicting_framing_is_refused(void **state)
{
    (void)state;
    assert_handler_refuses(
        STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
            "0\r\n\r\n"),
        400);
    assert_handler_refuses(
        STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), 400);
    assert_handler_refuses(STR("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
                           400);
    assert_handler_refuses(STR("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                               "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
                           400);
    assert_handler_refuses(STR("POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
}

static void what_may_come_once_is_refused_twice(void **state)
{
    (void)state;
    assert_handler_refuses(STR("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
    assert_handler_refuses(STR("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nauthorization: x\r\n\r\n"), 400);
    assert_handler_refuses(STR("GET / HTTP/1.1\r\nHost: a\r\nContent-Type: x\r\nContent-Type: y\r\n\r\n"), 400);
}

/* [RFC9110 7.2] [RFC9112 3.2] A request without a valid Host MUST be refused with 400. */
static void host_must_be_there_and_well_formed(void **state)
{
    (void)state;
    assert_handler_refuses(STR("GET / HTTP/1.1\r\n\r\n"), 400);
    static const char *const hosts[] = {"",        "a b",  "a/b", "user@a", "a:b",
                                        "a:65536", "[::1", "[a]", "a,\"b",  "a:1:2"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        assert_handler_refuses(arena_printf(fixture.arena, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", hosts[i]), 400);
}

/* [RFC9112 2.2, 5.2] Whatever a proxy in front might read in another way. */
static void head_that_could_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    assert_handler_refuses(STR("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n"), 400);
    assert_handler_refuses(STR("GET / HTTP/1.1\r\nHost: a\r\nContent-Len: 5\r\n gth\r\n\r\n"), 400);
    assert_handler_refuses(STR("GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n"), 400);
    assert_handler_refuses(STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nhello"), 400);
    assert_handler_refuses(STR("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"), 400);
    assert_handler_refuses(STR("GET / HTTP/1.1\r\nHost: a\r\nX\0: a\r\n\r\n"), 400);
    assert_handler_refuses(STR("GET / HTTP/1.1\r\nHost: a\r\n\0Y: b\r\n\r\n"), 400);
    assert_handler_refuses(STR("GET / HTTP/1.1\r\nHost: a\0\r\n\r\n"), 400);
    assert_handler_refuses(STR("GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_handler_refuses(STR("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_handler_refuses(STR("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_handler_refuses(STR("G\0T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_handler_refuses(STR("G@T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_handler_refuses(STR("GET path HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    assert_handler_refuses(STR("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"), 400);
}

static void half_a_request_costs_nothing(void **state)
{
    (void)state;
    static const char *const halves[] = {
        "G", "GET / HTTP/1.1\r\nHo", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhel",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"};
    for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
        int fd = client_connect(&fixture);
        client_send(fd, str_of(halves[i]));
        close(fd);
    }
    assert_still_serving();
    fixture_wait_connections(&fixture, 0);
    assert_int_equal(server_load(fixture.server).exchange_count, 0);
}

/* Sends `first`, then `drop` again and again, `gap_ms` apart, until the server says or does something; how long that
 * took. */
static int64_t drip(int fd, const char *first, const char *drop, int gap_ms)
{
    int64_t began_ns = clock_monotonic_ns();
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    client_send(fd, str_of(first));
    while (poll(&polled, 1, gap_ms) == 0) {
        client_send(fd, str_of(drop));
        assert_true(clock_monotonic_ns() - began_ns < PATIENCE_MS * INT64_C(1000000));
    }
    return (clock_monotonic_ns() - began_ns) / 1000000;
}

static void assert_too_slow(int fd, const char *first, const char *drop)
{
    int64_t took_ms = drip(fd, first, drop, 50);
    assert_in_range(took_ms, TOO_SLOW_SECONDS * 1000, PATIENCE_MS);
    assert_true(client_read(fd, &reply));
    assert_int_equal(reply.status, 408);
    assert_string_equal(reply_header(&reply, "Connection"), "close");
    assert_true(client_sees_end(fd));
    close(fd);
}

static void dripping_request_line_is_ended(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    assert_too_slow(fd, "GET /", "a");
}

static void dripping_header_is_ended(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    assert_too_slow(fd, "GET / HTTP/1.1\r\nHost: a\r\nX: ", "a");
}

static void dripping_body_is_ended(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    assert_too_slow(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", "a");
}

static void silence_after_half_a_request_is_ended(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    assert_too_slow(fd, "GET / HTTP/1.1\r\nHos", "");
}

static void second_request_may_not_drip_either(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_say(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(client_read(fd, &reply));
    assert_too_slow(fd, "", "a");
}

static void idle_connection_is_not_slow(void **state)
{
    (void)state;
    int idle = client_connect(&fixture);
    client_say(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(client_read(idle, &reply));
    dripping_header_is_ended(state);
    client_say(idle, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(client_read(idle, &reply));
    assert_int_equal(reply.status, 200);
    close(idle);
}

/* Whoever drips a request, and the token in it, must not choose when it was asked. */
static void time_is_taken_when_the_request_is_whole(void **state)
{
    (void)state;
    char line[40];
    int fd = client_connect(&fixture);
    client_say(fd, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
    assert_true(client_read_head(fd, &reply));
    assert_int_equal(reply.status, 100); /* the head has been seen */
    int64_t head_at = clock_now();
    while (clock_now() == head_at)
        poll(NULL, 0, 5);
    client_say(fd, "x");
    assert_true(client_read(fd, &reply));
    assert_int_equal(reply.status, 200);
    snprintf(line, sizeof(line), "now=%lld\n", (long long)head_at);
    assert_null(strstr(reply.body, line));
    assert_non_null(strstr(reply.body, "now="));
    close(fd);
}

static void server_may_take_longer_than_the_client(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_say(fd, "GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
    fixture_wait_parked(&fixture, 1);
    dripping_header_is_ended(state);
    fixture_resume(&fixture, 0);
    assert_true(client_read(fd, &reply));
    assert_int_equal(reply.status, 200);
    close(fd);
}

#define RULE(test)           cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define IMPATIENT_RULE(test) cmocka_unit_test_setup_teardown(test, set_up_impatient, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(body_at_the_limit_passes_one_above_does_not),
        RULE(much_too_large_body_is_refused_unread),
        RULE(too_large_body_is_not_asked_for),
        RULE(chunks_count_towards_the_body_limit),
        RULE(endless_chunks_end_the_connection),
        RULE(header_count_at_the_limit_passes_one_above_does_not),
        RULE(head_at_the_limit_passes_one_above_does_not),
        RULE(long_target_is_refused_as_such),
        RULE(query_of_many_arguments_is_just_a_query),
        RULE(conflicting_framing_is_refused),
        RULE(what_may_come_once_is_refused_twice),
        RULE(host_must_be_there_and_well_formed),
        RULE(head_that_could_be_read_in_two_ways_is_refused),
        IMPATIENT_RULE(half_a_request_costs_nothing),
        IMPATIENT_RULE(dripping_request_line_is_ended),
        IMPATIENT_RULE(dripping_header_is_ended),
        IMPATIENT_RULE(dripping_body_is_ended),
        IMPATIENT_RULE(silence_after_half_a_request_is_ended),
        IMPATIENT_RULE(second_request_may_not_drip_either),
        IMPATIENT_RULE(idle_connection_is_not_slow),
        IMPATIENT_RULE(server_may_take_longer_than_the_client),
        RULE(time_is_taken_when_the_request_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
