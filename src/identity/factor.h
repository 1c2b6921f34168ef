/*
 * factor.h — the second step: an authenticator app, and recovery codes for when the phone is gone.
 *
 * The app's key must be read again, so it is sealed for its user under the realm's key, which is not in the database.
 * A code is good once; recovery codes are shown once, each works once, and an HMAC of each is kept: they are too
 * short for a plain hash. A passkey (identity/passkey.h) is a second step, too.
 *
 * Specs: RFC 6238; NIST SP 800-63B §5.1.2, §5.1.4.   Threads: as store.h.
 */
#pragma once

#include "identity/delay.h"
#include "identity/session.h"
#include "identity/user.h"

/* Ten letters and digits, in two groups: "k3v9q-2m7xd". */
#define RECOVERY_CODE_LEN 11

/* Whether the user must have a second step before anything is open. */
bool factor_is_required(const struct people_policy *people, const struct user_row *user);
/* The app is. */
bool factor_is_set_up(const struct user_row *user);

enum factor_need {
    FACTOR_IS_ENOUGH, /* everything is open to the session */
    FACTOR_TO_SHOW,   /* the app's code, a passkey or a recovery code */
    FACTOR_TO_SET_UP, /* the user must have one and has none */
};
/* Who has an app is always asked for it; who has passkeys only may do without where the realm does not insist. */
STEP factor_find_need(struct store_reader *reader, struct arena *arena, const struct people_policy *people,
                      const struct session *session, enum factor_need *ret_need);

/* A new key, sealed: it travels through the set-up page. Draws randomness. */
struct str factor_draw(struct arena *arena, const struct people_policy *people, int64_t user_id);
/* The key's bytes; false for what was not made by factor_draw for this user. */
bool factor_open(struct arena *arena, const struct people_policy *people, int64_t user_id, struct str sealed,
                 struct str *ret_key);

/* Draws randomness. */
void recovery_codes_draw(struct arena *arena, struct str ret_codes[RECOVERY_CODE_COUNT]);

/* Turns it on when `code` is what the key gives now; the recovery codes take the place of earlier ones. */
STEP factor_set_up(struct person_step *step, struct store_tx *tx, int64_t user_id, struct str sealed, struct str code,
                   const struct str codes[RECOVERY_CODE_COUNT], bool *ret_fits);
STEP factor_renew_codes(struct person_step *step, struct store_tx *tx, int64_t user_id,
                        const struct str codes[RECOVERY_CODE_COUNT]);
/* A code of the app or a recovery code, used up; upper case, blanks and the hyphen do not matter. `ret_factor`: which
 * it was; 0: it was wrong, or its time was used before. */
STEP factor_verify(struct person_step *step, struct store_tx *tx, int64_t user_id, struct str code,
                   unsigned *ret_factor);
/* Recovery codes stay as long as there is a passkey that they stand in for. */
STEP factor_remove(struct person_step *step, struct store_tx *tx, int64_t user_id);

/* Around factor_verify and factor_set_up, not inside the unit. Seconds to wait; 0: the try has begun, and factor_end
 * must follow, `factor` as factor_verify gave it. */
int64_t factor_begin(const struct people_policy *people, const struct user_row *user, struct str client_address,
                     int64_t now, struct delay_try *ret_try);
void factor_end(struct delay_try *delay_try, enum outcome outcome, unsigned factor, int64_t now);
