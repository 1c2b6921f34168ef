/*
 * scope_sets.c — scope texts by number. A number never gets another text, so they are cached without an epoch, even
 * beyond their removal.
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

static STEP find_id(struct sql *sql, struct str scope, int64_t *ret_id, bool *ret_is_searched)
{
    struct sql_statement *statement;
    TRY(sql_query(sql, "SELECT id, (SELECT stage FROM scope_sweep) FROM scope_sets WHERE scope = $1",
                  SQL_VALUES(sql_of_text(scope)), &statement));
    bool is_there = sql_next(statement);
    *ret_id = is_there ? sql_int(statement, 0) : 0;
    *ret_is_searched = is_there && sql_int(statement, 1) != 0;
    return sql_end(statement);
}

static STEP find_or_insert(struct store_tx *tx, struct str scope, int64_t *ret_scope_set)
{
    struct sql *sql = tx->reader.sql;
    bool is_searched;
    TRY(find_id(sql, scope, ret_scope_set, &is_searched));
    if (*ret_scope_set == 0)
        return sql_run_int(sql, "INSERT INTO scope_sets (scope) VALUES ($1) RETURNING id",
                           SQL_VALUES(sql_of_text(scope)), ret_scope_set);
    return is_searched ? scope_set_mark(tx, *ret_scope_set) : OK;
}

STEP scope_set_intern(struct store_tx *tx, struct str scope, int64_t *ret_scope_set)
{
    struct store_reader *reader = &tx->reader;
    struct cache *cache = reader->caches[CACHED_SCOPES];
    uint64_t hash = name_hash(0, scope);
    int64_t id = name_cache_find(reader->names[NAMED_SCOPES], hash);
    const struct str *known = cache_peek(cache, id);
    if (!known || !str_equal(*known, scope)) {
        TRY(find_or_insert(tx, scope, &id));
        name_cache_keep(reader->names[NAMED_SCOPES], hash, id);
        cache_keep(cache, id, 0, &scope);
    }
    *ret_scope_set = id;
    return OK;
}
