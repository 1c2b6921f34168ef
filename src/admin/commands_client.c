#include "admin/commands.h"

#include "base/arena.h"
#include "oauth/plan.h"
#include "oauth/realm.h"
#include "oauth/registration.h"
#include "store/applications.h"
#include "store/store.h"

#define NEVER INT64_MIN

static json_t *secret_json(const struct command_call *call, const struct secret_row *secret)
{
    bool is_expired = secret->expires_at && secret->expires_at <= call->now;
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:b}", "secret_id", (json_int_t)secret->id, "label",
                     json_of_str(secret->label), "created_at", time_json(secret->created_at), "last_used_at",
                     time_json(secret->last_used_at), "expires_at", time_json(secret->expires_at), "is_expired",
                     is_expired);
}

static json_t *secrets_json(const struct command_call *call, const struct client_row *row)
{
    json_t *list = json_array();
    for (size_t i = 0; i < row->secret_count; i++)
        json_array_append_new(list, secret_json(call, &row->secrets[i]));
    return list;
}

/* Separated by blanks. */
static json_t *words_json(struct str words)
{
    json_t *list = json_array();
    struct str word;
    while (str_next_word(&words, &word))
        json_array_append_new(list, json_of_str(word));
    return list;
}

json_t *client_json(const struct command_call *call, const struct client_row *row)
{
    return json_pack("{s:o, s:o, s:o, s:I, s:b, s:b, s:b, s:o, s:o, s:I, s:o, s:o}", "client_id",
                     json_of_str(row->client_id), "environment", json_of_str(row->environment), "realm",
                     realm_name_json(call, row->realm_id), "application_id", (json_int_t)row->application_id,
                     "public", !!(row->flags & CLIENT_IS_PUBLIC), "trusted", !!(row->flags & CLIENT_IS_TRUSTED),
                     "may_introspect", !!(row->flags & CLIENT_MAY_INTROSPECT), "scope", json_of_str(row->scope),
                     "redirect_uris", words_json(row->redirect_uris), "secret_count", (json_int_t)row->secret_count,
                     "created_at", time_json(row->created_at), "suspended_at", time_json(row->suspended_at));
}

enum outcome command_client_show(struct command_call *call)
{
    const struct realm *realm;
    struct client_row *row;
    TRY(command_client(call, &realm, &row));
    json_t *client = client_json(call, row);
    const struct rate_plan *plan = rate_plan_of(realm, row);
    json_object_set_new(client, "plan", json_of_str(plan ? plan->name : STR_NONE));
    json_object_set_new(client, "secrets", secrets_json(call, row));
    return command_answer(call, client);
}

enum outcome command_secret_list(struct command_call *call)
{
    const struct realm *realm;
    struct client_row *row;
    TRY(command_client(call, &realm, &row));
    return command_answer(call, secrets_json(call, row));
}

struct secret_unit {
    struct unit unit; /* first: the store's pointer is ours */
    struct registration registration;
    struct str client_id;
    struct secret_draft draft;
    int64_t secret_id;
};

static enum outcome apply_add(struct unit *unit, struct store_tx *tx)
{
    struct secret_unit *secret = (struct secret_unit *)unit;
    return client_add_secret(&secret->registration, tx, secret->client_id, &secret->draft, &secret->secret_id);
}

static enum outcome apply_revoke(struct unit *unit, struct store_tx *tx)
{
    struct secret_unit *secret = (struct secret_unit *)unit;
    return client_revoke_secret(&secret->registration, tx, secret->client_id, secret->secret_id);
}

static enum outcome run_secret_unit(struct command_call *call, struct secret_unit *secret)
{
    enum outcome outcome = store_run(call->host->store, &secret->unit);
    if (outcome == REFUSED)
        return command_refuse(call, str_of(secret->registration.refusal));
    TRY(outcome);
    command_note_number(call, "secret_id", secret->secret_id);
    return OK;
}

enum outcome command_secret_add(struct command_call *call)
{
    const struct realm *realm;
    struct client_row *row;
    int64_t expires_in = argument_number(call, "expires_in", NEVER);
    if (expires_in != NEVER && (expires_in < 1 || expires_in > UINT32_MAX))
        return command_refuse(call, STR("expires_in must be 1 to 4294967295 seconds"));
    TRY(command_client(call, &realm, &row));
    struct secret_unit secret = {
        .unit.apply = apply_add,
        .registration = {call->arena, realm, call->now, NULL},
        .client_id = row->client_id,
        .draft = {.label = argument_text(call, "label"),
                  .expires_at = expires_in == NEVER ? 0 : call->now + expires_in,
                  .client_secret = credential_draw(call->arena, &realm->client_secret_format)},
    };
    TRY(run_secret_unit(call, &secret));
    return command_answer(call,
                          json_pack("{s:o, s:I, s:o, s:o, s:o}", "client_id", json_of_str(row->client_id),
                                    "secret_id", (json_int_t)secret.secret_id, "label",
                                    json_of_str(secret.draft.label), "expires_at", time_json(secret.draft.expires_at),
                                    "client_secret", json_of_str(secret.draft.client_secret)));
}

enum outcome command_secret_revoke(struct command_call *call)
{
    const struct realm *realm;
    struct client_row *row;
    TRY(command_client(call, &realm, &row));
    struct secret_unit secret = {
        .unit.apply = apply_revoke,
        .registration = {call->arena, realm, call->now, NULL},
        .client_id = row->client_id,
        .secret_id = argument_number(call, "secret_id", 0),
    };
    TRY(run_secret_unit(call, &secret));
    return command_answer(call, json_pack("{s:o, s:I}", "client_id", json_of_str(row->client_id), "secret_id",
                                          (json_int_t)secret.secret_id));
}

/* A change of one client by its name on the wire. */
struct client_unit {
    struct unit unit; /* first: the store's pointer is ours */
    struct registration registration;
    struct str client_id;
    unsigned set, cleared;
    struct str redirect_uris;
};

static enum outcome apply_redirect(struct unit *unit, struct store_tx *tx)
{
    struct client_unit *client = (struct client_unit *)unit;
    return client_change_redirect_uris(&client->registration, tx, client->client_id, client->redirect_uris);
}

static enum outcome apply_suspend(struct unit *unit, struct store_tx *tx)
{
    struct client_unit *client = (struct client_unit *)unit;
    return client_stop(&client->registration, tx, client->client_id);
}

static enum outcome apply_resume(struct unit *unit, struct store_tx *tx)
{
    struct client_unit *client = (struct client_unit *)unit;
    return client_resume(&client->registration, tx, client->client_id);
}

static enum outcome apply_flags(struct unit *unit, struct store_tx *tx)
{
    struct client_unit *client = (struct client_unit *)unit;
    return client_change_flags(&client->registration, tx, client->client_id, client->set, client->cleared);
}

/* Carries it out, and answers with the client as it is now. */
static enum outcome change_client(struct command_call *call, struct client_unit *client)
{
    const struct realm *realm;
    struct client_row *row;
    TRY(command_client(call, &realm, &row));
    client->registration = (struct registration){call->arena, realm, call->now, NULL};
    client->client_id = row->client_id;
    enum outcome outcome = store_run(call->host->store, &client->unit);
    if (outcome == REFUSED)
        return command_refuse(call, str_of(client->registration.refusal));
    TRY(outcome);
    TRY(command_client(call, &realm, &row));
    return command_answer(call, client_json(call, row));
}

enum outcome command_redirect_uris_set(struct command_call *call)
{
    struct client_unit client = {.unit.apply = apply_redirect, .redirect_uris = argument_text(call, "redirect_uri")};
    return change_client(call, &client);
}

enum outcome command_client_suspend(struct command_call *call)
{
    struct client_unit client = {.unit.apply = apply_suspend};
    return change_client(call, &client);
}

enum outcome command_client_resume(struct command_call *call)
{
    struct client_unit client = {.unit.apply = apply_resume};
    return change_client(call, &client);
}

/* Says yes, no or nothing. */
static enum outcome read_flag(struct command_call *call, const char *name, enum client_flag flag,
                              struct client_unit *client)
{
    struct str value = argument_text(call, name);
    if (!str_is_present(value))
        return OK;
    if (str_equal(value, STR("yes")))
        client->set |= flag;
    else if (str_equal(value, STR("no")))
        client->cleared |= flag;
    else
        return command_refuse(call, arena_printf(call->arena, "%s must be yes or no", name));
    command_note(call, name, value);
    return OK;
}

enum outcome command_client_set(struct command_call *call)
{
    struct client_unit client = {.unit.apply = apply_flags};
    TRY(read_flag(call, "trusted", CLIENT_IS_TRUSTED, &client));
    TRY(read_flag(call, "may_introspect", CLIENT_MAY_INTROSPECT, &client));
    if (!(client.set | client.cleared))
        return command_refuse(call, STR("say what to set: trusted or may_introspect, yes or no"));
    return change_client(call, &client);
}
