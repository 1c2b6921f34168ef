/*
 * fuzz_basic.c — the credentials of a Basic header: base64, one colon, two form-encoded halves. [RFC6749 2.3.1]
 */
#include <assert.h>

#include "base/arena.h"
#include "base/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_credentials(struct arena *arena, struct str header)
{
    struct str pair;
    if (!base64_parse(arena, header, &pair))
        return;
    assert(pair.len <= header.len);
    size_t at = str_find(pair, ':');
    struct str id;
    struct str secret;
    if (form_decode(arena, str_slice(pair, 0, at), &id) &&
        form_decode(arena, str_slice(pair, at + 1, pair.len), &secret))
        assert(id.len + secret.len <= pair.len);
}

static void check_round_trip(struct arena *arena, struct str bytes)
{
    struct str decoded;
    assert(base64_parse(arena, base64_write(arena, bytes), &decoded));
    assert(str_equal(decoded, bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena *arena = arena_create();
    struct str text = {(const char *)bytes, len};
    check_credentials(arena, text);
    check_round_trip(arena, text);
    arena_destroy(arena);
    return 0;
}
