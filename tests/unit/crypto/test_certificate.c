/* What a TLS listener is given: a chain in PEM and the key of its first certificate, or it is told what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "crypto/certificate.h"

#define PEM_SIZE 4096

static char certificate[2][PEM_SIZE]; /* of two servers */
static char key[2][PEM_SIZE];
static char locked_key[PEM_SIZE]; /* the first one's, with a password */

static void take_text(BIO *bio, char *room)
{
    int len = BIO_read(bio, room, PEM_SIZE - 1);
    assert_true(len > 0);
    room[len] = '\0';
    BIO_free(bio);
}

static void write_certificate(EVP_PKEY *pair, char *room)
{
    X509 *made = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    X509_gmtime_adj(X509_getm_notBefore(made), 0);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    assert_true(X509_set_pubkey(made, pair) == 1 && X509_sign(made, pair, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(bio, made), 1);
    take_text(bio, room);
    X509_free(made);
}

static void write_key(EVP_PKEY *pair, const char *password, char *room)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const EVP_CIPHER *cipher = password ? EVP_aes_256_cbc() : NULL;
    const unsigned char *bytes = (const unsigned char *)password;
    assert_int_equal(
        PEM_write_bio_PrivateKey(bio, pair, cipher, bytes, password ? (int)strlen(password) : 0, NULL, NULL), 1);
    take_text(bio, room);
}

static int make_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *pair = EVP_EC_gen("P-256");
        assert_non_null(pair);
        write_certificate(pair, certificate[i]);
        write_key(pair, NULL, key[i]);
        if (i == 0)
            write_key(pair, "secret", locked_key);
        EVP_PKEY_free(pair);
    }
    return 0;
}

static enum certificate_fit fit(const char *chain, const char *private_key)
{
    return certificate_fit(str_of(chain), str_of(private_key));
}

static void a_key_fits_its_own_certificate_only(void **state)
{
    (void)state;
    assert_int_equal(fit(certificate[0], key[0]), CERTIFICATE_FITS);
    assert_int_equal(fit(certificate[1], key[0]), KEY_IS_ANOTHERS);
}

static void a_chain_begins_with_the_servers_certificate_and_is_whole(void **state)
{
    (void)state;
    char chain[2 * PEM_SIZE];
    size_t first_len = strlen(certificate[0]);
    snprintf(chain, sizeof(chain), "%s%s", certificate[0], certificate[1]);
    assert_int_equal(fit(chain, key[0]), CERTIFICATE_FITS);
    assert_int_equal(fit(chain, key[1]), KEY_IS_ANOTHERS);
    chain[first_len + 100] = '\0';
    assert_int_equal(fit(chain, key[0]), CERTIFICATE_IS_NONE);
}

static void what_is_no_pem_is_named(void **state)
{
    (void)state;
    assert_int_equal(fit("", key[0]), CERTIFICATE_IS_NONE);
    assert_int_equal(fit("garbage\n", key[0]), CERTIFICATE_IS_NONE);
    assert_int_equal(fit(key[0], key[0]), CERTIFICATE_IS_NONE);
    assert_int_equal(fit(certificate[0], ""), KEY_IS_NONE);
    assert_int_equal(fit(certificate[0], certificate[0]), KEY_IS_NONE);
}

static void a_key_behind_a_password_is_none(void **state)
{
    (void)state;
    assert_int_equal(fit(certificate[0], locked_key), KEY_IS_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_fits_its_own_certificate_only),
        cmocka_unit_test(a_chain_begins_with_the_servers_certificate_and_is_whole),
        cmocka_unit_test(what_is_no_pem_is_named),
        cmocka_unit_test(a_key_behind_a_password_is_none),
    };
    return cmocka_run_group_tests(tests, make_pairs, NULL);
}
