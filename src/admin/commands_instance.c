#include "admin/commands.h"

#include "identity/user.h"
#include "oauth/realm.h"
#include "store/store.h"

#define LIST_MAX 1000

static json_t *instance_json(const struct command_call *call, const struct instance_row *row)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:o}", "instance_id", (json_int_t)row->id, "realm",
                     realm_name_json(call, row->realm_id), "name", json_of_str(row->name), "title",
                     json_of_str(row->title), "created_at", time_json(row->created_at));
}

struct instance_unit {
    struct unit unit; /* first: the store's pointer is ours */
    struct person_step step;
    struct instance_row row;
};

static enum outcome apply_add(struct unit *unit, struct store_tx *tx)
{
    struct instance_unit *add = (struct instance_unit *)unit;
    return instance_register(&add->step, tx, add->row.name, add->row.title, &add->row.id);
}

enum outcome command_instance_add(struct command_call *call)
{
    const struct realm *realm;
    TRY(command_realm(call, &realm));
    struct str name = argument_text(call, "name");
    struct str title = argument_text(call, "title");
    struct instance_unit add = {
        .unit.apply = apply_add,
        .step = {.arena = call->arena, .people = &realm->people, .now = call->now},
        .row = {.realm_id = realm->id,
                .name = name,
                .title = str_is_present(title) ? title : name,
                .created_at = call->now},
    };
    command_note(call, "instance", name);
    TRY(command_person_end(call, store_run(call->host->store, &add.unit), &add.step));
    return command_answer(call, instance_json(call, &add.row));
}

enum outcome command_instance_list(struct command_call *call)
{
    const struct realm *realm;
    struct instance_row *rows;
    size_t count;
    int64_t max = argument_number(call, "max", LIST_MAX);
    if (max < 1 || max > LIST_MAX)
        return command_refuse(call, STR("max must be 1 to 1000"));
    TRY(command_realm(call, &realm));
    TRY(instance_list(store_reader(call->host->store), call->arena, realm->id, argument_number(call, "after", 0),
                      (size_t)max, &rows, &count));
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, instance_json(call, &rows[i]));
    return command_answer(call, list);
}

/* --- who belongs to which --- */

enum outcome command_memberships(struct command_call *call, int64_t user_id, json_t **ret_list)
{
    struct membership_row *rows;
    size_t count;
    TRY(membership_list(store_reader(call->host->store), call->arena, user_id, &rows, &count));
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:o}", "instance", json_of_str(rows[i].instance.name), "title",
                                        json_of_str(rows[i].instance.title), "role", json_of_str(rows[i].role)));
    *ret_list = list;
    return OK;
}

struct member_unit {
    struct unit unit; /* first: the store's pointer is ours */
    struct person_step step;
    const struct user_row *user;
    const struct instance_row *instance;
    struct str role; /* absent: the usual one */
};

static enum outcome apply_join(struct unit *unit, struct store_tx *tx)
{
    struct member_unit *member = (struct member_unit *)unit;
    return user_join(&member->step, tx, member->user->id, member->instance->id, member->role);
}

static enum outcome apply_leave(struct unit *unit, struct store_tx *tx)
{
    struct member_unit *member = (struct member_unit *)unit;
    return user_leave(&member->step, tx, member->user->id, member->instance->id);
}

static enum outcome find_instance(struct command_call *call, const struct realm *realm, struct instance_row **ret_row)
{
    struct str name = argument_text(call, "instance");
    command_note(call, "instance", name);
    TRY(instance_find(store_reader(call->host->store), call->arena, realm->id, name, ret_row));
    return *ret_row ? OK : command_refuse(call, person_problem_text(PERSON_instance_unknown));
}

static enum outcome change_membership(struct command_call *call,
                                      enum outcome (*apply)(struct unit *unit, struct store_tx *tx))
{
    const struct realm *realm;
    struct user_row *user;
    struct instance_row *instance;
    json_t *list;
    TRY(command_user(call, &realm, &user));
    TRY(find_instance(call, realm, &instance));
    struct member_unit member = {
        .unit.apply = apply,
        .step = {.arena = call->arena, .people = &realm->people, .now = call->now},
        .user = user,
        .instance = instance,
        .role = argument_text(call, "role"),
    };
    TRY(command_person_end(call, store_run(call->host->store, &member.unit), &member.step));
    TRY(command_memberships(call, user->id, &list));
    return command_answer(call, list);
}

enum outcome command_member_add(struct command_call *call)
{
    return change_membership(call, apply_join);
}

enum outcome command_member_remove(struct command_call *call)
{
    return change_membership(call, apply_leave);
}

enum outcome command_member_list(struct command_call *call)
{
    const struct realm *realm;
    struct user_row *user;
    json_t *list;
    TRY(command_user(call, &realm, &user));
    TRY(command_memberships(call, user->id, &list));
    return command_answer(call, list);
}
