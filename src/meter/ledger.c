#include "meter/ledger.h"

#include "base/arena.h"
#include "meter/cells.h"
#include "meter/usage.h"
#include "store/store.h"

/* Rows of one unit: some milliseconds of the writer's time. */
#define SLICE_ROWS      200
#define SECONDS_PER_DAY 86400

struct ledger {
    struct usage *usage;
    struct store *store;
    struct cells pending; /* counted, not written yet */
};

struct writing {
    struct unit unit; /* first: the store's pointer is ours */
    struct arena *arena;
    const struct cell *cells[SLICE_ROWS];
    size_t count;
};

struct ageing {
    struct unit unit;
    struct arena *arena;
    int64_t now;
    size_t row_count; /* that were dealt with */
};

struct ledger *ledger_create(struct usage *usage, struct store *store)
{
    struct ledger *ledger = memory_alloc(sizeof(*ledger));
    ledger->usage = usage;
    ledger->store = store;
    return ledger;
}

void ledger_destroy(struct ledger *ledger)
{
    if (!ledger)
        return;
    cells_clear(&ledger->pending);
    memory_free(ledger);
}

/* Adds to what the table has under the key. */
static STEP enter(struct store_tx *tx, enum usage_table table, struct arena *arena, const struct usage_key *key,
                  struct cell *sum)
{
    struct usage_row *there;
    TRY(usage_find(store_tx_reader(tx), table, arena, key, &there));
    if (there)
        cell_read(sum, there);
    struct usage_row row = cell_row(sum, arena);
    row.key = *key;
    return usage_write(tx, table, &row);
}

static STEP enter_cell(struct store_tx *tx, struct arena *arena, const struct cell *cell)
{
    struct cell sum = {0};
    cell_merge(&sum, cell);
    enum outcome outcome = enter(tx, USAGE_HOURS, arena, &cell->key, &sum);
    cell_clear(&sum);
    return outcome;
}

static enum outcome write_slice(struct unit *unit, struct store_tx *tx)
{
    const struct writing *writing = (struct writing *)unit;
    for (size_t i = 0; i < writing->count; i++)
        TRY(enter_cell(tx, writing->arena, writing->cells[i]));
    return OK;
}

/* The next cells from `*at` on. */
static size_t take_slice(const struct cells *cells, size_t *at, const struct cell **ret_cells)
{
    size_t count = 0;
    while (count < SLICE_ROWS && (ret_cells[count] = cells_next(cells, at)))
        count++;
    return count;
}

static bool run_writing(struct ledger *ledger, struct writing *writing)
{
    writing->arena = arena_create();
    bool is_written = store_run(ledger->store, &writing->unit) == OK;
    arena_destroy(writing->arena);
    return is_written;
}

/* What the first `at` slots hold is in the store. */
static void keep_rest(struct ledger *ledger, size_t at)
{
    struct cells rest = {0};
    for (const struct cell *cell; (cell = cells_next(&ledger->pending, &at));)
        cell_merge(cells_get(&rest, &cell->key), cell);
    cells_clear(&ledger->pending);
    ledger->pending = rest;
}

bool ledger_write(struct ledger *ledger)
{
    struct writing writing = {.unit.apply = write_slice};
    size_t at = 0, written_until = 0;
    usage_collect(ledger->usage, &ledger->pending);
    while ((writing.count = take_slice(&ledger->pending, &at, writing.cells)) > 0) {
        if (!run_writing(ledger, &writing))
            break;
        written_until = at;
    }
    keep_rest(ledger, written_until);
    return ledger->pending.count == 0;
}

int64_t ledger_day_before(int64_t now, int64_t days)
{
    return now - now % SECONDS_PER_DAY - days * SECONDS_PER_DAY;
}

static STEP roll_up(struct store_tx *tx, struct arena *arena, const struct usage_row *hour)
{
    struct usage_key day = hour->key;
    struct cell sum = {0};
    day.begins_at -= day.begins_at % SECONDS_PER_DAY;
    cell_read(&sum, hour);
    enum outcome outcome = enter(tx, USAGE_DAYS, arena, &day, &sum);
    cell_clear(&sum);
    return outcome == OK ? usage_delete(tx, USAGE_HOURS, &hour->key) : outcome;
}

static enum outcome age_slice(struct unit *unit, struct store_tx *tx)
{
    struct ageing *ageing = (struct ageing *)unit;
    const struct usage_filter old = {
        .until_at = ledger_day_before(ageing->now, LEDGER_HOURS_DAYS),
        .client_id = USAGE_ALL_CLIENTS,
    };
    struct usage_row *hours;
    size_t hour_count, day_count;
    TRY(usage_list(store_tx_reader(tx), USAGE_HOURS, ageing->arena, &old, NULL, SLICE_ROWS, &hours, &hour_count));
    for (size_t i = 0; i < hour_count; i++)
        TRY(roll_up(tx, ageing->arena, &hours[i]));
    TRY(usage_delete_before(tx, USAGE_DAYS, ledger_day_before(ageing->now, LEDGER_DAYS_DAYS), SLICE_ROWS,
                            &day_count));
    ageing->row_count = hour_count + day_count;
    return OK;
}

bool ledger_age(struct ledger *ledger, int64_t now)
{
    struct ageing ageing = {.unit.apply = age_slice, .now = now, .arena = arena_create()};
    bool is_done = store_run(ledger->store, &ageing.unit) == OK;
    arena_destroy(ageing.arena);
    return is_done && ageing.row_count > 0;
}
