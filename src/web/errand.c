#include "web/errand.h"

#include <stddef.h>

#include "base/arena.h"
#include "base/crew.h"
#include "http/message.h"
#include "store/store.h"
#include "web/site_parts.h"

struct errand {
    struct unit unit;
    struct job job;
    struct visit *visit;
    const struct errand_steps *steps;
    enum outcome outcome; /* of what was proved */
};

static void answer(struct exchange *exchange)
{
    struct errand *errand = exchange->face;
    enum outcome outcome = errand->outcome != OK ? errand->outcome : errand->unit.outcome;
    errand->steps->answer(errand->visit, outcome);
}

static enum outcome apply(struct unit *unit, struct store_tx *tx)
{
    struct errand *errand = (struct errand *)unit;
    return errand->steps->apply(errand->visit, tx);
}

static void resume(struct unit *unit)
{
    exchange_resume(((struct errand *)unit)->visit->exchange);
}

static void go_on(struct errand *errand)
{
    if (errand->outcome == OK && errand->steps->apply)
        store_submit(errand->visit->place->site->means.store, &errand->unit);
    else
        exchange_resume(errand->visit->exchange);
}

static void prove(struct job *job)
{
    struct errand *errand = (struct errand *)((char *)job - offsetof(struct errand, job));
    errand->outcome = errand->steps->prove(errand->visit);
    go_on(errand);
}

void errand_begin(struct visit *visit, const struct errand_steps *steps)
{
    struct errand *errand = arena_new(visit->arena, struct errand);
    *errand = (struct errand){{NULL, apply, resume, OK}, {NULL, prove}, visit, steps, OK};
    visit->exchange->face = errand;
    visit->exchange->resumed = answer;
    exchange_park(visit->exchange);
    if (!steps->prove) {
        go_on(errand);
    } else if (!crew_submit(visit->place->site->means.crew, &errand->job)) {
        errand->outcome = FAILED;
        exchange_resume(visit->exchange);
    }
}
