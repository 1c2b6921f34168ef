#include "store/parts.h"
#include "store/people.h"

STEP ticket_insert(struct store_tx *tx, const struct ticket_row *row)
{
    TRY(sql_run(tx->reader.sql, "DELETE FROM tickets WHERE user_id = $1 AND purpose = $2",
                SQL_VALUES(sql_of_int(row->user_id), sql_of_text(row->purpose))));
    return sql_run(tx->reader.sql,
                   "INSERT INTO tickets (id, secret_hash, user_id, purpose, content, expires_at)"
                   " VALUES ($1, $2, $3, $4, $5, $6)",
                   SQL_VALUES(sql_of_int(row->id), sql_of_digest(&row->secret_hash), sql_of_int(row->user_id),
                              sql_of_text(row->purpose), sql_of_words(row->content), sql_of_int(row->expires_at)));
}

static bool take_ticket(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct ticket_row *row = ret_row;
    row->id = sql_int(statement, 0);
    row->user_id = sql_int(statement, 2);
    row->purpose = sql_text(statement, arena, 3);
    row->content = sql_text(statement, arena, 4);
    row->expires_at = sql_int(statement, 5);
    return sql_digest(statement, 1, &row->secret_hash);
}

STEP ticket_find(struct store_reader *reader, struct arena *arena, int64_t id, struct ticket_row **ret_row)
{
    static const struct row_kind kind = {sizeof(struct ticket_row), take_ticket};
    void *row;
    TRY(reader_note(
        reader, query_row(reader_sql(reader), &kind, arena,
                          "SELECT id, secret_hash, user_id, purpose, content, expires_at FROM tickets WHERE id = $1",
                          SQL_VALUES(sql_of_int(id)), &row)));
    *ret_row = row;
    return OK;
}

STEP ticket_delete(struct store_tx *tx, int64_t id)
{
    return sql_run(tx->reader.sql, "DELETE FROM tickets WHERE id = $1", SQL_VALUES(sql_of_int(id)));
}

STEP ticket_delete_of_user(struct store_tx *tx, int64_t user_id)
{
    return sql_run(tx->reader.sql, "DELETE FROM tickets WHERE user_id = $1", SQL_VALUES(sql_of_int(user_id)));
}
