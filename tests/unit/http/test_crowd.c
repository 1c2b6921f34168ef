/* More connections than the workers can see to. */
#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"

/* More than the inboxes of two workers hold. */
#define NEWCOMERS 1300
#define ROOM      3000
/* So many newer half heads are looked through for a bad length. */
#define LOOKS 64

static struct fixture fixture;
static struct reply reply;

static bool raise_descriptor_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur >= ROOM + 200;
}

static int set_up(void **state)
{
    (void)state;
    fixture_init(&fixture);
    fixture.options.connection_max = ROOM;
    fixture_start(&fixture);
    return 0;
}

static int set_up_impatient(void **state)
{
    (void)state;
    fixture_init(&fixture);
    fixture.options.connection_max = ROOM;
    fixture.options.request_timeout_seconds = 1;
    fixture_start(&fixture);
    return 0;
}

/* A failed test has left its workers stuck. */
static int tear_down(void **state)
{
    (void)state;
    fixture_let_go(&fixture);
    fixture_stop(&fixture);
    return 0;
}

/* Some may be in the kernel's backlog still. */
static int *open_newcomers(unsigned count)
{
    int *fds = arena_array(fixture.arena, int, count);
    for (unsigned i = 0; i < count; i++)
        fds[i] = client_connect(&fixture);
    return fds;
}

static void close_all(const int *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        close(fds[i]);
}

/* As many workers, each in a handler; the connections they came by. */
static void make_stuck(int *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        fds[i] = client_connect(&fixture);
        client_say(fds[i], "GET /stick HTTP/1.1\r\nHost: a\r\n\r\n");
        fixture_wait_stuck(&fixture, i + 1);
    }
}

static void stuck_worker_holds_up_no_newcomers(void **state)
{
    (void)state;
    int stuck;
    if (!raise_descriptor_limit())
        skip();
    make_stuck(&stuck, 1);
    int *fds = open_newcomers(NEWCOMERS);
    fixture_wait_connections(&fixture, NEWCOMERS + 1);
    fixture_let_go(&fixture);
    assert_true(client_read(stuck, &reply));
    close(stuck);
    close_all(fds, NEWCOMERS);
    fixture_wait_connections(&fixture, 0);
}

/* The slow one came before. The newcomers that no inbox takes are served when there is room again. */
static void watch_goes_on_while_every_worker_is_stuck(void **state)
{
    (void)state;
    int stuck[2];
    if (!raise_descriptor_limit())
        skip();
    int slow = client_connect(&fixture);
    client_say(slow, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    fixture_wait_connections(&fixture, 1);
    make_stuck(stuck, 2);
    int *fds = open_newcomers(NEWCOMERS);
    client_say(fds[NEWCOMERS - 1], "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(client_read(slow, &reply));
    assert_int_equal(reply.status, 408);
    fixture_let_go(&fixture);
    assert_true(client_read(fds[NEWCOMERS - 1], &reply));
    assert_int_equal(reply.status, 200);
    close(slow);
    close_all(stuck, 2);
    close_all(fds, NEWCOMERS);
    fixture_wait_connections(&fixture, 0);
}

/* The one that waits for room when the server stops leaks no descriptor and keeps nobody. */
static void stop_forgets_who_still_waits_for_room(void **state)
{
    (void)state;
    int stuck[2];
    if (!raise_descriptor_limit())
        skip();
    make_stuck(stuck, 2);
    int *fds = open_newcomers(NEWCOMERS);
    server_drain(fixture.server);
    fixture_let_go(&fixture);
    for (int i = 0; i < 2; i++)
        assert_true(client_read(stuck[i], &reply));
    server_stop(fixture.server);
    fixture.server = NULL;
    assert_true(client_sees_end(fds[0]));
    assert_true(client_sees_end(fds[NEWCOMERS - 1]));
    close_all(stuck, 2);
    close_all(fds, NEWCOMERS);
}

/* The first line of a request, then `half_count` halves of others that are newer, then its bad length. */
static int send_bad_length_among(unsigned half_count, int **ret_halves)
{
    int fd = client_connect(&fixture);
    client_say(fd, "POST /echo HTTP/1.1\r\nHost: a\r\n");
    *ret_halves = open_newcomers(half_count);
    for (unsigned i = 0; i < half_count; i++)
        client_say((*ret_halves)[i], "POST /echo HTTP/1.1\r\nContent-Length: 5x\r\nHost: ");
    client_say(fd, "Content-Length: 5x\r\n\r\nhello");
    assert_true(client_read(fd, &reply));
    assert_int_equal(reply.status, 400);
    return fd;
}

/* [RFC9112 6.3] Half heads do not hide it; a bad length of theirs is not whole yet. */
static void bad_length_is_found_among_half_heads(void **state)
{
    (void)state;
    int *halves;
    int fd = send_bad_length_among(LOOKS - 1, &halves);
    assert_string_equal(reply.body, "limit");
    assert_true(client_sees_end(fd));
    close(fd);
    close_all(halves, LOOKS - 1);
}

/* A crowd of half heads costs no more than that: beyond it the library's own 400 goes out, and the end all the same.
 */
static void bad_length_in_a_crowd_ends_its_connection(void **state)
{
    (void)state;
    int *halves;
    char byte;
    int fd = send_bad_length_among(4 * LOOKS, &halves);
    while (read(fd, &byte, 1) == 1)
        continue;
    assert_true(client_sees_end(fd));
    close(fd);
    close_all(halves, 4 * LOOKS);
}

/* A connection is a descriptor, and no other server's are counted on. */
static void start_raises_the_descriptor_limit(void **state)
{
    (void)state;
    struct rlimit before;
    struct rlimit limit;
    struct str error = STR_NONE;
    getrlimit(RLIMIT_NOFILE, &before);
    limit = (struct rlimit){.rlim_cur = before.rlim_max / 2, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    fixture.options.connection_max = 1;
    struct server *server = server_start(&fixture.options, fixture.arena, &error);
    assert_non_null(server);
    server_stop(server);
    getrlimit(RLIMIT_NOFILE, &limit);
    assert_true(limit.rlim_cur == limit.rlim_max);
    setrlimit(RLIMIT_NOFILE, &before);
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(stuck_worker_holds_up_no_newcomers),
        cmocka_unit_test_setup_teardown(watch_goes_on_while_every_worker_is_stuck, set_up_impatient, tear_down),
        RULE(stop_forgets_who_still_waits_for_room),
        RULE(bad_length_is_found_among_half_heads),
        RULE(bad_length_in_a_crowd_ends_its_connection),
        RULE(start_raises_the_descriptor_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
