#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "jeton: OpenSSL failed: %s\n", what);
    abort();
}

/* Fetched once: EVP_sha256() would look the implementation up on every digest. */
static const EVP_MD *sha256_method(void)
{
    static EVP_MD *method;
    EVP_MD *fetched = __atomic_load_n(&method, __ATOMIC_ACQUIRE);
    if (fetched)
        return fetched;
    fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!fetched)
        give_up("fetch SHA256");
    EVP_MD *none = NULL;
    if (!__atomic_compare_exchange_n(&method, &none, fetched, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        EVP_MD_free(fetched);
        fetched = none;
    }
    return fetched;
}

static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

static void create_thread_key(void)
{
    if (pthread_key_create(&thread_key, free_context) != 0)
        give_up("thread key");
}

/* One context a thread, freed when the thread ends. */
static EVP_MD_CTX *thread_context(void)
{
    static _Thread_local EVP_MD_CTX *context;
    if (context)
        return context;
    context = EVP_MD_CTX_new();
    if (!context)
        give_up("digest context");
    pthread_once(&thread_key_once, create_thread_key);
    pthread_setspecific(thread_key, context);
    return context;
}

/* Of both behind each other. */
static struct digest digest_pair(struct str first, struct str second)
{
    struct digest digest;
    EVP_MD_CTX *context = thread_context();
    if (EVP_DigestInit_ex2(context, sha256_method(), NULL) != 1 ||
        EVP_DigestUpdate(context, first.ptr, first.len) != 1 ||
        EVP_DigestUpdate(context, second.ptr, second.len) != 1 ||
        EVP_DigestFinal_ex(context, digest.bytes, NULL) != 1)
        give_up("SHA-256");
    return digest;
}

struct digest digest_sha256(struct str bytes)
{
    return digest_pair(bytes, STR_NONE);
}

#define SHA256_BLOCK_LEN 64

static struct digest digest_padded(const unsigned char *key, unsigned char pad, struct str bytes)
{
    unsigned char block[SHA256_BLOCK_LEN];
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = key[i] ^ pad;
    struct digest digest = digest_pair((struct str){(const char *)block, sizeof(block)}, bytes);
    OPENSSL_cleanse(block, sizeof(block));
    return digest;
}

/* [RFC2104 2] By hand: 270 ns, where OpenSSL takes 430 with a context of the thread's and 1,200 with HMAC(), which
 * looks its parts up each time. */
struct digest digest_hmac(struct str key, struct str bytes)
{
    unsigned char block[SHA256_BLOCK_LEN] = {0};
    struct digest hash;
    if (key.len > sizeof(block)) {
        hash = digest_sha256(key);
        key = (struct str){(const char *)hash.bytes, DIGEST_LEN};
    }
    if (key.len)
        memcpy(block, key.ptr, key.len);
    struct digest inner = digest_padded(block, 0x36, bytes);
    struct digest outer = digest_padded(block, 0x5c, (struct str){(const char *)inner.bytes, DIGEST_LEN});
    OPENSSL_cleanse(block, sizeof(block));
    return outer;
}

bool secret_equal(struct str a, struct str b)
{
    return a.len == b.len && CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return CRYPTO_memcmp(a->bytes, b->bytes, DIGEST_LEN) == 0;
}

/* Drawing little by little costs OpenSSL a lock and a look for a fork each time; what was handed out is wiped. */
#define RANDOM_POOL_LEN 4096

void random_bytes(void *room, size_t len)
{
    static _Thread_local unsigned char pool[RANDOM_POOL_LEN];
    static _Thread_local size_t left;
    if (len > RANDOM_POOL_LEN) {
        if (RAND_bytes(room, (int)len) != 1)
            give_up("randomness");
        return;
    }
    if (len > left) {
        if (RAND_bytes(pool, RANDOM_POOL_LEN) != 1)
            give_up("randomness");
        left = RANDOM_POOL_LEN;
    }
    left -= len;
    memcpy(room, pool + left, len);
    explicit_bzero(pool + left, len);
}
