#include "store/applications.h"

#include "store/parts.h"

#define SELECT                                                                                                       \
    "SELECT id, realm_id, name, owner, website, logo_uri, verified_at, created_at, suspended_at FROM applications"

STEP application_insert(struct store_tx *tx, const struct application_row *row, int64_t *ret_id)
{
    return sql_run_int(
        tx->reader.sql,
        "INSERT INTO applications (realm_id, name, owner, website, logo_uri, verified_at, created_at, suspended_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
        SQL_VALUES(sql_of_int(row->realm_id), sql_of_text(row->name), sql_of_words(row->owner),
                   sql_of_words(row->website), sql_of_words(row->logo_uri), sql_of_optional(row->verified_at),
                   sql_of_int(row->created_at), sql_of_optional(row->suspended_at)),
        ret_id);
}

static bool take_application(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct application_row *row = ret_row;
    row->id = sql_int(statement, 0);
    row->realm_id = sql_int(statement, 1);
    row->name = sql_text(statement, arena, 2);
    row->owner = sql_text(statement, arena, 3);
    row->website = sql_text(statement, arena, 4);
    row->logo_uri = sql_text(statement, arena, 5);
    row->verified_at = sql_int(statement, 6);
    row->created_at = sql_int(statement, 7);
    row->suspended_at = sql_int(statement, 8);
    return true;
}

static const struct row_kind application_kind = {sizeof(struct application_row), take_application};

STEP application_find(struct store_reader *reader, struct arena *arena, int64_t id, struct application_row **ret_row)
{
    void *row;
    TRY(reader_note(reader, query_row(reader_sql(reader), &application_kind, arena, SELECT " WHERE id = $1",
                                      SQL_VALUES(sql_of_int(id)), &row)));
    *ret_row = row;
    return OK;
}

STEP application_list(struct store_reader *reader, struct arena *arena, int64_t realm_id, int64_t after_id,
                      size_t max, struct application_row **ret_rows, size_t *ret_count)
{
    const struct sql_value from = sql_of_int(after_id), limit = sql_of_int((int64_t)max);
    const char *of_realm = SELECT " WHERE realm_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    const char *of_all = SELECT " WHERE id > $1 ORDER BY id LIMIT $2";
    void *rows;
    TRY(reader_note(reader,
                    query_rows(reader_sql(reader), &application_kind, arena, realm_id ? of_realm : of_all,
                               realm_id ? SQL_VALUES(sql_of_int(realm_id), from, limit) : SQL_VALUES(from, limit),
                               max, &rows, ret_count)));
    *ret_rows = rows;
    return OK;
}

/* Applications are not cached: there is no epoch to change. */
STEP application_update(struct store_tx *tx, const struct application_row *row)
{
    return sql_run(tx->reader.sql,
                   "UPDATE applications SET name = $1, owner = $2, website = $3, logo_uri = $4, verified_at = $5"
                   " WHERE id = $6",
                   SQL_VALUES(sql_of_text(row->name), sql_of_words(row->owner), sql_of_words(row->website),
                              sql_of_words(row->logo_uri), sql_of_optional(row->verified_at), sql_of_int(row->id)));
}

/* Clients are suspended and deleted with their application, so what is cached of them is no longer true. */
static STEP note_clients(struct store_tx *tx, int64_t id, size_t *ret_count)
{
    struct sql_statement *statement;
    size_t count = 0;
    TRY(sql_query(tx->reader.sql, "SELECT id FROM clients WHERE application_id = $1", SQL_VALUES(sql_of_int(id)),
                  &statement));
    while (sql_next(statement)) {
        epoch_change(tx, EPOCH_CLIENT, sql_int(statement, 0));
        count++;
    }
    TRY(sql_end(statement));
    *ret_count = count;
    return OK;
}

STEP application_suspend(struct store_tx *tx, int64_t id, int64_t suspended_at)
{
    size_t client_count;
    TRY(sql_run(tx->reader.sql, "UPDATE applications SET suspended_at = $1 WHERE id = $2",
                SQL_VALUES(sql_of_optional(suspended_at), sql_of_int(id))));
    return note_clients(tx, id, &client_count);
}

STEP application_delete(struct store_tx *tx, int64_t id)
{
    struct sql *sql = tx->reader.sql;
    const struct sql_value *which = SQL_VALUES(sql_of_int(id));
    size_t client_count;
    TRY(note_clients(tx, id, &client_count));
    TRY(sql_run(sql, "DELETE FROM secrets WHERE client_id IN (SELECT id FROM clients WHERE application_id = $1)",
                which));
    TRY(sql_run(sql, "DELETE FROM clients WHERE application_id = $1", which));
    TRY(sql_run(sql, "DELETE FROM applications WHERE id = $1", which));
    if (client_count == 0)
        return OK;
    TRY(pass_want(tx, PASS_GRANTS));
    return pass_want(tx, PASS_TOKENS);
}
