#include "store/parts.h"
#include "store/people.h"

STEP mail_insert(struct store_tx *tx, const struct mail_row *row)
{
    return sql_run(tx->reader.sql,
                   "INSERT INTO mails (realm_id, recipient, subject, body, created_at, due_at, attempt_count)"
                   " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                   SQL_VALUES(sql_of_int(row->realm_id), sql_of_text(row->recipient), sql_of_words(row->subject),
                              sql_of_words(row->body), sql_of_int(row->created_at), sql_of_int(row->due_at),
                              sql_of_int(row->attempt_count)));
}

static bool take_mail(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct mail_row *row = ret_row;
    row->id = sql_int(statement, 0);
    row->realm_id = sql_int(statement, 1);
    row->recipient = sql_text(statement, arena, 2);
    row->subject = sql_text(statement, arena, 3);
    row->body = sql_text(statement, arena, 4);
    row->created_at = sql_int(statement, 5);
    row->due_at = sql_int(statement, 6);
    row->attempt_count = sql_int(statement, 7);
    return true;
}

STEP mail_find_due(struct store_reader *reader, struct arena *arena, int64_t now, struct mail_row **ret_row)
{
    static const struct row_kind kind = {sizeof(struct mail_row), take_mail};
    void *row;
    TRY(reader_note(reader,
                    query_row(reader_sql(reader), &kind, arena,
                              "SELECT id, realm_id, recipient, subject, body, created_at, due_at, attempt_count"
                              " FROM mails WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1",
                              SQL_VALUES(sql_of_int(now)), &row)));
    *ret_row = row;
    return OK;
}

STEP mail_delete(struct store_tx *tx, int64_t id)
{
    return sql_run(tx->reader.sql, "DELETE FROM mails WHERE id = $1", SQL_VALUES(sql_of_int(id)));
}

STEP mail_postpone(struct store_tx *tx, int64_t id, int64_t due_at)
{
    return sql_run(tx->reader.sql, "UPDATE mails SET attempt_count = attempt_count + 1, due_at = $1 WHERE id = $2",
                   SQL_VALUES(sql_of_int(due_at), sql_of_int(id)));
}
