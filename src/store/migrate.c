/*
 * migrate.c — brings a database to the schema that this program knows.
 *
 * Migrations are the files of schema/, compiled in, in the order of their names; each runs once, in one transaction
 * with the note that it did.
 */
#include "base/arena.h"
#include "store/parts.h"
#include "store/schema.h"

#define APPLICATION INT64_C(0x4a65746f) /* "Jeto" */

static enum outcome fail(struct arena *arena, const struct sql *sql, struct str *ret_error)
{
    *ret_error = arena_printf(arena, "the database cannot be read: %.*s", STR_ARGS(sql_message(sql)));
    return FAILED;
}

static int64_t known_version(void)
{
    int64_t count = 0;
    while (schema_files[count].name)
        count++;
    return count;
}

static STEP run_migration(struct sql *sql, int64_t version)
{
    TRY(sql_begin(sql));
    if (sql_run_script(sql, schema_files[version - 1].text) == OK &&
        sql_set_version(sql, APPLICATION, version) == OK && sql_commit(sql) == OK)
        return OK;
    (void)!sql_roll_back(sql);
    return FAILED;
}

STEP migrate(struct sql *sql, struct arena *arena, struct str *ret_error)
{
    int64_t application, version, table_count;
    if (sql_version(sql, &application, &version) != OK ||
        sql_run_int(sql, "SELECT count(*) FROM sqlite_schema", SQL_VALUES(), &table_count) != OK)
        return fail(arena, sql, ret_error);

    if (application != APPLICATION && (application != 0 || version != 0 || table_count != 0)) {
        *ret_error = arena_printf(arena, "the file is a database of another program");
        return FAILED;
    }
    if (version > known_version()) {
        *ret_error = arena_printf(arena, "the database has schema %lld, this program knows up to %lld",
                                  (long long)version, (long long)known_version());
        return FAILED;
    }
    while (version < known_version())
        if (run_migration(sql, ++version) != OK)
            return fail(arena, sql, ret_error);
    return OK;
}
