#include "store/parts.h"
#include "store/tokens.h"

STEP access_token_insert(struct store_tx *tx, const struct access_token_row *row)
{
    TRY(sql_run(tx->reader.sql,
                "INSERT INTO access_tokens (id, secret_hash, client_id, grant_id, scope_set, expires_at)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                SQL_VALUES(sql_of_int(row->id), sql_of_digest(&row->secret_hash), sql_of_int(row->client_id),
                           sql_of_optional(row->grant_id), sql_of_int(row->scope_set),
                           sql_of_optional(row->expires_at))));
    return grant_extend(tx, row->grant_id, row->expires_at);
}

static bool take_token(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct access_token_row *row = ret_row;
    (void)arena;
    row->id = sql_int(statement, 0);
    row->client_id = sql_int(statement, 2);
    row->grant_id = sql_int(statement, 3);
    row->scope_set = sql_int(statement, 4);
    row->expires_at = sql_int(statement, 5);
    return sql_digest(statement, 1, &row->secret_hash);
}

static STEP read_token(struct sql *sql, struct arena *arena, int64_t id, void **ret_row)
{
    static const struct row_kind kind = {sizeof(struct access_token_row), take_token};
    return query_row(
        sql, &kind, arena,
        "SELECT id, secret_hash, client_id, grant_id, scope_set, expires_at FROM access_tokens WHERE id = $1",
        SQL_VALUES(sql_of_int(id)), ret_row);
}

STEP access_token_find(struct store_reader *reader, struct arena *arena, int64_t id,
                       struct access_token_row **ret_row)
{
    void *row;
    TRY(reader_find(reader, CACHED_TOKENS, arena, id, read_token, &row));
    *ret_row = row;
    return OK;
}

/* It may have been the token that its grant would have left with. */
STEP access_token_delete(struct store_tx *tx, int64_t id)
{
    int64_t grant_id;
    TRY(sql_run_int(tx->reader.sql, "DELETE FROM access_tokens WHERE id = $1 RETURNING grant_id",
                    SQL_VALUES(sql_of_int(id)), &grant_id));
    epoch_change(tx, EPOCH_TOKEN, id);
    return grant_id ? pass_want(tx, PASS_GRANTS) : OK;
}
