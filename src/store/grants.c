#include "base/arena.h"
#include "store/parts.h"
#include "store/tokens.h"

STEP grant_insert(struct store_tx *tx, const struct grant_row *row, int64_t *ret_id)
{
    return sql_run_int(tx->reader.sql,
                       "INSERT INTO grants (client_id, account_id, scope_set, created_at, revoked_at, ends_at)"
                       " VALUES ($1, $2, $3, $4, $5, 0) RETURNING id",
                       SQL_VALUES(sql_of_int(row->client_id), sql_of_optional(row->account_id),
                                  sql_of_int(row->scope_set), sql_of_int(row->created_at),
                                  sql_of_optional(row->revoked_at)),
                       ret_id);
}

static STEP read_grant(struct sql *sql, struct arena *arena, int64_t id, void **ret_row)
{
    struct sql_statement *statement;
    struct grant_row *row = NULL;
    TRY(sql_query(sql, "SELECT client_id, account_id, scope_set, created_at, revoked_at FROM grants WHERE id = $1",
                  SQL_VALUES(sql_of_int(id)), &statement));
    if (sql_next(statement)) {
        row = arena_new(arena, struct grant_row);
        row->id = id;
        row->client_id = sql_int(statement, 0);
        row->account_id = sql_int(statement, 1);
        row->scope_set = sql_int(statement, 2);
        row->created_at = sql_int(statement, 3);
        row->revoked_at = sql_int(statement, 4);
    }
    TRY(sql_end(statement));
    *ret_row = row;
    return OK;
}

STEP grant_find(struct store_reader *reader, struct arena *arena, int64_t id, struct grant_row **ret_row)
{
    void *row;
    TRY(reader_find(reader, CACHED_GRANTS, arena, id, read_grant, &row));
    *ret_row = row;
    return OK;
}

/* Its tokens leave as they expire. Those that never do, and the grant with them, need a sweep of their own. */
STEP grant_revoke(struct store_tx *tx, int64_t id, int64_t revoked_at)
{
    int64_t is_endless;
    TRY(sql_run_int(tx->reader.sql,
                    "UPDATE grants SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL"
                    " RETURNING CASE WHEN ends_at IS NULL THEN 1 ELSE 0 END",
                    SQL_VALUES(sql_of_int(revoked_at), sql_of_int(id)), &is_endless));
    epoch_change(tx, EPOCH_GRANT, id);
    if (!is_endless)
        return OK;
    TRY(pass_want(tx, PASS_GRANTS));
    return pass_want(tx, PASS_TOKENS);
}

STEP grant_extend(struct store_tx *tx, int64_t id, int64_t expires_at)
{
    if (id == 0)
        return OK;
    if (expires_at == 0)
        return sql_run(tx->reader.sql, "UPDATE grants SET ends_at = NULL WHERE id = $1 AND ends_at IS NOT NULL",
                       SQL_VALUES(sql_of_int(id)));
    return sql_run(tx->reader.sql, "UPDATE grants SET ends_at = $1 WHERE id = $2 AND ends_at < $1",
                   SQL_VALUES(sql_of_int(expires_at), sql_of_int(id)));
}
