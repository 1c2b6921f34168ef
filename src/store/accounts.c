#include "store/applications.h"
#include "store/parts.h"

STEP account_insert(struct store_tx *tx, const struct account_row *row, int64_t *ret_id)
{
    return sql_run_int(tx->reader.sql,
                       "INSERT INTO accounts (realm_id, account_id, name, secret_hash, created_at, suspended_at)"
                       " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
                       SQL_VALUES(sql_of_int(row->realm_id), sql_of_text(row->account_id), sql_of_words(row->name),
                                  sql_of_digest(&row->secret_hash), sql_of_int(row->created_at),
                                  sql_of_optional(row->suspended_at)),
                       ret_id);
}

static bool take_account(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct account_row *row = ret_row;
    row->id = sql_int(statement, 0);
    row->realm_id = sql_int(statement, 1);
    row->account_id = sql_text(statement, arena, 2);
    row->name = sql_text(statement, arena, 3);
    row->created_at = sql_int(statement, 5);
    row->suspended_at = sql_int(statement, 6);
    return sql_digest(statement, 4, &row->secret_hash);
}

#define SELECT "SELECT id, realm_id, account_id, name, secret_hash, created_at, suspended_at FROM accounts"

static const struct row_kind account_kind = {sizeof(struct account_row), take_account};

static STEP read_account(struct sql *sql, struct arena *arena, int64_t id, void **ret_row)
{
    return query_row(sql, &account_kind, arena, SELECT " WHERE id = $1", SQL_VALUES(sql_of_int(id)), ret_row);
}

STEP account_find_row(struct store_reader *reader, struct arena *arena, int64_t id, struct account_row **ret_row)
{
    void *row;
    TRY(reader_find(reader, CACHED_ACCOUNTS, arena, id, read_account, &row));
    *ret_row = row;
    return OK;
}

static bool has_name(const void *found, int64_t realm_id, struct str account_id)
{
    const struct account_row *row = found;
    return row->realm_id == realm_id && str_equal(row->account_id, account_id);
}

STEP account_find(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str account_id,
                  struct account_row **ret_row)
{
    static const struct named_rows rows = {
        .kind = CACHED_ACCOUNTS,
        .names = NAMED_ACCOUNTS,
        .id_by_name = "SELECT id FROM accounts WHERE realm_id = $1 AND account_id = $2",
        .read = read_account,
        .has_name = has_name,
    };
    void *row;
    TRY(reader_find_named(reader, &rows, arena, realm_id, account_id, &row));
    *ret_row = row;
    return OK;
}

STEP account_list(struct store_reader *reader, struct arena *arena, int64_t realm_id, int64_t after_id, size_t max,
                  struct account_row **ret_rows, size_t *ret_count)
{
    const struct sql_value from = sql_of_int(after_id), limit = sql_of_int((int64_t)max);
    const char *of_realm = SELECT " WHERE realm_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    const char *of_all = SELECT " WHERE id > $1 ORDER BY id LIMIT $2";
    void *rows;
    TRY(reader_note(reader,
                    query_rows(reader_sql(reader), &account_kind, arena, realm_id ? of_realm : of_all,
                               realm_id ? SQL_VALUES(sql_of_int(realm_id), from, limit) : SQL_VALUES(from, limit),
                               max, &rows, ret_count)));
    *ret_rows = rows;
    return OK;
}

STEP account_suspend(struct store_tx *tx, int64_t id, int64_t suspended_at)
{
    TRY(sql_run(tx->reader.sql, "UPDATE accounts SET suspended_at = $1 WHERE id = $2",
                SQL_VALUES(sql_of_optional(suspended_at), sql_of_int(id))));
    epoch_change(tx, EPOCH_ACCOUNT, id);
    return OK;
}
