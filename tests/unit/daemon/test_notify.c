/* What systemd hears, by a socket of our own in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/notify.h"

static int heard;

/* A name without a file: nothing is left behind. */
static int set_up(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int len = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "jeton-notify-%ld", (long)getpid());
    heard = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
    if (bind(heard, (struct sockaddr *)&address, size) < 0)
        return -1;
    address.sun_path[0] = '@';
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
    return setenv("NOTIFY_SOCKET", address.sun_path, 1);
}

static int tear_down(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    return close(heard);
}

static void assert_heard(const char *expected)
{
    char text[128] = {0};
    ssize_t len = recv(heard, text, sizeof(text) - 1, 0);
    assert_int_equal(len, strlen(expected));
    assert_string_equal(text, expected);
}

static void test_states_are_one_datagram_each(void **state)
{
    (void)state;
    notify_ready();
    assert_heard("READY=1");
    notify_stopping();
    assert_heard("STOPPING=1");
    notify_watchdog();
    assert_heard("WATCHDOG=1");
}

static void test_reloading_tells_the_time(void **state)
{
    (void)state;
    char text[128] = {0};
    long long usec = 0;
    notify_reloading();
    assert_true(recv(heard, text, sizeof(text) - 1, 0) > 0);
    assert_int_equal(sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%lld", &usec), 1);
    assert_true(usec > 0);
}

static void test_without_systemd_nothing_is_said(void **state)
{
    (void)state;
    char text[8];
    unsetenv("NOTIFY_SOCKET");
    notify_ready();
    setenv("NOTIFY_SOCKET", "relative", 1);
    notify_ready();
    assert_int_equal(recv(heard, text, sizeof(text), 0), -1);
}

static void test_watchdog_is_asked_for_in_microseconds(void **state)
{
    (void)state;
    assert_int_equal(notify_watchdog_ms(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    assert_int_equal(notify_watchdog_ms(), 30000);
    setenv("WATCHDOG_USEC", "30x", 1);
    assert_int_equal(notify_watchdog_ms(), 0);
}

static void test_watchdog_of_another_process_is_not_ours(void **state)
{
    (void)state;
    char pid[32];
    setenv("WATCHDOG_USEC", "30000000", 1);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(notify_watchdog_ms(), 0);
    snprintf(pid, sizeof(pid), "%ld", (long)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    assert_int_equal(notify_watchdog_ms(), 30000);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(test_states_are_one_datagram_each),
        RULE(test_reloading_tells_the_time),
        RULE(test_without_systemd_nothing_is_said),
        RULE(test_watchdog_is_asked_for_in_microseconds),
        RULE(test_watchdog_of_another_process_is_not_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
