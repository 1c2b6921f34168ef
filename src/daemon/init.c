#include "daemon/init.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "daemon/shipped.h"

static bool fail(struct arena *arena, struct str path, struct str *ret_error)
{
    *ret_error = arena_printf(arena, "%.*s: %s", STR_ARGS(path), strerror(errno));
    return false;
}

bool init_folder(struct arena *arena, const char *folder, struct str *ret_path, struct str *ret_error)
{
    struct str path = arena_printf(arena, "%s/jeton.yaml", folder);
    struct str data = arena_printf(arena, "%s/data", folder);
    if (mkdir(folder, 0755) != 0 && errno != EEXIST)
        return fail(arena, str_of(folder), ret_error);
    if (access(path.ptr, F_OK) == 0) {
        errno = EEXIST;
        return fail(arena, path, ret_error);
    }
    if (mkdir(data.ptr, 0700) != 0)
        return fail(arena, data, ret_error);
    if (!file_write(path.ptr, shipped_configuration(), 0644))
        return fail(arena, path, ret_error);
    *ret_path = path;
    return true;
}
