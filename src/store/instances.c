#include "store/parts.h"
#include "store/people.h"

#define SELECT "SELECT id, realm_id, name, title, created_at FROM instances"

STEP instance_insert(struct store_tx *tx, const struct instance_row *row, int64_t *ret_id)
{
    return sql_run_int(
        tx->reader.sql,
        "INSERT INTO instances (realm_id, name, title, created_at) VALUES ($1, $2, $3, $4) RETURNING id",
        SQL_VALUES(sql_of_int(row->realm_id), sql_of_text(row->name), sql_of_words(row->title),
                   sql_of_int(row->created_at)),
        ret_id);
}

static bool take_instance(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct instance_row *row = ret_row;
    row->id = sql_int(statement, 0);
    row->realm_id = sql_int(statement, 1);
    row->name = sql_text(statement, arena, 2);
    row->title = sql_text(statement, arena, 3);
    row->created_at = sql_int(statement, 4);
    return true;
}

static const struct row_kind instance_kind = {sizeof(struct instance_row), take_instance};

STEP instance_find(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str name,
                   struct instance_row **ret_row)
{
    void *row;
    TRY(reader_note(reader,
                    query_row(reader_sql(reader), &instance_kind, arena, SELECT " WHERE realm_id = $1 AND name = $2",
                              SQL_VALUES(sql_of_int(realm_id), sql_of_text(name)), &row)));
    *ret_row = row;
    return OK;
}

static STEP read_instance(struct sql *sql, struct arena *arena, int64_t id, void **ret_row)
{
    return query_row(sql, &instance_kind, arena, SELECT " WHERE id = $1", SQL_VALUES(sql_of_int(id)), ret_row);
}

STEP instance_find_row(struct store_reader *reader, struct arena *arena, int64_t id, struct instance_row **ret_row)
{
    void *row;
    TRY(reader_find(reader, CACHED_INSTANCES, arena, id, read_instance, &row));
    *ret_row = row;
    return OK;
}

STEP instance_list(struct store_reader *reader, struct arena *arena, int64_t realm_id, int64_t after_id, size_t max,
                   struct instance_row **ret_rows, size_t *ret_count)
{
    void *rows;
    TRY(reader_note(reader,
                    query_rows(reader_sql(reader), &instance_kind, arena,
                               SELECT " WHERE realm_id = $1 AND id > $2 ORDER BY id LIMIT $3",
                               SQL_VALUES(sql_of_int(realm_id), sql_of_int(after_id), sql_of_int((int64_t)max)), max,
                               &rows, ret_count)));
    *ret_rows = rows;
    return OK;
}
