#include "store/parts.h"
#include "store/tokens.h"

STEP refresh_token_insert(struct store_tx *tx, const struct refresh_token_row *row)
{
    TRY(sql_run(tx->reader.sql,
                "INSERT INTO refresh_tokens (id, secret_hash, client_id, grant_id, scope_set, expires_at, rotated_at,"
                " successor_id, successor_access_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                SQL_VALUES(sql_of_int(row->id), sql_of_digest(&row->secret_hash), sql_of_int(row->client_id),
                           sql_of_int(row->grant_id), sql_of_int(row->scope_set), sql_of_optional(row->expires_at),
                           sql_of_later(row->rotated_at, token_id_time(row->id)),
                           sql_of_later(row->successor_id, row->id),
                           sql_of_later(row->successor_access_id, row->id))));
    return grant_extend(tx, row->grant_id, row->expires_at);
}

static bool take_token(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct refresh_token_row *row = ret_row;
    (void)arena;
    row->id = sql_int(statement, 0);
    row->client_id = sql_int(statement, 2);
    row->grant_id = sql_int(statement, 3);
    row->scope_set = sql_int(statement, 4);
    row->expires_at = sql_int(statement, 5);
    row->rotated_at = sql_later(statement, 6);
    row->successor_id = sql_later(statement, 7);
    row->successor_access_id = sql_later(statement, 8);
    return sql_digest(statement, 1, &row->secret_hash);
}

/* Not cached: a refresh token is looked at once or twice in its life. */
STEP refresh_token_find(struct store_reader *reader, struct arena *arena, int64_t id,
                        struct refresh_token_row **ret_row)
{
    static const struct row_kind kind = {sizeof(struct refresh_token_row), take_token};
    void *row;
    TRY(reader_note(reader,
                    query_row(reader_sql(reader), &kind, arena,
                              "SELECT id, secret_hash, client_id, grant_id, scope_set, expires_at, rotated_at,"
                              " successor_id, successor_access_id FROM refresh_tokens WHERE id = $1",
                              SQL_VALUES(sql_of_int(id)), &row)));
    *ret_row = row;
    return OK;
}

STEP refresh_token_rotate(struct store_tx *tx, const struct refresh_token_row *row)
{
    return sql_run(tx->reader.sql,
                   "UPDATE refresh_tokens SET rotated_at = $1, successor_id = $2, successor_access_id = $3"
                   " WHERE id = $4",
                   SQL_VALUES(sql_of_optional(row->rotated_at), sql_of_optional(row->successor_id),
                              sql_of_optional(row->successor_access_id), sql_of_int(row->id)));
}
