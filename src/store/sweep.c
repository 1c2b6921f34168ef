/*
 * sweep.c — what is over leaves, a slice at a time.
 *
 * The regular way is by lifetimes: ids grow with time, so the tokens of one lifetime that have just expired stand in
 * a range that moves with the clock. What no lifetime reaches leaves in a pass over the whole table, which is asked
 * for when it is needed: tokens of deleted clients and revoked grants, grants that lost their last token early.
 */
#include "store/parts.h"
#include "store/tokens.h"

/* A pass reads the whole table: not again at once, however often it is asked for. */
#define PASS_INTERVAL_SECONDS 3600
/* A grant without tokens may still be getting its first one. */
#define GRANT_GRACE_SECONDS 86400

struct sweep {
    struct sql *sql;
    int64_t now;
    size_t room; /* rows that this call may still look at */
    struct sweep_result result;
};

struct range {
    int64_t from;
    int64_t until; /* not included */
};

STEP lifetime_note(struct store_tx *tx, int64_t lifetime_seconds)
{
    if (lifetime_seconds <= 0)
        return OK;
    return sql_run(tx->reader.sql,
                   "INSERT INTO lifetimes (lifetime_seconds, swept_until) VALUES ($1, 0) ON CONFLICT DO NOTHING",
                   SQL_VALUES(sql_of_int(lifetime_seconds)));
}

static const char *const pass_names[] = {[PASS_GRANTS] = "grants", [PASS_TOKENS] = "tokens"};

STEP pass_want(struct store_tx *tx, enum pass pass)
{
    return sql_run(tx->reader.sql, "UPDATE passes SET is_wanted = 1 WHERE name = $1 AND is_wanted = 0",
                   SQL_VALUES(sql_of_text(str_of(pass_names[pass]))));
}

/* Looks at the rows of one table in the range as far as the room goes, and cuts the range there. */
static STEP look(struct sweep *sweep, const char *text, struct range *range, size_t *seen)
{
    struct sql_statement *statement;
    TRY(sql_query(sweep->sql, text,
                  SQL_VALUES(sql_of_int(range->from), sql_of_int(range->until), sql_of_int((int64_t)sweep->room)),
                  &statement));
    bool is_there = sql_next(statement);
    size_t count = is_there ? (size_t)sql_int(statement, 0) : 0;
    int64_t last = is_there ? sql_int(statement, 1) : 0;
    TRY(sql_end(statement));
    *seen += count;
    if (count >= sweep->room)
        range->until = last + 1;
    return OK;
}

#define LOOK_AT(table)                                                                                               \
    "SELECT count(*), max(id) FROM (SELECT id FROM " table                                                           \
    " WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3) AS slice"

static STEP look_at_tokens(struct sweep *sweep, struct range *range, size_t *ret_seen)
{
    size_t seen = 0;
    TRY(look(sweep, LOOK_AT("access_tokens"), range, &seen));
    TRY(look(sweep, LOOK_AT("refresh_tokens"), range, &seen));
    *ret_seen = seen;
    return OK;
}

static void note_seen(struct sweep *sweep, size_t seen)
{
    sweep->result.seen_count += seen;
    sweep->room -= seen < sweep->room ? seen : sweep->room;
}

static STEP delete_rows(struct sweep *sweep, const char *text, const struct range *range)
{
    TRY(sql_run(sweep->sql, text,
                SQL_VALUES(sql_of_int(range->from), sql_of_int(range->until), sql_of_int(sweep->now))));
    sweep->result.deleted_count += (size_t)sql_changed_count(sweep->sql);
    return OK;
}

#define LAST_OF(table)                                                                                               \
    "DELETE FROM grants WHERE id IN (SELECT grant_id FROM " table                                                    \
    " WHERE id >= $1 AND id < $2 AND expires_at <= $3 AND grant_id IS NOT NULL) AND ends_at <= $3"

/* A grant leaves with the token that was its last. */
static STEP delete_expired(struct sweep *sweep, const struct range *range)
{
    TRY(delete_rows(sweep, LAST_OF("access_tokens"), range));
    TRY(delete_rows(sweep, LAST_OF("refresh_tokens"), range));
    TRY(delete_rows(sweep, "DELETE FROM access_tokens WHERE id >= $1 AND id < $2 AND expires_at <= $3", range));
    return delete_rows(sweep, "DELETE FROM refresh_tokens WHERE id >= $1 AND id < $2 AND expires_at <= $3", range);
}

static STEP sweep_lifetime(struct sweep *sweep, int64_t lifetime_seconds, int64_t swept_until)
{
    struct range range = {swept_until, token_id_floor(sweep->now - lifetime_seconds)};
    size_t seen = 0;
    if (range.from >= range.until)
        return OK;
    TRY(look_at_tokens(sweep, &range, &seen));
    /* An empty range is quickly looked at again: an idle server writes nothing. */
    if (seen == 0)
        return OK;
    TRY(delete_expired(sweep, &range));
    note_seen(sweep, seen);
    return sql_run(sweep->sql, "UPDATE lifetimes SET swept_until = $1 WHERE lifetime_seconds = $2",
                   SQL_VALUES(sql_of_int(range.until), sql_of_int(lifetime_seconds)));
}

/* Finds the next longer lifetime; 0 after the last. */
static STEP next_lifetime(struct sweep *sweep, int64_t *lifetime_seconds, int64_t *ret_swept_until)
{
    struct sql_statement *statement;
    TRY(sql_query(sweep->sql,
                  "SELECT lifetime_seconds, swept_until FROM lifetimes WHERE lifetime_seconds > $1"
                  " ORDER BY lifetime_seconds LIMIT 1",
                  SQL_VALUES(sql_of_int(*lifetime_seconds)), &statement));
    bool is_there = sql_next(statement);
    *lifetime_seconds = is_there ? sql_int(statement, 0) : 0;
    *ret_swept_until = is_there ? sql_int(statement, 1) : 0;
    return sql_end(statement);
}

static STEP sweep_lifetimes(struct sweep *sweep)
{
    int64_t lifetime_seconds = 0, swept_until;
    while (sweep->room > 0) {
        TRY(next_lifetime(sweep, &lifetime_seconds, &swept_until));
        if (lifetime_seconds == 0)
            return OK;
        TRY(sweep_lifetime(sweep, lifetime_seconds, swept_until));
    }
    return OK;
}

#define DEAD_OF(table)                                                                                               \
    "DELETE FROM " table " WHERE id >= $1 AND id < $2 AND (expires_at <= $3"                                         \
    " OR NOT EXISTS (SELECT 1 FROM clients WHERE clients.id = " table ".client_id)"                                  \
    " OR (grant_id IS NOT NULL AND NOT EXISTS"                                                                       \
    " (SELECT 1 FROM grants WHERE grants.id = " table ".grant_id AND grants.revoked_at IS NULL)))"

static STEP pass_tokens(struct sweep *sweep, struct range *range, size_t *ret_seen)
{
    TRY(look_at_tokens(sweep, range, ret_seen));
    TRY(delete_rows(sweep, DEAD_OF("access_tokens"), range));
    return delete_rows(sweep, DEAD_OF("refresh_tokens"), range);
}

/* Whoever finds a token without its grant holds it for revoked, so a revoked grant need not wait for its tokens. */
static STEP pass_grants(struct sweep *sweep, struct range *range, size_t *ret_seen)
{
    size_t seen = 0;
    TRY(look(sweep, LOOK_AT("grants"), range, &seen));
    TRY(sql_run(sweep->sql,
                "DELETE FROM grants WHERE id >= $1 AND id < $2"
                " AND ((ends_at <= $3 AND created_at <= $4) OR revoked_at IS NOT NULL"
                " OR NOT EXISTS (SELECT 1 FROM clients WHERE clients.id = grants.client_id))",
                SQL_VALUES(sql_of_int(range->from), sql_of_int(range->until), sql_of_int(sweep->now),
                           sql_of_int(sweep->now - GRANT_GRACE_SECONDS))));
    sweep->result.deleted_count += (size_t)sql_changed_count(sweep->sql);
    *ret_seen = seen;
    return OK;
}

/* Where the pass stands; a position of 0 when there is nothing to do. */
static STEP begin_pass(struct sweep *sweep, struct str name, int64_t *ret_position)
{
    TRY(sql_run_int(sweep->sql, "SELECT position FROM passes WHERE name = $1", SQL_VALUES(sql_of_text(name)),
                    ret_position));
    if (*ret_position != 0)
        return OK;
    return sql_run_int(
        sweep->sql,
        "UPDATE passes SET position = 1, begun_at = $1, is_wanted = 0"
        " WHERE name = $2 AND is_wanted = 1 AND begun_at <= $3 RETURNING position",
        SQL_VALUES(sql_of_int(sweep->now), sql_of_text(name), sql_of_int(sweep->now - PASS_INTERVAL_SECONDS)),
        ret_position);
}

static STEP sweep_pass(struct sweep *sweep, enum pass pass)
{
    struct str name = str_of(pass_names[pass]);
    struct range range = {0, INT64_MAX};
    size_t seen = 0;
    if (sweep->room == 0)
        return OK;
    TRY(begin_pass(sweep, name, &range.from));
    if (range.from == 0)
        return OK;
    if (pass == PASS_TOKENS)
        TRY(pass_tokens(sweep, &range, &seen));
    else
        TRY(pass_grants(sweep, &range, &seen));
    note_seen(sweep, seen);
    int64_t position = range.until == INT64_MAX ? 0 : range.until;
    return sql_run(sweep->sql, "UPDATE passes SET position = $1 WHERE name = $2",
                   SQL_VALUES(sql_of_int(position), sql_of_text(name)));
}

static STEP sweep_scope_sets(struct sweep *sweep, struct store_tx *tx)
{
    size_t seen;
    bool is_done;
    TRY(scope_sets_sweep(tx, sweep->now, sweep->room, &seen, &is_done));
    note_seen(sweep, seen);
    sweep->result.is_done = is_done && sweep->room > 0;
    return OK;
}

STEP tokens_sweep(struct store_tx *tx, int64_t now, size_t slice_max, struct sweep_result *ret_result)
{
    struct sweep sweep = {.sql = tx->reader.sql, .now = now, .room = slice_max};
    TRY(sweep_lifetimes(&sweep));
    TRY(sweep_pass(&sweep, PASS_TOKENS));
    TRY(sweep_pass(&sweep, PASS_GRANTS));
    TRY(sweep_scope_sets(&sweep, tx));
    *ret_result = sweep.result;
    return OK;
}
