/*
 * passkey.h — WebAuthn: what a browser says of a passkey.
 *
 * Challenges are not stored: a challenge is a form's token (identity/form.h), bound to the browser's cookie, to what
 * it is for and to the user. No attestation is asked for; one that comes by itself must be right
 * (crypto/webauthn.h). A passkey signs in alone when the authenticator has verified its user, by finger, face or PIN;
 * besides a password it is a second step.
 *
 * Specs: WebAuthn Level 2 §7.1, §7.2.   Threads: any; steps as store.h.
 */
#pragma once

#include "identity/user.h"

#define PASSKEY_LABEL_MAX 64
/* Bytes of each part that a browser sends, in base64url. */
#define PASSKEY_PART_MAX 16384

/* Where this server is, to a browser. */
struct passkey_place {
    const struct people_policy *people;
    struct str origin; /* "https://auth.example.com", as the browser writes it */
    struct str rp_id;  /* its host, without port */
    struct str cookie; /* the session's or the anonymous value */
};

enum passkey_purpose { PASSKEY_TO_REGISTER, PASSKEY_TO_SIGN_IN };

/* base64url, for publicKey.challenge. `user_id` 0: whoever it will be. Draws randomness. */
struct str passkey_challenge(struct arena *arena, const struct passkey_place *place, enum passkey_purpose purpose,
                             int64_t user_id, int64_t now);
/* base64url, for publicKey.user.id: stands for the user without telling the row's number. [WebAuthn 14.6.1] */
struct str passkey_user_handle(struct arena *arena, const struct people_policy *people, int64_t user_id);

/* What navigator.credentials.create gave, each in base64url. */
struct passkey_registration {
    struct str client_data;        /* response.clientDataJSON */
    struct str attestation_object; /* response.attestationObject */
    struct str label;              /* what the user calls it: 1 to PASSKEY_LABEL_MAX bytes of text */
};

/* Fills the row. REFUSED: label_malformed, passkey_stale, passkey_unfit. */
STEP passkey_verify_registration(struct person_step *step, const struct passkey_place *place, int64_t user_id,
                                 const struct passkey_registration *registration, struct passkey_row *ret_row);
/* REFUSED: passkey_known, passkey_too_many. */
STEP passkey_register(struct person_step *step, struct store_tx *tx, const struct passkey_row *row, int64_t *ret_id);

/* What navigator.credentials.get gave, each in base64url. */
struct passkey_assertion {
    struct str credential_id;      /* rawId */
    struct str client_data;        /* response.clientDataJSON */
    struct str authenticator_data; /* response.authenticatorData */
    struct str signature;          /* response.signature */
    struct str user_handle;        /* response.userHandle; may be empty */
};

/* A passkey that has proved itself. */
struct passkey_proof {
    struct passkey_row *passkey;
    struct user_row *user;
    int64_t sign_count;
};

/* `user_id` 0: whoever it is; then the user must have been verified. REFUSED: passkey_unfit, passkey_stale. */
STEP passkey_verify_assertion(struct person_step *step, struct store_reader *reader,
                              const struct passkey_place *place, int64_t user_id,
                              const struct passkey_assertion *assertion, struct passkey_proof *ret_proof);
/* Notes the use. REFUSED: passkey_unfit, when its count goes back, which tells of a copy [WebAuthn 7.2], when it was
 * removed, or when the user was switched off meanwhile. */
STEP passkey_apply(struct person_step *step, struct store_tx *tx, const struct passkey_proof *proof);
/* REFUSED: passkey_unfit, when the user has none of this number. */
STEP passkey_remove(struct person_step *step, struct store_tx *tx, int64_t user_id, int64_t passkey_id);
