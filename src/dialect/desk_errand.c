#include "dialect/desk_errand.h"

#include <stddef.h>

#include "dialect/face.h"
#include "http/message.h"

static struct desk_errand *errand_of(struct job *job)
{
    return (struct desk_errand *)((char *)job - offsetof(struct desk_errand, job));
}

static void answer(struct exchange *exchange)
{
    struct desk_errand *errand = exchange->face;
    errand->answer(errand, errand->unit.outcome == FAILED ? REFUSED_store_unavailable : errand->failure);
}

static enum outcome apply(struct unit *unit, struct store_tx *tx)
{
    struct desk_errand *errand = (struct desk_errand *)unit;
    return errand->apply(errand, tx);
}

static void resume(struct unit *unit)
{
    exchange_resume(((struct desk_errand *)unit)->exchange);
}

static void prove(struct job *job)
{
    struct desk_errand *errand = errand_of(job);
    enum outcome outcome = errand->prove(errand);
    if (outcome == OK && errand->apply) {
        store_submit(errand->store, &errand->unit);
        return;
    }
    if (outcome == FAILED)
        errand->failure = REFUSED_busy;
    exchange_resume(errand->exchange);
}

void desk_errand_begin(struct desk_errand *errand, const struct face_means *means)
{
    struct exchange *exchange = errand->exchange;
    errand->unit = (struct unit){NULL, apply, resume, OK};
    errand->job = (struct job){NULL, prove};
    errand->store = means->store;
    exchange->face = errand;
    exchange->resumed = answer;
    exchange_park(exchange);
    if (!errand->prove) {
        store_submit(means->store, &errand->unit);
    } else if (!means->crew || !crew_submit(means->crew, &errand->job)) {
        errand->failure = REFUSED_busy;
        exchange_resume(exchange);
    }
}
