/*
 * applications.h — realms, applications, their clients and secrets; service accounts.
 *
 * Finding verbs give NULL where nothing is found. Client and account look-ups answer from the thread's cache while
 * their epoch stands. Threads: as store.h.
 */
#pragma once

#include "base/outcome.h"
#include "store/rows.h"

struct arena;
struct store_reader;
struct store_tx;

/* The realm's number, made on first use. */
STEP realm_row_id(struct store_tx *tx, struct str name, int64_t *ret_id);

STEP application_insert(struct store_tx *tx, const struct application_row *row, int64_t *ret_id);
STEP application_find(struct store_reader *reader, struct arena *arena, int64_t id, struct application_row **ret_row);
/* In the order of ids, from above `after_id`, at most `max`. realm_id 0: every realm. */
STEP application_list(struct store_reader *reader, struct arena *arena, int64_t realm_id, int64_t after_id,
                      size_t max, struct application_row **ret_rows, size_t *ret_count);
/* Writes name, owner, website, logo_uri and verified_at. */
STEP application_update(struct store_tx *tx, const struct application_row *row);
/* suspended_at 0 lifts it. Its clients are suspended with it. */
STEP application_suspend(struct store_tx *tx, int64_t id, int64_t suspended_at);
/*
 * With its clients and secrets. What hangs on its clients is dead at once, since they are not found any more; the
 * rows of grants and tokens leave with the sweep, in slices, however many there are. What stays: the realm, and its
 * accounts, which belong to nobody's application; and the numbers of the rows, which are never given again.
 */
STEP application_delete(struct store_tx *tx, int64_t id);

/* Secrets in the row are not written. */
STEP client_insert(struct store_tx *tx, const struct client_row *row, int64_t *ret_id);
/* By the name on the wire. Cached. */
STEP client_find(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str client_id,
                 struct client_row **ret_row);
/* By row. Cached. */
STEP client_find_row(struct store_reader *reader, struct arena *arena, int64_t id, struct client_row **ret_row);
STEP client_list(struct store_reader *reader, struct arena *arena, int64_t application_id,
                 struct client_row **ret_rows, size_t *ret_count);
/* By itself, whatever its application is; suspended_at 0 lifts it. */
STEP client_suspend(struct store_tx *tx, int64_t id, int64_t suspended_at);
STEP client_set_flags(struct store_tx *tx, int64_t id, unsigned flags);
/* Separated by one blank each; may be empty. */
STEP client_set_redirect_uris(struct store_tx *tx, int64_t id, struct str redirect_uris);
/* The plans that clients of the realm have of their own, each once, in their order; at most `max`. */
STEP client_plans(struct store_reader *reader, struct arena *arena, int64_t realm_id, size_t max,
                  struct str **ret_plans, size_t *ret_count);
/* Absent: the realm's default again. */
STEP client_set_plan(struct store_tx *tx, int64_t id, struct str plan);

/* REFUSED is not used here: the caller looks at secret_count first, in the same transaction. */
STEP secret_insert(struct store_tx *tx, int64_t client_id, const struct secret_row *row, int64_t *ret_id);
/* Notes the use unless one was noted in the last `secret_use_seconds`. Does not change the client's epoch. */
#define SECRET_USE_SECONDS 60
STEP secret_use(struct store_tx *tx, int64_t id, int64_t used_at);
STEP secret_delete(struct store_tx *tx, int64_t client_id, int64_t id, bool *ret_found);

STEP account_insert(struct store_tx *tx, const struct account_row *row, int64_t *ret_id);
STEP account_find(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str account_id,
                  struct account_row **ret_row);
STEP account_find_row(struct store_reader *reader, struct arena *arena, int64_t id, struct account_row **ret_row);
/* In the order of ids, from above `after_id`, at most `max`. realm_id 0: every realm. */
STEP account_list(struct store_reader *reader, struct arena *arena, int64_t realm_id, int64_t after_id, size_t max,
                  struct account_row **ret_rows, size_t *ret_count);
/* suspended_at 0 lifts it. */
STEP account_suspend(struct store_tx *tx, int64_t id, int64_t suspended_at);
