#include "admin/commands.h"

#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "oauth/realm.h"
#include "store/applications.h"
#include "store/store.h"

#define TEXT(name)                                                                                                   \
    {                                                                                                                \
        name, ARGUMENT_TEXT, false                                                                                   \
    }
#define REQUIRED_TEXT(name)                                                                                          \
    {                                                                                                                \
        name, ARGUMENT_TEXT, true                                                                                    \
    }
#define NUMBER(name)                                                                                                 \
    {                                                                                                                \
        name, ARGUMENT_NUMBER, false                                                                                 \
    }
#define REQUIRED_NUMBER(name)                                                                                        \
    {                                                                                                                \
        name, ARGUMENT_NUMBER, true                                                                                  \
    }
#define FLAG(name)                                                                                                   \
    {                                                                                                                \
        name, ARGUMENT_FLAG, false                                                                                   \
    }

#define NAMES_MAX_LEN 4096

static const struct command commands[] = {
    {"realm list", command_realm_list, false, {{0}}},
    {"app create",
     command_application_create,
     true,
     {TEXT("realm"), REQUIRED_TEXT("name"), TEXT("owner"), TEXT("scope"), FLAG("development"), FLAG("trusted"),
      FLAG("may_introspect"), FLAG("public"), TEXT("website"), TEXT("logo_uri"), TEXT("redirect_uri"),
      FLAG("verified")}},
    {"app list", command_application_list, false, {TEXT("realm"), NUMBER("after"), NUMBER("max")}},
    {"app show", command_application_show, false, {REQUIRED_NUMBER("application_id")}},
    {"app suspend", command_application_suspend, true, {REQUIRED_NUMBER("application_id")}},
    {"app resume", command_application_resume, true, {REQUIRED_NUMBER("application_id")}},
    {"app delete", command_application_delete, true, {REQUIRED_NUMBER("application_id")}},
    {"app verify", command_application_verify, true, {REQUIRED_NUMBER("application_id")}},
    {"app unverify", command_application_unverify, true, {REQUIRED_NUMBER("application_id")}},
    {"client show", command_client_show, false, {REQUIRED_TEXT("client_id"), TEXT("realm")}},
    {"client suspend", command_client_suspend, true, {REQUIRED_TEXT("client_id"), TEXT("realm")}},
    {"client resume", command_client_resume, true, {REQUIRED_TEXT("client_id"), TEXT("realm")}},
    {"client set",
     command_client_set,
     true,
     {REQUIRED_TEXT("client_id"), TEXT("realm"), TEXT("trusted"), TEXT("may_introspect")}},
    {"client plan show", command_plan_show, false, {REQUIRED_TEXT("client_id"), TEXT("realm"), TEXT("subject")}},
    {"client plan clear", command_plan_clear, true, {REQUIRED_TEXT("client_id"), TEXT("realm"), TEXT("subject")}},
    {"client plan set", command_plan_set, true, {REQUIRED_TEXT("client_id"), REQUIRED_TEXT("plan"), TEXT("realm")}},
    {"client plan reset", command_plan_reset, true, {REQUIRED_TEXT("client_id"), TEXT("realm")}},
    {"client redirect-uris set",
     command_redirect_uris_set,
     true,
     {REQUIRED_TEXT("client_id"), TEXT("realm"), REQUIRED_TEXT("redirect_uri")}},
    {"client secret add",
     command_secret_add,
     true,
     {REQUIRED_TEXT("client_id"), TEXT("realm"), TEXT("label"), NUMBER("expires_in")}},
    {"client secret list", command_secret_list, false, {REQUIRED_TEXT("client_id"), TEXT("realm")}},
    {"client secret revoke",
     command_secret_revoke,
     true,
     {REQUIRED_TEXT("client_id"), REQUIRED_NUMBER("secret_id"), TEXT("realm")}},
    {"account create", command_account_create, true, {TEXT("realm"), TEXT("account_id"), TEXT("name")}},
    {"account list", command_account_list, false, {TEXT("realm"), NUMBER("after"), NUMBER("max")}},
    {"account suspend", command_account_suspend, true, {REQUIRED_TEXT("account_id"), TEXT("realm")}},
    {"account resume", command_account_resume, true, {REQUIRED_TEXT("account_id"), TEXT("realm")}},
    {"user add",
     command_user_add,
     true,
     {REQUIRED_TEXT("username"), TEXT("realm"), TEXT("display_name"), TEXT("email"), TEXT("roles"), TEXT("instance"),
      TEXT("password"), TEXT("password_hash")}},
    {"user list", command_user_list, false, {TEXT("realm"), NUMBER("after"), NUMBER("max")}},
    {"user show", command_user_show, false, {REQUIRED_TEXT("username"), TEXT("realm")}},
    {"user disable", command_user_disable, true, {REQUIRED_TEXT("username"), TEXT("realm")}},
    {"user enable", command_user_enable, true, {REQUIRED_TEXT("username"), TEXT("realm")}},
    {"user roles", command_user_roles, true, {REQUIRED_TEXT("username"), TEXT("realm"), REQUIRED_TEXT("roles")}},
    {"user reset-password",
     command_user_reset_password,
     true,
     {REQUIRED_TEXT("username"), TEXT("realm"), TEXT("password")}},
    {"user reset-factors", command_user_reset_factors, true, {REQUIRED_TEXT("username"), TEXT("realm")}},
    {"instance add", command_instance_add, true, {REQUIRED_TEXT("name"), TEXT("realm"), TEXT("title")}},
    {"instance list", command_instance_list, false, {TEXT("realm"), NUMBER("after"), NUMBER("max")}},
    {"member add",
     command_member_add,
     true,
     {REQUIRED_TEXT("username"), REQUIRED_TEXT("instance"), TEXT("realm"), TEXT("role")}},
    {"member remove",
     command_member_remove,
     true,
     {REQUIRED_TEXT("username"), REQUIRED_TEXT("instance"), TEXT("realm")}},
    {"member list", command_member_list, false, {REQUIRED_TEXT("username"), TEXT("realm")}},
    {"token inspect", command_token_inspect, false, {REQUIRED_TEXT("token"), TEXT("realm")}},
    {"token revoke", command_token_revoke, true, {REQUIRED_TEXT("token"), TEXT("realm")}},
    {"guard test",
     command_guard_test,
     false,
     {REQUIRED_TEXT("method"), REQUIRED_TEXT("uri"), TEXT("token"), TEXT("realm")}},
    {"mail test", command_mail_test, true, {TEXT("realm"), REQUIRED_TEXT("recipient")}},
    {"usage",
     command_usage,
     false,
     {TEXT("realm"), TEXT("client"), TEXT("since"), TEXT("until"), TEXT("by"), TEXT("rule"), TEXT("environment")}},
    {"backup", command_backup, true, {REQUIRED_TEXT("path")}},
    {"stats", command_stats, false, {{0}}},
};

enum outcome command_refuse(struct command_call *call, struct str error)
{
    call->error = error;
    return REFUSED;
}

enum outcome command_answer(struct command_call *call, json_t *result)
{
    call->result = json_keep(call->arena, result);
    return OK;
}

struct str command_names(struct arena *arena, struct str (*get)(const void *subject, size_t index),
                         const void *subject)
{
    struct buf names;
    struct str name;
    buf_init(&names, arena, NAMES_MAX_LEN);
    for (size_t i = 0; str_is_present(name = get(subject, i)) && !names.is_full; i++)
        buf_printf(&names, "%s%.*s", i ? ", " : "", STR_ARGS(name));
    return buf_str(&names);
}

void command_note(struct command_call *call, const char *key, struct str text)
{
    size_t at = 0;
    while (at < call->note_count && strcmp(call->notes[at].key, key) != 0)
        at++;
    if (at == NOTE_COUNT_MAX)
        return;
    call->notes[at] = (struct note){key, text};
    call->note_count += at == call->note_count;
}

void command_note_number(struct command_call *call, const char *key, int64_t number)
{
    command_note(call, key, arena_printf(call->arena, "%lld", (long long)number));
}

struct str argument_text(const struct command_call *call, const char *name)
{
    return json_member(call->arguments, name);
}

int64_t argument_number(const struct command_call *call, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(call->arguments, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool argument_flag(const struct command_call *call, const char *name)
{
    return json_is_true(json_object_get(call->arguments, name));
}

static const struct realm *find_realm_named(const struct command_call *call, struct str name)
{
    for (size_t i = 0; i < call->realm_count; i++) {
        if (str_equal(call->realms[i]->name, name))
            return call->realms[i];
    }
    return NULL;
}

static struct str name_realm(const void *subject, size_t index)
{
    const struct command_call *call = subject;
    return index < call->realm_count ? call->realms[index]->name : STR_NONE;
}

static enum outcome refuse_several(struct command_call *call)
{
    struct str names = command_names(call->arena, name_realm, call);
    return command_refuse(
        call, arena_printf(call->arena, "there are several realms: say which one of %.*s", STR_ARGS(names)));
}

enum outcome command_realm(struct command_call *call, const struct realm **ret_realm)
{
    struct str name = argument_text(call, "realm");
    if (!str_is_present(name) && call->realm_count != 1)
        return refuse_several(call);
    const struct realm *realm = str_is_present(name) ? find_realm_named(call, name) : call->realms[0];
    if (!realm)
        return command_refuse(call, STR("there is no such realm"));
    command_note(call, "realm", realm->name);
    *ret_realm = realm;
    return OK;
}

const struct realm *command_find_realm(const struct command_call *call, int64_t realm_id)
{
    for (size_t i = 0; i < call->realm_count; i++) {
        if (call->realms[i]->id == realm_id)
            return call->realms[i];
    }
    return NULL;
}

enum outcome command_find_client(struct command_call *call, struct str client_id, const struct realm **ret_realm,
                                 struct client_row **ret_row)
{
    struct store_reader *reader = store_reader(call->host->store);
    struct str realm_name = argument_text(call, "realm");
    for (size_t i = 0; i < call->realm_count; i++) {
        const struct realm *realm = call->realms[i];
        struct client_row *row;
        if (str_is_present(realm_name) && !str_equal(realm->name, realm_name))
            continue;
        TRY(client_find(reader, call->arena, realm->id, client_id, &row));
        if (!row)
            continue;
        command_note(call, "realm", realm->name);
        command_note(call, "client_id", row->client_id);
        *ret_realm = realm;
        *ret_row = row;
        return OK;
    }
    return command_refuse(call, STR("there is no such client"));
}

enum outcome command_client(struct command_call *call, const struct realm **ret_realm, struct client_row **ret_row)
{
    return command_find_client(call, argument_text(call, "client_id"), ret_realm, ret_row);
}

json_t *time_json(int64_t at)
{
    return at ? json_integer(at) : json_null();
}

json_t *realm_name_json(const struct command_call *call, int64_t realm_id)
{
    const struct realm *realm = command_find_realm(call, realm_id);
    return json_of_str(realm ? realm->name : STR_NONE);
}

static bool is_of_kind(const json_t *value, enum argument_kind kind)
{
    switch (kind) {
    case ARGUMENT_TEXT:
        return json_is_string(value);
    case ARGUMENT_NUMBER:
        return json_is_integer(value);
    case ARGUMENT_FLAG:
        return json_is_boolean(value);
    }
    return false;
}

static const struct argument *find_argument(const struct command *command, const char *name)
{
    for (size_t i = 0; i < ARGUMENT_COUNT_MAX && command->arguments[i].name; i++) {
        if (strcmp(command->arguments[i].name, name) == 0)
            return &command->arguments[i];
    }
    return NULL;
}

static enum outcome check_arguments(struct command_call *call, const struct command *command)
{
    const char *name;
    json_t *value;
    /* jansson's iteration wants a pointer that may write, and does not */
    json_object_foreach((json_t *)(uintptr_t)call->arguments, name, value)
    {
        const struct argument *argument = find_argument(command, name);
        if (!argument)
            return command_refuse(call, arena_printf(call->arena, "%s takes no argument %s", command->name, name));
        if (!is_of_kind(value, argument->kind))
            return command_refuse(call, arena_printf(call->arena, "argument %s is of another kind", name));
    }
    for (size_t i = 0; i < ARGUMENT_COUNT_MAX && command->arguments[i].name; i++) {
        const struct argument *argument = &command->arguments[i];
        if (argument->is_required && !json_object_get(call->arguments, argument->name))
            return command_refuse(call, arena_printf(call->arena, "argument %s is missing", argument->name));
    }
    return OK;
}

static const struct command *find_command(struct str name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (str_equal(str_of(commands[i].name), name))
            return &commands[i];
    }
    return NULL;
}

static void log_change(const struct command_call *call, const struct command *command, enum outcome outcome,
                       int64_t uid)
{
    static const char *const outcome_names[] = {"ok", "refused", "failed"};
    struct log_detail details[NOTE_COUNT_MAX + 4] = {
        log_text("command", str_of(command->name)),
        log_number("uid", uid),
        log_text("outcome", str_of(outcome_names[outcome])),
    };
    for (size_t i = 0; i < call->note_count; i++)
        details[3 + i] = log_text(call->notes[i].key, call->notes[i].text);
    log_write(LOG_INFO, "operator_command", details);
}

static enum outcome run_checked(struct command_call *call, const struct command *command, int64_t uid)
{
    void *hold;
    call->realms = call->host->hold_realms(call->host->arg, &call->realm_count, &hold);
    enum outcome outcome = check_arguments(call, command);
    if (outcome == OK)
        outcome = command->run(call);
    if (command->is_change)
        log_change(call, command, outcome, uid);
    call->host->release_realms(call->host->arg, hold);
    return outcome;
}

static json_t *error_json(struct arena *arena, struct str error)
{
    return json_keep(arena, json_pack("{s:b, s:o}", "ok", false, "error", json_of_str(error)));
}

json_t *command_run(const struct control_host *host, struct arena *arena, const json_t *request, int64_t uid)
{
    const struct str store_error = STR("the store failed: the daemon's log says how");
    const json_t *arguments = json_object_get(request, "arguments");
    const struct command *command = find_command(json_member(request, "command"));
    if (!command)
        return error_json(arena, STR("there is no such command"));
    if (arguments && !json_is_object(arguments))
        return error_json(arena, STR("arguments must be an object"));
    struct command_call call = {.host = host, .arena = arena, .arguments = arguments, .now = clock_now()};
    enum outcome outcome = run_checked(&call, command, uid);
    if (outcome != OK)
        return error_json(arena, outcome == REFUSED ? call.error : store_error);
    return json_keep(arena, json_pack("{s:b, s:O}", "ok", true, "result", call.result));
}

json_t *control_run(const struct control_host *host, struct arena *arena, const json_t *request)
{
    return command_run(host, arena, request, geteuid());
}
