#include "store/windows.h"

#include "store/parts.h"

STEP window_write(struct store_tx *tx, const struct window_row *row)
{
    return sql_run(tx->reader.sql,
                   "INSERT INTO windows (owner, subject, window_id, ends_at, used) VALUES ($1, $2, $3, $4, $5)"
                   " ON CONFLICT (owner, subject, window_id) DO UPDATE SET ends_at = $4, used = $5",
                   SQL_VALUES(sql_of_int(row->owner), sql_of_int(row->subject), sql_of_int((int64_t)row->window_id),
                              sql_of_int(row->ends_at), sql_of_int(row->used)));
}

static bool take_window(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct window_row *row = ret_row;
    (void)arena;
    row->owner = sql_int(statement, 0);
    row->subject = sql_int(statement, 1);
    row->window_id = (uint64_t)sql_int(statement, 2);
    row->ends_at = sql_int(statement, 3);
    row->used = sql_int(statement, 4);
    return true;
}

STEP window_list(struct store_reader *reader, struct arena *arena, int64_t now, const struct window_row *after,
                 size_t max, struct window_row **ret_rows, size_t *ret_count)
{
    static const struct row_kind kind = {sizeof(struct window_row), take_window};
    void *rows;
    TRY(reader_note(reader, query_rows(reader_sql(reader), &kind, arena,
                                       "SELECT owner, subject, window_id, ends_at, used FROM windows"
                                       " WHERE (owner, subject, window_id) > ($1, $2, $3) AND ends_at > $4"
                                       " ORDER BY owner, subject, window_id LIMIT $5",
                                       SQL_VALUES(sql_of_int(after->owner), sql_of_int(after->subject),
                                                  sql_of_int((int64_t)after->window_id), sql_of_int(now),
                                                  sql_of_int((int64_t)max)),
                                       max, &rows, ret_count)));
    *ret_rows = rows;
    return OK;
}

STEP windows_sweep(struct store_tx *tx, int64_t now, size_t max, size_t *ret_count)
{
    TRY(sql_run(tx->reader.sql,
                "DELETE FROM windows WHERE (owner, subject, window_id) IN (SELECT owner, subject, window_id"
                " FROM windows WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2)",
                SQL_VALUES(sql_of_int(now), sql_of_int((int64_t)max))));
    *ret_count = (size_t)sql_changed_count(tx->reader.sql);
    return OK;
}
