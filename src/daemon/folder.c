#include "daemon/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/codec.h"
#include "base/file.h"
#include "crypto/digest.h"

#define KEY_HEX_LEN (2 * DIGEST_LEN)
/* Room for whatever somebody wrote behind the key, so that it is called malformed and not too long. */
#define KEY_FILE_MAX 4096

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

/* What was renamed into the folder is there for good. */
static bool sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_synced = fsync(fd) == 0;
    int cause = errno;
    close(fd);
    errno = cause;
    return is_synced;
}

static bool make_key(struct str path, const char *file, struct arena *arena, struct digest *ret_key)
{
    char hex[KEY_HEX_LEN + 1];
    struct digest key;
    random_bytes(&key, sizeof key);
    hex_write(key.bytes, DIGEST_LEN, hex);
    hex[KEY_HEX_LEN] = '\n';
    bool is_made = file_write(file, (struct str){hex, sizeof hex}, 0600) && sync_folder(arena_cstr(arena, path));
    explicit_bzero(hex, sizeof hex);
    if (is_made)
        *ret_key = key;
    return is_made;
}

bool folder_key(struct str path, struct arena *arena, struct digest *ret_key, struct str *ret_error)
{
    const char *file = folder_file(path, "jeton.key", arena);
    struct str text;
    struct digest key;
    if (!file_read(arena, file, KEY_FILE_MAX, &text)) {
        if (errno == ENOENT && make_key(path, file, arena, ret_key))
            return true;
        *ret_error = explain(arena, file, strerror(errno));
        return false;
    }
    if (text.len == KEY_HEX_LEN + 1 && text.ptr[KEY_HEX_LEN] == '\n')
        text.len = KEY_HEX_LEN;
    if (hex_parse(text, key.bytes, DIGEST_LEN)) {
        *ret_key = key;
        return true;
    }
    *ret_error = explain(arena, file,
                         "is not a key: 64 hexadecimal digits were expected; restore it, or remove it"
                         " and a new one will be made");
    return false;
}
