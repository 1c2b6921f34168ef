/* SHA-256, HMAC, randomness and comparison. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/codec.h"
#include "crypto/digest.h"

/* As random_bytes draws for small requests. */
#define POOL_LEN 4096

static void assert_digest(struct digest found, const char *expected)
{
    char text[2 * DIGEST_LEN + 1] = "";
    hex_write(found.bytes, DIGEST_LEN, text);
    assert_string_equal(text, expected);
}

/* FIPS 180-4 by NIST's example values, and the ends of one and two blocks. */
static void test_sha256_known_answers(void **state)
{
    (void)state;
    assert_digest(digest_sha256(STR("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_digest(digest_sha256(STR_NONE), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_digest(digest_sha256(STR("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest(digest_sha256(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_digest(digest_sha256(STR("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                                    "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu")),
                  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}

static void test_sha256_of_a_million(void **state)
{
    char *many = memory_alloc(1000000);
    (void)state;
    memset(many, 'a', 1000000);
    assert_digest(digest_sha256((struct str){many, 1000000}),
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    memory_free(many);
}

/* RFC 4231, section 4; case 5 is of a shortened digest. */
static void test_hmac_known_answers(void **state)
{
    char aa[131], bb[20], cd[50], dd[50], counting[25];
    (void)state;
    memset(aa, 0xaa, sizeof(aa));
    memset(bb, 0x0b, sizeof(bb));
    memset(cd, 0xcd, sizeof(cd));
    memset(dd, 0xdd, sizeof(dd));
    for (int i = 0; i < 25; i++)
        counting[i] = (char)(i + 1);
    assert_digest(digest_hmac((struct str){bb, 20}, STR("Hi There")),
                  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_digest(digest_hmac(STR("Jefe"), STR("what do ya want for nothing?")),
                  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_digest(digest_hmac((struct str){aa, 20}, (struct str){dd, 50}),
                  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    assert_digest(digest_hmac((struct str){counting, 25}, (struct str){cd, 50}),
                  "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
    assert_digest(digest_hmac((struct str){aa, 131}, STR("Test Using Larger Than Block-Size Key - Hash Key First")),
                  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_digest(digest_hmac((struct str){aa, 131},
                              STR("This is a test using a larger than block-size key and a larger than block-size "
                                  "data. The key needs to be hashed before being used by the HMAC algorithm.")),
                  "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

static void test_hmac_of_nothing(void **state)
{
    static const char expected[] = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    (void)state;
    assert_digest(digest_hmac(STR(""), STR("")), expected);
    assert_digest(digest_hmac(STR_NONE, STR_NONE), expected);
}

static void *digest_over_and_over(void *subject)
{
    struct str text = {subject, strlen(subject)};
    struct digest first = digest_sha256(text);
    bool is_same = true;
    for (int i = 0; i < 2000; i++) {
        struct digest again = digest_sha256(text);
        is_same &= digest_equal(&first, &again);
    }
    return is_same ? subject : NULL;
}

/* Contexts are kept per thread: neighbours do not write into each other's digest. */
static void test_threads_digest_apart(void **state)
{
    static char texts[4][4] = {"a", "b", "c", "d"};
    pthread_t threads[4];
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, digest_over_and_over, texts[i]), 0);
    for (int i = 0; i < 4; i++) {
        void *same;
        assert_int_equal(pthread_join(threads[i], &same), 0);
        assert_ptr_equal(same, texts[i]);
    }
}

static void test_equal_secrets_are_equal_in_every_byte(void **state)
{
    char a[64], b[64];
    (void)state;
    memset(a, 'x', sizeof(a));
    memcpy(b, a, sizeof(a));
    assert_true(secret_equal((struct str){a, 64}, (struct str){b, 64}));
    for (size_t i = 0; i < sizeof(b); i++) {
        for (int bit = 0; bit < 8; bit++) {
            b[i] ^= (char)(1 << bit);
            assert_false(secret_equal((struct str){a, 64}, (struct str){b, 64}));
            b[i] ^= (char)(1 << bit);
        }
    }
    assert_false(secret_equal((struct str){a, 64}, (struct str){b, 63}));
    assert_false(secret_equal((struct str){a, 1}, STR("")));
    assert_true(secret_equal(STR("a\0b"), STR("a\0b")));
    assert_false(secret_equal(STR("a\0b"), STR("a\0c")));
}

static void test_equal_digests_are_equal_in_every_byte(void **state)
{
    struct digest a = digest_sha256(STR("a")), b = a;
    (void)state;
    assert_true(digest_equal(&a, &b));
    for (size_t i = 0; i < DIGEST_LEN; i++) {
        b.bytes[i] ^= 1;
        assert_false(digest_equal(&a, &b));
        b.bytes[i] ^= 1;
    }
}

/* Every byte of the room is drawn and none beside it: below the pool, all of it, and above. */
static void test_random_fills_the_room_and_no_more(void **state)
{
    static const size_t lens[] = {0, 1, 24, 100, POOL_LEN - 1, POOL_LEN, POOL_LEN + 1, 3 * POOL_LEN};
    unsigned char *room = memory_alloc(3 * POOL_LEN + 2);
    unsigned char *seen = memory_alloc(3 * POOL_LEN);
    (void)state;
    for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
        memset(seen, 0, 3 * POOL_LEN);
        /* In 16 draws a byte stays zero by chance once in 2^128. */
        for (int draw = 0; draw < 16; draw++) {
            memset(room, 0, 3 * POOL_LEN + 2);
            room[0] = room[lens[i] + 1] = 0x5a;
            random_bytes(room + 1, lens[i]);
            assert_int_equal(room[0], 0x5a);
            assert_int_equal(room[lens[i] + 1], 0x5a);
            for (size_t k = 0; k < lens[i]; k++)
                seen[k] |= room[1 + k];
        }
        for (size_t k = 0; k < lens[i]; k++)
            assert_int_not_equal(seen[k], 0);
    }
    memory_free(seen);
    memory_free(room);
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x < y ? -1 : x > y;
}

static bool has_repeats(uint64_t *numbers, size_t count)
{
    qsort(numbers, count, sizeof(*numbers), compare_numbers);
    for (size_t i = 1; i < count; i++)
        if (numbers[i] == numbers[i - 1])
            return true;
    return false;
}

/*
 * Draws of many sizes, so that pools end in the middle of one: no eight bytes, wherever they begin, come twice.
 * By chance two of 60,000 would be alike once in ten thousand million runs.
 */
static void test_no_part_of_a_pool_is_handed_out_twice(void **state)
{
    static const size_t lens[] = {24, 32, 1, 4000, 200, POOL_LEN, 7, POOL_LEN + 1, 16, POOL_LEN - 1, 333};
    const size_t size = 60000;
    unsigned char *drawn = memory_alloc(size);
    uint64_t *windows = memory_alloc(size * sizeof(*windows));
    size_t len = 0;
    (void)state;
    for (size_t i = 0; len + lens[i % 11] <= size; i++) {
        random_bytes(drawn + len, lens[i % 11]);
        len += lens[i % 11];
    }
    for (size_t i = 0; i + 8 <= len; i++)
        memcpy(&windows[i], drawn + i, 8);
    assert_false(has_repeats(windows, len - 7));
    memory_free(windows);
    memory_free(drawn);
}

#define DRAWS 5000

static void *draw_many(void *subject)
{
    uint64_t *numbers = subject;
    for (size_t i = 0; i < DRAWS; i++)
        random_bytes(&numbers[i], sizeof(*numbers));
    return NULL;
}

static void test_threads_never_draw_the_same(void **state)
{
    uint64_t *numbers = memory_alloc(4 * DRAWS * sizeof(*numbers));
    pthread_t threads[4];
    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, draw_many, numbers + i * DRAWS), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_false(has_repeats(numbers, 4 * DRAWS));
    memory_free(numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_known_answers),
        cmocka_unit_test(test_sha256_of_a_million),
        cmocka_unit_test(test_hmac_known_answers),
        cmocka_unit_test(test_hmac_of_nothing),
        cmocka_unit_test(test_threads_digest_apart),
        cmocka_unit_test(test_equal_secrets_are_equal_in_every_byte),
        cmocka_unit_test(test_equal_digests_are_equal_in_every_byte),
        cmocka_unit_test(test_random_fills_the_room_and_no_more),
        cmocka_unit_test(test_no_part_of_a_pool_is_handed_out_twice),
        cmocka_unit_test(test_threads_never_draw_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
