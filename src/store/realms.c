/*
 * realms.c — realms by name, and the keys of the server itself.
 */
#include "store/applications.h"
#include "store/parts.h"

STEP realm_row_id(struct store_tx *tx, struct str name, int64_t *ret_id)
{
    int64_t id;
    TRY(sql_run_int(tx->reader.sql, "SELECT id FROM realms WHERE name = $1", SQL_VALUES(sql_of_text(name)), &id));
    if (id == 0)
        TRY(sql_run_int(tx->reader.sql, "INSERT INTO realms (name) VALUES ($1) RETURNING id",
                        SQL_VALUES(sql_of_text(name)), &id));
    *ret_id = id;
    return OK;
}

STEP server_key(struct store_tx *tx, struct str name, const struct digest *random, struct digest *ret_key)
{
    struct sql_statement *statement;
    struct digest key;
    TRY(sql_run(tx->reader.sql, "INSERT INTO server_keys (name, secret_key) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                SQL_VALUES(sql_of_text(name), sql_of_digest(random))));
    TRY(sql_query(tx->reader.sql, "SELECT secret_key FROM server_keys WHERE name = $1", SQL_VALUES(sql_of_text(name)),
                  &statement));
    bool is_there = sql_next(statement) && sql_digest(statement, 0, &key);
    TRY(sql_end(statement));
    if (!is_there)
        return FAILED;
    *ret_key = key;
    return OK;
}
