#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"

static bool read_all(int fd, char *room, size_t size, size_t *ret_len)
{
    size_t len = 0;
    while (len < size) {
        ssize_t got = read(fd, room + len, size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    *ret_len = len;
    return true;
}

static bool read_open(struct arena *arena, int fd, size_t limit, struct str *ret_bytes)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return false;
    if (status.st_size > (off_t)limit) {
        errno = EFBIG;
        return false;
    }
    char *room = arena_alloc(arena, (size_t)status.st_size + 1);
    size_t len;
    if (!read_all(fd, room, (size_t)status.st_size, &len))
        return false;
    *ret_bytes = (struct str){room, len};
    return true;
}

bool file_read(struct arena *arena, const char *path, size_t limit, struct str *ret_bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool done = read_open(arena, fd, limit, ret_bytes);
    int cause = errno;
    close(fd);
    errno = cause;
    return done;
}

static bool write_all(int fd, struct str bytes)
{
    while (bytes.len) {
        ssize_t put = write(fd, bytes.ptr, bytes.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        bytes = str_slice(bytes, (size_t)put, bytes.len);
    }
    return fsync(fd) == 0;
}

bool file_write(const char *path, struct str bytes, unsigned mode)
{
    struct arena *arena = arena_create();
    const char *beside = arena_printf(arena, "%s.new", path).ptr;
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    bool done = fd >= 0 && fchmod(fd, mode) == 0 && write_all(fd, bytes);
    int cause = errno;
    if (fd >= 0)
        close(fd);
    errno = cause;
    done = done && rename(beside, path) == 0;
    cause = errno;
    if (fd >= 0 && !done)
        unlink(beside);
    errno = cause;
    arena_destroy(arena);
    return done;
}
