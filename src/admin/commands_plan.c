/*
 * commands_plan.c — which plan limits a client, and how far it has used it up.
 */
#include "admin/commands.h"

#include "base/arena.h"
#include "meter/limit.h"
#include "meter/meter.h"
#include "oauth/plan.h"
#include "oauth/realm.h"
#include "oauth/registration.h"
#include "oauth/subject.h"
#include "store/applications.h"
#include "store/people.h"
#include "store/store.h"

struct plan_unit {
    struct unit unit; /* first: the store's pointer is ours */
    struct registration registration;
    struct str client_id;
    struct str plan; /* absent: the default again */
};

/* Whose windows are meant: the client's, and those of one of its users or service accounts if `is_there`. */
struct plan_subject {
    bool is_there;
    int64_t number; /* as counts have it */
};

/* As X-Jeton-Subject has it. */
static STEP find_subject(struct command_call *call, const struct realm *realm, struct plan_subject *ret_subject)
{
    struct str text = argument_text(call, "subject");
    struct subject subject;
    *ret_subject = (struct plan_subject){0};
    if (!str_is_present(text))
        return OK;
    TRY(subject_find(store_reader(call->host->store), call->arena, realm->id, text, STR_NONE, &subject));
    if (!subject.account && !subject.user)
        return command_refuse(call, STR("the realm has no user or service account of that number"));
    *ret_subject = (struct plan_subject){true, subject.account ? -subject.account->id : subject.user->id};
    return OK;
}

/* What its users have used up each is nobody's as a whole: without one those are null. */
static json_t *window_json(const struct command_call *call, const struct client_row *row,
                           const struct rate_window *window, struct plan_subject subject)
{
    struct limit_charge charge = {.owner = row->id,
                                  .subject = window->is_per_user ? subject.number : 0,
                                  .window_id = window->window_id,
                                  .seconds = window->seconds,
                                  .most = window->most};
    bool is_known = call->host->meter && (subject.is_there || !window->is_per_user);
    if (is_known)
        limits_read(call->host->meter->limits, &charge, 1, call->now);
    return json_pack("{s:o, s:o, s:s, s:s, s:I, s:I, s:o, s:o}", "name", json_of_str(window->name), "limit",
                     json_of_str(window->limit), "per", window->is_per_user ? "user" : "client", "unit",
                     window->is_of_points ? "points" : "requests", "seconds", (json_int_t)window->seconds, "most",
                     (json_int_t)window->most, "used", is_known ? json_integer(charge.used) : json_null(), "ends_at",
                     is_known && charge.used ? time_json(charge.ends_at) : json_null());
}

static json_t *windows_json(const struct command_call *call, const struct client_row *row,
                            const struct rate_plan *plan, struct plan_subject subject)
{
    json_t *list = json_array();
    for (size_t i = 0; plan && i < plan->window_count; i++)
        json_array_append_new(list, window_json(call, row, &plan->windows[i], subject));
    return list;
}

/* A plan that has left the configuration is still the client's own, and the default holds meanwhile. */
static json_t *plan_json(const struct command_call *call, const struct realm *realm, const struct client_row *row,
                         struct plan_subject subject)
{
    const struct rate_plan *plan = rate_plan_of(realm, row);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "client_id", json_of_str(row->client_id), "environment",
                     json_of_str(row->environment), "own_plan", json_of_str(row->plan), "plan",
                     json_of_str(plan ? plan->name : STR_NONE), "windows", windows_json(call, row, plan, subject));
}

enum outcome command_plan_show(struct command_call *call)
{
    const struct realm *realm;
    struct client_row *row;
    struct plan_subject subject;
    TRY(command_client(call, &realm, &row));
    TRY(find_subject(call, realm, &subject));
    return command_answer(call, plan_json(call, realm, row, subject));
}

enum outcome command_plan_clear(struct command_call *call)
{
    const struct realm *realm;
    struct client_row *row;
    struct plan_subject subject;
    TRY(command_client(call, &realm, &row));
    TRY(find_subject(call, realm, &subject));
    if (call->host->meter)
        limits_clear(call->host->meter->limits, row->id, subject.is_there ? subject.number : LIMITS_EVERYBODY,
                     call->now);
    return command_answer(call, plan_json(call, realm, row, subject));
}

static enum outcome apply(struct unit *unit, struct store_tx *tx)
{
    struct plan_unit *own = (struct plan_unit *)unit;
    return client_change_plan(&own->registration, tx, own->client_id, own->plan);
}

static struct str name_plan(const void *subject, size_t index)
{
    const struct realm *realm = subject;
    return index < realm->rate.plan_count ? realm->rate.plans[index].name : STR_NONE;
}

static enum outcome refuse_plan(struct command_call *call, const struct realm *realm, struct str plan)
{
    struct str names = command_names(call->arena, name_plan, realm);
    if (!names.len)
        return command_refuse(call, STR("the realm has no plans"));
    return command_refuse(call, arena_printf(call->arena, "\"%.*s\" is none of the realm's plans: %.*s",
                                             STR_ARGS(plan), STR_ARGS(names)));
}

static enum outcome change_plan(struct command_call *call, struct str plan)
{
    const struct realm *realm;
    struct client_row *row;
    TRY(command_client(call, &realm, &row));
    if (str_is_present(plan) && !rate_plan_find(realm, plan))
        return refuse_plan(call, realm, plan);
    struct plan_unit unit = {.unit.apply = apply,
                             .registration = {call->arena, realm, call->now, NULL},
                             .client_id = row->client_id,
                             .plan = plan};
    enum outcome outcome = store_run(call->host->store, &unit.unit);
    if (outcome == REFUSED)
        return command_refuse(call, str_of(unit.registration.refusal));
    TRY(outcome);
    TRY(command_client(call, &realm, &row));
    return command_answer(call, plan_json(call, realm, row, (struct plan_subject){0}));
}

enum outcome command_plan_set(struct command_call *call)
{
    command_note(call, "plan", argument_text(call, "plan"));
    return change_plan(call, argument_text(call, "plan"));
}

enum outcome command_plan_reset(struct command_call *call)
{
    return change_plan(call, STR_NONE);
}
