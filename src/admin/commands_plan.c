/*
 * commands_plan.c — which plan limits a client, and how far it has used it up.
 */
#include "admin/commands.h"

#include "base/arena.h"
#include "base/buf.h"
#include "meter/limit.h"
#include "meter/meter.h"
#include "oauth/plan.h"
#include "oauth/realm.h"
#include "oauth/registration.h"
#include "store/store.h"

#define NAMES_MAX 4096

struct plan_unit {
    struct unit unit; /* first: the store's pointer is ours */
    struct registration registration;
    struct str client_id;
    struct str plan; /* absent: the default again */
};

/* What its users have used up each is nobody's as a whole: those are null. */
static json_t *window_json(const struct command_call *call, const struct client_row *row,
                           const struct rate_window *window)
{
    struct limit_charge charge = {
        .owner = row->id, .window_id = window->window_id, .seconds = window->seconds, .most = window->most};
    bool is_known = call->host->meter && !window->is_per_user;
    if (is_known)
        limits_read(call->host->meter->limits, &charge, 1, call->now);
    return json_pack("{s:o, s:o, s:s, s:s, s:I, s:I, s:o, s:o}", "name", json_of_str(window->name), "limit",
                     json_of_str(window->limit), "per", window->is_per_user ? "user" : "client", "unit",
                     window->is_of_points ? "points" : "requests", "seconds", (json_int_t)window->seconds, "most",
                     (json_int_t)window->most, "used", is_known ? json_integer(charge.used) : json_null(), "ends_at",
                     is_known && charge.used ? time_json(charge.ends_at) : json_null());
}

static json_t *windows_json(const struct command_call *call, const struct client_row *row,
                            const struct rate_plan *plan)
{
    json_t *list = json_array();
    for (size_t i = 0; plan && i < plan->window_count; i++)
        json_array_append_new(list, window_json(call, row, &plan->windows[i]));
    return list;
}

/* A plan that has left the configuration is still the client's own, and the default holds meanwhile. */
static json_t *plan_json(const struct command_call *call, const struct realm *realm, const struct client_row *row)
{
    const struct rate_plan *plan = rate_plan_of(realm, row);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "client_id", json_of_str(row->client_id), "environment",
                     json_of_str(row->environment), "own_plan", json_of_str(row->plan), "plan",
                     json_of_str(plan ? plan->name : STR_NONE), "windows", windows_json(call, row, plan));
}

enum outcome command_plan_show(struct command_call *call)
{
    const struct realm *realm;
    struct client_row *row;
    TRY(command_client(call, &realm, &row));
    return command_answer(call, plan_json(call, realm, row));
}

static enum outcome apply(struct unit *unit, struct store_tx *tx)
{
    struct plan_unit *own = (struct plan_unit *)unit;
    return client_change_plan(&own->registration, tx, own->client_id, own->plan);
}

static enum outcome change_plan(struct command_call *call, struct str plan)
{
    const struct realm *realm;
    struct client_row *row;
    TRY(command_client(call, &realm, &row));
    if (str_is_present(plan) && !rate_plan_find(realm, plan)) {
        struct buf names;
        buf_init(&names, call->arena, NAMES_MAX);
        for (size_t i = 0; i < realm->rate.plan_count; i++)
            buf_printf(&names, "%s%.*s", i ? ", " : "", STR_ARGS(realm->rate.plans[i].name));
        return command_refuse(
            call, names.len ? arena_printf(call->arena, "the realm's plans are: %.*s", STR_ARGS(buf_str(&names)))
                            : STR("the realm has no plans"));
    }
    struct plan_unit unit = {.unit.apply = apply,
                             .registration = {call->arena, realm, call->now, NULL},
                             .client_id = row->client_id,
                             .plan = plan};
    enum outcome outcome = store_run(call->host->store, &unit.unit);
    if (outcome == REFUSED)
        return command_refuse(call, str_of(unit.registration.refusal));
    TRY(outcome);
    TRY(command_client(call, &realm, &row));
    return command_answer(call, plan_json(call, realm, row));
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
