#include "admin/commands.h"

#include "base/arena.h"
#include "crypto/password.h"
#include "identity/factor.h"
#include "identity/user.h"
#include "oauth/realm.h"
#include "oauth/registration.h"
#include "store/store.h"

#define LIST_MAX 1000

/* What people can copy from a screen; 119 random bits. */
static const struct token_format made_up_password = {.prefix = STR_INIT(""), .alphabet = TOKEN_BASE62, .length = 20};

static const struct {
    struct str name;
    enum user_role role;
} roles[] = {{STR_INIT("developer"), USER_IS_DEVELOPER}, {STR_INIT("operator"), USER_IS_OPERATOR}};
#define ROLE_COUNT (sizeof(roles) / sizeof(roles[0]))

static json_t *roles_json(unsigned bits)
{
    json_t *list = json_array();
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (bits & roles[i].role)
            json_array_append_new(list, json_of_str(roles[i].name));
    return list;
}

static unsigned find_role(struct str name)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (str_equal(roles[i].name, name))
            return roles[i].role;
    return 0;
}

static enum outcome read_roles(struct command_call *call, unsigned *ret_roles)
{
    struct str words = argument_text(call, "roles");
    struct str word;
    *ret_roles = 0;
    while (str_next_word(&words, &word)) {
        unsigned role = find_role(word);
        if (!role)
            return command_refuse(call, STR("roles are developer and operator"));
        *ret_roles |= role;
    }
    return OK;
}

static json_t *user_json(const struct command_call *call, const struct user_row *row)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "user_id", (json_int_t)row->id, "realm",
                     realm_name_json(call, row->realm_id), "username", json_of_str(row->username), "display_name",
                     json_of_str(row->display_name), "email", json_of_str(row->email), "roles",
                     roles_json(row->roles), "second_factor", factor_is_set_up(row), "created_at",
                     time_json(row->created_at), "email_confirmed_at", time_json(row->email_confirmed_at),
                     "disabled_at", time_json(row->disabled_at));
}

enum outcome command_user(struct command_call *call, const struct realm **ret_realm, struct user_row **ret_row)
{
    TRY(command_realm(call, ret_realm));
    struct str username = username_fold(call->arena, argument_text(call, "username"));
    TRY(user_find(store_reader(call->host->store), call->arena, (*ret_realm)->id, username, ret_row));
    if (!*ret_row)
        return command_refuse(call, person_problem_text(PERSON_user_unknown));
    command_note_number(call, "user_id", (*ret_row)->id);
    return OK;
}

enum outcome command_person_end(struct command_call *call, enum outcome outcome, const struct person_step *step)
{
    return outcome == REFUSED ? command_refuse(call, person_problem_text(step->problem)) : outcome;
}

/* --- passwords --- */

struct new_password {
    struct str text;
    struct str hash;
    bool is_made_up; /* nobody knows it yet */
};

static enum outcome hash_password(struct command_call *call, const struct people_policy *people,
                                  struct new_password *password)
{
    const struct password_cost cost = {people->password_memory_bytes, people->password_iterations};
    password->hash = password_hash(call->arena, password->text, &cost);
    return str_is_present(password->hash) ? OK : command_refuse(call, STR("there is no memory to hash a password"));
}

/* The argument's, else one that is made up. Takes as long as hashing does: this thread is the operator's. */
static enum outcome read_password(struct command_call *call, const struct people_policy *people, struct str username,
                                  struct new_password *ret_password)
{
    struct new_password password = {.text = argument_text(call, "password")};
    password.is_made_up = !str_is_present(password.text);
    if (password.is_made_up) {
        password.text = credential_draw(call->arena, &made_up_password);
    } else {
        enum person_problem problem = password_problem(people, username, password.text);
        if (problem != PERSON_FINE)
            return command_refuse(call, person_problem_text(problem));
    }
    TRY(hash_password(call, people, &password));
    *ret_password = password;
    return OK;
}

/* A hash of another system's instead of a password. */
static enum outcome read_new_password(struct command_call *call, const struct people_policy *people,
                                      struct str username, struct new_password *ret_password)
{
    struct str hash = argument_text(call, "password_hash");
    if (!str_is_present(hash))
        return read_password(call, people, username, ret_password);
    if (str_is_present(argument_text(call, "password")))
        return command_refuse(call, STR("either a password or its hash"));
    if (!password_is_hash(hash))
        return command_refuse(call, STR("password_hash is none that crypt(5) or Argon2id makes"));
    *ret_password = (struct new_password){.hash = hash};
    return OK;
}

static void tell_password(json_t *object, const struct new_password *password)
{
    if (password->is_made_up)
        json_object_set_new(object, "password", json_of_str(password->text));
}

/* --- adding --- */

struct add_unit {
    struct unit unit; /* first: the store's pointer is ours */
    struct person_step step;
    struct user_draft draft;
    struct user_row *row;
    int64_t realm_id;
    struct str instance; /* absent: none */
    int64_t instance_id;
};

/* Before anything is written: what was REFUSED is committed. */
static enum outcome find_instance(struct add_unit *add, struct store_tx *tx)
{
    struct instance_row *instance;
    TRY(instance_find(store_tx_reader(tx), add->step.arena, add->realm_id, add->instance, &instance));
    if (!instance) {
        add->step.problem = PERSON_instance_unknown;
        return REFUSED;
    }
    add->instance_id = instance->id;
    return OK;
}

static enum outcome apply_add(struct unit *unit, struct store_tx *tx)
{
    struct add_unit *add = (struct add_unit *)unit;
    int64_t id;
    if (str_is_present(add->instance))
        TRY(find_instance(add, tx));
    TRY(user_register(&add->step, tx, &add->draft, &id));
    if (str_is_present(add->instance))
        TRY(user_join(&add->step, tx, id, add->instance_id, STR_NONE));
    return user_find_row(store_tx_reader(tx), add->step.arena, id, &add->row);
}

enum outcome command_user_add(struct command_call *call)
{
    const struct realm *realm;
    struct new_password password;
    TRY(command_realm(call, &realm));
    struct add_unit add = {
        .unit.apply = apply_add,
        .step = {.arena = call->arena, .people = &realm->people, .now = call->now},
        .draft = {.username = argument_text(call, "username"),
                  .display_name = argument_text(call, "display_name"),
                  .email = argument_text(call, "email"),
                  .is_email_confirmed = true}, /* the operator knows whose it is */
        .realm_id = realm->id,
        .instance = argument_text(call, "instance"),
    };
    TRY(read_roles(call, &add.draft.roles));
    TRY(read_new_password(call, &realm->people, add.draft.username, &password));
    add.draft.password_hash = password.hash;
    TRY(command_person_end(call, store_run(call->host->store, &add.unit), &add.step));
    command_note_number(call, "user_id", add.row->id);
    json_t *user = user_json(call, add.row);
    tell_password(user, &password);
    return command_answer(call, user);
}

/* --- looking --- */

enum outcome command_user_list(struct command_call *call)
{
    const struct realm *realm;
    struct user_row *rows;
    size_t count;
    int64_t max = argument_number(call, "max", LIST_MAX);
    if (max < 1 || max > LIST_MAX)
        return command_refuse(call, STR("max must be 1 to 1000"));
    TRY(command_realm(call, &realm));
    TRY(user_list(store_reader(call->host->store), call->arena, realm->id, argument_number(call, "after", 0),
                  (size_t)max, &rows, &count));
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, user_json(call, &rows[i]));
    return command_answer(call, list);
}

enum outcome command_user_show(struct command_call *call)
{
    const struct realm *realm;
    struct user_row *row;
    struct passkey_row *passkeys;
    struct session_row *sessions;
    size_t passkey_count, session_count;
    json_t *instances;
    TRY(command_user(call, &realm, &row));
    struct store_reader *reader = store_reader(call->host->store);
    TRY(passkey_list(reader, call->arena, row->id, &passkeys, &passkey_count));
    TRY(session_list(reader, call->arena, row->id, call->now, LIST_MAX, &sessions, &session_count));
    TRY(command_memberships(call, row->id, &instances));
    json_t *user = user_json(call, row);
    json_object_set_new(user, "passkey_count", json_integer((json_int_t)passkey_count));
    json_object_set_new(user, "session_count", json_integer((json_int_t)session_count));
    json_object_set_new(user, "instances", instances);
    return command_answer(call, user);
}

/* --- changing --- */

struct change_unit {
    struct unit unit; /* first: the store's pointer is ours */
    struct person_step step;
    struct user_row *row;
    enum outcome (*verb)(struct change_unit *change, struct store_tx *tx);
    unsigned roles;
    struct str password_hash;
};

/* The row as it is afterwards. */
static enum outcome apply_change(struct unit *unit, struct store_tx *tx)
{
    struct change_unit *change = (struct change_unit *)unit;
    TRY(change->verb(change, tx));
    return user_find_row(store_tx_reader(tx), change->step.arena, change->row->id, &change->row);
}

static enum outcome disable(struct change_unit *change, struct store_tx *tx)
{
    return user_disable(&change->step, tx, change->row->id);
}

static enum outcome enable(struct change_unit *change, struct store_tx *tx)
{
    return user_enable(&change->step, tx, change->row->id);
}

static enum outcome change_roles(struct change_unit *change, struct store_tx *tx)
{
    return user_change_roles(&change->step, tx, change->row->id, change->roles);
}

static enum outcome change_password(struct change_unit *change, struct store_tx *tx)
{
    return user_change_password(&change->step, tx, change->row->id, change->password_hash, 0);
}

static enum outcome remove_passkeys(struct change_unit *change, struct store_tx *tx)
{
    struct passkey_row *passkeys;
    size_t count;
    bool is_found;
    TRY(passkey_list(store_tx_reader(tx), change->step.arena, change->row->id, &passkeys, &count));
    for (size_t i = 0; i < count; i++)
        TRY(passkey_delete(tx, change->row->id, passkeys[i].id, &is_found));
    return OK;
}

static enum outcome remove_factors(struct change_unit *change, struct store_tx *tx)
{
    TRY(remove_passkeys(change, tx));
    return factor_remove(&change->step, tx, change->row->id);
}

static enum outcome run_change(struct command_call *call, const struct realm *realm, struct change_unit *change)
{
    change->unit.apply = apply_change;
    change->step = (struct person_step){.arena = call->arena, .people = &realm->people, .now = call->now};
    return command_person_end(call, store_run(call->host->store, &change->unit), &change->step);
}

static enum outcome change_user(struct command_call *call, struct change_unit *change)
{
    const struct realm *realm;
    TRY(command_user(call, &realm, &change->row));
    TRY(run_change(call, realm, change));
    return command_answer(call, user_json(call, change->row));
}

enum outcome command_user_disable(struct command_call *call)
{
    return change_user(call, &(struct change_unit){.verb = disable});
}

enum outcome command_user_enable(struct command_call *call)
{
    return change_user(call, &(struct change_unit){.verb = enable});
}

enum outcome command_user_roles(struct command_call *call)
{
    struct change_unit change = {.verb = change_roles};
    TRY(read_roles(call, &change.roles));
    return change_user(call, &change);
}

enum outcome command_user_reset_factors(struct command_call *call)
{
    return change_user(call, &(struct change_unit){.verb = remove_factors});
}

enum outcome command_user_reset_password(struct command_call *call)
{
    const struct realm *realm;
    struct new_password password;
    struct change_unit change = {.verb = change_password};
    TRY(command_user(call, &realm, &change.row));
    TRY(read_password(call, &realm->people, change.row->username, &password));
    change.password_hash = password.hash;
    TRY(run_change(call, realm, &change));
    json_t *user = user_json(call, change.row);
    tell_password(user, &password);
    return command_answer(call, user);
}
