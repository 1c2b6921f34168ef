#include "daemon/meter_keeper.h"

#include "base/arena.h"
#include "base/clock.h"
#include "daemon/routine.h"
#include "meter/limit.h"
#include "meter/meter.h"

#define NS_PER_S INT64_C(1000000000)
/* Of 256: the whole table in about a minute. */
#define SHARDS_SWEPT 4

struct meter_keeper {
    struct meter *meter;
    struct store *store;
    struct routine *routine;
};

static int64_t take_turn(void *arg)
{
    struct meter_keeper *keeper = arg;
    limits_sweep(keeper->meter->limits, clock_now(), SHARDS_SWEPT);
    return NS_PER_S;
}

struct meter_keeper *meter_keeper_start(struct meter *meter, struct store *store)
{
    struct meter_keeper *keeper = memory_alloc(sizeof(*keeper));
    keeper->meter = meter;
    keeper->store = store;
    keeper->routine = routine_start(take_turn, keeper);
    if (keeper->routine)
        return keeper;
    memory_free(keeper);
    return NULL;
}

void meter_keeper_stop(struct meter_keeper *keeper)
{
    if (!keeper)
        return;
    routine_stop(keeper->routine);
    memory_free(keeper);
}
