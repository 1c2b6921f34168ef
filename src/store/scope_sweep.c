/*
 * scope_sweep.c — scope sets that no row names any more leave.
 *
 * Nothing counts who names a set, and no index finds it: issuing would pay for either. Instead a search goes through
 * tokens and grants, a slice at a time, marks the sets that they name, and then removes those without a mark. Rows
 * that are written meanwhile cannot be missed: as a search begins the writer forgets which number a text has, so
 * whoever needs a set must find it again, and that marks it. Sets that are made meanwhile are beyond the search's
 * end.
 */
#include "store/parts.h"
#include "store/tokens.h"

/* So few sets are no burden; a server whose scopes are a fixed list never has more. */
#define SETS_FEW "1000"
/* A search reads every table: not again at once, however many sets there are. */
#define SEARCH_INTERVAL_SECONDS 3600
/* Texts of up to some KiB, stored twice: removing one costs as much as looking at several rows. */
#define SET_WEIGHT 10

enum stage {
    STAGE_NONE,
    STAGE_ACCESS_TOKENS,
    STAGE_REFRESH_TOKENS,
    STAGE_GRANTS,
    STAGE_SETS,
    STAGE_MARKS,
    STAGES_END
};

struct search {
    enum stage stage;
    int64_t position;
    int64_t tokens_end;
    int64_t sets_end;
};

#define LOOK_AT(table, id)                                                                                           \
    "SELECT count(*), max(" id ") FROM (SELECT " id " FROM " table " WHERE " id " >= $1 AND " id " <= $2"            \
    " ORDER BY " id " LIMIT $3) AS slice"
#define MARK(table)                                                                                                  \
    "INSERT INTO scope_marks (scope_set) SELECT DISTINCT scope_set FROM " table " WHERE id >= $1 AND id <= $2"       \
    " ON CONFLICT DO NOTHING"

static const struct {
    const char *look;
    const char *work;
} stages[STAGES_END] = {
    [STAGE_ACCESS_TOKENS] = {LOOK_AT("access_tokens", "id"), MARK("access_tokens")},
    [STAGE_REFRESH_TOKENS] = {LOOK_AT("refresh_tokens", "id"), MARK("refresh_tokens")},
    [STAGE_GRANTS] = {LOOK_AT("grants", "id"), MARK("grants")},
    [STAGE_SETS] = {LOOK_AT("scope_sets", "id"),
                    "DELETE FROM scope_sets WHERE id >= $1 AND id <= $2 AND NOT EXISTS"
                    " (SELECT 1 FROM scope_marks WHERE scope_marks.scope_set = scope_sets.id)"},
    [STAGE_MARKS] = {LOOK_AT("scope_marks", "scope_set"),
                     "DELETE FROM scope_marks WHERE scope_set >= $1 AND scope_set <= $2"},
};

STEP scope_set_mark(struct store_tx *tx, int64_t scope_set)
{
    return sql_run(tx->reader.sql, "INSERT INTO scope_marks (scope_set) VALUES ($1) ON CONFLICT DO NOTHING",
                   SQL_VALUES(sql_of_int(scope_set)));
}

static STEP load_search(struct sql *sql, struct search *ret_search)
{
    struct sql_statement *statement;
    struct search search = {0};
    TRY(sql_query(sql, "SELECT stage, position, tokens_end, sets_end FROM scope_sweep", SQL_VALUES(), &statement));
    if (sql_next(statement)) {
        search.stage = (enum stage)sql_int(statement, 0);
        search.position = sql_int(statement, 1);
        search.tokens_end = sql_int(statement, 2);
        search.sets_end = sql_int(statement, 3);
    }
    TRY(sql_end(statement));
    *ret_search = search;
    return OK;
}

static STEP save_search(struct sql *sql, const struct search *search)
{
    return sql_run(sql, "UPDATE scope_sweep SET stage = $1, position = $2, tokens_end = $3, sets_end = $4",
                   SQL_VALUES(sql_of_int(search->stage), sql_of_int(search->position), sql_of_int(search->tokens_end),
                              sql_of_int(search->sets_end)));
}

/* A batch that rolls back leaves scopes_looked_at as it is: the search begins an hour later, that is all. */
static STEP begin_search(struct store_tx *tx, int64_t now, struct search *ret_search)
{
    struct sql *sql = tx->reader.sql;
    int64_t one_too_many;
    if (now - tx->scopes_looked_at < SEARCH_INTERVAL_SECONDS)
        return OK;
    tx->scopes_looked_at = now;
    TRY(sql_run_int(sql, "SELECT id FROM scope_sets ORDER BY id LIMIT 1 OFFSET " SETS_FEW, SQL_VALUES(),
                    &one_too_many));
    if (one_too_many == 0)
        return OK;

    struct search search = {.stage = STAGE_ACCESS_TOKENS, .tokens_end = tx->token_id_last};
    TRY(sql_run_int(sql, "SELECT max(id) FROM scope_sets", SQL_VALUES(), &search.sets_end));
    TRY(save_search(sql, &search));
    reader_forget_scopes(&tx->reader);
    *ret_search = search;
    return OK;
}

static int64_t end_of_stage(const struct search *search)
{
    if (search->stage == STAGE_SETS)
        return search->sets_end;
    return search->stage <= STAGE_REFRESH_TOKENS ? search->tokens_end : INT64_MAX;
}

/* Finds how many rows the slice has, and its last one. */
static STEP look(struct sql *sql, const struct search *search, size_t max, size_t *ret_count, int64_t *ret_last)
{
    struct sql_statement *statement;
    TRY(sql_query(
        sql, stages[search->stage].look,
        SQL_VALUES(sql_of_int(search->position), sql_of_int(end_of_stage(search)), sql_of_int((int64_t)max)),
        &statement));
    bool is_there = sql_next(statement);
    *ret_count = is_there ? (size_t)sql_int(statement, 0) : 0;
    *ret_last = is_there ? sql_int(statement, 1) : 0;
    return sql_end(statement);
}

static STEP go_on(struct sql *sql, struct search *search, size_t max, size_t *ret_count)
{
    int64_t last;
    TRY(look(sql, search, max, ret_count, &last));
    if (*ret_count > 0)
        TRY(sql_run(sql, stages[search->stage].work, SQL_VALUES(sql_of_int(search->position), sql_of_int(last))));
    search->position = last + 1;
    if (*ret_count < max) {
        search->stage = search->stage + 1 == STAGES_END ? STAGE_NONE : search->stage + 1;
        search->position = 0;
    }
    return save_search(sql, search);
}

STEP scope_sets_sweep(struct store_tx *tx, int64_t now, size_t room, size_t *ret_seen, bool *ret_is_done)
{
    struct search search;
    size_t count = 0;
    TRY(load_search(tx->reader.sql, &search));
    if (search.stage == STAGE_NONE)
        TRY(begin_search(tx, now, &search));
    bool is_over_rows = search.stage < STAGE_SETS;
    if (search.stage != STAGE_NONE && room > 0)
        TRY(go_on(tx->reader.sql, &search, is_over_rows ? room : room / SET_WEIGHT + 1, &count));
    *ret_seen = is_over_rows ? count : 0;
    *ret_is_done = search.stage == STAGE_NONE;
    return OK;
}
