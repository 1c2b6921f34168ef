#include "admin/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/commands.h"
#include "base/arena.h"
#include "base/control_socket.h"
#include "base/buf.h"
#include "base/log.h"

#define THREAD_COUNT    4
#define LINE_MAX_LEN    65536
#define BACKLOG         16
#define IDLE_TIMEOUT_MS 10000 /* a connection that says nothing gives its thread back */
#define SEND_TIMEOUT_S  10    /* one that does not take its answer, too */

struct control {
    struct control_host host;
    struct sockaddr_un address;
    int listener;
    int stop; /* eventfd: readable when the threads should end */
    pthread_t threads[THREAD_COUNT];
    size_t thread_count;
};

/* What is read of a connection and not yet answered. */
struct line_reader {
    int fd;
    size_t len;
    char room[LINE_MAX_LEN + 1]; /* a line and its end */
};

/* True when `fd` is readable; false when it is time to stop, or after the timeout (-1: none). */
static bool wait_readable(const struct control *control, int fd, int timeout_ms)
{
    struct pollfd polls[] = {{control->stop, POLLIN, 0}, {fd, POLLIN, 0}};
    int count;
    do
        count = poll(polls, 2, timeout_ms);
    while (count < 0 && errno == EINTR);
    return count > 0 && !polls[0].revents && polls[1].revents;
}

/* The file's mode keeps others out already; this keeps them out where a folder was opened by mistake. */
static bool is_operator(int fd, int64_t *ret_uid)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
        return false;
    *ret_uid = peer.uid;
    return peer.uid == 0 || peer.uid == geteuid();
}

static bool refuse_line(int fd, const char *error)
{
    struct arena *arena = arena_create();
    bool sent = control_socket_send(fd, arena_printf(arena, "{\"ok\":false,\"error\":\"%s\"}\n", error));
    arena_destroy(arena);
    return sent;
}

static bool answer_line(const struct control *control, int fd, struct str line, int64_t uid)
{
    struct arena *arena = arena_create();
    const json_t *request = json_read(arena, line);
    bool sent;
    if (json_is_object(request)) {
        struct str answer = json_text(arena, command_run(&control->host, arena, request, uid));
        sent = control_socket_send(fd, arena_printf(arena, "%.*s\n", STR_ARGS(answer)));
    } else {
        sent = refuse_line(fd, "a command is one JSON object on one line");
    }
    arena_destroy(arena);
    return sent;
}

/* Answers the whole lines that have come and keeps the rest. */
static bool answer_lines(const struct control *control, struct line_reader *reader, int64_t uid)
{
    size_t len;
    while ((len = str_find((struct str){reader->room, reader->len}, '\n')) < reader->len) {
        if (!answer_line(control, reader->fd, (struct str){reader->room, len}, uid))
            return false;
        reader->len -= len + 1;
        memmove(reader->room, reader->room + len + 1, reader->len);
    }
    if (reader->len < sizeof(reader->room))
        return true;
    refuse_line(reader->fd, "the line is longer than 65536 bytes");
    return false;
}

static void serve_connection(const struct control *control, struct line_reader *reader)
{
    int64_t uid;
    if (!is_operator(reader->fd, &uid)) {
        log_event(LOG_WARNING, "control_peer_refused");
        refuse_line(reader->fd, "only the daemon's own user and root may do this");
        return;
    }
    while (wait_readable(control, reader->fd, IDLE_TIMEOUT_MS)) {
        ssize_t got = recv(reader->fd, reader->room + reader->len, sizeof(reader->room) - reader->len, 0);
        if (got <= 0)
            return;
        reader->len += (size_t)got;
        if (!answer_lines(control, reader, uid))
            return;
    }
}

static void *serve(void *arg)
{
    const struct control *control = arg;
    while (wait_readable(control, control->listener, -1)) {
        /* The listener does not block: another thread may have taken the connection. */
        int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        const struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
        struct line_reader *reader = memory_alloc(sizeof(*reader));
        reader->fd = fd;
        serve_connection(control, reader);
        explicit_bzero(reader->room, sizeof(reader->room));
        memory_free(reader);
        close(fd);
    }
    return NULL;
}

/* Does somebody listen at the socket file? */
static bool is_alive(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_connected = fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    if (fd >= 0)
        close(fd);
    return is_connected;
}

static bool bind_to(int fd, const struct sockaddr_un *address)
{
    return bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
}

/* Of the socket file only: whatever else stands at the path is not ours to remove. */
static bool remove_stale(const struct sockaddr_un *address)
{
    struct stat status;
    return lstat(address->sun_path, &status) == 0 && S_ISSOCK(status.st_mode) && !is_alive(address) &&
           unlink(address->sun_path) == 0;
}

static bool listen_at(struct control *control)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    control->listener = fd;
    /* before bind: the file is born with this mode */
    if (fchmod(fd, 0600) != 0)
        return false;
    bool is_bound = bind_to(fd, &control->address);
    if (!is_bound && errno == EADDRINUSE) {
        is_bound = remove_stale(&control->address) && bind_to(fd, &control->address);
        if (!is_bound)
            errno = EADDRINUSE;
    }
    return is_bound && listen(fd, BACKLOG) == 0;
}

static void free_control(struct control *control)
{
    if (control->listener >= 0)
        close(control->listener);
    if (control->stop >= 0)
        close(control->stop);
    memory_free(control);
}

static void stop_threads(struct control *control)
{
    eventfd_write(control->stop, 1);
    for (size_t i = 0; i < control->thread_count; i++)
        pthread_join(control->threads[i], NULL);
}

static bool start_threads(struct control *control)
{
    for (; control->thread_count < THREAD_COUNT; control->thread_count++) {
        int error = pthread_create(&control->threads[control->thread_count], NULL, serve, control);
        if (error) {
            errno = error;
            return false;
        }
    }
    return true;
}

struct control *control_start(const struct control_host *host, const char *socket_path, struct arena *arena,
                              struct str *ret_error)
{
    struct control *control = memory_alloc(sizeof(*control));
    control->host = *host;
    control->listener = -1;
    control->address.sun_family = AF_UNIX;
    control->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (strlen(socket_path) >= sizeof(control->address.sun_path)) {
        *ret_error = arena_printf(arena, "%s: a socket's path has at most %zu bytes", socket_path,
                                  sizeof(control->address.sun_path) - 1);
        free_control(control);
        return NULL;
    }
    memcpy(control->address.sun_path, socket_path, strlen(socket_path));
    if (control->stop < 0 || !listen_at(control) || !start_threads(control)) {
        *ret_error = arena_printf(arena, "%s: %s", socket_path, strerror(errno));
        stop_threads(control);
        free_control(control);
        return NULL;
    }
    return control;
}

void control_stop(struct control *control)
{
    stop_threads(control);
    unlink(control->address.sun_path);
    free_control(control);
}
