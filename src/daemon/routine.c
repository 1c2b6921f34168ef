#include "daemon/routine.h"

#include <pthread.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/clock.h"

#define NS_PER_S INT64_C(1000000000)

struct routine {
    routine_turn turn;
    void *arg;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stopped;
    bool is_stopping;
};

/* False when it is to stop. */
static bool rest(struct routine *routine, int64_t ns)
{
    int64_t until_ns = clock_monotonic_ns() + ns;
    const struct timespec until = {until_ns / NS_PER_S, until_ns % NS_PER_S};
    pthread_mutex_lock(&routine->lock);
    int timed_out = 0;
    while (!routine->is_stopping && !timed_out)
        timed_out = pthread_cond_timedwait(&routine->stopped, &routine->lock, &until);
    bool is_going_on = !routine->is_stopping;
    pthread_mutex_unlock(&routine->lock);
    return is_going_on;
}

static void *run(void *arg)
{
    struct routine *routine = arg;
    while (rest(routine, routine->turn(routine->arg)))
        continue;
    return NULL;
}

static void free_routine(struct routine *routine)
{
    pthread_cond_destroy(&routine->stopped);
    pthread_mutex_destroy(&routine->lock);
    memory_free(routine);
}

struct routine *routine_start(routine_turn turn, void *arg)
{
    struct routine *routine = memory_alloc(sizeof(*routine));
    routine->turn = turn;
    routine->arg = arg;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&routine->lock, NULL);
    pthread_cond_init(&routine->stopped, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&routine->thread, NULL, run, routine) == 0)
        return routine;
    free_routine(routine);
    return NULL;
}

void routine_stop(struct routine *routine)
{
    pthread_mutex_lock(&routine->lock);
    routine->is_stopping = true;
    pthread_cond_signal(&routine->stopped);
    pthread_mutex_unlock(&routine->lock);
    pthread_join(routine->thread, NULL);
    free_routine(routine);
}
