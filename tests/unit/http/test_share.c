/* Replies that a worker keeps and gives again. */
#include "fixture.h"

#include <dlfcn.h>
#include <microhttpd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"

#define ASK         "GET /shared HTTP/1.1\r\nHost: a\r\n\r\n"
#define CONNECTIONS 6
#define PIPELINED   8

static struct fixture fixture;
static struct reply reply;

/* These stand before libmicrohttpd's own. */
static atomic_bool has_no_memory_for_reply;
static atomic_bool has_no_memory_for_header;

struct MHD_Response *MHD_create_response_from_buffer(size_t len, void *bytes, enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *(*real)(size_t len, void *bytes, enum MHD_ResponseMemoryMode mode);
    *(void **)&real = dlsym(RTLD_NEXT, "MHD_create_response_from_buffer");
    return atomic_load(&has_no_memory_for_reply) ? NULL : real(len, bytes, mode);
}

enum MHD_Result MHD_add_response_header(struct MHD_Response *response, const char *name, const char *value)
{
    enum MHD_Result (*real)(struct MHD_Response * response, const char *name, const char *value);
    *(void **)&real = dlsym(RTLD_NEXT, "MHD_add_response_header");
    return atomic_load(&has_no_memory_for_header) ? MHD_NO : real(response, name, value);
}

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
    atomic_store(&has_no_memory_for_reply, false);
    atomic_store(&has_no_memory_for_header, false);
    fixture_stop(&fixture);
    return 0;
}

static void assert_shared(const struct reply *got)
{
    assert_int_equal(got->status, 200);
    assert_string_equal(got->body, "shared");
    assert_string_equal(reply_header(got, "Content-Type"), "text/plain");
    assert_string_equal(reply_header(got, "X-Good"), "yes");
}

/* Reads a shared reply and adds its id to the `count` ones before, which must all differ. */
static void read_distinct(int fd, char ids[][17], size_t count)
{
    assert_true(client_read(fd, &reply));
    assert_shared(&reply);
    const char *id = reply_header(&reply, "X-Request-Id");
    assert_int_equal(strlen(id), 16);
    assert_null(strstr(strstr(reply.head, "X-Request-Id") + 1, "X-Request-Id")); /* one alone */
    for (size_t i = 0; i < count; i++)
        assert_string_not_equal(ids[i], id);
    memcpy(ids[count], id, 17);
}

static void each_use_has_an_id_of_its_own(void **state)
{
    (void)state;
    static char ids[CONNECTIONS * PIPELINED][17];
    int fds[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        fds[i] = client_connect(&fixture);
        client_say(fds[i], ASK ASK ASK ASK ASK ASK ASK ASK);
    }
    for (size_t i = 0; i < CONNECTIONS * PIPELINED; i++)
        read_distinct(fds[i % CONNECTIONS], ids, i);
    /* All but the first of each worker. */
    assert_true(atomic_load(&fixture.given_count) >= CONNECTIONS * PIPELINED - fixture.options.worker_count);
    for (int i = 0; i < CONNECTIONS; i++)
        close(fds[i]);
}

/* [RFC9110 9.3.2] HEAD: the same head, no content. */
static void head_of_it_has_no_body(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    for (int i = 0; i < 2; i++) {
        client_say(fd, "HEAD /shared HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_true(client_read_head(fd, &reply));
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply_header(&reply, "Content-Length"), "6");
        client_say(fd, ASK);
        assert_true(client_read(fd, &reply));
        assert_shared(&reply);
    }
    assert_int_equal(atomic_load(&fixture.given_count), 3);
    close(fd);
}

/* Each use has those of its own exchange: others, fewer, the same again, none; each of them once. */
static void headers_that_vary_are_each_uses_own(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        const char *values[3];
    } cases[] = {{"?a,b", {"a", "b", ""}}, {"?a,c", {"a", "c", ""}},
                 {"?a,c", {"a", "c", ""}}, {"?d", {"d", "", ""}},
                 {"", {"", "", ""}},       {"?e,f,g", {"e", "f", "g"}},
                 {"?e", {"e", "", ""}},    {"?longer-than-e", {"longer-than-e", "", ""}}};
    static const char *const names[] = {"X-Varies-0", "X-Varies-1", "X-Varies-2"};
    int fd = client_connect(&fixture);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char request[100];
        snprintf(request, sizeof request, "GET /shared%s HTTP/1.1\r\nHost: a\r\n\r\n", cases[i].query);
        client_send(fd, str_of(request));
        assert_true(client_read(fd, &reply));
        assert_shared(&reply);
        for (size_t n = 0; n < 3; n++) {
            assert_string_equal(reply_header(&reply, names[n]), cases[i].values[n]);
            const char *at = strstr(reply.head, names[n]);
            assert_true(!at || !strstr(at + 1, names[n]));
        }
    }
    close(fd);
}

static void draining_says_close_all_the_same(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_say(fd, ASK ASK "GET /shared HTTP/1.1\r\nHo");
    for (int i = 0; i < 2; i++) {
        assert_true(client_read(fd, &reply));
        assert_string_equal(reply_header(&reply, "Connection"), "");
    }
    server_drain(fixture.server);
    client_say(fd, "st: a\r\n\r\n");
    assert_true(client_read(fd, &reply));
    assert_shared(&reply);
    assert_string_equal(reply_header(&reply, "Connection"), "close");
    assert_true(client_sees_end(fd));
    assert_int_equal(atomic_load(&fixture.given_count), 1);
    close(fd);
}

/* Old clients hear that the connection ends, or that it stays. */
static void version_decides_on_the_connection(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    client_say(fd, ASK "GET /shared HTTP/1.0\r\n\r\n");
    assert_true(client_read(fd, &reply));
    assert_true(client_read(fd, &reply));
    assert_shared(&reply);
    assert_string_equal(reply_header(&reply, "Connection"), "close");
    assert_true(client_sees_end(fd));
    assert_int_equal(atomic_load(&fixture.given_count), 1);
    close(fd);
}

static void reply_without_memory_ends_the_connection(void **state)
{
    (void)state;
    int fd = client_connect(&fixture);
    atomic_store(&has_no_memory_for_reply, true);
    client_say(fd, ASK);
    assert_true(client_sees_end(fd));
    close(fd);
    atomic_store(&has_no_memory_for_reply, false);
    assert_int_equal(client_status(&fixture, STR(ASK), &reply), 200);
    assert_shared(&reply);
}

/* Without Cache-Control, or the id that the log has, it is another reply. */
static void reply_without_its_headers_does_not_leave(void **state)
{
    (void)state;
    int kept = client_connect(&fixture);
    client_say(kept, ASK);
    assert_true(client_read(kept, &reply));
    int other = client_connect(&fixture);
    atomic_store(&has_no_memory_for_header, true);
    client_say(kept, ASK);
    assert_true(client_sees_end(kept));
    client_say(other, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(client_sees_end(other));
    close(kept);
    close(other);
    atomic_store(&has_no_memory_for_header, false);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(client_status(&fixture, STR(ASK), &reply), 200);
        assert_shared(&reply);
        assert_int_equal(strlen(reply_header(&reply, "X-Request-Id")), 16);
    }
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(each_use_has_an_id_of_its_own),
        RULE(head_of_it_has_no_body),
        RULE(headers_that_vary_are_each_uses_own),
        RULE(draining_says_close_all_the_same),
        RULE(version_decides_on_the_connection),
        RULE(reply_without_memory_ends_the_connection),
        RULE(reply_without_its_headers_does_not_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
