/*
 * secret.h — passwords that a signed-in person types: the current one, and a new one.
 *
 * Threads: as the visit; secret_prove on the crew.
 */
#pragma once

#include "base/outcome.h"
#include "identity/sign_in.h"

struct visit;

struct secret {
    struct sign_in current; /* unless it is not asked for: no username then */
    struct str fresh;       /* the new one; absent: none */
    struct str fresh_hash;  /* made by secret_prove */
};

/* Reads the field `password` and looks whether one must wait. False: the visit has problems, or FAILED was answered
 * (`ret_is_answered`). */
bool secret_ask_current(struct visit *visit, struct secret *secret, const char *field, bool *ret_is_answered);
/* Reads a new password from the field for `username`, and says what is wrong with it. */
void secret_ask_fresh(struct visit *visit, struct secret *secret, const char *field, struct str username);

/* OK, or REFUSED with the current one wrong, or FAILED without memory for a hash. */
STEP secret_prove(struct secret *secret);
/* Inside the transaction: the current one must still be what was compared, REFUSED otherwise. OK when none was asked
 * for. */
STEP secret_apply(struct secret *secret, struct store_tx *tx);
/* Afterwards, when it was REFUSED: logs it and adds the problem to the field. */
void secret_refuse(struct visit *visit, const struct secret *secret, const char *field);
