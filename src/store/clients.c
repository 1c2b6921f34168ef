#include "base/arena.h"
#include "store/applications.h"
#include "store/parts.h"

/* A client is suspended by itself or with its application. */
#define SELECT                                                                                                       \
    "SELECT c.id, c.realm_id, c.application_id, c.client_id, c.environment, c.scope, c.flags, c.created_at,"         \
    " coalesce(c.suspended_at, a.suspended_at), c.redirect_uris, c.plan FROM clients AS c LEFT JOIN applications "   \
    "AS a ON "                                                                                                       \
    "a.id = "                                                                                                        \
    "c.application_id"

STEP client_insert(struct store_tx *tx, const struct client_row *row, int64_t *ret_id)
{
    return sql_run_int(
        tx->reader.sql,
        "INSERT INTO clients (realm_id, application_id, client_id, environment, scope, redirect_uris, flags,"
        " created_at, suspended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
        SQL_VALUES(sql_of_int(row->realm_id), sql_of_int(row->application_id), sql_of_text(row->client_id),
                   sql_of_text(row->environment), sql_of_text(row->scope), sql_of_words(row->redirect_uris),
                   sql_of_int(row->flags), sql_of_int(row->created_at), sql_of_optional(row->suspended_at)),
        ret_id);
}

static bool take_client(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct client_row *row = ret_row;
    row->id = sql_int(statement, 0);
    row->realm_id = sql_int(statement, 1);
    row->application_id = sql_int(statement, 2);
    row->client_id = sql_text(statement, arena, 3);
    row->environment = sql_text(statement, arena, 4);
    row->scope = sql_text(statement, arena, 5);
    row->flags = (unsigned)sql_int(statement, 6);
    row->created_at = sql_int(statement, 7);
    row->suspended_at = sql_int(statement, 8);
    row->redirect_uris = sql_text(statement, arena, 9);
    row->plan = sql_text(statement, arena, 10);
    return true;
}

static bool take_secret(struct sql_statement *statement, struct arena *arena, struct secret_row *secret)
{
    secret->id = sql_int(statement, 0);
    secret->label = sql_text(statement, arena, 1);
    secret->created_at = sql_int(statement, 3);
    secret->last_used_at = sql_int(statement, 4);
    secret->expires_at = sql_int(statement, 5);
    return sql_digest(statement, 2, &secret->secret_hash);
}

static STEP read_secrets(struct sql *sql, struct arena *arena, struct client_row *row)
{
    struct sql_statement *statement;
    TRY(sql_query(sql,
                  "SELECT id, label, secret_hash, created_at, last_used_at, expires_at FROM secrets"
                  " WHERE client_id = $1 ORDER BY id LIMIT $2",
                  SQL_VALUES(sql_of_int(row->id), sql_of_int(SECRETS_PER_CLIENT_MAX)), &statement));
    while (row->secret_count < SECRETS_PER_CLIENT_MAX && sql_next(statement))
        if (take_secret(statement, arena, &row->secrets[row->secret_count]))
            row->secret_count++;
    return sql_end(statement);
}

static STEP read_client(struct sql *sql, struct arena *arena, int64_t id, void **ret_row)
{
    static const struct row_kind kind = {sizeof(struct client_row), take_client};
    void *row;
    TRY(query_row(sql, &kind, arena, SELECT " WHERE c.id = $1", SQL_VALUES(sql_of_int(id)), &row));
    if (row)
        TRY(read_secrets(sql, arena, row));
    *ret_row = row;
    return OK;
}

STEP client_find_row(struct store_reader *reader, struct arena *arena, int64_t id, struct client_row **ret_row)
{
    void *row;
    TRY(reader_find(reader, CACHED_CLIENTS, arena, id, read_client, &row));
    *ret_row = row;
    return OK;
}

static bool has_name(const void *found, int64_t realm_id, struct str client_id)
{
    const struct client_row *row = found;
    return row->realm_id == realm_id && str_equal(row->client_id, client_id);
}

STEP client_find(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str client_id,
                 struct client_row **ret_row)
{
    static const struct named_rows rows = {
        .kind = CACHED_CLIENTS,
        .names = NAMED_CLIENTS,
        .id_by_name = "SELECT id FROM clients WHERE realm_id = $1 AND client_id = $2",
        .read = read_client,
        .has_name = has_name,
    };
    void *row;
    TRY(reader_find_named(reader, &rows, arena, realm_id, client_id, &row));
    *ret_row = row;
    return OK;
}

static STEP read_ids(struct sql *sql, struct arena *arena, int64_t application_id, int64_t **ret_ids,
                     size_t *ret_count)
{
    struct sql_statement *statement;
    int64_t count;
    TRY(sql_run_int(sql, "SELECT count(*) FROM clients WHERE application_id = $1",
                    SQL_VALUES(sql_of_int(application_id)), &count));
    int64_t *ids = arena_array(arena, int64_t, (size_t)count);
    size_t found = 0;
    TRY(sql_query(sql, "SELECT id FROM clients WHERE application_id = $1 ORDER BY id",
                  SQL_VALUES(sql_of_int(application_id)), &statement));
    while (found < (size_t)count && sql_next(statement))
        ids[found++] = sql_int(statement, 0);
    TRY(sql_end(statement));
    *ret_ids = ids;
    *ret_count = found;
    return OK;
}

STEP client_list(struct store_reader *reader, struct arena *arena, int64_t application_id,
                 struct client_row **ret_rows, size_t *ret_count)
{
    int64_t *ids = NULL;
    size_t id_count = 0, count = 0;
    TRY(reader_note(reader, read_ids(reader_sql(reader), arena, application_id, &ids, &id_count)));
    struct client_row *rows = arena_array(arena, struct client_row, id_count);
    for (size_t i = 0; i < id_count; i++) {
        struct client_row *row;
        TRY(client_find_row(reader, arena, ids[i], &row));
        if (row)
            rows[count++] = *row;
    }
    *ret_rows = rows;
    *ret_count = count;
    return OK;
}

STEP client_suspend(struct store_tx *tx, int64_t id, int64_t suspended_at)
{
    TRY(sql_run(tx->reader.sql, "UPDATE clients SET suspended_at = $1 WHERE id = $2",
                SQL_VALUES(sql_of_optional(suspended_at), sql_of_int(id))));
    epoch_change(tx, EPOCH_CLIENT, id);
    return OK;
}

STEP client_set_flags(struct store_tx *tx, int64_t id, unsigned flags)
{
    TRY(sql_run(tx->reader.sql, "UPDATE clients SET flags = $1 WHERE id = $2",
                SQL_VALUES(sql_of_int(flags), sql_of_int(id))));
    epoch_change(tx, EPOCH_CLIENT, id);
    return OK;
}

STEP client_set_redirect_uris(struct store_tx *tx, int64_t id, struct str redirect_uris)
{
    TRY(sql_run(tx->reader.sql, "UPDATE clients SET redirect_uris = $1 WHERE id = $2",
                SQL_VALUES(sql_of_words(redirect_uris), sql_of_int(id))));
    epoch_change(tx, EPOCH_CLIENT, id);
    return OK;
}

STEP client_set_plan(struct store_tx *tx, int64_t id, struct str plan)
{
    TRY(sql_run(tx->reader.sql, "UPDATE clients SET plan = $1 WHERE id = $2",
                SQL_VALUES(sql_of_text(plan), sql_of_int(id))));
    epoch_change(tx, EPOCH_CLIENT, id);
    return OK;
}

static bool take_plan(struct sql_statement *statement, struct arena *arena, void *ret_plan)
{
    *(struct str *)ret_plan = sql_text(statement, arena, 0);
    return true;
}

STEP client_plans(struct store_reader *reader, struct arena *arena, int64_t realm_id, size_t max,
                  struct str **ret_plans, size_t *ret_count)
{
    static const struct row_kind kind = {sizeof(struct str), take_plan};
    void *rows;
    TRY(reader_note(reader,
                    query_rows(reader_sql(reader), &kind, arena,
                               "SELECT DISTINCT plan FROM clients WHERE realm_id = $1 AND plan IS NOT NULL"
                               " ORDER BY plan LIMIT $2",
                               SQL_VALUES(sql_of_int(realm_id), sql_of_int((int64_t)max)), max, &rows, ret_count)));
    *ret_plans = rows;
    return OK;
}
