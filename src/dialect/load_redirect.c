/*
 * load_redirect.c — what an answer says that travels in a redirect, and facts whose values the API calls otherwise.
 */
#include "base/arena.h"
#include "base/yaml.h"
#include "dialect/shape.h"

static const char *const redirect_keys[] = {"code", "token", "error", NULL};

/* [RFC6749 4.1.2] [RFC6749 4.1.2.1] [RFC6749 4.2.2] [RFC9207 2] */
static const char standard[] =
    "code: {code: $code, state: $state, iss: $issuer}\n"
    "token: {access_token: $access_token, token_type: Bearer, expires_in: $expires_in, scope: $scope,\n"
    "        state: $state, iss: $issuer}\n"
    "error: {error: $error, error_description: $error_description, state: $state, iss: $issuer}\n";

static void load_pairs(struct loader *loader, const struct yaml_node *map, struct redirect_shape *shape)
{
    struct redirect_pair *pairs = arena_array(loader->arena, struct redirect_pair, load_count(map) + 1);
    shape->count = 0;
    if (map->kind != YAML_MAP)
        load_misfit(loader, map, "a map of parameters");
    for (const struct yaml_node *member = map->child; member; member = member->next)
        pairs[shape->count++] = (struct redirect_pair){member->key, load_template(loader, member)};
    shape->pairs = pairs;
}

/* One that the dialect does not write is the standard's. */
void load_redirects(struct loader *loader)
{
    const struct yaml_node *own = yaml_member(loader->root, "redirects");
    const struct yaml_node *otherwise = yaml_read(STR("redirects"), str_of(standard), loader->mistakes);
    struct redirect_shape *const shapes[] = {&loader->dialect->code_redirect, &loader->dialect->token_redirect,
                                             &loader->dialect->error_redirect};
    if (own)
        load_only(loader, own, redirect_keys);
    for (size_t i = 0; redirect_keys[i]; i++) {
        const struct yaml_node *map = yaml_member(own, redirect_keys[i]);
        load_pairs(loader, map ? map : yaml_member(otherwise, redirect_keys[i]), shapes[i]);
    }
}

/* `facts`: fact: {standard value: wire value} */
void load_fact_values(struct loader *loader)
{
    const struct yaml_node *map = yaml_member(loader->root, "facts");
    size_t count = 0, at = 0;
    for (const struct yaml_node *member = map ? map->child : NULL; member; member = member->next)
        count += load_count(member);
    struct fact_value *values = arena_array(loader->arena, struct fact_value, count + 1);
    for (const struct yaml_node *member = map ? map->child : NULL; member; member = member->next) {
        enum fact_name fact = load_fact(loader, member, member->key);
        for (const struct yaml_node *value = member->child; value; value = value->next)
            values[at++] = (struct fact_value){fact, value->key, load_text(loader, value)};
    }
    loader->dialect->fact_values = values;
    loader->dialect->fact_value_count = at;
}
