/* Sealed secrets: open with their key and purpose, and only whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/codec.h"
#include "crypto/seal.h"

static struct arena *arena;
static const struct digest key = {{1, 2, 3}};

static int create_arena(void **state)
{
    (void)state;
    arena = arena_create();
    return 0;
}

static int end_arena(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

static void what_was_sealed_opens(void **state)
{
    char bytes[SEAL_SECRET_MAX];
    (void)state;
    memset(bytes, 0xa5, sizeof(bytes));
    static const size_t lens[] = {0, 1, 15, 16, 17, 20, 32, SEAL_SECRET_MAX};
    for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
        struct str opened, secret = {bytes, lens[i]};
        assert_true(seal_open(arena, &key, STR("totp"), seal_close(arena, &key, STR("totp"), secret), &opened));
        assert_true(str_equal(opened, secret));
    }
}

static void it_is_another_text_each_time_and_does_not_tell_the_secret(void **state)
{
    (void)state;
    struct str sealed = seal_close(arena, &key, STR("totp"), STR("sixteen letters!"));
    assert_false(str_equal(sealed, seal_close(arena, &key, STR("totp"), STR("sixteen letters!"))));
    struct str bytes;
    assert_true(base64url_parse(arena, sealed, &bytes));
    assert_null(memmem(bytes.ptr, bytes.len, "letters", 7));
}

/* AES-256-GCM by the test case 16 of its authors, which has all of key, nonce, associated text and secret. */
static void a_known_sealed_text_opens(void **state)
{
    static const char known_key[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    static const char known_purpose[] = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
    static const char known_sealed[] = "cafebabefacedbaddecaf888"
                                       "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590db"
                                       "b3da7b08b1056828838c5f61e6393ba7a0a"
                                       "bcc9f662"
                                       "76fc6ece0f4e1768cddf8853bb2d551b";
    static const char known_secret[] =
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c9595680953"
        "2fcf0e2449a6b525b16aedf5aa0de657ba637b39";
    struct digest gcm_key;
    unsigned char purpose[20], sealed[88], secret[60];
    struct str opened;
    (void)state;
    assert_true(hex_parse(str_of(known_key), gcm_key.bytes, DIGEST_LEN));
    assert_true(hex_parse(str_of(known_purpose), purpose, sizeof(purpose)));
    assert_true(hex_parse(str_of(known_sealed), sealed, sizeof(sealed)));
    assert_true(hex_parse(str_of(known_secret), secret, sizeof(secret)));
    struct str text = base64url_write(arena, (struct str){(const char *)sealed, sizeof(sealed)});
    assert_true(seal_open(arena, &gcm_key, (struct str){(const char *)purpose, sizeof(purpose)}, text, &opened));
    assert_int_equal(opened.len, sizeof(secret));
    assert_memory_equal(opened.ptr, secret, sizeof(secret));
}

static void another_key_or_purpose_does_not_open_it(void **state)
{
    struct digest other = key;
    struct str opened, sealed = seal_close(arena, &key, STR("totp 7"), STR("secret"));
    (void)state;
    other.bytes[31] ^= 1;
    assert_false(seal_open(arena, &other, STR("totp 7"), sealed, &opened));
    assert_false(seal_open(arena, &key, STR("totp 8"), sealed, &opened));
    assert_false(seal_open(arena, &key, STR("totp"), sealed, &opened));
}

static void a_change_in_any_bit_is_noticed(void **state)
{
    struct str bytes, opened = STR_NONE;
    (void)state;
    assert_true(base64url_parse(arena, seal_close(arena, &key, STR("totp"), STR("secret")), &bytes));
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        struct str changed = arena_str(arena, bytes);
        ((char *)changed.ptr)[bit / 8] ^= (char)(1 << bit % 8);
        assert_false(seal_open(arena, &key, STR("totp"), base64url_write(arena, changed), &opened));
    }
    for (size_t len = 0; len < bytes.len; len++)
        assert_false(seal_open(arena, &key, STR("totp"), base64url_write(arena, str_slice(bytes, 0, len)), &opened));
    assert_false(str_is_present(opened));
}

static void other_texts_do_not_open(void **state)
{
    char *long_text = arena_alloc(arena, 8000);
    struct str opened;
    (void)state;
    memset(long_text, 'A', 8000);
    assert_false(seal_open(arena, &key, STR("totp"), STR(""), &opened));
    assert_false(seal_open(arena, &key, STR("totp"), STR_NONE, &opened));
    assert_false(seal_open(arena, &key, STR("totp"), STR("no base64!"), &opened));
    assert_false(seal_open(arena, &key, STR("totp"), (struct str){long_text, 8000}, &opened));
    assert_false(seal_open(arena, &key, STR("totp"), (struct str){long_text, 40}, &opened));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_opens),
        cmocka_unit_test(it_is_another_text_each_time_and_does_not_tell_the_secret),
        cmocka_unit_test(a_known_sealed_text_opens),
        cmocka_unit_test(another_key_or_purpose_does_not_open_it),
        cmocka_unit_test(a_change_in_any_bit_is_noticed),
        cmocka_unit_test(other_texts_do_not_open),
    };
    return cmocka_run_group_tests(tests, create_arena, end_arena);
}
