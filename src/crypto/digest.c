#include "crypto/digest.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "jeton: cryptography failed: %s\n", what);
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

/* What a thread computes with, freed when it ends. */
struct contexts {
    EVP_MD_CTX *digest;
    EVP_MAC_CTX *mac;
};

static pthread_key_t thread_key;
static pthread_once_t thread_key_once = PTHREAD_ONCE_INIT;

static void free_contexts(void *kept)
{
    struct contexts *contexts = kept;
    EVP_MD_CTX_free(contexts->digest);
    EVP_MAC_CTX_free(contexts->mac);
}

static void create_thread_key(void)
{
    if (pthread_key_create(&thread_key, free_contexts) != 0)
        give_up("thread key");
}

static struct contexts *thread_contexts(void)
{
    static _Thread_local struct contexts contexts;
    if (contexts.digest)
        return &contexts;
    contexts.digest = EVP_MD_CTX_new();
    if (!contexts.digest)
        give_up("digest context");
    pthread_once(&thread_key_once, create_thread_key);
    pthread_setspecific(thread_key, &contexts);
    return &contexts;
}

/* A third of what HMAC() costs, which looks its parts up each time and takes a lock that all threads share. */
static EVP_MAC_CTX *thread_mac(void)
{
    struct contexts *contexts = thread_contexts();
    if (contexts->mac)
        return contexts->mac;
    char digest_name[] = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *method = EVP_MAC_fetch(NULL, "HMAC", NULL);
    contexts->mac = EVP_MAC_CTX_new(method);
    EVP_MAC_free(method); /* the context holds it */
    if (!contexts->mac || EVP_MAC_CTX_set_params(contexts->mac, parameters) != 1)
        give_up("HMAC context");
    return contexts->mac;
}

struct digest digest_sha256(struct str bytes)
{
    struct digest digest;
    EVP_MD_CTX *context = thread_contexts()->digest;
    if (EVP_DigestInit_ex2(context, sha256_method(), NULL) != 1 ||
        EVP_DigestUpdate(context, bytes.ptr, bytes.len) != 1 || EVP_DigestFinal_ex(context, digest.bytes, NULL) != 1)
        give_up("SHA-256");
    return digest;
}

struct digest digest_hmac(struct str key, struct str bytes)
{
    struct digest digest;
    size_t len;
    EVP_MAC_CTX *context = thread_mac();
    const char *key_bytes = key.len ? key.ptr : ""; /* NULL would mean the key of the last time */
    if (EVP_MAC_init(context, (const unsigned char *)key_bytes, key.len, NULL) != 1 ||
        EVP_MAC_update(context, (const unsigned char *)bytes.ptr, bytes.len) != 1 ||
        EVP_MAC_final(context, digest.bytes, &len, DIGEST_LEN) != 1)
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

/* Drawing little by little costs a system call each time; what was handed out is wiped. */
#define RANDOM_POOL_LEN 4096

/* The kernel's own generator, which OpenSSL's are seeded from: theirs take a third of a megabyte, and more for each
 * thread. [getrandom(2)] */
static void draw(unsigned char *room, size_t len)
{
    while (len > 0) {
        ssize_t got = getrandom(room, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            give_up("randomness");
        room += got;
        len -= (size_t)got;
    }
}

void random_bytes(void *room, size_t len)
{
    static _Thread_local unsigned char pool[RANDOM_POOL_LEN];
    static _Thread_local size_t left;
    if (len > RANDOM_POOL_LEN) {
        draw(room, len);
        return;
    }
    if (len > left) {
        draw(pool, RANDOM_POOL_LEN);
        left = RANDOM_POOL_LEN;
    }
    left -= len;
    memcpy(room, pool + left, len);
    explicit_bzero(pool + left, len);
}
