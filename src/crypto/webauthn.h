/*
 * webauthn.h — what an authenticator has signed: by libfido2, which no other file includes.
 *
 * Everything is bytes as the browser gave them, decoded from base64url. Challenge, origin and whose key it is are the
 * caller's to look at (identity/passkey.h).
 *
 * Specs: WebAuthn Level 2 §6.1, §6.5, §8.2, §8.7; RFC 8949 (the little of it that an attestation object needs).
 * Threads: any; no state.
 */
#pragma once

#include "base/text.h"

struct arena;

/* COSE's numbers of what we take; browsers are offered them in this order. [RFC9053 2.1, 2.2] [RFC8812 2] */
#define WEBAUTHN_ES256 (-7)
#define WEBAUTHN_EDDSA (-8)
#define WEBAUTHN_RS256 (-257)

/* Longer ones are nobody's. */
#define WEBAUTHN_CREDENTIAL_ID_MAX 1023

struct webauthn_key {
    struct str credential_id;
    struct str public_key; /* as libfido2 keeps it: x and y, or n and e, or 32 bytes */
    int64_t algorithm;
};

/* The authenticator's word. */
struct webauthn_word {
    int64_t sign_count;     /* 0: it does not count */
    bool user_was_verified; /* by PIN, finger or face; that somebody was there is required */
};

/*
 * A new key. False when the object is malformed, of another server, when nobody was there, or when its attestation is
 * wrong: formats are "none" and "packed", whose signature must fit, but whose certificate is nobody's.
 */
bool webauthn_read_attestation(struct arena *arena, struct str rp_id, struct str client_data,
                               struct str attestation_object, struct webauthn_key *ret_key,
                               struct webauthn_word *ret_word);

/* Whether the key has signed this for this server, and somebody was there. */
bool webauthn_check_assertion(struct arena *arena, struct str rp_id, struct str client_data,
                              struct str authenticator_data, struct str signature, const struct webauthn_key *key,
                              struct webauthn_word *ret_word);
