/*
 * query.c — rows out of a query, one or many, whatever their kind.
 */
#include <string.h>

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

/* `max` is what a caller takes at most, often a thousand: room is made as rows come. */
#define ROWS_FIRST 8

static unsigned char *grow_rows(struct arena *arena, unsigned char *rows, size_t row_size, size_t *room)
{
    size_t count = *room;
    *room = count ? 2 * count : ROWS_FIRST;
    unsigned char *grown = arena_alloc(arena, row_size * *room);
    if (count)
        memcpy(grown, rows, row_size * count);
    return grown;
}

STEP query_rows(struct sql *sql, const struct row_kind *kind, struct arena *arena, const char *text,
                const struct sql_value *values, size_t max, void **ret_rows, size_t *ret_count)
{
    struct sql_statement *statement;
    unsigned char *rows = NULL;
    size_t count = 0, room = 0;
    TRY(sql_query(sql, text, values, &statement));
    while (count < max && sql_next(statement)) {
        if (count == room)
            rows = grow_rows(arena, rows, kind->size, &room);
        if (kind->take(statement, arena, rows + count * kind->size))
            count++;
    }
    TRY(sql_end(statement));
    *ret_rows = rows;
    *ret_count = count;
    return OK;
}
