#include "admin/commands.h"

#include "base/arena.h"
#include "oauth/realm.h"
#include "oauth/registration.h"
#include "store/applications.h"
#include "store/store.h"

#define LIST_MAX 1000

struct account_unit {
    struct unit unit; /* first: the store's pointer is ours */
    struct registration registration;
    struct account_draft draft;
    int64_t id;
};

static enum outcome apply_account(struct unit *unit, struct store_tx *tx)
{
    struct account_unit *account = (struct account_unit *)unit;
    return account_register(&account->registration, tx, &account->draft, &account->id);
}

static enum outcome run_account_unit(struct command_call *call, struct account_unit *account)
{
    enum outcome outcome = store_run(call->host->store, &account->unit);
    if (outcome == REFUSED)
        return command_refuse(call, str_of(account->registration.refusal));
    TRY(outcome);
    command_note(call, "account_id", account->draft.account_id);
    return OK;
}

enum outcome command_account_create(struct command_call *call)
{
    const struct realm *realm;
    TRY(command_realm(call, &realm));
    struct account_unit account = {
        .unit.apply = apply_account,
        .registration = {call->arena, realm, call->now, NULL},
        .draft = {.account_id = argument_text(call, "account_id"), .name = argument_text(call, "name")},
    };
    account_draw(call->arena, realm, &account.draft);
    TRY(run_account_unit(call, &account));
    return command_answer(call, json_pack("{s:o, s:o, s:o, s:o}", "account_id", json_of_str(account.draft.account_id),
                                          "realm", json_of_str(realm->name), "name", json_of_str(account.draft.name),
                                          "account_secret", json_of_str(account.draft.account_secret)));
}

static json_t *account_json(const struct command_call *call, const struct account_row *row)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "id", (json_int_t)row->id, "account_id",
                     json_of_str(row->account_id), "realm", realm_name_json(call, row->realm_id), "name",
                     json_of_str(row->name), "created_at", time_json(row->created_at), "suspended_at",
                     time_json(row->suspended_at));
}

enum outcome command_account_list(struct command_call *call)
{
    const struct realm *realm = NULL;
    struct account_row *rows;
    size_t count;
    int64_t max = argument_number(call, "max", LIST_MAX);
    if (max < 1 || max > LIST_MAX)
        return command_refuse(call, STR("max must be 1 to 1000"));
    if (str_is_present(argument_text(call, "realm")))
        TRY(command_realm(call, &realm));
    TRY(account_list(store_reader(call->host->store), call->arena, realm ? realm->id : 0,
                     argument_number(call, "after", 0), (size_t)max, &rows, &count));
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, account_json(call, &rows[i]));
    return command_answer(call, list);
}

static enum outcome apply_suspend(struct unit *unit, struct store_tx *tx)
{
    struct account_unit *account = (struct account_unit *)unit;
    return account_stop(&account->registration, tx, account->draft.account_id);
}

static enum outcome apply_resume(struct unit *unit, struct store_tx *tx)
{
    struct account_unit *account = (struct account_unit *)unit;
    return account_resume(&account->registration, tx, account->draft.account_id);
}

static enum outcome change_account(struct command_call *call,
                                   enum outcome (*apply)(struct unit *unit, struct store_tx *tx))
{
    const struct realm *realm;
    struct account_row *row;
    TRY(command_realm(call, &realm));
    struct account_unit account = {
        .unit.apply = apply,
        .registration = {call->arena, realm, call->now, NULL},
        .draft = {.account_id = argument_text(call, "account_id")},
    };
    TRY(run_account_unit(call, &account));
    TRY(account_find(store_reader(call->host->store), call->arena, realm->id, account.draft.account_id, &row));
    return row ? command_answer(call, account_json(call, row))
               : command_refuse(call, STR("there is no such account"));
}

enum outcome command_account_suspend(struct command_call *call)
{
    return change_account(call, apply_suspend);
}

enum outcome command_account_resume(struct command_call *call)
{
    return change_account(call, apply_resume);
}
