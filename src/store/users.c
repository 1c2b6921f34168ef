#include "store/parts.h"
#include "store/people.h"

#define SELECT                                                                                                       \
    "SELECT id, realm_id, username, display_name, email, password_hash, roles, totp_key, totp_step, created_at,"     \
    " email_confirmed_at, disabled_at FROM users"

STEP user_insert(struct store_tx *tx, const struct user_row *row, int64_t *ret_id)
{
    return sql_run_int(
        tx->reader.sql,
        "INSERT INTO users (realm_id, username, display_name, email, password_hash, roles, totp_key, totp_step,"
        " created_at, email_confirmed_at, disabled_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
        SQL_VALUES(sql_of_int(row->realm_id), sql_of_text(row->username), sql_of_words(row->display_name),
                   sql_of_words(row->email), sql_of_words(row->password_hash), sql_of_int(row->roles),
                   sql_of_words(row->totp_key), sql_of_int(row->totp_step), sql_of_int(row->created_at),
                   sql_of_optional(row->email_confirmed_at), sql_of_optional(row->disabled_at)),
        ret_id);
}

static bool take_user(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct user_row *row = ret_row;
    row->id = sql_int(statement, 0);
    row->realm_id = sql_int(statement, 1);
    row->username = sql_text(statement, arena, 2);
    row->display_name = sql_text(statement, arena, 3);
    row->email = sql_text(statement, arena, 4);
    row->password_hash = sql_text(statement, arena, 5);
    row->roles = (unsigned)sql_int(statement, 6);
    row->totp_key = sql_text(statement, arena, 7);
    row->totp_step = sql_int(statement, 8);
    row->created_at = sql_int(statement, 9);
    row->email_confirmed_at = sql_int(statement, 10);
    row->disabled_at = sql_int(statement, 11);
    return true;
}

static const struct row_kind user_kind = {sizeof(struct user_row), take_user};

static STEP read_user(struct sql *sql, struct arena *arena, int64_t id, void **ret_row)
{
    return query_row(sql, &user_kind, arena, SELECT " WHERE id = $1", SQL_VALUES(sql_of_int(id)), ret_row);
}

STEP user_find_row(struct store_reader *reader, struct arena *arena, int64_t id, struct user_row **ret_row)
{
    void *row;
    TRY(reader_find(reader, CACHED_USERS, arena, id, read_user, &row));
    *ret_row = row;
    return OK;
}

static bool has_name(const void *found, int64_t realm_id, struct str username)
{
    const struct user_row *row = found;
    return row->realm_id == realm_id && str_equal(row->username, username);
}

STEP user_find(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str username,
               struct user_row **ret_row)
{
    static const struct named_rows rows = {
        .kind = CACHED_USERS,
        .names = NAMED_USERS,
        .id_by_name = "SELECT id FROM users WHERE realm_id = $1 AND username = $2",
        .read = read_user,
        .has_name = has_name,
    };
    void *row;
    TRY(reader_find_named(reader, &rows, arena, realm_id, username, &row));
    *ret_row = row;
    return OK;
}

/* Spelled so that the index over addresses serves it: that has no empty ones. */
STEP user_find_email(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str email,
                     struct user_row **ret_row)
{
    void *row;
    TRY(reader_note(reader, query_row(reader_sql(reader), &user_kind, arena,
                                      SELECT " WHERE realm_id = $1 AND email = $2 AND email <> ''"
                                             " ORDER BY email_confirmed_at IS NULL, id LIMIT 1",
                                      SQL_VALUES(sql_of_int(realm_id), sql_of_text(email)), &row)));
    *ret_row = row;
    return OK;
}

STEP user_list(struct store_reader *reader, struct arena *arena, int64_t realm_id, int64_t after_id, size_t max,
               struct user_row **ret_rows, size_t *ret_count)
{
    void *rows;
    TRY(reader_note(reader,
                    query_rows(reader_sql(reader), &user_kind, arena,
                               SELECT " WHERE realm_id = $1 AND id > $2 ORDER BY id LIMIT $3",
                               SQL_VALUES(sql_of_int(realm_id), sql_of_int(after_id), sql_of_int((int64_t)max)), max,
                               &rows, ret_count)));
    *ret_rows = rows;
    return OK;
}

STEP user_update(struct store_tx *tx, const struct user_row *row)
{
    TRY(sql_run(tx->reader.sql,
                "UPDATE users SET username = $1, display_name = $2, email = $3, password_hash = $4, roles = $5,"
                " totp_key = $6, totp_step = $7, email_confirmed_at = $8, disabled_at = $9 WHERE id = $10",
                SQL_VALUES(sql_of_text(row->username), sql_of_words(row->display_name), sql_of_words(row->email),
                           sql_of_words(row->password_hash), sql_of_int(row->roles), sql_of_words(row->totp_key),
                           sql_of_int(row->totp_step), sql_of_optional(row->email_confirmed_at),
                           sql_of_optional(row->disabled_at), sql_of_int(row->id))));
    epoch_change(tx, EPOCH_USER, row->id);
    return OK;
}
