/*
 * people_sweep.c — sessions, codes and tickets that are over leave, those first that have been over for longest.
 *
 * They are few beside tokens and may end early or late, so an index over their end finds them.
 */
#include "store/parts.h"
#include "store/people.h"

#define OVER(column, table, end) "SELECT " column " FROM " table " WHERE " end " <= $1 ORDER BY " end ", id LIMIT $2"
#define DELETE_OVER(table, end)  "DELETE FROM " table " WHERE id IN (" OVER("id", table, end) ")"

struct people_sweep {
    struct sql *sql;
    int64_t now;
    size_t room; /* rows that this call may still delete */
};

static STEP delete_rows(struct people_sweep *sweep, const char *text, size_t *ret_count)
{
    TRY(sql_run(sweep->sql, text, SQL_VALUES(sql_of_int(sweep->now), sql_of_int((int64_t)sweep->room))));
    *ret_count = (size_t)sql_changed_count(sweep->sql);
    return OK;
}

static STEP delete_over(struct people_sweep *sweep, const char *text)
{
    size_t count;
    TRY(delete_rows(sweep, text, &count));
    sweep->room -= count;
    return OK;
}

/* A grant whose tokens have left, or that never had one, leaves with its last code. */
static STEP sweep_codes(struct people_sweep *sweep)
{
    size_t grant_count;
    TRY(delete_rows(sweep,
                    "DELETE FROM grants WHERE id IN (" OVER("grant_id", "codes", "forget_at") ") AND ends_at <= $1",
                    &grant_count));
    return delete_over(sweep, DELETE_OVER("codes", "forget_at"));
}

STEP people_sweep(struct store_tx *tx, int64_t now, size_t max, size_t *ret_deleted_count)
{
    struct people_sweep sweep = {.sql = tx->reader.sql, .now = now, .room = max};
    TRY(sweep_codes(&sweep));
    TRY(delete_over(&sweep, DELETE_OVER("sessions", "expires_at")));
    TRY(delete_over(&sweep, DELETE_OVER("tickets", "expires_at")));
    *ret_deleted_count = max - sweep.room;
    return OK;
}
