#include "meter/meter.h"

#include "base/arena.h"
#include "meter/limit.h"
#include "meter/usage.h"

/* Six megabytes. Whoever has more networks than this has as many tries in each of them anyway. */
#define ADDRESSES_MAX (1 << 17)

struct meter *meter_create(void)
{
    struct meter *meter = memory_alloc(sizeof(*meter));
    meter->limits = limits_create(LIMITS_UNBOUNDED);
    meter->addresses = limits_create(ADDRESSES_MAX);
    random_bytes(&meter->key, sizeof(meter->key));
    meter->usage = usage_create();
    return meter;
}

void meter_destroy(struct meter *meter)
{
    if (!meter)
        return;
    limits_destroy(meter->limits);
    limits_destroy(meter->addresses);
    usage_destroy(meter->usage);
    memory_free(meter);
}
