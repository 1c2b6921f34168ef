#include "crypto/certificate.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* A server that starts by itself has nobody to ask. */
static int give_no_password(char *room, int size, int is_writing, void *arg)
{
    (void)room, (void)size, (void)is_writing, (void)arg;
    return -1;
}

static BIO *open_text(struct str text)
{
    return text.len > INT_MAX ? NULL : BIO_new_mem_buf(text.ptr, (int)text.len);
}

/* What ends a chain is its end and not a certificate that is cut off. */
static bool is_at_end(void)
{
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/* The first certificate; NULL when there is none or one behind it is broken. */
static X509 *read_chain(struct str text)
{
    BIO *bio = open_text(text);
    X509 *first = bio ? PEM_read_bio_X509(bio, NULL, give_no_password, NULL) : NULL;
    X509 *next = first;
    while (next) {
        if (next != first)
            X509_free(next);
        next = PEM_read_bio_X509(bio, NULL, give_no_password, NULL);
    }
    if (first && !is_at_end()) {
        X509_free(first);
        first = NULL;
    }
    BIO_free(bio);
    return first;
}

static EVP_PKEY *read_key(struct str text)
{
    BIO *bio = open_text(text);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_no_password, NULL) : NULL;
    BIO_free(bio);
    return key;
}

enum certificate_fit certificate_fit(struct str chain, struct str key)
{
    X509 *certificate = read_chain(chain);
    EVP_PKEY *private_key = read_key(key);
    enum certificate_fit fit = CERTIFICATE_FITS;
    if (!certificate)
        fit = CERTIFICATE_IS_NONE;
    else if (!private_key)
        fit = KEY_IS_NONE;
    else if (X509_check_private_key(certificate, private_key) != 1)
        fit = KEY_IS_ANOTHERS;
    EVP_PKEY_free(private_key);
    X509_free(certificate);
    ERR_clear_error();
    return fit;
}
