/*
 * backup.c — a consistent copy of the database while it serves.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "store/parts.h"

#define COPY_CACHE_BYTES (1024 * 1024)

static bool sync_path(const char *path, int flags)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (fd < 0)
        return false;
    bool is_synced = fsync(fd) == 0;
    int error = errno;
    close(fd);
    errno = error;
    return is_synced;
}

static bool sync_copy(const char *path, struct arena *arena, struct str *ret_error)
{
    char *folder = dirname(memcpy(arena_alloc(arena, strlen(path) + 1), path, strlen(path)));
    if (sync_path(path, 0) && sync_path(folder, O_DIRECTORY))
        return true;
    *ret_error = arena_printf(arena, "%s: %s", path, strerror(errno));
    return false;
}

/* The engine writes into a file that is there and empty: so it has our mode from its first moment. */
static bool make_empty(const char *path, struct arena *arena, struct str *ret_error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        *ret_error = arena_printf(arena, "%s: %s", path, strerror(errno));
        return false;
    }
    close(fd);
    return true;
}

static bool copy_into(struct store *store, const char *path, struct arena *arena, struct str *ret_error)
{
    struct sql_options options = store_sql_options(store, SQL_READ);
    options.cache_bytes = COPY_CACHE_BYTES;
    struct sql *sql = sql_open(&options);
    bool is_copied = sql_copy(sql, str_of(path)) == OK;
    if (!is_copied)
        *ret_error = arena_printf(arena, "%s: %.*s", path, STR_ARGS(sql_message(sql)));
    sql_close(sql);
    return is_copied;
}

bool store_backup(struct store *store, const char *path, struct arena *arena, struct str *ret_error)
{
    if (!make_empty(path, arena, ret_error))
        return false;
    if (copy_into(store, path, arena, ret_error) && sync_copy(path, arena, ret_error))
        return true;
    unlink(path);
    return false;
}
