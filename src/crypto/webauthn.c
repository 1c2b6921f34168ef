#include "crypto/webauthn.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>

#include "base/arena.h"
#include "crypto/digest.h"

#define AUTHENTICATOR_DATA_MIN 37 /* the server's hash, flags, count */
#define DEPTH_MAX              4  /* of an attestation statement: a map, a list of certificates */

static const int algorithms[] = {COSE_ES256, COSE_EDDSA, COSE_RS256};

enum cbor_kind { CBOR_UINT, CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT, CBOR_LIST, CBOR_MAP };

/* The head of an item: what it is and how long. CTAP2 allows neither tags, floats nor indefinite lengths in here. */
static bool take_head(struct str *rest, enum cbor_kind *ret_kind, uint64_t *ret_number)
{
    if (rest->len == 0)
        return false;
    unsigned first = (unsigned char)rest->ptr[0];
    unsigned extra = first & 31;
    size_t len = extra < 24 ? 0 : extra <= 27 ? (size_t)1 << (extra - 24) : SIZE_MAX;
    if (first >> 5 > CBOR_MAP || len == SIZE_MAX || rest->len < 1 + len)
        return false;
    *ret_kind = (enum cbor_kind)(first >> 5);
    *ret_number = extra < 24 ? extra : 0;
    for (size_t i = 0; i < len; i++)
        *ret_number = *ret_number << 8 | (unsigned char)rest->ptr[1 + i];
    *rest = str_slice(*rest, 1 + len, rest->len);
    return true;
}

/* The content of a text or of bytes. */
static bool take_string(struct str *rest, enum cbor_kind kind, struct str *ret_content)
{
    enum cbor_kind found;
    uint64_t len;
    if (!take_head(rest, &found, &len) || found != kind || len > rest->len)
        return false;
    *ret_content = str_slice(*rest, 0, (size_t)len);
    *rest = str_slice(*rest, (size_t)len, rest->len);
    return true;
}

/* Over one item with all that is in it. */
static bool skip_item(struct str *rest, unsigned depth)
{
    enum cbor_kind kind;
    uint64_t number;
    if (depth > DEPTH_MAX || !take_head(rest, &kind, &number))
        return false;
    if (kind == CBOR_UINT || kind == CBOR_NEGATIVE)
        return true;
    if (number > rest->len)
        return false; /* each item in it takes a byte at least */
    if (kind == CBOR_BYTES || kind == CBOR_TEXT) {
        *rest = str_slice(*rest, (size_t)number, rest->len);
        return true;
    }
    for (uint64_t count = kind == CBOR_MAP ? 2 * number : number; count > 0; count--)
        if (!skip_item(rest, depth + 1))
            return false;
    return true;
}

struct attestation {
    struct str format;
    struct str statement; /* CBOR */
    struct str authenticator_data;
};

static bool take_member(struct str *rest, struct attestation *attestation)
{
    struct str name, before;
    if (!take_string(rest, CBOR_TEXT, &name))
        return false;
    if (str_equal(name, STR("fmt")) && !str_is_present(attestation->format))
        return take_string(rest, CBOR_TEXT, &attestation->format);
    if (str_equal(name, STR("authData")) && !str_is_present(attestation->authenticator_data))
        return take_string(rest, CBOR_BYTES, &attestation->authenticator_data);
    before = *rest;
    if (!str_equal(name, STR("attStmt")) || str_is_present(attestation->statement) || !skip_item(rest, 0))
        return false;
    attestation->statement = str_slice(before, 0, before.len - rest->len);
    return true;
}

/* Exactly the three members, in any order. [WebAuthn 6.5.4] */
static bool take_apart(struct str object, struct attestation *ret_attestation)
{
    enum cbor_kind kind;
    uint64_t count;
    *ret_attestation = (struct attestation){0};
    if (!take_head(&object, &kind, &count) || kind != CBOR_MAP || count != 3)
        return false;
    for (int i = 0; i < 3; i++)
        if (!take_member(&object, ret_attestation))
            return false;
    return object.len == 0;
}

/* libfido2 compares it only where it verifies a signature. */
static bool is_for_server(struct str authenticator_data, struct str rp_id)
{
    struct digest hash = digest_sha256(rp_id);
    return authenticator_data.len >= AUTHENTICATOR_DATA_MIN &&
           memcmp(authenticator_data.ptr, hash.bytes, DIGEST_LEN) == 0;
}

static const unsigned char *bytes_of(struct str text)
{
    return (const unsigned char *)text.ptr;
}

/* The key that the data has, if it is of this algorithm: libfido2 wants to know it first. */
static bool set_data(fido_cred_t *credential, struct arena *arena, const struct attestation *attestation,
                     struct str rp_id, struct str client_data, int algorithm)
{
    struct str data = attestation->authenticator_data;
    return fido_cred_set_type(credential, algorithm) == FIDO_OK &&
           fido_cred_set_rp(credential, arena_cstr(arena, rp_id), NULL) == FIDO_OK &&
           fido_cred_set_clientdata(credential, bytes_of(client_data), client_data.len) == FIDO_OK &&
           fido_cred_set_authdata_raw(credential, bytes_of(data), data.len) == FIDO_OK;
}

/* [WebAuthn 8.7] no statement; [WebAuthn 8.2] signed by the key itself or by one with a certificate. */
static bool attestation_fits(fido_cred_t *credential, struct arena *arena, const struct attestation *attestation)
{
    if (str_equal(attestation->format, STR("none")))
        return attestation->statement.len == 1;
    if (!str_equal(attestation->format, STR("packed")))
        return false;
    if (fido_cred_set_fmt(credential, arena_cstr(arena, attestation->format)) != FIDO_OK ||
        fido_cred_set_attstmt(credential, bytes_of(attestation->statement), attestation->statement.len) != FIDO_OK)
        return false;
    return (fido_cred_x5c_ptr(credential) ? fido_cred_verify(credential) : fido_cred_verify_self(credential)) ==
           FIDO_OK;
}

static struct str copy_bytes(struct arena *arena, const unsigned char *bytes, size_t len)
{
    return arena_str(arena, (struct str){(const char *)bytes, len});
}

static bool read_key(struct arena *arena, const fido_cred_t *credential, struct webauthn_key *ret_key,
                     struct webauthn_word *ret_word)
{
    const unsigned char *id = fido_cred_id_ptr(credential), *key = fido_cred_pubkey_ptr(credential);
    size_t id_len = fido_cred_id_len(credential);
    uint8_t flags = fido_cred_flags(credential);
    if (!id || !key || id_len == 0 || id_len > WEBAUTHN_CREDENTIAL_ID_MAX || !(flags & CTAP_AUTHDATA_USER_PRESENT))
        return false;
    ret_key->credential_id = copy_bytes(arena, id, id_len);
    ret_key->public_key = copy_bytes(arena, key, fido_cred_pubkey_len(credential));
    ret_key->algorithm = fido_cred_type(credential);
    ret_word->sign_count = fido_cred_sigcount(credential);
    ret_word->user_was_verified = flags & CTAP_AUTHDATA_USER_VERIFIED;
    return true;
}

bool webauthn_read_attestation(struct arena *arena, struct str rp_id, struct str client_data,
                               struct str attestation_object, struct webauthn_key *ret_key,
                               struct webauthn_word *ret_word)
{
    struct attestation attestation;
    bool is_read = false;
    if (client_data.len == 0 || !take_apart(attestation_object, &attestation) ||
        !is_for_server(attestation.authenticator_data, rp_id))
        return false;
    fido_init(0);
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms) && !is_read; i++) {
        fido_cred_t *credential = fido_cred_new();
        is_read = credential && set_data(credential, arena, &attestation, rp_id, client_data, algorithms[i]) &&
                  attestation_fits(credential, arena, &attestation) && read_key(arena, credential, ret_key, ret_word);
        fido_cred_free(&credential);
    }
    return is_read;
}

static bool verify_with(const fido_assert_t *assertion, const struct webauthn_key *key)
{
    bool fits = false;
    if (key->algorithm == COSE_ES256) {
        es256_pk_t *public_key = es256_pk_new();
        fits = public_key && es256_pk_from_ptr(public_key, key->public_key.ptr, key->public_key.len) == FIDO_OK &&
               fido_assert_verify(assertion, 0, COSE_ES256, public_key) == FIDO_OK;
        es256_pk_free(&public_key);
    } else if (key->algorithm == COSE_EDDSA) {
        eddsa_pk_t *public_key = eddsa_pk_new();
        fits = public_key && eddsa_pk_from_ptr(public_key, key->public_key.ptr, key->public_key.len) == FIDO_OK &&
               fido_assert_verify(assertion, 0, COSE_EDDSA, public_key) == FIDO_OK;
        eddsa_pk_free(&public_key);
    } else if (key->algorithm == COSE_RS256) {
        rs256_pk_t *public_key = rs256_pk_new();
        fits = public_key && rs256_pk_from_ptr(public_key, key->public_key.ptr, key->public_key.len) == FIDO_OK &&
               fido_assert_verify(assertion, 0, COSE_RS256, public_key) == FIDO_OK;
        rs256_pk_free(&public_key);
    }
    return fits;
}

static bool set_assertion(fido_assert_t *assertion, struct arena *arena, struct str rp_id, struct str client_data,
                          struct str authenticator_data, struct str signature)
{
    return fido_assert_set_count(assertion, 1) == FIDO_OK &&
           fido_assert_set_rp(assertion, arena_cstr(arena, rp_id)) == FIDO_OK &&
           fido_assert_set_up(assertion, FIDO_OPT_TRUE) == FIDO_OK &&
           fido_assert_set_clientdata(assertion, bytes_of(client_data), client_data.len) == FIDO_OK &&
           fido_assert_set_authdata_raw(assertion, 0, bytes_of(authenticator_data), authenticator_data.len) ==
               FIDO_OK &&
           fido_assert_set_sig(assertion, 0, bytes_of(signature), signature.len) == FIDO_OK;
}

bool webauthn_check_assertion(struct arena *arena, struct str rp_id, struct str client_data,
                              struct str authenticator_data, struct str signature, const struct webauthn_key *key,
                              struct webauthn_word *ret_word)
{
    if (client_data.len == 0 || signature.len == 0 || !is_for_server(authenticator_data, rp_id))
        return false;
    fido_init(0);
    fido_assert_t *assertion = fido_assert_new();
    bool fits = assertion && set_assertion(assertion, arena, rp_id, client_data, authenticator_data, signature) &&
                verify_with(assertion, key);
    if (fits) {
        ret_word->sign_count = fido_assert_sigcount(assertion, 0);
        ret_word->user_was_verified = fido_assert_flags(assertion, 0) & CTAP_AUTHDATA_USER_VERIFIED;
    }
    fido_assert_free(&assertion);
    return fits;
}
