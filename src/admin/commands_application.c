#include "admin/commands.h"

#include "base/arena.h"
#include "oauth/realm.h"
#include "oauth/registration.h"
#include "store/applications.h"
#include "store/store.h"

#define LIST_MAX 1000

struct create_unit {
    struct unit unit; /* first: the store's pointer is ours */
    struct registration registration;
    struct application_draft draft;
    int64_t application_id;
};

static enum outcome apply_create(struct unit *unit, struct store_tx *tx)
{
    struct create_unit *create = (struct create_unit *)unit;
    return application_register(&create->registration, tx, &create->draft, &create->application_id);
}

static unsigned read_flags(const struct command_call *call)
{
    unsigned flags = 0;
    if (argument_flag(call, "public"))
        flags |= CLIENT_IS_PUBLIC;
    if (argument_flag(call, "trusted"))
        flags |= CLIENT_IS_TRUSTED;
    if (argument_flag(call, "may_introspect"))
        flags |= CLIENT_MAY_INTROSPECT;
    return flags;
}

static json_t *new_client_json(const char *environment, const struct client_draft *client)
{
    return json_pack("{s:s, s:o, s:o*}", "environment", environment, "client_id", json_of_str(client->client_id),
                     "client_secret",
                     str_is_present(client->client_secret) ? json_of_str(client->client_secret) : NULL);
}

static json_t *new_application_json(const struct create_unit *create)
{
    const struct application_draft *draft = &create->draft;
    json_t *clients = json_array();
    json_array_append_new(clients, new_client_json("production", &draft->production));
    if (draft->has_development)
        json_array_append_new(clients, new_client_json("development", &draft->development));
    return json_pack("{s:I, s:o, s:o, s:o}", "application_id", (json_int_t)create->application_id, "realm",
                     json_of_str(create->registration.realm->name), "name", json_of_str(draft->name), "clients",
                     clients);
}

enum outcome command_application_create(struct command_call *call)
{
    const struct realm *realm;
    TRY(command_realm(call, &realm));
    struct create_unit create = {
        .unit.apply = apply_create,
        .registration = {call->arena, realm, call->now, NULL},
        .draft = {.name = argument_text(call, "name"),
                  .owner = argument_text(call, "owner"),
                  .website = argument_text(call, "website"),
                  .logo_uri = argument_text(call, "logo_uri"),
                  .redirect_uris = argument_text(call, "redirect_uri"),
                  .is_verified = argument_flag(call, "verified"),
                  .scope = argument_text(call, "scope"),
                  .flags = read_flags(call),
                  .has_development = argument_flag(call, "development")},
    };
    application_draw(call->arena, realm, &create.draft);
    enum outcome outcome = store_run(call->host->store, &create.unit);
    if (outcome == REFUSED)
        return command_refuse(call, str_of(create.registration.refusal));
    TRY(outcome);
    command_note_number(call, "application_id", create.application_id);
    command_note(call, "client_id", create.draft.production.client_id);
    return command_answer(call, new_application_json(&create));
}

static json_t *application_json(const struct command_call *call, const struct application_row *row)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "application_id", (json_int_t)row->id, "realm",
                     realm_name_json(call, row->realm_id), "name", json_of_str(row->name), "owner",
                     json_of_str(row->owner), "website", json_of_str(row->website), "logo_uri",
                     json_of_str(row->logo_uri), "verified_at", time_json(row->verified_at), "created_at",
                     time_json(row->created_at), "suspended_at", time_json(row->suspended_at));
}

enum outcome command_application_list(struct command_call *call)
{
    const struct realm *realm = NULL;
    struct application_row *rows;
    size_t count;
    int64_t after = argument_number(call, "after", 0);
    int64_t max = argument_number(call, "max", LIST_MAX);
    if (max < 1 || max > LIST_MAX)
        return command_refuse(call, STR("max must be 1 to 1000"));
    if (str_is_present(argument_text(call, "realm")))
        TRY(command_realm(call, &realm));
    TRY(application_list(store_reader(call->host->store), call->arena, realm ? realm->id : 0, after, (size_t)max,
                         &rows, &count));
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, application_json(call, &rows[i]));
    return command_answer(call, list);
}

/* Also for the verbs below: an application whose realm has left the configuration is not there. */
static enum outcome find_application(struct command_call *call, struct application_row **ret_row)
{
    int64_t id = argument_number(call, "application_id", 0);
    command_note_number(call, "application_id", id);
    TRY(application_find(store_reader(call->host->store), call->arena, id, ret_row));
    if (!*ret_row || !command_find_realm(call, (*ret_row)->realm_id))
        return command_refuse(call, STR("there is no such application"));
    return OK;
}

enum outcome command_application_show(struct command_call *call)
{
    struct application_row *row;
    struct client_row *clients;
    size_t count;
    TRY(find_application(call, &row));
    TRY(client_list(store_reader(call->host->store), call->arena, row->id, &clients, &count));
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, client_json(call, &clients[i]));
    json_t *application = application_json(call, row);
    json_object_set_new(application, "clients", list);
    return command_answer(call, application);
}

struct state_unit {
    struct unit unit; /* first: the store's pointer is ours */
    struct registration registration;
    int64_t application_id;
    enum outcome (*verb)(struct registration *registration, struct store_tx *tx, int64_t id);
};

static enum outcome apply_state(struct unit *unit, struct store_tx *tx)
{
    struct state_unit *state = (struct state_unit *)unit;
    return state->verb(&state->registration, tx, state->application_id);
}

static enum outcome change_application(struct command_call *call,
                                       enum outcome (*verb)(struct registration *, struct store_tx *, int64_t))
{
    struct application_row *row;
    TRY(find_application(call, &row));
    const struct realm *realm = command_find_realm(call, row->realm_id);
    struct state_unit state = {
        .unit.apply = apply_state,
        .registration = {call->arena, realm, call->now, NULL},
        .application_id = row->id,
        .verb = verb,
    };
    enum outcome outcome = store_run(call->host->store, &state.unit);
    if (outcome == REFUSED)
        return command_refuse(call, str_of(state.registration.refusal));
    TRY(outcome);
    command_note(call, "realm", realm->name);
    return command_answer(
        call, json_pack("{s:I, s:o}", "application_id", (json_int_t)row->id, "name", json_of_str(row->name)));
}

enum outcome command_application_suspend(struct command_call *call)
{
    return change_application(call, application_stop);
}

enum outcome command_application_resume(struct command_call *call)
{
    return change_application(call, application_resume);
}

enum outcome command_application_delete(struct command_call *call)
{
    return change_application(call, application_remove);
}

enum outcome command_application_verify(struct command_call *call)
{
    return change_application(call, application_verify);
}

enum outcome command_application_unverify(struct command_call *call)
{
    return change_application(call, application_unverify);
}
