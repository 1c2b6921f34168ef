#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
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

struct digest digest_sha256(struct str bytes)
{
    struct digest digest;
    EVP_MD_CTX *context = thread_context();
    if (EVP_DigestInit_ex2(context, sha256_method(), NULL) != 1 ||
        EVP_DigestUpdate(context, bytes.ptr, bytes.len) != 1 || EVP_DigestFinal_ex(context, digest.bytes, NULL) != 1)
        give_up("SHA-256");
    return digest;
}

struct digest digest_hmac(struct str key, struct str bytes)
{
    struct digest digest;
    unsigned len = DIGEST_LEN;
    const char *key_bytes = key.len ? key.ptr : ""; /* OpenSSL fails for a key of NULL */
    if (!HMAC(sha256_method(), key_bytes, (int)key.len, (const unsigned char *)bytes.ptr, bytes.len, digest.bytes,
              &len))
        give_up("HMAC");
    return digest;
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
