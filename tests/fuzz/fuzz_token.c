/*
 * fuzz_token.c — token texts of every shape: what is read can be written again, letter by letter.
 */
#include <assert.h>

#include "base/arena.h"
#include "oauth/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct token_format formats[] = {
    {STR_INIT(""), TOKEN_HEX, 40, false},    {STR_INIT(""), TOKEN_HEX, 64, false},
    {STR_INIT(""), TOKEN_BASE62, 30, false}, {STR_INIT("jtn_"), TOKEN_BASE62, 37, true},
    {STR_INIT("x-"), TOKEN_HEX, 46, true},
};

static void check(struct arena *arena, const struct token_format *format, struct str text)
{
    struct token_draft draft = {0};
    if (!token_read(format, text, &draft.id, &draft.secret_hash))
        return;
    assert(draft.id >= 0 && draft.id < INT64_C(1) << 48);
    size_t id_len = format->alphabet == TOKEN_HEX ? 12 : 9;
    size_t checksum_len = format->has_checksum ? TOKEN_CHECKSUM_LEN : 0;
    draft.secret = str_slice(text, format->prefix.len + id_len, format->length - id_len - checksum_len);
    struct str again = token_write(arena, format, &draft);
    assert(str_equal(again, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena *arena = arena_create();
    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
        check(arena, &formats[i], (struct str){(const char *)bytes, len});
    arena_destroy(arena);
    return 0;
}
