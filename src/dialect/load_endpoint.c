/*
 * load_endpoint.c — the endpoints of a dialect, and how they spell parameters.
 */
#include "base/arena.h"
#include "base/mistake.h"
#include "base/yaml.h"
#include "dialect/shape.h"
#include "oauth/grant.h"

static const char *const endpoint_keys[] = {
    "path",     "method", "does",   "bodies",    "other_bodies", "query", "names",      "values", "fixed",
    "defaults", "reply",  "schema", "authorize", "fields",       "root",  "extensions", NULL};

static enum parameter load_parameter(struct loader *loader, const struct yaml_node *node, struct str name)
{
    enum parameter parameter = parameter_find(name);
    if (parameter == PARAMETER_COUNT)
        load_mistake(loader, node, name, "the standard name of a parameter");
    return parameter;
}

/* `names`: wire: standard */
static void load_names(struct loader *loader, const struct yaml_node *map, struct str *names)
{
    for (const struct yaml_node *member = map ? map->child : NULL; member; member = member->next) {
        enum parameter parameter = load_parameter(loader, member, load_text(loader, member));
        if (parameter != PARAMETER_COUNT)
            names[parameter] = member->key;
    }
}

/* `values`: standard parameter: {wire value: standard value} */
static void load_values(struct loader *loader, const struct yaml_node *map, struct spelling *spelling)
{
    size_t count = 0;
    for (const struct yaml_node *member = map ? map->child : NULL; member; member = member->next)
        count += load_count(member);
    spelling->values = arena_array(loader->arena, struct value_name, count + 1);
    for (const struct yaml_node *member = map ? map->child : NULL; member; member = member->next) {
        enum parameter parameter = load_parameter(loader, member, member->key);
        for (const struct yaml_node *value = member->child; value; value = value->next)
            spelling->values[spelling->value_count++] =
                (struct value_name){parameter, value->key, load_text(loader, value)};
    }
}

static void load_constants(struct loader *loader, const struct yaml_node *map, struct str *constants)
{
    for (const struct yaml_node *member = map ? map->child : NULL; member; member = member->next) {
        enum parameter parameter = load_parameter(loader, member, member->key);
        if (parameter != PARAMETER_COUNT)
            constants[parameter] = load_text(loader, member);
    }
}

void load_spelling(struct loader *loader, const struct yaml_node *map, struct spelling *ret_spelling)
{
    for (int parameter = 0; parameter < PARAMETER_COUNT; parameter++)
        if (!parameter_is_of_charge((enum parameter)parameter))
            ret_spelling->names[parameter] = parameter_name((enum parameter)parameter);
    load_names(loader, yaml_member(map, "names"), ret_spelling->names);
    load_values(loader, yaml_member(map, "values"), ret_spelling);
    load_constants(loader, yaml_member(map, "fixed"), ret_spelling->fixed);
    load_constants(loader, yaml_member(map, "defaults"), ret_spelling->defaults);
}

static unsigned load_bodies(struct loader *loader, const struct yaml_node *node)
{
    size_t count;
    unsigned bodies = 0;
    if (!node)
        return BODY_FORM;
    const struct str *texts = load_texts(loader, node, &count);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(texts[i], STR("form")))
            bodies |= BODY_FORM;
        else if (str_equal(texts[i], STR("json")))
            bodies |= BODY_JSON;
        else
            load_mistake(loader, node, texts[i], "form, json");
    }
    return bodies;
}

static void load_methods(struct loader *loader, const struct yaml_node *node, struct endpoint *endpoint)
{
    static struct str both[] = {STR_INIT("GET"), STR_INIT("POST")};
    bool reads = str_equal(endpoint->does, STR("whoami")) || str_equal(endpoint->does, STR("metadata"));
    endpoint->methods = reads || endpoint->asks_person ? &both[0] : &both[1];
    endpoint->method_count = endpoint->asks_person ? 2 : 1; /* [RFC6749 3.1] GET MUST, POST MAY be supported. */
    if (node)
        endpoint->methods = load_texts(loader, node, &endpoint->method_count);
}

static void load_paths(struct loader *loader, const struct yaml_node *map, struct endpoint *endpoint)
{
    const struct yaml_node *path = yaml_member(map, "path");
    if (!path) {
        load_mistake(loader, map, STR_NONE, "a member `path`");
        return;
    }
    endpoint->paths = load_texts(loader, path, &endpoint->path_count);
    for (size_t i = 0; i < endpoint->path_count; i++)
        if (!str_has_prefix(endpoint->paths[i], STR("/")))
            load_mistake(loader, path, endpoint->paths[i], "a path that begins with /");
}

static void load_operation(struct loader *loader, const struct yaml_node *map, struct endpoint *endpoint)
{
    const struct yaml_node *does = yaml_member(map, "does");
    endpoint->does = does ? load_text(loader, does) : STR("");
    if (str_equal(endpoint->does, STR("graphql"))) {
        endpoint->graphql = load_graphql(loader, map);
        return;
    }
    endpoint->asks_person = str_equal(endpoint->does, STR("authorize"));
    endpoint->operation = operation_find(endpoint->does);
    if (!endpoint->operation)
        load_mistake(loader, does ? does : map, does ? endpoint->does : STR_NONE,
                     "token, authorize, revoke, introspect, metadata, guard, whoami, cost or graphql");
}

/* `replies` may say besides "token" what "token password" differs in. */
static void load_grant_replies(struct loader *loader, const struct yaml_node *replies, struct str name,
                               struct endpoint *endpoint)
{
    for (int type = 0; type < GRANT_TYPE_COUNT; type++) {
        struct str grant = grant_kind_name((enum grant_type)type);
        struct str key = arena_printf(loader->arena, "%.*s %.*s", STR_ARGS(name), STR_ARGS(grant));
        const struct yaml_node *map = yaml_member(replies, key.ptr);
        if (!str_is_present(grant) || !map)
            continue;
        struct reply_shape *reply = arena_new(loader->arena, struct reply_shape);
        load_reply_variant(loader, map, &endpoint->reply, reply);
        endpoint->grant_replies[type] = reply;
    }
}

static void load_replies(struct loader *loader, const struct yaml_node *map, struct endpoint *endpoint)
{
    const struct yaml_node *replies = yaml_member(loader->root, "replies");
    const struct yaml_node *reply = yaml_member(map, "reply");
    struct str name = reply ? load_text(loader, reply) : endpoint->does;
    const struct yaml_node *shape = yaml_member(replies, arena_cstr(loader->arena, name));
    if (reply && !shape)
        load_mistake(loader, reply, name, "the name of one of the replies");
    load_reply(loader, shape, &endpoint->reply);
    load_grant_replies(loader, replies, name, endpoint);
}

static void load_endpoint(struct loader *loader, const struct yaml_node *map, struct endpoint *endpoint)
{
    load_only(loader, map, endpoint_keys);
    load_paths(loader, map, endpoint);
    load_operation(loader, map, endpoint);
    load_methods(loader, yaml_member(map, "method"), endpoint);
    endpoint->bodies = load_bodies(loader, yaml_member(map, "bodies"));
    endpoint->ignores_other_bodies = load_choice(loader, yaml_member(map, "other_bodies"), "refuse", "ignore");
    endpoint->refuses_query = load_choice(loader, yaml_member(map, "query"), "ignore", "refuse");
    endpoint->authorizes = load_choice(loader, yaml_member(map, "authorize"), "false", "true");
    endpoint->is_at_root = load_choice(loader, yaml_member(map, "root"), "false", "true");
    load_spelling(loader, map, &endpoint->spelling);
    load_replies(loader, map, endpoint);
}

void load_endpoints(struct loader *loader, const struct yaml_node *list)
{
    size_t count = load_count(list);
    struct endpoint *endpoints = arena_array(loader->arena, struct endpoint, count + 1);
    size_t at = 0;
    for (const struct yaml_node *item = list ? list->child : NULL; item; item = item->next)
        load_endpoint(loader, item, &endpoints[at++]);
    loader->dialect->endpoints = endpoints;
    loader->dialect->endpoint_count = count;
}
