#include "store/applications.h"
#include "store/parts.h"

STEP secret_insert(struct store_tx *tx, int64_t client_id, const struct secret_row *row, int64_t *ret_id)
{
    TRY(sql_run_int(tx->reader.sql,
                    "INSERT INTO secrets (client_id, label, secret_hash, created_at, last_used_at, expires_at)"
                    " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
                    SQL_VALUES(sql_of_int(client_id), sql_of_words(row->label), sql_of_digest(&row->secret_hash),
                               sql_of_int(row->created_at), sql_of_optional(row->last_used_at),
                               sql_of_optional(row->expires_at)),
                    ret_id));
    epoch_change(tx, EPOCH_CLIENT, client_id);
    return OK;
}

/* Nearly every use has been noted a moment ago: then there is no statement at all. */
STEP secret_use(struct store_tx *tx, int64_t id, int64_t used_at)
{
    struct secret_use_note *note = &tx->secret_uses[(uint64_t)id % SECRET_USE_SLOTS];
    if (note->id == id && used_at - note->used_at < SECRET_USE_SECONDS)
        return OK;
    TRY(sql_run(tx->reader.sql,
                "UPDATE secrets SET last_used_at = $1 WHERE id = $2 AND coalesce(last_used_at, 0) <= $3",
                SQL_VALUES(sql_of_int(used_at), sql_of_int(id), sql_of_int(used_at - SECRET_USE_SECONDS))));
    *note = (struct secret_use_note){id, used_at};
    return OK;
}

STEP secret_delete(struct store_tx *tx, int64_t client_id, int64_t id, bool *ret_found)
{
    TRY(sql_run(tx->reader.sql, "DELETE FROM secrets WHERE id = $1 AND client_id = $2",
                SQL_VALUES(sql_of_int(id), sql_of_int(client_id))));
    *ret_found = sql_changed_count(tx->reader.sql) > 0;
    epoch_change(tx, EPOCH_CLIENT, client_id);
    return OK;
}
