#include "base/arena.h"
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

static STEP read_token(struct sql *sql, struct arena *arena, int64_t id, void **ret_row)
{
    struct sql_statement *statement;
    struct access_token_row *row = arena_new(arena, struct access_token_row);
    TRY(sql_query(sql,
                  "SELECT secret_hash, client_id, grant_id, scope_set, expires_at FROM access_tokens WHERE id = $1",
                  SQL_VALUES(sql_of_int(id)), &statement));
    bool is_there = sql_next(statement) && sql_digest(statement, 0, &row->secret_hash);
    if (is_there) {
        row->id = id;
        row->client_id = sql_int(statement, 1);
        row->grant_id = sql_int(statement, 2);
        row->scope_set = sql_int(statement, 3);
        row->expires_at = sql_int(statement, 4);
    }
    TRY(sql_end(statement));
    *ret_row = is_there ? row : NULL;
    return OK;
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
