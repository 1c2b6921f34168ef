/* Opaque tokens: id + secret, and what cannot be one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/codec.h"
#include "oauth/token.h"

static const struct token_format formats[] = {
    {STR_INIT(""), TOKEN_HEX, 40, false},       {STR_INIT(""), TOKEN_HEX, 41, false},
    {STR_INIT(""), TOKEN_HEX, 255, false},      {STR_INIT(""), TOKEN_BASE62, 30, false},
    {STR_INIT("jtn_"), TOKEN_BASE62, 37, true}, {STR_INIT("x-"), TOKEN_HEX, 46, true},
    {STR_INIT(""), TOKEN_BASE62, 255, true},
};
#define FORMAT_COUNT (sizeof(formats) / sizeof(*formats))

static struct str mint(struct arena *arena, const struct token_format *format, int64_t id, struct digest *ret_hash)
{
    struct token_draft draft;
    token_draft_random(arena, format, &draft);
    draft.id = id;
    *ret_hash = draft.secret_hash;
    return token_write(arena, format, &draft);
}

static void reads_what_it_wrote(void **state)
{
    static const int64_t ids[] = {0, 1, 62, INT64_C(11960319475721), (INT64_C(1) << 48) - 1};
    struct arena *arena = arena_create();
    (void)state;
    for (size_t f = 0; f < FORMAT_COUNT; f++) {
        for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
            struct digest written, read;
            int64_t id;
            struct str token = mint(arena, &formats[f], ids[i], &written);
            assert_int_equal(token.len, formats[f].prefix.len + formats[f].length);
            assert_true(token_read(&formats[f], token, &id, &read));
            assert_int_equal(id, ids[i]);
            assert_true(digest_equal(&read, &written));
        }
    }
    arena_destroy(arena);
}

static void refuses_another_length_prefix_or_alphabet(void **state)
{
    struct arena *arena = arena_create();
    struct digest hash;
    int64_t id;
    (void)state;
    struct str token = mint(arena, &formats[4], 7, &hash);
    char *bytes = (char *)arena_cstr(arena, token);
    assert_false(token_read(&formats[4], str_slice(token, 0, token.len - 1), &id, &hash));
    assert_false(token_read(&formats[4], arena_printf(arena, "%s0", bytes), &id, &hash));
    bytes[0] = 'k';
    assert_false(token_read(&formats[4], str_of(bytes), &id, &hash));
    struct str hex = mint(arena, &formats[0], 7, &hash);
    bytes = (char *)arena_cstr(arena, hex);
    bytes[11] = 'g';
    assert_false(token_read(&formats[0], str_of(bytes), &id, &hash));
    assert_false(token_read(&formats[0], STR_NONE, &id, &hash));
    arena_destroy(arena);
}

/* 62^9 is more than 2^48: what is above has no row and must not wrap. */
static void refuses_an_id_above_48_bits(void **state)
{
    struct digest hash;
    int64_t id;
    (void)state;
    assert_false(token_read(&formats[3], STR("zzzzzzzzz000000000000000000000"), &id, &hash));
}

static void any_changed_byte_is_noticed(void **state)
{
    struct arena *arena = arena_create();
    struct digest written, read;
    int64_t id;
    (void)state;
    struct str token = mint(arena, &formats[4], 99, &written);
    for (size_t i = 0; i < token.len; i++) {
        char *bytes = (char *)arena_cstr(arena, token);
        bytes[i] = bytes[i] == 'A' ? 'B' : 'A';
        assert_false(token_read(&formats[4], str_of(bytes), &id, &read)); /* the checksum sees each single slip */
    }
    arena_destroy(arena);
}

static void derived_tokens_repeat_and_differ_by_source_label_and_key(void **state)
{
    struct arena *arena = arena_create();
    struct digest key = {{1}}, other_key = {{2}};
    struct token_draft first, again, label, source, keyed;
    (void)state;
    for (size_t f = 0; f < FORMAT_COUNT; f++) {
        token_draft_derived(arena, &formats[f], &key, STR("access"), STR("token"), &first);
        token_draft_derived(arena, &formats[f], &key, STR("access"), STR("token"), &again);
        token_draft_derived(arena, &formats[f], &key, STR("refresh"), STR("token"), &label);
        token_draft_derived(arena, &formats[f], &key, STR("access"), STR("tokem"), &source);
        token_draft_derived(arena, &formats[f], &other_key, STR("access"), STR("token"), &keyed);
        assert_true(str_equal(first.secret, again.secret));
        assert_false(str_equal(first.secret, label.secret));
        assert_false(str_equal(first.secret, source.secret));
        assert_false(str_equal(first.secret, keyed.secret));
    }
    arena_destroy(arena);
}

/* [NIST SP 800-108 4.1] Counter mode: block i is HMAC(key, i | label | 0 | source). */
static void derived_secrets_are_hmacs_of_a_counter(void **state)
{
    static const char *const materials[] = {"\1access\0token", "\2access\0token"};
    struct arena *arena = arena_create();
    struct digest key = {{1}};
    struct token_draft draft;
    char expected[4 * DIGEST_LEN];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct digest block =
            digest_hmac((struct str){(const char *)key.bytes, DIGEST_LEN}, (struct str){materials[i], 13});
        hex_write(block.bytes, DIGEST_LEN, expected + i * 2 * DIGEST_LEN);
    }
    token_draft_derived(arena, &formats[2], &key, STR("access"), STR("token"), &draft);
    assert_true(str_has_prefix(draft.secret, (struct str){expected, sizeof(expected)}));
    arena_destroy(arena);
}

/* A derived secret longer than one HMAC must not repeat itself block by block. */
static void derived_blocks_differ(void **state)
{
    struct arena *arena = arena_create();
    struct digest key = {{1}};
    struct token_draft draft;
    (void)state;
    token_draft_derived(arena, &formats[2], &key, STR("access"), STR("token"), &draft);
    assert_false(str_equal(str_slice(draft.secret, 0, 64), str_slice(draft.secret, 64, 64)));
    arena_destroy(arena);
}

/* 1,000 secrets of 21 base62 digits use every digit about 339 times: none may be missing or twice as frequent. */
static void base62_digits_are_spread_evenly(void **state)
{
    size_t counts[256] = {0};
    struct arena *arena = arena_create();
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct token_draft draft;
        token_draft_random(arena, &formats[3], &draft);
        for (size_t k = 0; k < draft.secret.len; k++)
            counts[(unsigned char)draft.secret.ptr[k]]++;
    }
    for (const char *digit = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"; *digit; digit++)
        assert_in_range(counts[(unsigned char)*digit], 200, 500);
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(refuses_another_length_prefix_or_alphabet),
        cmocka_unit_test(refuses_an_id_above_48_bits),
        cmocka_unit_test(any_changed_byte_is_noticed),
        cmocka_unit_test(derived_tokens_repeat_and_differ_by_source_label_and_key),
        cmocka_unit_test(derived_secrets_are_hmacs_of_a_counter),
        cmocka_unit_test(derived_blocks_differ),
        cmocka_unit_test(base62_digits_are_spread_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
