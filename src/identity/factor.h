/*
 * factor.h — the second step: an authenticator app, and recovery codes for when the phone is gone.
 *
 * The app's key must be read again, so it is sealed under the realm's key, which is not in the database. A code is
 * good once; recovery codes are kept as hashes, shown once, and each works once.
 *
 * Specs: RFC 6238.   Threads: as store.h.
 */
#pragma once

#include "identity/user.h"

/* Ten letters and digits, in two groups: "k3v9q-2m7xd". */
#define RECOVERY_CODE_LEN 11

/* Whether the user must have a second step before anything is open. */
bool factor_is_required(const struct people_policy *people, const struct user_row *user);
bool factor_is_set_up(const struct user_row *user);

/* A new key, sealed: it travels through the set-up page. Draws randomness. */
struct str factor_draw(struct arena *arena, const struct people_policy *people);
/* The key's bytes; false for what was not made by factor_draw of this realm. */
bool factor_open(struct arena *arena, const struct people_policy *people, struct str sealed, struct str *ret_key);

/* Draws randomness. */
void recovery_codes_draw(struct arena *arena, struct str ret_codes[RECOVERY_CODE_COUNT]);
/* Upper case, blanks and the hyphen do not matter. */
struct digest recovery_code_hash(struct arena *arena, struct str code);

/* Turns it on when `code` is what the key gives now; the recovery codes take the place of earlier ones. */
STEP factor_set_up(struct person_step *step, struct store_tx *tx, int64_t user_id, struct str sealed, struct str code,
                   const struct str codes[RECOVERY_CODE_COUNT], bool *ret_fits);
STEP factor_renew_codes(struct person_step *step, struct store_tx *tx, int64_t user_id,
                        const struct str codes[RECOVERY_CODE_COUNT]);
/* A code of the app or a recovery code, used up. `ret_factor`: which it was; 0: it was wrong. */
STEP factor_verify(struct person_step *step, struct store_tx *tx, int64_t user_id, struct str code,
                   unsigned *ret_factor);
STEP factor_remove(struct person_step *step, struct store_tx *tx, int64_t user_id);

/* Guessing: seconds to wait; 0: none. Around factor_verify, not inside the unit. */
int64_t factor_find_wait(const struct people_policy *people, const struct user_row *user, int64_t now);
void factor_note(const struct people_policy *people, const struct user_row *user, unsigned factor, int64_t now);
