#include "daemon/janitor.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/metric.h"
#include "daemon/routine.h"
#include "store/people.h"
#include "store/store.h"
#include "store/tokens.h"
#include "store/windows.h"

#define SLICE_ROWS 1000
#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_S   INT64_C(1000000000)
/* At most a fifth of the writer's time goes into sweeping; the least rest lets other units share the commits. */
#define REST_FACTOR    4
#define REST_LEAST_NS  (5 * NS_PER_MS)
#define REST_DONE_NS   NS_PER_S
#define REST_FAILED_NS (5 * NS_PER_S) /* the store logs why; no need to ask every moment */

struct janitor {
    struct store *store;
    struct routine *routine;
    struct metric *seen;
    struct metric *deleted;
};

struct slice {
    struct unit unit;
    int64_t now;
    struct sweep_result result;
    size_t people_count; /* sessions, codes and tickets that left */
    size_t window_count;
};

static enum outcome sweep_slice(struct unit *unit, struct store_tx *tx)
{
    struct slice *slice = (struct slice *)unit;
    TRY(people_sweep(tx, slice->now, SLICE_ROWS, &slice->people_count));
    TRY(windows_sweep(tx, slice->now, SLICE_ROWS, &slice->window_count));
    return tokens_sweep(tx, slice->now, SLICE_ROWS, &slice->result);
}

/* How long to rest after it, in ns. */
static int64_t run_slice(void *arg)
{
    struct janitor *janitor = arg;
    struct slice slice = {.unit.apply = sweep_slice, .now = clock_now()};
    int64_t began_ns = clock_monotonic_ns();
    if (store_run(janitor->store, &slice.unit) != OK)
        return REST_FAILED_NS;
    metric_add(janitor->seen, slice.result.seen_count);
    metric_add(janitor->deleted, slice.result.deleted_count + slice.people_count + slice.window_count);
    if (slice.result.is_done && slice.people_count < SLICE_ROWS && slice.window_count < SLICE_ROWS)
        return REST_DONE_NS;
    int64_t rest_ns = (clock_monotonic_ns() - began_ns) * REST_FACTOR;
    return rest_ns > REST_LEAST_NS ? rest_ns : REST_LEAST_NS;
}

struct janitor *janitor_start(struct store *store)
{
    struct janitor *janitor = memory_alloc(sizeof(*janitor));
    janitor->store = store;
    janitor->seen = metric_counter("jeton_sweep_seen_total", "Token rows that the sweep looked at.", NULL);
    janitor->deleted = metric_counter("jeton_sweep_deleted_total", "Rows that the sweep removed.", NULL);
    janitor->routine = routine_start(run_slice, janitor);
    if (janitor->routine)
        return janitor;
    memory_free(janitor);
    return NULL;
}

void janitor_stop(struct janitor *janitor)
{
    if (!janitor)
        return;
    routine_stop(janitor->routine);
    memory_free(janitor);
}
