#include "daemon/meter_keeper.h"

#include "base/arena.h"
#include "base/clock.h"
#include "daemon/routine.h"
#include "meter/ledger.h"
#include "meter/limit.h"
#include "meter/meter.h"
#include "store/store.h"
#include "store/windows.h"

#define NS_PER_MS INT64_C(1000000)
/* With the writing itself, no more than a second is ever missing. */
#define TURN_EVERY_NS (800 * NS_PER_MS)
#define REST_LEAST_NS (5 * NS_PER_MS)
/* One unit's; others are served between two. */
#define SLICE_ROWS 1000
/* Of 256: the whole table in about a minute. */
#define SHARDS_SWEPT 4
/* How often it is asked whether usage has become old. */
#define AGE_EVERY_NS (60000 * NS_PER_MS)

struct meter_keeper {
    struct meter *meter;
    struct store *store;
    struct ledger *ledger;
    int64_t age_at_ns; /* when it is next asked, on the monotonic clock */
    struct routine *routine;
};

struct window_slice {
    struct unit unit;
    struct window_row rows[SLICE_ROWS];
    size_t count;
};

static enum outcome write_slice(struct unit *unit, struct store_tx *tx)
{
    const struct window_slice *slice = (struct window_slice *)unit;
    for (size_t i = 0; i < slice->count; i++)
        TRY(window_write(tx, &slice->rows[i]));
    return OK;
}

/* What cannot be written now is tried again with the next turn; the store logs why. */
static void write_windows(struct meter_keeper *keeper, int64_t now)
{
    struct limits *limits = keeper->meter->limits;
    struct limits_walk walk = {0};
    struct window_slice slice = {.unit.apply = write_slice};
    enum outcome outcome = OK;
    while (outcome == OK && (slice.count = limits_collect(limits, &walk, now, slice.rows, SLICE_ROWS)) > 0) {
        outcome = store_run(keeper->store, &slice.unit);
        if (outcome != OK)
            limits_soil(limits, slice.rows, slice.count);
    }
}

static STEP read_windows(struct meter_keeper *keeper, struct arena *arena, int64_t now)
{
    struct window_row after = {0}, *rows;
    size_t count = SLICE_ROWS;
    while (count == SLICE_ROWS) {
        TRY(window_list(store_reader(keeper->store), arena, now, &after, SLICE_ROWS, &rows, &count));
        limits_restore(keeper->meter->limits, rows, count);
        if (count)
            after = rows[count - 1];
    }
    return OK;
}

/* One slice a turn while there is anything old, so that others hardly feel it. */
static void write_usage(struct meter_keeper *keeper, int64_t now)
{
    (void)ledger_write(keeper->ledger);
    if (clock_monotonic_ns() >= keeper->age_at_ns && !ledger_age(keeper->ledger, now))
        keeper->age_at_ns = clock_monotonic_ns() + AGE_EVERY_NS;
}

static int64_t take_turn(void *arg)
{
    struct meter_keeper *keeper = arg;
    int64_t began_ns = clock_monotonic_ns(), now = clock_now();
    write_windows(keeper, now);
    write_usage(keeper, now);
    limits_sweep(keeper->meter->limits, now, SHARDS_SWEPT);
    limits_sweep(keeper->meter->addresses, now, SHARDS_SWEPT);
    int64_t rest_ns = TURN_EVERY_NS - (clock_monotonic_ns() - began_ns);
    return rest_ns > REST_LEAST_NS ? rest_ns : REST_LEAST_NS;
}

static bool read_all(struct meter_keeper *keeper)
{
    struct arena *arena = arena_create();
    enum outcome outcome = read_windows(keeper, arena, clock_now());
    arena_destroy(arena);
    return outcome == OK;
}

struct meter_keeper *meter_keeper_start(struct meter *meter, struct store *store)
{
    struct meter_keeper *keeper = memory_alloc(sizeof(*keeper));
    keeper->meter = meter;
    keeper->store = store;
    keeper->ledger = ledger_create(meter->usage, store);
    keeper->routine = read_all(keeper) ? routine_start(take_turn, keeper) : NULL;
    if (keeper->routine)
        return keeper;
    ledger_destroy(keeper->ledger);
    memory_free(keeper);
    return NULL;
}

void meter_keeper_stop(struct meter_keeper *keeper)
{
    if (!keeper)
        return;
    routine_stop(keeper->routine);
    take_turn(keeper);
    ledger_destroy(keeper->ledger);
    memory_free(keeper);
}
