/*
 * load_graphql.c — a GraphQL endpoint of a dialect: its schema and what its fields do.
 */
#include "base/arena.h"
#include "base/mistake.h"
#include "base/yaml.h"
#include "dialect/shape.h"
#include "graphql/graphql.h"

static const char *const field_keys[] = {"does",     "input", "names", "values",    "fixed",
                                         "defaults", "body",  "needs", "stands_in", NULL};

static void load_field(struct loader *loader, const struct graphql_schema *schema, const struct yaml_node *map,
                       struct field_shape *field)
{
    size_t dot = str_find(map->key, '.');
    field->type = str_slice(map->key, 0, dot);
    field->name = str_slice(map->key, dot + 1, map->key.len);
    load_only(loader, map, field_keys);
    if (!graphql_schema_has_field(schema, field->type, field->name))
        load_mistake(loader, map, map->key, "Type.field of the schema");

    const struct yaml_node *does = yaml_member(map, "does");
    field->operation = does ? operation_find(load_text(loader, does)) : NULL;
    bool asks_person = field->operation && str_equal(field->operation->name, STR("authorize"));
    if (!field->operation || asks_person)
        load_mistake(loader, does ? does : map, does ? does->text : STR_NONE,
                     "the name of an operation in `does`, but authorize");
    const struct yaml_node *input = yaml_member(map, "input");
    field->input = input ? load_text(loader, input) : STR_NONE;
    load_spelling(loader, map, &field->spelling);
    const struct yaml_node *body = yaml_member(map, "body");
    field->body = body ? load_json(loader, body) : NULL;
    field->stands_in = load_choice(loader, yaml_member(map, "stands_in"), "false", "true");
    const struct yaml_node *needs = yaml_member(map, "needs");
    field->needs = needs ? load_fact(loader, needs, load_text(loader, needs)) : FACT_COUNT;
}

static const struct graphql_schema *load_schema(struct loader *loader, const struct yaml_node *endpoint)
{
    const struct yaml_node *node = yaml_member(endpoint, "schema");
    struct str error;
    unsigned line;
    if (!node) {
        load_mistake(loader, endpoint, STR_NONE, "a member `schema`");
        return NULL;
    }
    const struct graphql_schema *schema = graphql_schema_parse(loader->arena, load_text(loader, node), &error, &line);
    if (!schema)
        mistake_tell(loader->mistakes, loader->file, node->line, node->path,
                     arena_printf(loader->arena, "line %u of the schema: %.*s", line, STR_ARGS(error)));
    return schema;
}

const struct graphql_shape *load_graphql(struct loader *loader, const struct yaml_node *endpoint)
{
    struct graphql_shape *shape = arena_new(loader->arena, struct graphql_shape);
    const struct yaml_node *map = yaml_member(endpoint, "fields");
    shape->schema = load_schema(loader, endpoint);
    if (!shape->schema)
        return NULL;
    struct field_shape *fields = arena_array(loader->arena, struct field_shape, load_count(map) + 1);
    for (const struct yaml_node *member = map ? map->child : NULL; member; member = member->next)
        load_field(loader, shape->schema, member, &fields[shape->field_count++]);
    shape->fields = fields;
    const struct yaml_node *extensions = yaml_member(endpoint, "extensions");
    shape->extensions = extensions ? load_json(loader, extensions) : NULL;
    return shape;
}
