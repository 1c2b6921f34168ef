#include "daemon/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

const char *folder_file(struct str path, const char *name, struct arena *arena)
{
    return arena_printf(arena, "%.*s/%s", STR_ARGS(path), name).ptr;
}

static struct str explain(struct arena *arena, const char *path, const char *reason)
{
    return arena_printf(arena, "%s: %s", path, reason);
}

int folder_claim(struct str path, struct arena *arena, struct str *ret_error)
{
    const char *folder = arena_cstr(arena, path);
    if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
        *ret_error = explain(arena, folder, strerror(errno));
        return -1;
    }
    const char *file = folder_file(path, "jeton.lock", arena);
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        *ret_error = explain(arena, file, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        *ret_error =
            explain(arena, folder, errno == EWOULDBLOCK ? "another daemon uses this folder" : strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

/* The file stays: removing it would let two daemons lock two files of one name. */
void folder_release(int claim)
{
    close(claim);
}
