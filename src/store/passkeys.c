#include "store/parts.h"
#include "store/people.h"

#define SELECT                                                                                                       \
    "SELECT id, user_id, credential_id, public_key, algorithm, sign_count, label, created_at, last_used_at"          \
    " FROM passkeys"

STEP passkey_insert(struct store_tx *tx, const struct passkey_row *row, int64_t *ret_id)
{
    return sql_run_int(
        tx->reader.sql,
        "INSERT INTO passkeys (user_id, credential_id, public_key, algorithm, sign_count, label, created_at,"
        " last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
        SQL_VALUES(sql_of_int(row->user_id), sql_of_text(row->credential_id), sql_of_text(row->public_key),
                   sql_of_int(row->algorithm), sql_of_int(row->sign_count), sql_of_words(row->label),
                   sql_of_int(row->created_at), sql_of_optional(row->last_used_at)),
        ret_id);
}

static bool take_passkey(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct passkey_row *row = ret_row;
    row->id = sql_int(statement, 0);
    row->user_id = sql_int(statement, 1);
    row->credential_id = sql_text(statement, arena, 2);
    row->public_key = sql_text(statement, arena, 3);
    row->algorithm = sql_int(statement, 4);
    row->sign_count = sql_int(statement, 5);
    row->label = sql_text(statement, arena, 6);
    row->created_at = sql_int(statement, 7);
    row->last_used_at = sql_int(statement, 8);
    return true;
}

static const struct row_kind passkey_kind = {sizeof(struct passkey_row), take_passkey};

STEP passkey_list(struct store_reader *reader, struct arena *arena, int64_t user_id, struct passkey_row **ret_rows,
                  size_t *ret_count)
{
    void *rows;
    TRY(reader_note(reader, query_rows(reader_sql(reader), &passkey_kind, arena,
                                       SELECT " WHERE user_id = $1 ORDER BY id LIMIT $2",
                                       SQL_VALUES(sql_of_int(user_id), sql_of_int(PASSKEYS_PER_USER_MAX)),
                                       PASSKEYS_PER_USER_MAX, &rows, ret_count)));
    *ret_rows = rows;
    return OK;
}

STEP passkey_find(struct store_reader *reader, struct arena *arena, struct str credential_id,
                  struct passkey_row **ret_row)
{
    void *row;
    TRY(reader_note(reader, query_row(reader_sql(reader), &passkey_kind, arena, SELECT " WHERE credential_id = $1",
                                      SQL_VALUES(sql_of_text(credential_id)), &row)));
    *ret_row = row;
    return OK;
}

STEP passkey_use(struct store_tx *tx, int64_t id, int64_t sign_count, int64_t used_at)
{
    return sql_run(tx->reader.sql, "UPDATE passkeys SET sign_count = $1, last_used_at = $2 WHERE id = $3",
                   SQL_VALUES(sql_of_int(sign_count), sql_of_int(used_at), sql_of_int(id)));
}

STEP passkey_delete(struct store_tx *tx, int64_t user_id, int64_t id, bool *ret_found)
{
    TRY(sql_run(tx->reader.sql, "DELETE FROM passkeys WHERE id = $1 AND user_id = $2",
                SQL_VALUES(sql_of_int(id), sql_of_int(user_id))));
    *ret_found = sql_changed_count(tx->reader.sql) > 0;
    return OK;
}
