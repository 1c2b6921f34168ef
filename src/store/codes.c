#include "store/parts.h"
#include "store/tokens.h"

#define SELECT                                                                                                       \
    "SELECT id, secret_hash, client_id, grant_id, redirect_uri, code_challenge, submission, expires_at, forget_at,"  \
    " used_at FROM codes"

/* The grant must be there as long as a second use of the code can be noticed: that revokes it. */
STEP code_insert(struct store_tx *tx, const struct code_row *row)
{
    TRY(sql_run(tx->reader.sql,
                "INSERT INTO codes (id, secret_hash, client_id, grant_id, redirect_uri, code_challenge, submission,"
                " expires_at, forget_at, used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                SQL_VALUES(sql_of_int(row->id), sql_of_digest(&row->secret_hash), sql_of_int(row->client_id),
                           sql_of_int(row->grant_id), sql_of_words(row->redirect_uri),
                           sql_of_text(row->code_challenge), sql_of_digest(&row->submission),
                           sql_of_int(row->expires_at), sql_of_int(row->forget_at),
                           sql_of_later(row->used_at, row->expires_at))));
    return grant_extend(tx, row->grant_id, row->forget_at);
}

static bool take_code(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct code_row *row = ret_row;
    row->id = sql_int(statement, 0);
    row->client_id = sql_int(statement, 2);
    row->grant_id = sql_int(statement, 3);
    row->redirect_uri = sql_text(statement, arena, 4);
    row->code_challenge = sql_text(statement, arena, 5);
    row->expires_at = sql_int(statement, 7);
    row->forget_at = sql_int(statement, 8);
    row->used_at = sql_later(statement, 9);
    return sql_digest(statement, 1, &row->secret_hash) && sql_digest(statement, 6, &row->submission);
}

static const struct row_kind code_kind = {sizeof(struct code_row), take_code};

STEP code_find(struct store_reader *reader, struct arena *arena, int64_t id, struct code_row **ret_row)
{
    void *row;
    TRY(reader_note(reader, query_row(reader_sql(reader), &code_kind, arena, SELECT " WHERE id = $1",
                                      SQL_VALUES(sql_of_int(id)), &row)));
    *ret_row = row;
    return OK;
}

STEP code_find_submission(struct store_reader *reader, struct arena *arena, const struct digest *submission,
                          struct code_row **ret_row)
{
    void *row;
    TRY(reader_note(reader, query_row(reader_sql(reader), &code_kind, arena, SELECT " WHERE submission = $1",
                                      SQL_VALUES(sql_of_digest(submission)), &row)));
    *ret_row = row;
    return OK;
}

STEP code_use(struct store_tx *tx, int64_t id, int64_t used_at)
{
    return sql_run(tx->reader.sql, "UPDATE codes SET used_at = $1 WHERE id = $2",
                   SQL_VALUES(sql_of_int(used_at), sql_of_int(id)));
}
