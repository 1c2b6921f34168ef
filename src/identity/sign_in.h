/*
 * sign_in.h — a name and a password: whose they are.
 *
 * prepare (reads) → prove (on the crew: slow) → apply (inside the transaction). Unknown users, wrong passwords and
 * users without one cannot be told apart, neither by words nor by time. Who has shown the password learns whether
 * the user is switched off, nobody else does.
 *
 * Threads: as the steps say.
 */
#pragma once

#include "base/outcome.h"
#include "base/text.h"
#include "store/people.h"

struct arena;
struct people_policy;

enum sign_in_verdict {
    SIGN_IN_UNDECIDED = 0,
    SIGN_IN_FITS,
    SIGN_IN_WRONG,
    SIGN_IN_DELAYED, /* nothing was compared: too many were wrong before */
    SIGN_IN_DISABLED,
};

struct sign_in {
    /* filled by the caller */
    struct arena *arena;
    const struct people_policy *people;
    int64_t now;
    struct str username; /* as typed: a name, or a confirmed e-mail address */
    struct str password;
    struct str client_address;
    struct str device; /* the proof of an earlier sign-in of this browser (identity/device.h); may be absent */
    /* made by the steps */
    struct user_row *user; /* set when the name is somebody's; tell nobody before the verdict is FITS or DISABLED */
    enum sign_in_verdict verdict;
    int64_t wait_seconds;
    struct str fresh_hash; /* the stored one is of another kind or cost */
};

/* Looks whether one must wait and whose name it is. */
STEP sign_in_prepare(struct sign_in *sign_in, struct store_reader *reader);
/* Compares and counts. Tens of milliseconds, on the crew; does nothing when the verdict is there already. */
void sign_in_prove(struct sign_in *sign_in);
/* Only when it FITS: looks again whether the user still is who was compared, and stores the fresh hash. */
STEP sign_in_apply(struct sign_in *sign_in, struct store_tx *tx);
/* One line in the log: after the unit, or when there is none. `exchange_id` is that of the request. */
void sign_in_log(const struct sign_in *sign_in, struct str exchange_id);
