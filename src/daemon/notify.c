#include "daemon/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

/* False where nobody listens. */
static bool find_socket(struct sockaddr_un *address, socklen_t *ret_len)
{
    struct str path = str_of(getenv("NOTIFY_SOCKET"));
    if (path.len < 2 || path.len >= sizeof(address->sun_path) || (path.ptr[0] != '/' && path.ptr[0] != '@'))
        return false;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path.ptr, path.len);
    if (path.ptr[0] == '@')
        address->sun_path[0] = '\0'; /* a name without a file */
    *ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len);
    return true;
}

static void send_state(struct str state)
{
    struct sockaddr_un address;
    socklen_t len;
    if (!find_socket(&address, &len))
        return;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || sendto(fd, state.ptr, state.len, MSG_NOSIGNAL, (struct sockaddr *)&address, len) < 0)
        log_event(LOG_WARNING, "notify_failed", log_text("state", state));
    if (fd >= 0)
        close(fd);
}

void notify_ready(void)
{
    send_state(STR("READY=1"));
}

void notify_reloading(void)
{
    char state[64];
    int len =
        snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)(clock_monotonic_ns() / 1000));
    send_state((struct str){state, (size_t)len});
}

void notify_stopping(void)
{
    send_state(STR("STOPPING=1"));
}

void notify_watchdog(void)
{
    send_state(STR("WATCHDOG=1"));
}

int64_t notify_watchdog_ms(void)
{
    int64_t usec;
    int64_t pid;
    struct str watched = str_of(getenv("WATCHDOG_PID"));
    if (str_is_present(watched) && (!str_parse_int(watched, &pid) || pid != getpid()))
        return 0; /* meant for another process that left us its environment */
    if (!str_parse_int(str_of(getenv("WATCHDOG_USEC")), &usec) || usec <= 0)
        return 0;
    return usec / 1000 ? usec / 1000 : 1;
}
