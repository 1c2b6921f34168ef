/*
 * What libmicrohttpd 0.9.75 would answer by itself, the handler answers; and nobody else notices.
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"

/* More than a worker holds at once. */
#define CROWD_MAX               100
#define REQUEST_TIMEOUT_SECONDS 2

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
    fixture.options.request_timeout_seconds = REQUEST_TIMEOUT_SECONDS;
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
    return arena_printf(fixture.arena, "%.*s%.*s%.*s", STR_ARGS(a), STR_ARGS(b), STR_ARGS(c));
}

/* The handler's words, all that every reply has, and nothing behind them but the end. */
static void assert_refusal_comes(int fd, int status)
{
    assert_true(client_read(fd, &reply));
    assert_int_equal(reply.status, status);
    assert_string_equal(reply.body, "limit");
    assert_string_equal(reply_header(&reply, "Content-Type"), "text/plain");
    assert_string_equal(reply_header(&reply, "Connection"), "close");
    assert_int_equal(strlen(reply_header(&reply, "X-Request-Id")), 16);
    assert_int_equal(strlen(reply_header(&reply, "Date")), strlen("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_true(client_sees_end(fd));
    close(fd);
}

static void assert_refused(struct str bytes, int status)
{
    int fd = client_connect(&fixture);
    client_send(fd, bytes);
    assert_refusal_comes(fd, status);
}

static void assert_answered(int fd)
{
    assert_true(client_read(fd, &reply));
    assert_int_equal(reply.status, 200);
}

static struct str long_field(size_t len)
{
    return join(STR("GET / HTTP/1.1\r\nHost: a\r\nX: "), repeat("x", len), STR("\r\n\r\n"));
}

static struct str many_fields(size_t count)
{
    return join(STR("GET / HTTP/1.1\r\nHost: a\r\n"), repeat("X-N: y\r\n", count), STR("\r\n"));
}

static struct str long_target(size_t len)
{
    return join(STR("GET /"), repeat("a", len), STR(" HTTP/1.1\r\nHost: a\r\n\r\n"));
}

/* From our limits to far behind libmicrohttpd's: nobody can tell where one ends and the other begins. */
static void every_size_past_the_limit_is_refused_alike(void **state)
{
    (void)state;
    for (size_t len = 4096; len < 16384; len += 487) {
        assert_refused(long_field(len), 431);
        assert_refused(long_target(len), 414);
    }
    for (size_t count = 20; count < 400; count += 19)
        assert_refused(many_fields(count), 431);
    assert_refused(long_field(100000), 431);
    assert_refused(long_target(100000), 414);
    assert_refused(many_fields(3000), 431);
    assert_refused(repeat("a", 100000), 414);
}

static void long_head_that_drips_is_refused(void **state)
{
    (void)state;
    struct str heads[] = {long_field(16384), long_target(16384), many_fields(1000)};
    const int statuses[] = {431, 414, 431};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        int fd = client_connect(&fixture);
        for (size_t at = 0; at < heads[i].len; at += 100)
            client_send(fd, str_slice(heads[i], at, 100));
        assert_refusal_comes(fd, statuses[i]);
    }
}

static void second_request_is_refused_too(void **state)
{
    (void)state;
    struct str heads[] = {long_field(30000), long_target(30000), many_fields(1000), STR("GET / HTTP/9.9\r\n\r\n")};
    const int statuses[] = {431, 414, 431, 505};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        int fd = client_connect(&fixture);
        client_say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
        assert_answered(fd);
        client_send(fd, heads[i]);
        assert_refusal_comes(fd, statuses[i]);
    }
}

static void pipelined_request_is_refused_behind_its_good_ones(void **state)
{
    (void)state;
    struct str good = STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    struct str chunked =
        STR("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
    struct str heads[] = {long_field(30000), long_target(30000), many_fields(1000), STR("GET / HTTP/9.9\r\n\r\n"),
                          STR("GET /\r\n\r\n")};
    const int statuses[] = {431, 414, 431, 505, 400};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        int fd = client_connect(&fixture);
        client_send(fd, join(good, chunked, heads[i]));
        assert_answered(fd);
        assert_answered(fd);
        assert_refusal_comes(fd, statuses[i]);
    }
}

/* [RFC9110 9.3.2] */
static void reply_to_head_has_no_body(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_send(fd, join(STR("HEAD / HTTP/1.1\r\nHost: a\r\nX: "), repeat("x", 30000), STR("\r\n\r\n")));
    assert_true(client_read_head(fd, &reply));
    assert_int_equal(reply.status, 431);
    assert_string_equal(reply_header(&reply, "Content-Length"), "5");
    assert_true(client_sees_end(fd));
    close(fd);
}

/* [RFC9112 2.3, 3] */
static void what_is_no_request_line_is_refused(void **state)
{
    (void)state;
    assert_refused(STR("GET / HTTP/9.9\r\n\r\n"), 505);
    assert_refused(STR("GET / HTTP/0.9\r\n\r\n"), 505);
    assert_refused(STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
    assert_refused(STR("GET / HTTP/1.x\r\n\r\n"), 400);
    assert_refused(STR("GET /\r\n\r\n"), 400);
}

static void line_without_colon_is_refused(void **state)
{
    (void)state;
    assert_refused(STR("GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n"), 400);
    assert_refused(STR("GET / HTTP/1.1\r\nNo colon\r\nHost: a\r\n\r\n"), 400);
}

/* [RFC9112 6.3] Unrecoverable; libmicrohttpd 0.9.75 alone would send the head of its answer twice. */
static void bad_length_is_refused_once(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
    } lengths[] = {{"abc", 400},  {"-1", 400},  {"+5", 400}, {"5x", 400},
                   {"5, 5", 400}, {"0x5", 400}, {"", 400},   {"99999999999999999999", 413}};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        assert_refused(arena_printf(fixture.arena,
                                    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %s\r\n\r\nhello",
                                    lengths[i].text),
                       lengths[i].status);
}

#define CHUNKED "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/* [RFC9112 7.1] */
static void bad_chunks_are_refused(void **state)
{
    (void)state;
    static const char *const chunks[] = {"zz\r\n", "-1\r\n", "0x5\r\nhello\r\n", "5\r\nhelloX\r\n",
                                         ";\r\n",  " 5\r\n", "5\r\nhello\r\nX",  "0\r\nno colon\r\n\r\n"};
    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++)
        assert_refused(arena_printf(fixture.arena, CHUNKED "%s", chunks[i]), 400);
    assert_refused(STR(CHUNKED "fffffffffffffffff\r\n"), 413);
}

/* [RFC9112 7.1.2] What stands behind the last chunk takes libmicrohttpd's memory like any header. */
static void too_many_trailers_are_refused(void **state)
{
    (void)state;
    assert_refused(join(STR(CHUNKED "1\r\nx\r\n0\r\n"), repeat("X-N: y\r\n", 1000), STR("\r\n")), 431);
    assert_refused(join(STR(CHUNKED "0\r\nX: "), repeat("x", 30000), STR("\r\n\r\n")), 431);
}

/* libmicrohttpd 0.9.75 forgets to tell the end of a request that it refuses twice. */
static void two_faults_in_one_head_are_refused_once(void **state)
{
    (void)state;
    for (size_t len = 2000; len < 8000; len += 100)
        assert_int_not_equal(
            client_status(&fixture,
                          join(STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\nCookie: a="),
                               repeat("x", len), STR("\r\n\r\n")),
                          &reply),
            0);
    fixture_wait_connections(&fixture, 0);
    assert_int_equal(server_load(fixture.server).exchange_count, 0);
}

static int64_t processor_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

/* libmicrohttpd 0.9.75 refuses no line of a chunk's size, however long: it asks to be called again and again. */
static void endless_chunk_size_costs_no_processor(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    int64_t began_ns = processor_ns();
    client_send(fd, join(STR(CHUNKED "1;"), repeat("x", 30000), STR("")));
    assert_true(client_read(fd, &reply));
    assert_int_equal(reply.status, 408);
    assert_true(processor_ns() - began_ns < REQUEST_TIMEOUT_SECONDS * INT64_C(1000000000) / 2);
    close(fd);
}

static const struct {
    const char *first;
    const char *rest;
} halves[] = {
    {"GE", "T / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"GET /seen HTTP/1.1\r\nHo", "st: a\r\n\r\n"},
    {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe", "llo"},
    {CHUNKED "5\r\nhe", "llo\r\n0\r\n\r\n"},
    {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n", "\r\n"},
    {"", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
};
#define HALF_COUNT (sizeof(halves) / sizeof(halves[0]))

static void begin_halves(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fds[i] = client_connect(&fixture);
        client_send(fds[i], str_of(halves[i % HALF_COUNT].first));
    }
}

static void complete_halves(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        client_send(fds[i], str_of(halves[i % HALF_COUNT].rest));
        if (strstr(halves[i % HALF_COUNT].first, "100-continue")) {
            assert_true(client_read_head(fds[i], &reply));
            assert_int_equal(reply.status, 100);
            client_say(fds[i], "x");
        }
        assert_answered(fds[i]);
        close(fds[i]);
    }
}

/* More half requests than a worker holds at once, and those of every kind. */
static void others_are_not_blamed(void **state)
{
    (void)state;
    int before[CROWD_MAX];
    int after[CROWD_MAX];
    begin_halves(before, CROWD_MAX);
    for (int i = 0; i < 10; i++) {
        assert_refused(long_field(30000), 431);
        assert_refused(many_fields(1000), 431);
        assert_refused(long_target(30000), 414);
        assert_refused(STR("GET / HTTP/9.9\r\n\r\n"), 505);
        assert_refused(STR(CHUNKED "zz\r\n"), 400);
    }
    begin_halves(after, HALF_COUNT);
    assert_refused(long_target(30000), 414);
    complete_halves(after, HALF_COUNT);
    complete_halves(before, CROWD_MAX);
}

static void parked_requests_are_not_held(void **state)
{
    (void)state;
    int parked = client_connect(&fixture);
    client_say(parked, "GET /park HTTP/1.1\r\nHost: a\r\n\r\n");
    fixture_wait_parked(&fixture, 1);
    for (int i = 0; i < 10; i++) {
        assert_refused(long_field(30000), 431);
        assert_refused(long_target(30000), 414);
    }
    fixture_resume(&fixture, 0);
    assert_answered(parked);
    close(parked);
}

/* Some of them are gone before they are looked at, others at the same time. */
static void many_at_once_are_refused(void **state)
{
    (void)state;
    int fds[CROWD_MAX];
    struct str heads[] = {long_field(30000), long_target(30000), many_fields(1000), STR("GET / HTTP/9.9\r\n\r\n"),
                          STR(CHUNKED "zz\r\n")};
    const int statuses[] = {431, 414, 431, 505, 400};
    for (size_t i = 0; i < CROWD_MAX; i++)
        fds[i] = client_connect(&fixture);
    for (size_t i = 0; i < CROWD_MAX; i++)
        client_send(fds[i], heads[i % 5]);
    for (size_t i = 0; i < CROWD_MAX; i += 7) {
        close(fds[i]);
        fds[i] = -1;
    }
    for (size_t i = 0; i < CROWD_MAX; i++) {
        if (fds[i] >= 0)
            assert_refusal_comes(fds[i], statuses[i % 5]);
    }
    fixture_wait_connections(&fixture, 0);
    assert_int_equal(server_load(fixture.server).exchange_count, 0);
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(every_size_past_the_limit_is_refused_alike),
        RULE(long_head_that_drips_is_refused),
        RULE(second_request_is_refused_too),
        RULE(pipelined_request_is_refused_behind_its_good_ones),
        RULE(reply_to_head_has_no_body),
        RULE(what_is_no_request_line_is_refused),
        RULE(line_without_colon_is_refused),
        RULE(bad_length_is_refused_once),
        RULE(bad_chunks_are_refused),
        RULE(too_many_trailers_are_refused),
        RULE(two_faults_in_one_head_are_refused_once),
        cmocka_unit_test_setup_teardown(endless_chunk_size_costs_no_processor, set_up_impatient, tear_down),
        RULE(others_are_not_blamed),
        RULE(parked_requests_are_not_held),
        RULE(many_at_once_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
