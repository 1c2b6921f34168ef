#include "base/arena.h"
#include "store/applications.h"
#include "store/parts.h"

STEP account_insert(struct store_tx *tx, const struct account_row *row, int64_t *ret_id)
{
    struct str name = str_is_present(row->name) ? row->name : STR("");
    return sql_run_int(tx->reader.sql,
                       "INSERT INTO accounts (realm_id, account_id, name, secret_hash, created_at, suspended_at)"
                       " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
                       SQL_VALUES(sql_of_int(row->realm_id), sql_of_text(row->account_id), sql_of_text(name),
                                  sql_of_digest(&row->secret_hash), sql_of_int(row->created_at),
                                  sql_of_optional(row->suspended_at)),
                       ret_id);
}

static bool take_row(struct sql_statement *statement, struct arena *arena, struct account_row *row)
{
    row->id = sql_int(statement, 0);
    row->realm_id = sql_int(statement, 1);
    row->account_id = sql_text(statement, arena, 2);
    row->name = sql_text(statement, arena, 3);
    row->created_at = sql_int(statement, 5);
    row->suspended_at = sql_int(statement, 6);
    return sql_digest(statement, 4, &row->secret_hash);
}

static STEP read_account(struct sql *sql, struct arena *arena, int64_t id, struct account_row **ret_row)
{
    struct sql_statement *statement;
    struct account_row *row = arena_new(arena, struct account_row);
    TRY(sql_query(sql,
                  "SELECT id, realm_id, account_id, name, secret_hash, created_at, suspended_at FROM accounts"
                  " WHERE id = $1",
                  SQL_VALUES(sql_of_int(id)), &statement));
    bool is_there = sql_next(statement) && take_row(statement, arena, row);
    TRY(sql_end(statement));
    *ret_row = is_there ? row : NULL;
    return OK;
}

STEP account_find_row(struct store_reader *reader, struct arena *arena, int64_t id, struct account_row **ret_row)
{
    struct cache *cache = reader->caches[CACHED_ACCOUNTS];
    uint32_t epoch;
    struct account_row *row = cache_find(cache, arena, id, &epoch);
    if (!row) {
        TRY(reader_note(reader, read_account(reader_sql(reader), arena, id, &row)));
        if (row)
            cache_keep(cache, id, epoch, row);
    }
    *ret_row = row;
    return OK;
}

static STEP read_id(struct sql *sql, int64_t realm_id, struct str account_id, int64_t *ret_id)
{
    return sql_run_int(sql, "SELECT id FROM accounts WHERE realm_id = $1 AND account_id = $2",
                       SQL_VALUES(sql_of_int(realm_id), sql_of_text(account_id)), ret_id);
}

static bool has_name(const struct account_row *row, int64_t realm_id, struct str account_id)
{
    return row && row->realm_id == realm_id && str_equal(row->account_id, account_id);
}

STEP account_find(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str account_id,
                  struct account_row **ret_row)
{
    struct name_cache *names = reader->names[NAMED_ACCOUNTS];
    uint64_t hash = name_hash(realm_id, account_id);
    struct account_row *row = NULL;
    int64_t id = name_cache_find(names, hash);
    if (id != 0)
        TRY(account_find_row(reader, arena, id, &row));
    if (!has_name(row, realm_id, account_id)) {
        row = NULL;
        TRY(reader_note(reader, read_id(reader_sql(reader), realm_id, account_id, &id)));
        if (id != 0) {
            TRY(account_find_row(reader, arena, id, &row));
            name_cache_keep(names, hash, id);
        }
    }
    *ret_row = row;
    return OK;
}
