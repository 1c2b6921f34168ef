/*
 * certificate.h — whether the files of a TLS listener can be used together.
 *
 * Whom the certificate names, whether it is valid today and who signed it is the clients' to judge.
 *
 * Specs: RFC 7468.   Threads: any; no state.
 */
#pragma once

#include "base/text.h"

enum certificate_fit {
    CERTIFICATE_FITS,
    CERTIFICATE_IS_NONE, /* no certificate in PEM, or one of the chain that cannot be read */
    KEY_IS_NONE,         /* no private key in PEM, or one that asks for a password */
    KEY_IS_ANOTHERS,     /* not the one of the first certificate */
};

/* Both are texts in PEM: a chain that begins with the server's own certificate, and its private key. */
enum certificate_fit certificate_fit(struct str chain, struct str key);
