#include "meter/meter.h"

#include "base/arena.h"
#include "meter/limit.h"

struct meter *meter_create(void)
{
    struct meter *meter = memory_alloc(sizeof(*meter));
    meter->limits = limits_create(LIMITS_UNBOUNDED);
    return meter;
}

void meter_destroy(struct meter *meter)
{
    if (!meter)
        return;
    limits_destroy(meter->limits);
    memory_free(meter);
}
