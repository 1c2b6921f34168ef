#include "store/parts.h"
#include "store/tokens.h"

#define COLUMNS "g.id, g.client_id, g.account_id, g.user_id, g.instance_id, g.scope_set, g.created_at, g.revoked_at"

STEP grant_insert(struct store_tx *tx, const struct grant_row *row, int64_t *ret_id)
{
    return sql_run_int(
        tx->reader.sql,
        "INSERT INTO grants (client_id, account_id, user_id, instance_id, scope_set, created_at, revoked_at, ends_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 0) RETURNING id",
        SQL_VALUES(sql_of_int(row->client_id), sql_of_optional(row->account_id), sql_of_optional(row->user_id),
                   sql_of_optional(row->instance_id), sql_of_int(row->scope_set), sql_of_int(row->created_at),
                   sql_of_optional(row->revoked_at)),
        ret_id);
}

static void take_columns(struct sql_statement *statement, struct grant_row *row)
{
    row->id = sql_int(statement, 0);
    row->client_id = sql_int(statement, 1);
    row->account_id = sql_int(statement, 2);
    row->user_id = sql_int(statement, 3);
    row->instance_id = sql_int(statement, 4);
    row->scope_set = sql_int(statement, 5);
    row->created_at = sql_int(statement, 6);
    row->revoked_at = sql_int(statement, 7);
}

static bool take_grant(struct sql_statement *statement, struct arena *arena, void *row)
{
    (void)arena;
    take_columns(statement, row);
    return true;
}

static STEP read_grant(struct sql *sql, struct arena *arena, int64_t id, void **ret_row)
{
    static const struct row_kind kind = {sizeof(struct grant_row), take_grant};
    return query_row(sql, &kind, arena, "SELECT " COLUMNS " FROM grants AS g WHERE g.id = $1",
                     SQL_VALUES(sql_of_int(id)), ret_row);
}

STEP grant_find(struct store_reader *reader, struct arena *arena, int64_t id, struct grant_row **ret_row)
{
    void *row;
    TRY(reader_find(reader, CACHED_GRANTS, arena, id, read_grant, &row));
    *ret_row = row;
    return OK;
}

static bool take_user_grant(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct user_grant *row = ret_row;
    (void)arena;
    take_columns(statement, &row->grant);
    row->application_id = sql_int(statement, 8);
    return true;
}

/* What a deleted application had is dead, though its rows may still be there. */
STEP grant_list_of_user(struct store_reader *reader, struct arena *arena, int64_t user_id, size_t max,
                        struct user_grant **ret_grants, size_t *ret_count)
{
    static const struct row_kind kind = {sizeof(struct user_grant), take_user_grant};
    void *rows;
    TRY(reader_note(reader,
                    query_rows(reader_sql(reader), &kind, arena,
                               "SELECT " COLUMNS ", c.application_id FROM grants AS g"
                               " JOIN clients AS c ON c.id = g.client_id"
                               " WHERE g.user_id = $1 AND g.revoked_at IS NULL ORDER BY g.id DESC LIMIT $2",
                               SQL_VALUES(sql_of_int(user_id), sql_of_int((int64_t)max)), max, &rows, ret_count)));
    *ret_grants = rows;
    return OK;
}

/* Tokens leave as they expire. Those that never do, and the grant with them, need a sweep of their own. */
static STEP sweep_endless(struct store_tx *tx)
{
    TRY(pass_want(tx, PASS_GRANTS));
    return pass_want(tx, PASS_TOKENS);
}

STEP grant_revoke(struct store_tx *tx, int64_t id, int64_t revoked_at)
{
    int64_t is_endless;
    TRY(sql_run_int(tx->reader.sql,
                    "UPDATE grants SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL"
                    " RETURNING CASE WHEN ends_at IS NULL THEN 1 ELSE 0 END",
                    SQL_VALUES(sql_of_int(revoked_at), sql_of_int(id)), &is_endless));
    epoch_change(tx, EPOCH_GRANT, id);
    return is_endless ? sweep_endless(tx) : OK;
}

STEP grant_revoke_of_user(struct store_tx *tx, int64_t user_id, int64_t application_id, int64_t instance_id,
                          int64_t revoked_at)
{
    struct sql_statement *statement;
    bool has_endless = false;
    TRY(sql_query(
        tx->reader.sql,
        "UPDATE grants SET revoked_at = $1 WHERE user_id = $2 AND revoked_at IS NULL"
        " AND ($3 = 0 OR client_id IN (SELECT id FROM clients WHERE application_id = $3))"
        " AND ($4 = 0 OR instance_id = $4)"
        " RETURNING id, CASE WHEN ends_at IS NULL THEN 1 ELSE 0 END",
        SQL_VALUES(sql_of_int(revoked_at), sql_of_int(user_id), sql_of_int(application_id), sql_of_int(instance_id)),
        &statement));
    while (sql_next(statement)) {
        epoch_change(tx, EPOCH_GRANT, sql_int(statement, 0));
        has_endless = has_endless || sql_int(statement, 1) != 0;
    }
    TRY(sql_end(statement));
    return has_endless ? sweep_endless(tx) : OK;
}

STEP grant_extend(struct store_tx *tx, int64_t id, int64_t expires_at)
{
    struct grant_end_note *note = &tx->grant_ends[id % GRANT_END_SLOTS];
    if (id == 0 || (note->id == id && expires_at != 0 && note->ends_at >= expires_at))
        return OK;
    if (expires_at == 0)
        return sql_run(tx->reader.sql, "UPDATE grants SET ends_at = NULL WHERE id = $1 AND ends_at IS NOT NULL",
                       SQL_VALUES(sql_of_int(id)));
    TRY(sql_run(tx->reader.sql, "UPDATE grants SET ends_at = $1 WHERE id = $2 AND ends_at < $1",
                SQL_VALUES(sql_of_int(expires_at), sql_of_int(id))));
    *note = (struct grant_end_note){id, expires_at};
    return OK;
}
