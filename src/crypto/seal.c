#include "crypto/seal.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/codec.h"

#define NONCE_LEN 12
#define TAG_LEN   16

/* nonce + locked bytes + tag */
struct parts {
    unsigned char *nonce;
    unsigned char *locked;
    unsigned char *tag;
    int len; /* of the secret, and of its locked form */
};

static struct parts take_apart(unsigned char *bytes, size_t secret_len)
{
    return (struct parts){bytes, bytes + NONCE_LEN, bytes + NONCE_LEN + secret_len, (int)secret_len};
}

static bool lock(EVP_CIPHER_CTX *context, const struct digest *key, struct str purpose, struct str secret,
                 const struct parts *parts)
{
    int len;
    return EVP_EncryptInit_ex2(context, EVP_aes_256_gcm(), key->bytes, parts->nonce, NULL) == 1 &&
           EVP_EncryptUpdate(context, NULL, &len, (const unsigned char *)purpose.ptr, (int)purpose.len) == 1 &&
           EVP_EncryptUpdate(context, parts->locked, &len, (const unsigned char *)secret.ptr, parts->len) == 1 &&
           EVP_EncryptFinal_ex(context, parts->tag, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, parts->tag) == 1;
}

struct str seal_close(struct arena *arena, const struct digest *key, struct str purpose, struct str secret)
{
    assert(secret.len <= SEAL_SECRET_MAX && purpose.len);
    size_t len = NONCE_LEN + secret.len + TAG_LEN;
    unsigned char *bytes = arena_alloc(arena, len);
    const struct parts parts = take_apart(bytes, secret.len);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    random_bytes(parts.nonce, NONCE_LEN);
    if (!context || !lock(context, key, purpose, secret.len ? secret : STR(""), &parts)) {
        fprintf(stderr, "jeton: OpenSSL failed: AES-256-GCM\n");
        abort(); /* as crypto/digest.h: nothing sensible can be done without it */
    }
    EVP_CIPHER_CTX_free(context);
    return base64url_write(arena, (struct str){(const char *)bytes, len});
}

static bool unlock(EVP_CIPHER_CTX *context, const struct digest *key, struct str purpose, const struct parts *parts,
                   unsigned char *secret)
{
    int len;
    return context && EVP_DecryptInit_ex2(context, EVP_aes_256_gcm(), key->bytes, parts->nonce, NULL) == 1 &&
           EVP_DecryptUpdate(context, NULL, &len, (const unsigned char *)purpose.ptr, (int)purpose.len) == 1 &&
           EVP_DecryptUpdate(context, secret, &len, parts->locked, parts->len) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, parts->tag) == 1 &&
           EVP_DecryptFinal_ex(context, secret + len, &len) == 1;
}

bool seal_open(struct arena *arena, const struct digest *key, struct str purpose, struct str sealed,
               struct str *ret_secret)
{
    struct str bytes;
    if (!base64url_parse(arena, sealed, &bytes) || bytes.len < NONCE_LEN + TAG_LEN ||
        bytes.len > NONCE_LEN + SEAL_SECRET_MAX + TAG_LEN)
        return false;
    const struct parts parts = take_apart((unsigned char *)bytes.ptr, bytes.len - NONCE_LEN - TAG_LEN);
    unsigned char *secret = arena_alloc(arena, (size_t)parts.len + TAG_LEN);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    bool is_open = unlock(context, key, purpose, &parts, secret);
    EVP_CIPHER_CTX_free(context);
    if (is_open)
        *ret_secret = (struct str){(const char *)secret, (size_t)parts.len};
    return is_open;
}
