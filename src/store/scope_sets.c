/*
 * scope_sets.c — scope texts by number. They never change, so they are cached without an epoch.
 */
#include "base/arena.h"
#include "store/parts.h"
#include "store/tokens.h"

static STEP read_text(struct sql *sql, struct arena *arena, int64_t scope_set, struct str **ret_scope)
{
    struct sql_statement *statement;
    struct str *scope = NULL;
    TRY(sql_query(sql, "SELECT scope FROM scope_sets WHERE id = $1", SQL_VALUES(sql_of_int(scope_set)), &statement));
    if (sql_next(statement)) {
        scope = arena_new(arena, struct str);
        *scope = sql_text(statement, arena, 0);
    }
    TRY(sql_end(statement));
    *ret_scope = scope;
    return OK;
}

/* NULL: there is no such number. */
static STEP find_text(struct store_reader *reader, struct arena *arena, int64_t scope_set, struct str **ret_scope)
{
    struct cache *cache = reader->caches[CACHED_SCOPES];
    uint32_t epoch;
    struct str *scope = cache_find(cache, arena, scope_set, &epoch);
    if (!scope) {
        TRY(reader_note(reader, read_text(reader_sql(reader), arena, scope_set, &scope)));
        if (scope)
            cache_keep(cache, scope_set, epoch, scope);
    }
    *ret_scope = scope;
    return OK;
}

STEP scope_set_text(struct store_reader *reader, struct arena *arena, int64_t scope_set, struct str *ret_scope)
{
    struct str *scope;
    TRY(find_text(reader, arena, scope_set, &scope));
    *ret_scope = scope ? *scope : STR_NONE;
    return OK;
}

static STEP find_or_insert(struct sql *sql, struct str scope, int64_t *ret_scope_set)
{
    int64_t id;
    TRY(sql_run_int(sql, "SELECT id FROM scope_sets WHERE scope = $1", SQL_VALUES(sql_of_text(scope)), &id));
    if (id == 0)
        TRY(sql_run_int(sql, "INSERT INTO scope_sets (scope) VALUES ($1) RETURNING id",
                        SQL_VALUES(sql_of_text(scope)), &id));
    *ret_scope_set = id;
    return OK;
}

STEP scope_set_intern(struct store_tx *tx, struct str scope, int64_t *ret_scope_set)
{
    struct store_reader *reader = &tx->reader;
    struct cache *cache = reader->caches[CACHED_SCOPES];
    uint64_t hash = name_hash(0, scope);
    int64_t id = name_cache_find(reader->names[NAMED_SCOPES], hash);
    const struct str *known = cache_peek(cache, id);
    if (!known || !str_equal(*known, scope)) {
        TRY(find_or_insert(reader->sql, scope, &id));
        name_cache_keep(reader->names[NAMED_SCOPES], hash, id);
        cache_keep(cache, id, 0, &scope);
    }
    *ret_scope_set = id;
    return OK;
}
