/*
 * query.c — rows out of a query, one or many, whatever their kind.
 */
#include "base/arena.h"
#include "store/parts.h"

STEP query_row(struct sql *sql, const struct row_kind *kind, struct arena *arena, const char *text,
               const struct sql_value *values, void **ret_row)
{
    struct sql_statement *statement;
    void *row = NULL;
    TRY(sql_query(sql, text, values, &statement));
    if (sql_next(statement)) {
        row = arena_alloc(arena, kind->size);
        row = kind->take(statement, arena, row) ? row : NULL;
    }
    TRY(sql_end(statement));
    *ret_row = row;
    return OK;
}

STEP query_rows(struct sql *sql, const struct row_kind *kind, struct arena *arena, const char *text,
                const struct sql_value *values, size_t max, void **ret_rows, size_t *ret_count)
{
    struct sql_statement *statement;
    unsigned char *rows = arena_alloc(arena, kind->size * max);
    size_t count = 0;
    TRY(sql_query(sql, text, values, &statement));
    while (count < max && sql_next(statement))
        if (kind->take(statement, arena, rows + count * kind->size))
            count++;
    TRY(sql_end(statement));
    *ret_rows = rows;
    *ret_count = count;
    return OK;
}
