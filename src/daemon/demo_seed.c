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

/* The store may have forgotten what demo.json tells: NULL then. */
static const json_t *show_client(struct seeding *seeding, const struct yaml_node *service, const json_t *told)
{
    struct str client_id = json_member(told, "client_id");
    if (!str_is_present(client_id))
        return NULL;
    return run(seeding, "client show",
               json_pack("{s:o, s:o}", "client_id", json_of_str(client_id), "realm",
                         json_of_str(node_text(service, "realm"))));
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
    json_t *arguments =
        json_pack("{s:o, s:s, s:s, s:b, s:b, s:b}", "realm", json_of_str(node_text(service, "realm")), "name",
                  "Demo application", "website", "https://example.com/", "verified", true, "development",
                  is_true(service, "development"), "trusted", is_true(service, "trusted"));
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

/* --- people: what an earlier demo has not is added to it --- */

static json_t *in_realm(const struct yaml_node *service)
{
    return json_pack("{s:o}", "realm", json_of_str(node_text(service, "realm")));
}

/* Of one environment's client; NULL is none. */
static bool ensure_redirect_uri(struct seeding *seeding, const struct yaml_node *service, const json_t *told)
{
    struct str redirect_uri = node_text(service, "redirect_uri");
    const json_t *client = show_client(seeding, service, told);
    if (!str_is_present(redirect_uri) || !client || json_array_size(json_object_get(client, "redirect_uris")))
        return true;
    json_t *arguments = in_realm(service);
    json_object_set(arguments, "client_id", json_object_get(client, "client_id"));
    json_object_set_new(arguments, "redirect_uri", json_of_str(redirect_uri));
    return run(seeding, "client redirect-uris set", arguments) != NULL;
}

/* One of the list's objects has this text as that member. */
static bool has_member(const json_t *list, const char *member, struct str text)
{
    const json_t *object;
    size_t index;
    json_array_foreach(list, index, object)
    {
        if (str_equal(json_member(object, member), text))
            return true;
    }
    return false;
}

static bool ensure_instances(struct seeding *seeding, const struct yaml_node *service, json_t *told)
{
    const struct yaml_node *instances = yaml_member(service, "instances");
    const json_t *known = run(seeding, "instance list", in_realm(service));
    json_t *list = json_array();
    json_object_set_new(told, "instances", list);
    for (const struct yaml_node *node = instances->child; node; node = node->next) {
        json_t *instance = json_pack("{s:o, s:o}", "name", json_of_str(node->key), "title", json_of_str(node->text));
        json_array_append_new(list, instance);
        if (has_member(known, "name", node->key))
            continue;
        json_t *arguments = in_realm(service);
        json_object_update(arguments, instance);
        if (!run(seeding, "instance add", arguments))
            return false;
    }
    return known != NULL;
}

static json_t *name_user(const struct yaml_node *service)
{
    json_t *arguments = in_realm(service);
    json_object_set_new(arguments, "username", json_of_str(node_text(service, "user")));
    return arguments;
}

/* A new one, or one that the store knows and demo.json has lost. */
static bool make_user(struct seeding *seeding, const struct yaml_node *service, bool is_known, json_t *told)
{
    json_t *arguments = name_user(service);
    if (!is_known)
        json_object_set_new(arguments, "display_name", json_string("Ada Lovelace"));
    const json_t *made = run(seeding, is_known ? "user reset-password" : "user add", arguments);
    if (!made)
        return false;
    json_object_set_new(told, "user",
                        json_pack("{s:O, s:O}", "username", json_object_get(made, "username"), "password",
                                  json_object_get(made, "password")));
    return true;
}

static bool ensure_memberships(struct seeding *seeding, const struct yaml_node *service)
{
    const struct yaml_node *instances = yaml_member(service, "instances");
    const json_t *list = run(seeding, "member list", name_user(service));
    for (const struct yaml_node *node = instances->child; list && node; node = node->next) {
        json_t *arguments;
        if (has_member(list, "instance", node->key))
            continue;
        arguments = name_user(service);
        json_object_set_new(arguments, "instance", json_of_str(node->key));
        if (!run(seeding, "member add", arguments))
            return false;
    }
    return list != NULL;
}

static bool ensure_people(struct seeding *seeding, const struct yaml_node *service, json_t *told)
{
    if (!str_is_present(node_text(service, "user")))
        return true;
    if (!ensure_instances(seeding, service, told))
        return false;
    bool is_known = run(seeding, "user show", name_user(service)) != NULL;
    bool is_told = str_is_present(json_member(json_object_get(told, "user"), "password"));
    if (!(is_known && is_told) && !make_user(seeding, service, is_known, told))
        return false;
    return ensure_memberships(seeding, service);
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
    static const char *const filled[] = {"redirect_uri", "try", "call", "authorize_url"};
    for (size_t i = 0; i < sizeof(filled) / sizeof(filled[0]); i++) {
        struct str text = node_text(service, filled[i]);
        if (str_is_present(text) && !tell_filled(seeding, told, str_of(filled[i]), text))
            return false;
    }
    return true;
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
    if (!show_client(seeding, service, told) && !register_service(seeding, service, told))
        return false;
    if (!ensure_redirect_uri(seeding, service, told) ||
        !ensure_redirect_uri(seeding, service, json_object_get(told, "development")) ||
        !ensure_people(seeding, service, told))
        return false;
    const struct yaml_node *beside = yaml_member(service, "beside");
    for (const struct yaml_node *other = beside ? beside->child : NULL; other; other = other->next) {
        json_t *place = require_member(told, other->key);
        if (!show_client(seeding, other, place) && !register_service(seeding, other, place))
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
