#include "daemon/demo_seed.h"

#include "admin/control.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/mistake.h"
#include "base/yaml.h"
#include "daemon/shipped.h"

#define FILLED_MAX 65536

struct seeding {
    const struct control_host *host;
    struct arena *arena;
    const json_t *values;
    struct str error;
};

static const json_t *find_value(const json_t *object, struct str name)
{
    struct str part;
    while (object && str_next(&name, '.', &part))
        object = json_object_getn(object, part.ptr, part.len);
    return object;
}

bool fill_holes(struct arena *arena, struct str text, const json_t *values, const json_t *service,
                struct str *ret_text, struct str *ret_unknown)
{
    struct buf filled;
    buf_init(&filled, arena, FILLED_MAX);
    while (text.len) {
        if (!str_has_prefix(text, STR("${"))) {
            buf_add_char(&filled, text.ptr[0]);
            text = str_slice(text, 1, text.len);
            continue;
        }
        size_t end = str_find(text, '}');
        struct str name = str_slice(text, 2, end - 2);
        const json_t *value = find_value(service, name);
        if (!value)
            value = find_value(values, name);
        if (!json_is_string(value)) {
            *ret_unknown = name;
            return false;
        }
        buf_add(&filled, (struct str){json_string_value(value), json_string_length(value)});
        text = str_slice(text, end + 1, text.len);
    }
    *ret_text = buf_str(&filled);
    return !filled.is_full;
}

static bool fail(struct seeding *seeding, struct str error)
{
    seeding->error = error;
    return false;
}

/* The result, or NULL with the error noted. Takes the arguments over. */
static const json_t *run(struct seeding *seeding, const char *command, json_t *arguments)
{
    json_t *request = json_pack("{s:s, s:o}", "command", command, "arguments", arguments);
    const json_t *answer = control_run(seeding->host, seeding->arena, json_keep(seeding->arena, request));
    if (json_is_true(json_object_get(answer, "ok")))
        return json_object_get(answer, "result");
    fail(seeding,
         arena_printf(seeding->arena, "%s: %s", command, json_string_value(json_object_get(answer, "error"))));
    return NULL;
}

static bool is_true(const struct yaml_node *service, const char *key)
{
    const struct yaml_node *node = yaml_member(service, key);
    return node && str_equal(node->text, STR("true"));
}

static struct str node_text(const struct yaml_node *service, const char *key)
{
    const struct yaml_node *node = yaml_member(service, key);
    return node && node->kind == YAML_SCALAR ? node->text : STR_NONE;
}

static bool knows_client(struct seeding *seeding, const struct yaml_node *service, const json_t *told)
{
    struct str client_id = json_member(told, "client_id");
    json_t *arguments;
    if (!str_is_present(client_id))
        return false;
    arguments = json_pack("{s:o, s:o}", "client_id", json_of_str(client_id), "realm",
                          json_of_str(node_text(service, "realm")));
    return run(seeding, "client show", arguments) != NULL;
}

static void copy_credentials(json_t *told, const json_t *client)
{
    json_object_set(told, "client_id", json_object_get(client, "client_id"));
    json_object_set(told, "client_secret", json_object_get(client, "client_secret"));
}

/* Clients that are not for production go under the name of their environment. */
static void tell_clients(json_t *told, const json_t *clients)
{
    const json_t *client;
    size_t index;
    json_array_foreach(clients, index, client)
    {
        const char *environment = json_string_value(json_object_get(client, "environment"));
        json_t *place = told;
        if (strcmp(environment, "production") != 0) {
            place = json_object();
            json_object_set_new(told, environment, place);
        }
        copy_credentials(place, client);
    }
}

static bool register_application(struct seeding *seeding, const struct yaml_node *service, json_t *told)
{
    json_t *arguments = json_pack("{s:o, s:s, s:b, s:b}", "realm", json_of_str(node_text(service, "realm")), "name",
                                  "Demo application", "development", is_true(service, "development"), "trusted",
                                  is_true(service, "trusted"));
    const json_t *created = run(seeding, "app create", arguments);
    if (!created)
        return false;
    tell_clients(told, json_object_get(created, "clients"));
    return true;
}

static bool register_resource_server(struct seeding *seeding, const struct yaml_node *service, json_t *told)
{
    json_t *arguments = json_pack("{s:o, s:s, s:b}", "realm", json_of_str(node_text(service, "realm")), "name",
                                  "Demo resource server", "may_introspect", true);
    const json_t *created = run(seeding, "app create", arguments);
    if (!created)
        return false;
    json_t *place = json_object();
    json_object_set_new(told, "resource_server", place);
    copy_credentials(place, json_array_get(json_object_get(created, "clients"), 0));
    return true;
}

/* The seed says what the service calls the account's id and its secret. */
static bool register_account(struct seeding *seeding, const struct yaml_node *service, json_t *told)
{
    const struct yaml_node *names = yaml_member(service, "account");
    if (!names)
        return true;
    json_t *arguments =
        json_pack("{s:o, s:s}", "realm", json_of_str(node_text(service, "realm")), "name", "Demo service account");
    const json_t *created = run(seeding, "account create", arguments);
    if (!created)
        return false;
    for (const struct yaml_node *name = names->child; name; name = name->next)
        json_object_setn(told, name->text.ptr, name->text.len,
                         json_object_getn(created, name->key.ptr, name->key.len));
    return true;
}

static bool register_service(struct seeding *seeding, const struct yaml_node *service, json_t *told)
{
    return register_application(seeding, service, told) && register_account(seeding, service, told) &&
           register_resource_server(seeding, service, told);
}

static bool tell_filled(struct seeding *seeding, json_t *told, struct str key, struct str text)
{
    struct str filled, unknown = STR_NONE;
    if (!fill_holes(seeding->arena, text, seeding->values, told, &filled, &unknown))
        return fail(seeding,
                    arena_printf(seeding->arena, "seed: %.*s: nothing fills %.*s", STR_ARGS(key), STR_ARGS(unknown)));
    json_object_setn_new(told, key.ptr, key.len, json_of_str(filled));
    return true;
}

static bool tell_members(struct seeding *seeding, const struct yaml_node *service, json_t *told)
{
    const struct yaml_node *members = yaml_member(service, "members");
    for (const struct yaml_node *member = members ? members->child : NULL; member; member = member->next) {
        if (!tell_filled(seeding, told, member->key, member->text))
            return false;
    }
    struct str line = node_text(service, "try");
    return !str_is_present(line) || tell_filled(seeding, told, STR("try"), line);
}

static json_t *require_member(json_t *object, struct str name)
{
    json_t *member = json_object_getn(object, name.ptr, name.len);
    if (json_is_object(member))
        return member;
    member = json_object();
    json_object_setn_new(object, name.ptr, name.len, member);
    return member;
}

/* One level below another only: what stands beside a service has nothing beside it. */
static bool ensure_service(struct seeding *seeding, const struct yaml_node *service, json_t *told)
{
    if (!knows_client(seeding, service, told) && !register_service(seeding, service, told))
        return false;
    const struct yaml_node *beside = yaml_member(service, "beside");
    for (const struct yaml_node *other = beside ? beside->child : NULL; other; other = other->next) {
        json_t *place = require_member(told, other->key);
        if (!knows_client(seeding, other, place) && !register_service(seeding, other, place))
            return false;
        if (!tell_members(seeding, other, place))
            return false;
    }
    return tell_members(seeding, service, told);
}

bool seed_services(const struct control_host *host, struct arena *arena, const json_t *values, json_t *description,
                   struct str *ret_error)
{
    struct seeding seeding = {host, arena, values, STR_NONE};
    struct mistakes mistakes;
    mistakes_init(&mistakes, arena);
    const struct yaml_node *seed = yaml_read(STR("seed.yaml"), shipped_seed(), &mistakes);
    const struct yaml_node *services = seed ? yaml_member(seed, "services") : NULL;
    if (!services) {
        *ret_error = STR("the seed is no YAML");
        return false;
    }
    json_t *told = require_member(description, STR("services"));
    for (const struct yaml_node *service = services->child; service; service = service->next) {
        if (!ensure_service(&seeding, service, require_member(told, service->key))) {
            *ret_error = seeding.error;
            return false;
        }
    }
    return true;
}
