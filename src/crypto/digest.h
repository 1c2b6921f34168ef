/*
 * digest.h — SHA-256, HMAC-SHA-256, randomness and comparison that tells no time.
 *
 * Failure of the cryptographic library ends the process: nothing sensible can be done without it.
 *
 * Specs: FIPS 180-4, RFC 2104.   Threads: any; contexts are kept per thread.
 */
#pragma once

#include "base/text.h"

#define DIGEST_LEN 32

struct digest {
    unsigned char bytes[DIGEST_LEN];
};

struct digest digest_sha256(struct str bytes);
struct digest digest_hmac(struct str key, struct str bytes);

/* Takes the same time wherever the difference is. Lengths are no secret. */
bool secret_equal(struct str a, struct str b);
bool digest_equal(const struct digest *a, const struct digest *b);

/* From the kernel's generator. Not across a fork: both sides would draw the same. [getrandom(2)] */
void random_bytes(void *room, size_t len);
