#include "store/parts.h"
#include "store/people.h"

#define SELECT                                                                                                       \
    "SELECT id, secret_hash, user_id, factors, authenticated_at, seen_at, expires_at, client_address, user_agent"    \
    " FROM sessions"

STEP session_insert(struct store_tx *tx, const struct session_row *row)
{
    return sql_run(tx->reader.sql,
                   "INSERT INTO sessions (id, secret_hash, user_id, factors, authenticated_at, seen_at, expires_at,"
                   " client_address, user_agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                   SQL_VALUES(sql_of_int(row->id), sql_of_digest(&row->secret_hash), sql_of_int(row->user_id),
                              sql_of_int(row->factors), sql_of_int(row->authenticated_at), sql_of_int(row->seen_at),
                              sql_of_int(row->expires_at), sql_of_words(row->client_address),
                              sql_of_words(row->user_agent)));
}

static bool take_session(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct session_row *row = ret_row;
    row->id = sql_int(statement, 0);
    row->user_id = sql_int(statement, 2);
    row->factors = (unsigned)sql_int(statement, 3);
    row->authenticated_at = sql_int(statement, 4);
    row->seen_at = sql_int(statement, 5);
    row->expires_at = sql_int(statement, 6);
    row->client_address = sql_text(statement, arena, 7);
    row->user_agent = sql_text(statement, arena, 8);
    return sql_digest(statement, 1, &row->secret_hash);
}

static const struct row_kind session_kind = {sizeof(struct session_row), take_session};

STEP session_find(struct store_reader *reader, struct arena *arena, int64_t id, struct session_row **ret_row)
{
    void *row;
    TRY(reader_note(reader, query_row(reader_sql(reader), &session_kind, arena, SELECT " WHERE id = $1",
                                      SQL_VALUES(sql_of_int(id)), &row)));
    *ret_row = row;
    return OK;
}

STEP session_list(struct store_reader *reader, struct arena *arena, int64_t user_id, int64_t now, size_t max,
                  struct session_row **ret_rows, size_t *ret_count)
{
    void *rows;
    TRY(reader_note(reader, query_rows(reader_sql(reader), &session_kind, arena,
                                       SELECT " WHERE user_id = $1 AND expires_at > $2 ORDER BY id DESC LIMIT $3",
                                       SQL_VALUES(sql_of_int(user_id), sql_of_int(now), sql_of_int((int64_t)max)),
                                       max, &rows, ret_count)));
    *ret_rows = rows;
    return OK;
}

STEP session_touch(struct store_tx *tx, int64_t id, int64_t seen_at)
{
    return sql_run(tx->reader.sql, "UPDATE sessions SET seen_at = $1 WHERE id = $2 AND seen_at < $1",
                   SQL_VALUES(sql_of_int(seen_at), sql_of_int(id)));
}

STEP session_delete(struct store_tx *tx, int64_t id)
{
    return sql_run(tx->reader.sql, "DELETE FROM sessions WHERE id = $1", SQL_VALUES(sql_of_int(id)));
}

STEP session_delete_others(struct store_tx *tx, int64_t user_id, int64_t kept_id)
{
    return sql_run(tx->reader.sql, "DELETE FROM sessions WHERE user_id = $1 AND id <> $2",
                   SQL_VALUES(sql_of_int(user_id), sql_of_int(kept_id)));
}
