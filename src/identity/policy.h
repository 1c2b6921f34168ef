/*
 * policy.h — how people of a realm sign in: what the configuration decides, and the realm's own key for it.
 *
 * Read once, immutable, shared by all threads while the configuration lives.
 */
#pragma once

#include "base/text.h"
#include "crypto/digest.h"

enum factor_policy { SECOND_FACTOR_OPTIONAL, SECOND_FACTOR_REQUIRED };

struct people_policy {
    bool is_open; /* whoever comes may register */
    enum factor_policy second_factor;
    unsigned second_factor_roles; /* bits of enum user_role that must have one, whatever second_factor says */
    int64_t session_idle_seconds;
    int64_t session_lifetime_seconds;
    /* Argon2id, of passwords that are set from now on. */
    size_t password_memory_bytes;
    unsigned password_iterations;
    unsigned password_length_min; /* characters */
    /* not of the file */
    int64_t realm_id;
    struct str realm_name;
    struct digest key; /* seals second factors and signs forms; never in the store */
};
