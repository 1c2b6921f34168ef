/*
 * people.h — users, instances, sessions, what proves a person, and the outbox: rows and verbs.
 *
 * Finding verbs give NULL where nothing is found. Users (by id and by name) and instances (by id) answer from the
 * thread's cache while their epoch stands, so a disabled user's tokens die with the next request. Everything else
 * is read when it is asked for. Times are seconds since 1970; 0 in a `_at` means never. Texts live in the arena.
 *
 * Threads: as store.h.
 */
#pragma once

#include "base/outcome.h"
#include "base/text.h"
#include "crypto/digest.h"

struct arena;
struct store_reader;
struct store_tx;

enum user_role {
    USER_IS_DEVELOPER = 1 << 0,
    USER_IS_OPERATOR = 1 << 1,
};

struct user_row {
    int64_t id;
    int64_t realm_id;
    struct str username; /* lower case */
    struct str display_name;
    struct str email;         /* may be empty */
    struct str password_hash; /* as crypt(5) writes it; empty: no password opens it */
    unsigned roles;           /* enum user_role */
    struct str totp_key;      /* sealed; empty: no such factor */
    int64_t totp_step;        /* the last time step whose code was used */
    int64_t created_at;
    int64_t email_confirmed_at;
    int64_t disabled_at;
};

/* REFUSED is not used here: the caller looks whether the name is taken, in the same transaction. */
STEP user_insert(struct store_tx *tx, const struct user_row *row, int64_t *ret_id);
/* By the name in lower case. Cached. */
STEP user_find(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str username,
               struct user_row **ret_row);
/* By row. Cached. */
STEP user_find_row(struct store_reader *reader, struct arena *arena, int64_t id, struct user_row **ret_row);
/* The oldest with this address, compared as it is written; of those who have confirmed it, if any has. */
STEP user_find_email(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str email,
                     struct user_row **ret_row);
/* In the order of ids, from above `after_id`, at most `max`. */
STEP user_list(struct store_reader *reader, struct arena *arena, int64_t realm_id, int64_t after_id, size_t max,
               struct user_row **ret_rows, size_t *ret_count);
/* Writes everything but id, realm and created_at. */
STEP user_update(struct store_tx *tx, const struct user_row *row);

struct instance_row {
    int64_t id;
    int64_t realm_id;
    struct str name;  /* what tokens carry: "desert-broadcasters" */
    struct str title; /* what people read */
    int64_t created_at;
};

STEP instance_insert(struct store_tx *tx, const struct instance_row *row, int64_t *ret_id);
STEP instance_find(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str name,
                   struct instance_row **ret_row);
/* By row. Cached. */
STEP instance_find_row(struct store_reader *reader, struct arena *arena, int64_t id, struct instance_row **ret_row);
STEP instance_list(struct store_reader *reader, struct arena *arena, int64_t realm_id, int64_t after_id, size_t max,
                   struct instance_row **ret_rows, size_t *ret_count);

struct membership_row {
    struct instance_row instance;
    struct str role;
};

/* More of a user's are not shown to choose from. */
#define MEMBERSHIPS_MAX 100

/* In the order of the titles, at most MEMBERSHIPS_MAX. */
STEP membership_list(struct store_reader *reader, struct arena *arena, int64_t user_id,
                     struct membership_row **ret_rows, size_t *ret_count);
/* That somebody belongs is cached, that nobody does is not. */
STEP membership_find(struct store_reader *reader, struct arena *arena, int64_t user_id, int64_t instance_id,
                     bool *ret_found);
/* Adds the user or changes the role. */
STEP membership_put(struct store_tx *tx, int64_t user_id, int64_t instance_id, struct str role);
STEP membership_delete(struct store_tx *tx, int64_t user_id, int64_t instance_id, bool *ret_found);

/* What a person has shown in a session. */
enum factor {
    FACTOR_PASSWORD = 1 << 0,
    FACTOR_TOTP = 1 << 1,
    FACTOR_RECOVERY_CODE = 1 << 2,
    FACTOR_PASSKEY = 1 << 3,
};

struct session_row {
    int64_t id; /* from store_tx_token_id */
    struct digest secret_hash;
    int64_t user_id;
    unsigned factors; /* enum factor */
    int64_t authenticated_at;
    int64_t seen_at;
    int64_t expires_at;
    struct str client_address;
    struct str user_agent; /* at most USER_AGENT_MAX bytes */
};

#define USER_AGENT_MAX 200

STEP session_insert(struct store_tx *tx, const struct session_row *row);
STEP session_find(struct store_reader *reader, struct arena *arena, int64_t id, struct session_row **ret_row);
/* Live ones, newest first, at most `max`. */
STEP session_list(struct store_reader *reader, struct arena *arena, int64_t user_id, int64_t now, size_t max,
                  struct session_row **ret_rows, size_t *ret_count);
STEP session_touch(struct store_tx *tx, int64_t id, int64_t seen_at);
STEP session_delete(struct store_tx *tx, int64_t id);
/* Every session of the user but `kept_id` (0: none is kept). */
STEP session_delete_others(struct store_tx *tx, int64_t user_id, int64_t kept_id);

/* One-way hashes of what was shown once. Replaces all of the user's. */
#define RECOVERY_CODE_COUNT 10
STEP recovery_codes_replace(struct store_tx *tx, int64_t user_id, const struct digest *hashes, size_t count);
/* Uses it up. */
STEP recovery_code_use(struct store_tx *tx, int64_t user_id, const struct digest *hash, bool *ret_found);
STEP recovery_code_count(struct store_reader *reader, int64_t user_id, size_t *ret_count);

#define PASSKEYS_PER_USER_MAX 10

struct passkey_row {
    int64_t id;
    int64_t user_id;
    struct str credential_id; /* base64url */
    struct str public_key;    /* base64url */
    int64_t algorithm;        /* COSE: -7 ES256, -8 EdDSA, -257 RS256 */
    int64_t sign_count;
    struct str label;
    int64_t created_at;
    int64_t last_used_at;
};

STEP passkey_insert(struct store_tx *tx, const struct passkey_row *row, int64_t *ret_id);
STEP passkey_list(struct store_reader *reader, struct arena *arena, int64_t user_id, struct passkey_row **ret_rows,
                  size_t *ret_count);
STEP passkey_find(struct store_reader *reader, struct arena *arena, struct str credential_id,
                  struct passkey_row **ret_row);
STEP passkey_use(struct store_tx *tx, int64_t id, int64_t sign_count, int64_t used_at);
STEP passkey_delete(struct store_tx *tx, int64_t user_id, int64_t id, bool *ret_found);

struct ticket_row {
    int64_t id; /* from store_tx_token_id */
    struct digest secret_hash;
    int64_t user_id;
    struct str purpose; /* "confirm_email", "reset_password" */
    struct str content;
    int64_t expires_at;
};

/* Takes the place of the user's earlier ones with the same purpose. */
STEP ticket_insert(struct store_tx *tx, const struct ticket_row *row);
STEP ticket_find(struct store_reader *reader, struct arena *arena, int64_t id, struct ticket_row **ret_row);
STEP ticket_delete(struct store_tx *tx, int64_t id);
STEP ticket_delete_of_user(struct store_tx *tx, int64_t user_id);

struct mail_row {
    int64_t id;
    int64_t realm_id;
    struct str recipient;
    struct str subject; /* UTF-8, one line */
    struct str body;    /* UTF-8 */
    int64_t created_at;
    int64_t due_at;
    int64_t attempt_count;
};

STEP mail_insert(struct store_tx *tx, const struct mail_row *row);
/* The one that has been due for longest; NULL when none is. */
STEP mail_find_due(struct store_reader *reader, struct arena *arena, int64_t now, struct mail_row **ret_row);
/* Sent, or given up. */
STEP mail_delete(struct store_tx *tx, int64_t id);
/* Failed: counts the attempt and tries again at `due_at`. */
STEP mail_postpone(struct store_tx *tx, int64_t id, int64_t due_at);

/*
 * Deletes at most `max` sessions, codes and tickets that are over; fewer than that is all there were. Grants that
 * nothing hangs on any more leave with their last code and are not counted.
 */
STEP people_sweep(struct store_tx *tx, int64_t now, size_t max, size_t *ret_deleted_count);
