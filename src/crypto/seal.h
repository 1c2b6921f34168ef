/*
 * seal.h — small secrets that must be read again, locked with a key that is not stored beside them.
 *
 * AES-256 in Galois/counter mode under a random nonce. What a text is for (`purpose`) is sealed with it and not told
 * by it: one that was taken from elsewhere does not open.
 *
 * Specs: NIST SP 800-38D.   Threads: any.
 */
#pragma once

#include "base/text.h"
#include "crypto/digest.h"

struct arena;

/* Bytes of a secret. Nonces are random: a key may seal 2^32 times. [NIST SP 800-38D 8.3] */
#define SEAL_SECRET_MAX 4096

/* The secret, locked, as base64url; another text each time. */
struct str seal_close(struct arena *arena, const struct digest *key, struct str purpose, struct str secret);

/* False when the text was not made by seal_close with this key and purpose. */
bool seal_open(struct arena *arena, const struct digest *key, struct str purpose, struct str sealed,
               struct str *ret_secret);
