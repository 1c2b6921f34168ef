/*
 * tokens.h — scope sets, grants, access and refresh tokens, and sweeping them.
 *
 * Both kinds of token draw their ids from one sequence (store_tx_token_id), so an id names one token. The
 * secret's SHA-256 is stored, never the token. Grants are revoked by one row, whatever hangs on them: the
 * cost does not depend on how long the family is.
 *
 * Threads: as store.h.
 */
#pragma once

#include "base/outcome.h"
#include "store/rows.h"

struct arena;
struct store_reader;
struct store_tx;

/*
 * A scope text ("read write") has one number, made on first use. Empty is a text like any other. The number is good
 * in the transaction that asked for it, and as long as a row names it: sets that no row names leave with the sweep.
 */
STEP scope_set_intern(struct store_tx *tx, struct str scope, int64_t *ret_scope_set);
STEP scope_set_text(struct store_reader *reader, struct arena *arena, int64_t scope_set, struct str *ret_scope);

STEP grant_insert(struct store_tx *tx, const struct grant_row *row, int64_t *ret_id);
/* A grant that is not found, though a token names it, was revoked and swept. Cached. */
STEP grant_find(struct store_reader *reader, struct arena *arena, int64_t id, struct grant_row **ret_row);
/* Everything that hangs on it is dead from the commit on. */
STEP grant_revoke(struct store_tx *tx, int64_t id, int64_t revoked_at);

/* A live grant of a user with the application that has it, for "my connected applications". */
struct user_grant {
    struct grant_row grant;
    int64_t application_id;
};
/* Newest first, at most `max`. */
STEP grant_list_of_user(struct store_reader *reader, struct arena *arena, int64_t user_id, size_t max,
                        struct user_grant **ret_grants, size_t *ret_count);
/* All of the user's: of one application (0: of all), in one instance (0: in all). */
STEP grant_revoke_of_user(struct store_tx *tx, int64_t user_id, int64_t application_id, int64_t instance_id,
                          int64_t revoked_at);

struct code_row {
    int64_t id; /* from store_tx_token_id */
    struct digest secret_hash;
    int64_t client_id;
    int64_t grant_id;
    struct str redirect_uri;   /* as the authorization request said it; empty: it did not */
    struct str code_challenge; /* S256; absent: none */
    struct digest submission;  /* of the form that allowed it: each gives one code */
    int64_t expires_at;
    int64_t forget_at; /* until then a second use is noticed */
    int64_t used_at;
};

STEP code_insert(struct store_tx *tx, const struct code_row *row);
STEP code_find(struct store_reader *reader, struct arena *arena, int64_t id, struct code_row **ret_row);
STEP code_find_submission(struct store_reader *reader, struct arena *arena, const struct digest *submission,
                          struct code_row **ret_row);
STEP code_use(struct store_tx *tx, int64_t id, int64_t used_at);

/* row->id comes from store_tx_token_id. */
STEP access_token_insert(struct store_tx *tx, const struct access_token_row *row);
/* Cached. Whether it is live (expiry, grant, client) is the caller's to decide. */
STEP access_token_find(struct store_reader *reader, struct arena *arena, int64_t id,
                       struct access_token_row **ret_row);
/* The row goes away. */
STEP access_token_delete(struct store_tx *tx, int64_t id);

STEP refresh_token_insert(struct store_tx *tx, const struct refresh_token_row *row);
STEP refresh_token_find(struct store_reader *reader, struct arena *arena, int64_t id,
                        struct refresh_token_row **ret_row);
/* Writes rotated_at, successor_id, successor_access_id. */
STEP refresh_token_rotate(struct store_tx *tx, const struct refresh_token_row *row);

/*
 * Sweeping. A token of lifetime L made at t is expired at t + L: for every lifetime in use the sweep goes once
 * through the ids of the time that has just run out, looking at `slice_max` rows a call, deletes what has
 * expired and what belongs to deleted clients, and remembers where it is. So no index over expiry is needed, and
 * no row is looked at more often than there are lifetimes. A grant leaves with its last token. Deleting an
 * application, revoking an endless grant or deleting a grant's token early starts a pass over the whole table, at
 * most one an hour, in the same slices. So does a search for scope sets that no row names, once there are many.
 */
/* 0 (for ever) is no lifetime. A token that outlives every noted lifetime leaves late, by a pass over the whole
 * table. */
STEP lifetime_note(struct store_tx *tx, int64_t lifetime_seconds); /* once per lifetime of the policy, at load */
struct sweep_result {
    size_t seen_count;
    size_t deleted_count;
    bool is_done; /* nothing more to sweep until time goes on */
};
STEP tokens_sweep(struct store_tx *tx, int64_t now, size_t slice_max, struct sweep_result *ret_result);
