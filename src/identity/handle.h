/*
 * handle.h — what opens a row from outside: a session's cookie, a link in a mail.
 *
 * A kind's letter, the row's id in nine base62 digits and 256 random bits as base64url. The store keeps the SHA-256
 * of the last part only, so a stolen database opens nothing. The secret is drawn before the unit, the id comes from
 * the store (store_tx_token_id).
 *
 * Threads: any; no state.
 */
#pragma once

#include "base/text.h"
#include "crypto/digest.h"

struct arena;

enum handle_kind { HANDLE_SESSION = 's', HANDLE_TICKET = 't' };

struct handle {
    struct str secret;
    struct digest secret_hash;
    int64_t id; /* 0: not yet */
};

/* Draws randomness: never inside a unit. */
void handle_draw(struct arena *arena, struct handle *ret_handle);
struct str handle_write(struct arena *arena, enum handle_kind kind, const struct handle *handle);
/* False when the text is no handle of this kind. */
bool handle_read(enum handle_kind kind, struct str text, int64_t *ret_id, struct digest *ret_secret_hash);
