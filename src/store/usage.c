#include "store/usage.h"

#include "store/parts.h"

/* Statements are found by the address of their text, so each table has its own. */
#define KEY          "begins_at, realm_id, client_id, rule"
#define COLUMN(name) ", " #name
#define COLUMNS      KEY USAGE_COUNTS(COLUMN) ", subjects, times"
#define UPDATE(name) #name " = excluded." #name ", "
#define TEXT(table, ...)                                                                                             \
    (table) == USAGE_HOURS ? TEXT_OF("usage_hours", __VA_ARGS__) : TEXT_OF("usage_days", __VA_ARGS__)
#define TEXT_OF(table, before, after) before table after
#define KEY_FIELD_COUNT               4
#define FIRST_SKETCH                  (KEY_FIELD_COUNT + USAGE_COUNT_COUNT)
#define ENVIRONMENT                   (FIRST_SKETCH + 2)

static struct sql_value bytes_of(struct str bytes)
{
    return (struct sql_value){.kind = bytes.len ? SQL_IS_BYTES : SQL_IS_NULL, .text = bytes};
}

STEP usage_write(struct store_tx *tx, enum usage_table table, const struct usage_row *row)
{
    const int64_t *counts = row->counts;
    return sql_run(
        tx->reader.sql,
        TEXT(table, "INSERT INTO ",
             " (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
             " ON CONFLICT (" KEY
             ") DO UPDATE SET " USAGE_COUNTS(UPDATE) "subjects = excluded.subjects, times = excluded.times"),
        SQL_VALUES(sql_of_int(row->key.begins_at), sql_of_int(row->key.realm_id), sql_of_int(row->key.client_id),
                   sql_of_words(row->key.rule), sql_of_int(counts[USAGE_requests]),
                   sql_of_int(counts[USAGE_refused_token]), sql_of_int(counts[USAGE_refused_scope]),
                   sql_of_int(counts[USAGE_refused_limit]), sql_of_int(counts[USAGE_refused_rule]),
                   sql_of_int(counts[USAGE_refused_other]), sql_of_int(counts[USAGE_points]),
                   sql_of_int(counts[USAGE_tokens_issued]), bytes_of(row->subjects), bytes_of(row->times)));
}

static bool take_usage(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct usage_row *row = ret_row;
    row->key.begins_at = sql_int(statement, 0);
    row->key.realm_id = sql_int(statement, 1);
    row->key.client_id = sql_int(statement, 2);
    row->key.rule = sql_text(statement, arena, 3);
    for (int i = 0; i < USAGE_COUNT_COUNT; i++)
        row->counts[i] = sql_int(statement, KEY_FIELD_COUNT + i);
    row->subjects = sql_bytes(statement, arena, FIRST_SKETCH);
    row->times = sql_bytes(statement, arena, FIRST_SKETCH + 1);
    return true;
}

static bool take_listed(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    ((struct usage_row *)ret_row)->environment = sql_text(statement, arena, ENVIRONMENT);
    return take_usage(statement, arena, ret_row);
}

static const struct row_kind usage_kind = {sizeof(struct usage_row), take_usage};
static const struct row_kind listed_kind = {sizeof(struct usage_row), take_listed};

STEP usage_find(struct store_reader *reader, enum usage_table table, struct arena *arena, const struct usage_key *key,
                struct usage_row **ret_row)
{
    void *row;
    TRY(reader_note(reader, query_row(reader_sql(reader), &usage_kind, arena,
                                      TEXT(table, "SELECT " COLUMNS " FROM ", " WHERE (" KEY ") = ($1, $2, $3, $4)"),
                                      SQL_VALUES(sql_of_int(key->begins_at), sql_of_int(key->realm_id),
                                                 sql_of_int(key->client_id), sql_of_words(key->rule)),
                                      &row)));
    *ret_row = row;
    return OK;
}

#define LISTED COLUMNS ", CASE WHEN $1 THEN (SELECT environment FROM clients WHERE clients.id = usage.client_id) END"

#define PAGE(condition)                                                                                              \
    " AS usage WHERE begins_at >= $2 AND begins_at < $3 AND (" KEY                                                   \
    ") > ($4, $5, $6, $7) AND ($8 = 0 OR realm_id = $8)" condition " ORDER BY " KEY " LIMIT "

/* With a client the index over clients finds the rows, else the key does. */
static const char *page_text(enum usage_table table, bool is_of_client)
{
    if (is_of_client)
        return TEXT(table, "SELECT " LISTED " FROM ", PAGE(" AND client_id = $9") "$10");
    return TEXT(table, "SELECT " LISTED " FROM ", PAGE("") "$9");
}

STEP usage_list(struct store_reader *reader, enum usage_table table, struct arena *arena,
                const struct usage_filter *filter, const struct usage_key *after, size_t max,
                struct usage_row **ret_rows, size_t *ret_count)
{
    static const struct usage_key first = {.begins_at = INT64_MIN};
    const struct usage_key *from = after ? after : &first;
    bool is_of_client = filter->client_id != USAGE_ALL_CLIENTS;
    /* What lies before the page need not be passed over again. */
    int64_t since_at = from->begins_at > filter->since_at ? from->begins_at : filter->since_at;
    const struct sql_value limit = sql_of_int((int64_t)max);
    const struct sql_value values[] = {
        sql_of_int(filter->tells_environment),
        sql_of_int(since_at),
        sql_of_int(filter->until_at),
        sql_of_int(from->begins_at),
        sql_of_int(from->realm_id),
        sql_of_int(from->client_id),
        sql_of_words(from->rule),
        sql_of_int(filter->realm_id),
        is_of_client ? sql_of_int(filter->client_id) : limit,
        is_of_client ? limit : (struct sql_value){0},
        {0},
    };
    void *rows;
    TRY(reader_note(reader, query_rows(reader_sql(reader), &listed_kind, arena, page_text(table, is_of_client),
                                       values, max, &rows, ret_count)));
    *ret_rows = rows;
    return OK;
}

STEP usage_delete(struct store_tx *tx, enum usage_table table, const struct usage_key *key)
{
    return sql_run(tx->reader.sql, TEXT(table, "DELETE FROM ", " WHERE (" KEY ") = ($1, $2, $3, $4)"),
                   SQL_VALUES(sql_of_int(key->begins_at), sql_of_int(key->realm_id), sql_of_int(key->client_id),
                              sql_of_words(key->rule)));
}

#define DELETE_BEFORE(name)                                                                                          \
    "DELETE FROM " name " WHERE (" KEY ") IN (SELECT " KEY " FROM " name                                             \
    " WHERE begins_at < $1 ORDER BY begins_at LIMIT $2)"

STEP usage_delete_before(struct store_tx *tx, enum usage_table table, int64_t until_at, size_t max, size_t *ret_count)
{
    TRY(sql_run(tx->reader.sql, table == USAGE_HOURS ? DELETE_BEFORE("usage_hours") : DELETE_BEFORE("usage_days"),
                SQL_VALUES(sql_of_int(until_at), sql_of_int((int64_t)max))));
    *ret_count = (size_t)sql_changed_count(tx->reader.sql);
    return OK;
}
