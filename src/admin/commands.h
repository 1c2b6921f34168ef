/*
 * commands.h — one operator's command: its arguments, what it may answer, and the table of them all.
 *
 * Private to src/admin. A command gets arguments whose names and kinds were checked against its row. It ends OK with
 * a result, REFUSED with an error for the operator, or FAILED. A row that `is_change` leaves a line in the log: who,
 * what and the ids that the command noted, never a secret.
 */
#pragma once

#include "admin/control.h"
#include "base/outcome.h"
#include "store/rows.h"

struct person_step;
struct realm;
struct user_row;

enum argument_kind { ARGUMENT_TEXT, ARGUMENT_NUMBER, ARGUMENT_FLAG };

struct argument {
    const char *name;
    enum argument_kind kind;
    bool is_required;
};

#define ARGUMENT_COUNT_MAX 13
#define NOTE_COUNT_MAX     4

struct note {
    const char *key;
    struct str text;
};

struct command_call {
    const struct control_host *host;
    struct arena *arena;
    const struct realm *const *realms;
    size_t realm_count;
    const json_t *arguments;
    int64_t now;
    json_t *result;   /* set when OK */
    struct str error; /* set when REFUSED */
    struct note notes[NOTE_COUNT_MAX];
    size_t note_count;
};

struct command {
    const char *name;
    enum outcome (*run)(struct command_call *call);
    bool is_change;
    struct argument arguments[ARGUMENT_COUNT_MAX]; /* end with a NULL name */
};

/* control_run on behalf of the user `uid`. */
json_t *command_run(const struct control_host *host, struct arena *arena, const json_t *request, int64_t uid);

enum outcome command_refuse(struct command_call *call, struct str error);
/* Hands the new value over as the result. */
enum outcome command_answer(struct command_call *call, json_t *result);
/* "one, two": the names that `get` finds from 0 on until it finds none; cut where there are very many. */
struct str command_names(struct arena *arena, struct str (*get)(const void *subject, size_t index),
                         const void *subject);
/* For the log: an id or a name, never a secret. Each key is one member of the line: what was noted last stays. */
void command_note(struct command_call *call, const char *key, struct str text);
void command_note_number(struct command_call *call, const char *key, int64_t number);

/* An absent text or false where the argument is missing; numbers give `otherwise`. */
struct str argument_text(const struct command_call *call, const char *name);
int64_t argument_number(const struct command_call *call, const char *name, int64_t otherwise);
bool argument_flag(const struct command_call *call, const char *name);

/* The realm that the argument `realm` names; without it the only one there is. REFUSED when there is none. */
enum outcome command_realm(struct command_call *call, const struct realm **ret_realm);
/* NULL when the realm has left the configuration. */
const struct realm *command_find_realm(const struct command_call *call, int64_t realm_id);
/* The client of that name, in the realm that the argument `realm` names or in any; noted. */
enum outcome command_find_client(struct command_call *call, struct str client_id, const struct realm **ret_realm,
                                 struct client_row **ret_row);
/* The one that the argument `client_id` names. */
enum outcome command_client(struct command_call *call, const struct realm **ret_realm, struct client_row **ret_row);

/* The user that the argument `username` names, in the realm that `realm` names; noted. */
enum outcome command_user(struct command_call *call, const struct realm **ret_realm, struct user_row **ret_row);
/* How a unit about people ended: its problem becomes the error. */
enum outcome command_person_end(struct command_call *call, enum outcome outcome, const struct person_step *step);
/* A new list of the user's instances, each with its role. */
enum outcome command_memberships(struct command_call *call, int64_t user_id, json_t **ret_list);

/* New values. A time of 0 is null. */
json_t *time_json(int64_t at);
json_t *realm_name_json(const struct command_call *call, int64_t realm_id);
json_t *client_json(const struct command_call *call, const struct client_row *row);

enum outcome command_application_create(struct command_call *call);
enum outcome command_application_list(struct command_call *call);
enum outcome command_application_show(struct command_call *call);
enum outcome command_application_suspend(struct command_call *call);
enum outcome command_application_resume(struct command_call *call);
enum outcome command_application_delete(struct command_call *call);
enum outcome command_application_verify(struct command_call *call);
enum outcome command_application_unverify(struct command_call *call);
enum outcome command_client_show(struct command_call *call);
enum outcome command_client_suspend(struct command_call *call);
enum outcome command_client_resume(struct command_call *call);
enum outcome command_client_set(struct command_call *call);
enum outcome command_plan_show(struct command_call *call);
enum outcome command_plan_clear(struct command_call *call);
enum outcome command_plan_set(struct command_call *call);
enum outcome command_plan_reset(struct command_call *call);
enum outcome command_redirect_uris_set(struct command_call *call);
enum outcome command_secret_add(struct command_call *call);
enum outcome command_secret_list(struct command_call *call);
enum outcome command_secret_revoke(struct command_call *call);
enum outcome command_account_create(struct command_call *call);
enum outcome command_account_list(struct command_call *call);
enum outcome command_account_suspend(struct command_call *call);
enum outcome command_account_resume(struct command_call *call);
enum outcome command_user_add(struct command_call *call);
enum outcome command_user_list(struct command_call *call);
enum outcome command_user_show(struct command_call *call);
enum outcome command_user_disable(struct command_call *call);
enum outcome command_user_enable(struct command_call *call);
enum outcome command_user_roles(struct command_call *call);
enum outcome command_user_reset_password(struct command_call *call);
enum outcome command_user_reset_factors(struct command_call *call);
enum outcome command_instance_add(struct command_call *call);
enum outcome command_instance_list(struct command_call *call);
enum outcome command_member_add(struct command_call *call);
enum outcome command_member_remove(struct command_call *call);
enum outcome command_member_list(struct command_call *call);
enum outcome command_token_inspect(struct command_call *call);
enum outcome command_token_revoke(struct command_call *call);
enum outcome command_guard_test(struct command_call *call);
enum outcome command_mail_test(struct command_call *call);
enum outcome command_usage(struct command_call *call);
enum outcome command_realm_list(struct command_call *call);
enum outcome command_backup(struct command_call *call);
enum outcome command_stats(struct command_call *call);
