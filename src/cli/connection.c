#include "cli/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/control_socket.h"
#include "base/file.h"
#include "base/mistake.h"
#include "base/yaml.h"

#define CONFIGURATION_MAX (1024 * 1024)
#define ANSWER_MAX        (64 * 1024 * 1024)

static const char *const usual_sockets[] = {
    "data/" CONTROL_SOCKET_NAME,
    "demo/data/" CONTROL_SOCKET_NAME,
    "/var/lib/jeton/" CONTROL_SOCKET_NAME,
};
#define USUAL_SOCKET_COUNT (sizeof(usual_sockets) / sizeof(usual_sockets[0]))

/* -1 with errno set. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        int cause = errno;
        close(fd);
        errno = cause;
        return -1;
    }
    return fd;
}

/* The folder that the configuration names, seen from the configuration's own folder. */
static struct str find_data_directory(struct arena *arena, const char *file, struct str *ret_error)
{
    struct mistakes mistakes;
    struct str text;
    mistakes_init(&mistakes, arena);
    if (!file_read(arena, file, CONFIGURATION_MAX, &text)) {
        *ret_error = arena_printf(arena, "%s: %s", file, strerror(errno));
        return STR_NONE;
    }
    const struct yaml_node *root = yaml_read(str_of(file), text, &mistakes);
    if (!root) {
        *ret_error = arena_printf(arena, "%s is no configuration: `jeton check --config` tells more", file);
        return STR_NONE;
    }
    const struct yaml_node *member = yaml_member(root, "data_directory");
    struct str folder = member && member->kind == YAML_SCALAR ? member->text : STR(".");
    const char *slash = strrchr(file, '/');
    if (str_has_prefix(folder, STR("/")) || !slash)
        return folder;
    return arena_printf(arena, "%.*s/%.*s", (int)(slash - file), file, STR_ARGS(folder));
}

/* The path that was said; NULL with `ret_error` when it cannot be known, NULL without when none was said. */
static const char *find_named_socket(const struct cli_call *call, struct str *ret_error)
{
    const char *configuration = cli_text(call, "config", NULL);
    const char *socket = cli_text(call, "socket", NULL);
    if (socket)
        return socket;
    if (!configuration)
        return getenv("JETON_SOCKET");
    struct str folder = find_data_directory(call->arena, configuration, ret_error);
    if (!str_is_present(folder))
        return NULL;
    return arena_printf(call->arena, "%.*s/" CONTROL_SOCKET_NAME, STR_ARGS(folder)).ptr;
}

static int connect_to_usual(struct arena *arena, struct str *ret_error)
{
    for (size_t i = 0; i < USUAL_SOCKET_COUNT; i++) {
        int fd = connect_to(usual_sockets[i]);
        if (fd >= 0)
            return fd;
    }
    *ret_error = arena_printf(arena, "no daemon answers at ./%s, ./%s or %s; say where with --socket or --config",
                              usual_sockets[0], usual_sockets[1], usual_sockets[2]);
    return -1;
}

static int connect_to_daemon(const struct cli_call *call, struct str *ret_error)
{
    *ret_error = STR_NONE;
    const char *path = find_named_socket(call, ret_error);
    if (str_is_present(*ret_error))
        return -1;
    if (!path)
        return connect_to_usual(call->arena, ret_error);
    int fd = connect_to(path);
    if (fd < 0)
        *ret_error = arena_printf(call->arena, "no daemon answers at %s: %s", path, strerror(errno));
    return fd;
}

static bool receive_line(int fd, struct buf *line)
{
    char room[16384];
    for (;;) {
        ssize_t got = recv(fd, room, sizeof(room), 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || line->is_full)
            return false;
        struct str part = {room, (size_t)got};
        size_t end = str_find(part, '\n');
        buf_add(line, str_slice(part, 0, end));
        if (end < part.len)
            return !line->is_full;
    }
}

json_t *connection_ask(const struct cli_call *call, const json_t *request, struct str *ret_error)
{
    struct buf line;
    struct str text = json_text(call->arena, request);
    int fd = connect_to_daemon(call, ret_error);
    if (fd < 0)
        return NULL;
    buf_init(&line, call->arena, ANSWER_MAX);
    bool is_answered =
        control_socket_send(fd, arena_printf(call->arena, "%.*s\n", STR_ARGS(text))) && receive_line(fd, &line);
    close(fd);
    json_t *answer = is_answered ? json_read(call->arena, buf_str(&line)) : NULL;
    if (!answer)
        *ret_error = STR("the daemon gave no answer");
    return answer;
}
