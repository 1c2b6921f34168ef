/*
 * counting.c — what it costs to count one request: CPU of limiting it in three windows with the headers that tell so,
 * and of its usage; and the memory of all windows.
 *
 * Clients take turns at random, as many as are asked for, so that caches help as little as they will. Prints JSON.
 *
 * Threads: one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "meter/limit.h"
#include "meter/meter.h"
#include "oauth/call.h"
#include "oauth/count.h"
#include "oauth/limit.h"
#include "oauth/plan.h"
#include "oauth/realm.h"
#include "oauth/rule.h"
#include "store/rows.h"

#define NOW           1795000000
#define REQUESTS      1000000
#define PER_ARENA     64
#define RULES         20
#define NS_PER_SECOND INT64_C(1000000000)

static struct rate_window windows[] = {
    {.name = STR_INIT("hour"), .limit = STR_INIT("default"), .seconds = 3600, .most = 1000000000},
    {.name = STR_INIT("points"),
     .limit = STR_INIT("default"),
     .is_of_points = true,
     .seconds = 900,
     .most = 1000000000},
    {.name = STR_INIT("burst"), .limit = STR_INIT("all"), .seconds = 10, .most = 1000000000},
};
static struct rate_plan plan = {.name = STR_INIT("plan"), .windows = windows, .window_count = 3};
static struct guard_rule rules[RULES];

static int64_t cpu_ns(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return at.tv_sec * NS_PER_SECOND + at.tv_nsec;
}

static uint64_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void set_up(struct realm *realm, struct arena *arena)
{
    realm->id = 1;
    realm->rate = (struct rate_policy){.plans = &plan, .plan_count = 1, .defaults = {STR("plan"), STR("plan")}};
    rate_plan_compile(&plan, arena);
    for (size_t i = 0; i < RULES; i++)
        rules[i] =
            (struct guard_rule){.name = arena_printf(arena, "rule-%zu", i), .limit = RATE_CLASS_DEFAULT, .cost = 2};
}

/* One pass over random clients; `does` is what is measured. Nanoseconds of CPU each. */
static double measure(struct meter *meter, const struct realm *realm, size_t client_count,
                      void (*does)(struct call *call))
{
    uint64_t state = 88172645463325252;
    int64_t began_ns = cpu_ns();
    for (size_t done = 0; done < REQUESTS; done += PER_ARENA) {
        struct arena *arena = arena_create();
        for (size_t i = 0; i < PER_ARENA; i++) {
            struct client_row client = {.id = (int64_t)(draw(&state) % client_count) + 1,
                                        .environment = STR("production")};
            struct call call = {.arena = arena,
                                .realm = realm,
                                .meter = meter,
                                .client = &client,
                                .rule = &rules[draw(&state) % RULES],
                                .cost = 2,
                                .now = NOW,
                                .wanted_facts = limit_facts()};
            does(&call);
        }
        arena_destroy(arena);
    }
    return (double)(cpu_ns() - began_ns) / REQUESTS;
}

static void do_nothing(struct call *call)
{
    __asm__ volatile("" : : "r"(call) : "memory");
}

static void do_limit(struct call *call)
{
    if (limit_take(call) != OK)
        abort();
}

static void do_count(struct call *call)
{
    count_request(call, 2000);
}

int main(int argc, char **argv)
{
    size_t client_count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    struct arena *arena = arena_create();
    struct realm realm = {0};
    if (client_count == 0) {
        fprintf(stderr, "usage: counting CLIENTS\n");
        return 2;
    }
    set_up(&realm, arena);
    struct meter *meter = meter_create();
    measure(meter, &realm, client_count, do_limit); /* every window has begun */
    double nothing_ns = measure(meter, &realm, client_count, do_nothing);
    double limit_ns = measure(meter, &realm, client_count, do_limit) - nothing_ns;
    measure(meter, &realm, client_count, do_count);
    double count_ns = measure(meter, &realm, client_count, do_count) - nothing_ns;
    struct limits_stats stats = limits_stats(meter->limits);
    printf("{\"limit_ns\": %.0f, \"count_ns\": %.0f, \"windows\": %zu, \"bytes\": %zu}\n", limit_ns, count_ns,
           stats.entry_count, stats.byte_count);
    meter_destroy(meter);
    arena_destroy(arena);
    return 0;
}
