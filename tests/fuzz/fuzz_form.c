/*
 * fuzz_form.c — form and percent decoding: what was encoded comes back, whatever the bytes.
 */
#include <assert.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_pairs(struct arena *arena, struct str body)
{
    struct str pair;
    while (str_next(&body, '&', &pair)) {
        struct str name;
        struct str value = STR_NONE;
        size_t at = str_find(pair, '=');
        bool is_valid = form_decode(arena, str_slice(pair, 0, at), &name);
        is_valid = is_valid && form_decode(arena, str_slice(pair, at + 1, pair.len), &value);
        assert(!is_valid || name.len + value.len <= pair.len);
    }
}

static void check_round_trip(struct arena *arena, struct str text)
{
    struct buf encoded;
    struct str decoded;
    buf_init(&encoded, arena, text.len * 3 + 1);
    form_encode(&encoded, text);
    assert(!encoded.is_full);
    assert(form_decode(arena, buf_str(&encoded), &decoded));
    assert(str_equal(decoded, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena *arena = arena_create();
    struct str text = {(const char *)bytes, len};
    struct str path;
    check_pairs(arena, text);
    check_round_trip(arena, text);
    if (percent_decode(arena, text, &path))
        assert(path.len <= len);
    arena_destroy(arena);
    return 0;
}
