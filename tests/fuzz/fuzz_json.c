/*
 * fuzz_json.c — JSON in: what is taken can be written and read again to an equal value.
 */
#include <assert.h>

#include "base/arena.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena *arena = arena_create();
    json_t *value = json_read(arena, (struct str){(const char *)bytes, len});
    if (value) {
        (void)json_member(value, "client_id");
        json_t *again = json_read(arena, json_text(arena, value));
        assert(again);
        assert(json_equal(value, again));
    }
    arena_destroy(arena);
    return 0;
}
