#include "identity/handle.h"

#include "base/arena.h"
#include "base/codec.h"

#define SECRET_BYTES 32
#define SECRET_LEN   43 /* in base64url */
#define ID_LEN       9
#define TEXT_LEN     (1 + ID_LEN + SECRET_LEN)

void handle_draw(struct arena *arena, struct handle *ret_handle)
{
    unsigned char random[SECRET_BYTES];
    random_bytes(random, sizeof(random));
    ret_handle->secret = base64url_write(arena, (struct str){(const char *)random, sizeof(random)});
    ret_handle->secret_hash = digest_sha256(ret_handle->secret);
    ret_handle->id = 0;
    explicit_bzero(random, sizeof(random));
}

struct str handle_write(struct arena *arena, enum handle_kind kind, const struct handle *handle)
{
    char id[ID_LEN];
    base62_write((uint64_t)handle->id, sizeof(id), id);
    return arena_printf(arena, "%c%.*s%.*s", (int)kind, ID_LEN, id, STR_ARGS(handle->secret));
}

bool handle_read(enum handle_kind kind, struct str text, int64_t *ret_id, struct digest *ret_secret_hash)
{
    uint64_t id;
    if (text.len != TEXT_LEN || text.ptr[0] != (char)kind || !base62_parse(str_slice(text, 1, ID_LEN), &id) ||
        id > INT64_MAX)
        return false;
    *ret_id = (int64_t)id;
    *ret_secret_hash = digest_sha256(str_slice(text, 1 + ID_LEN, SECRET_LEN));
    return true;
}
