#include "graphql/node.h"

#include "base/arena.h"
#include "graphql/print.h"

/* Who is asked, and how. */
struct question {
    const struct graphql_schema *schema;
    struct arena *arena;
    const struct node *parent;
    const json_t *arguments;
};

struct answer {
    struct str field;
    struct node (*give)(const struct question *question);
};

static const struct node nothing = {.kind = NODE_NULL};

static struct node text(struct str text)
{
    return str_is_present(text) ? (struct node){.kind = NODE_TEXT, .text = text} : nothing;
}

static struct node truth(bool truth)
{
    return (struct node){.kind = NODE_TRUTH, .truth = truth};
}

static struct node type_node(const struct type_ref *type)
{
    return type ? (struct node){.kind = NODE_TYPE, .type = type} : nothing;
}

static struct node def_node(const struct type_def *type)
{
    return type ? type_node(&type->self) : nothing;
}

/* An empty list; `last` is where its items go. */
static struct node *new_item(struct arena *arena, struct node node)
{
    struct node *item = arena_new(arena, struct node);
    *item = node;
    return item;
}

struct list {
    struct arena *arena;
    struct node *first;
    struct node **last;
};

static void list_init(struct list *list, struct arena *arena)
{
    *list = (struct list){.arena = arena};
    list->last = &list->first;
}

static void list_add(struct list *list, struct node node)
{
    *list->last = new_item(list->arena, node);
    list->last = &(*list->last)->next;
}

static struct node list_node(const struct list *list)
{
    return (struct node){.kind = NODE_LIST, .items = list->first};
}

/* Deprecated ones are left out unless asked for. */
static bool is_wanted(const struct question *question, struct str deprecation)
{
    return !str_is_present(deprecation) || json_is_true(json_object_get(question->arguments, "includeDeprecated"));
}

static struct node inputs_node(const struct question *question, const struct input_def *inputs)
{
    struct list list;
    list_init(&list, question->arena);
    for (const struct input_def *input = inputs; input; input = input->next)
        if (is_wanted(question, input->deprecation))
            list_add(&list, (struct node){.kind = NODE_INPUT, .input = input});
    return list_node(&list);
}

static struct node types_node(const struct question *question, const struct type_list *types)
{
    struct list list;
    list_init(&list, question->arena);
    for (const struct type_list *item = types; item; item = item->next)
        list_add(&list, type_node(&item->type));
    return list_node(&list);
}

/* __Schema */

static struct node schema_description(const struct question *question)
{
    return text(question->schema->description);
}

static struct node schema_types(const struct question *question)
{
    struct list list;
    list_init(&list, question->arena);
    for (const struct type_def *type = question->schema->types; type; type = type->next)
        list_add(&list, def_node(type));
    return list_node(&list);
}

static struct node schema_query(const struct question *question)
{
    return def_node(question->schema->roots[OPERATION_QUERY]);
}

static struct node schema_mutation(const struct question *question)
{
    return def_node(question->schema->roots[OPERATION_MUTATION]);
}

static struct node schema_subscription(const struct question *question)
{
    return def_node(question->schema->roots[OPERATION_SUBSCRIPTION]);
}

static struct node schema_directives(const struct question *question)
{
    struct list list;
    list_init(&list, question->arena);
    for (const struct directive_def *item = question->schema->directives; item; item = item->next)
        list_add(&list, (struct node){.kind = NODE_DIRECTIVE, .directive = item});
    return list_node(&list);
}

static const struct answer schema_answers[] = {
    {{"description", 11}, schema_description},
    {{"types", 5}, schema_types},
    {{"queryType", 9}, schema_query},
    {{"mutationType", 12}, schema_mutation},
    {{"subscriptionType", 16}, schema_subscription},
    {{"directives", 10}, schema_directives},
    {{NULL, 0}, NULL},
};

/* __Type: most of its fields mean nothing for lists and non-nulls. */

static const struct type_def *named(const struct question *question)
{
    const struct type_ref *type = question->parent->type;
    return type->wrap == TYPE_NAMED ? type->def : NULL;
}

static struct node type_kind(const struct question *question)
{
    static const struct str names[] = {
        [TYPE_SCALAR] = {"SCALAR", 6}, [TYPE_OBJECT] = {"OBJECT", 6}, [TYPE_INTERFACE] = {"INTERFACE", 9},
        [TYPE_UNION] = {"UNION", 5},   [TYPE_ENUM] = {"ENUM", 4},     [TYPE_INPUT_OBJECT] = {"INPUT_OBJECT", 12},
    };
    const struct type_def *type = named(question);
    if (type)
        return text(names[type->kind]);
    return text(question->parent->type->wrap == TYPE_LIST ? STR("LIST") : STR("NON_NULL"));
}

static struct node type_name(const struct question *question)
{
    const struct type_def *type = named(question);
    return type ? text(type->name) : nothing;
}

static struct node type_description(const struct question *question)
{
    const struct type_def *type = named(question);
    return type ? text(type->description) : nothing;
}

static struct node type_specified_by(const struct question *question)
{
    const struct type_def *type = named(question);
    return type ? text(type->specified_by_url) : nothing;
}

static struct node type_fields(const struct question *question)
{
    const struct type_def *type = named(question);
    if (!type || (type->kind != TYPE_OBJECT && type->kind != TYPE_INTERFACE))
        return nothing;
    struct list list;
    list_init(&list, question->arena);
    for (const struct field_def *field = type->fields; field; field = field->next)
        if (is_wanted(question, field->deprecation))
            list_add(&list, (struct node){.kind = NODE_FIELD, .field = field});
    return list_node(&list);
}

static struct node type_interfaces(const struct question *question)
{
    const struct type_def *type = named(question);
    if (!type || (type->kind != TYPE_OBJECT && type->kind != TYPE_INTERFACE))
        return nothing;
    return types_node(question, type->interfaces);
}

static struct node type_possible(const struct question *question)
{
    const struct type_def *type = named(question);
    return type && type_is_abstract(type) ? types_node(question, type->possible) : nothing;
}

static struct node type_values(const struct question *question)
{
    const struct type_def *type = named(question);
    if (!type || type->kind != TYPE_ENUM)
        return nothing;
    struct list list;
    list_init(&list, question->arena);
    for (const struct enum_value_def *value = type->values; value; value = value->next)
        if (is_wanted(question, value->deprecation))
            list_add(&list, (struct node){.kind = NODE_ENUM_VALUE, .value = value});
    return list_node(&list);
}

static struct node type_inputs(const struct question *question)
{
    const struct type_def *type = named(question);
    return type && type->kind == TYPE_INPUT_OBJECT ? inputs_node(question, type->inputs) : nothing;
}

static struct node type_of(const struct question *question)
{
    return type_node(question->parent->type->of);
}

static const struct answer type_answers[] = {
    {{"kind", 4}, type_kind},
    {{"name", 4}, type_name},
    {{"description", 11}, type_description},
    {{"specifiedByURL", 14}, type_specified_by},
    {{"fields", 6}, type_fields},
    {{"interfaces", 10}, type_interfaces},
    {{"possibleTypes", 13}, type_possible},
    {{"enumValues", 10}, type_values},
    {{"inputFields", 11}, type_inputs},
    {{"ofType", 6}, type_of},
    {{NULL, 0}, NULL},
};

/* __Field */

static struct node field_name(const struct question *question)
{
    return text(question->parent->field->name);
}

static struct node field_description(const struct question *question)
{
    return text(question->parent->field->description);
}

static struct node field_arguments(const struct question *question)
{
    return inputs_node(question, question->parent->field->arguments);
}

static struct node field_type(const struct question *question)
{
    return type_node(question->parent->field->type);
}

static struct node field_is_deprecated(const struct question *question)
{
    return truth(str_is_present(question->parent->field->deprecation));
}

static struct node field_deprecation(const struct question *question)
{
    return text(question->parent->field->deprecation);
}

static const struct answer field_answers[] = {
    {{"name", 4}, field_name},
    {{"description", 11}, field_description},
    {{"args", 4}, field_arguments},
    {{"type", 4}, field_type},
    {{"isDeprecated", 12}, field_is_deprecated},
    {{"deprecationReason", 17}, field_deprecation},
    {{NULL, 0}, NULL},
};

/* __InputValue */

static struct node input_name(const struct question *question)
{
    return text(question->parent->input->name);
}

static struct node input_description(const struct question *question)
{
    return text(question->parent->input->description);
}

static struct node input_type(const struct question *question)
{
    return type_node(question->parent->input->type);
}

static struct node input_default(const struct question *question)
{
    const struct value *fallback = question->parent->input->fallback;
    return fallback ? text(value_text(question->arena, fallback)) : nothing;
}

static struct node input_is_deprecated(const struct question *question)
{
    return truth(str_is_present(question->parent->input->deprecation));
}

static struct node input_deprecation(const struct question *question)
{
    return text(question->parent->input->deprecation);
}

static const struct answer input_answers[] = {
    {{"name", 4}, input_name},
    {{"description", 11}, input_description},
    {{"type", 4}, input_type},
    {{"defaultValue", 12}, input_default},
    {{"isDeprecated", 12}, input_is_deprecated},
    {{"deprecationReason", 17}, input_deprecation},
    {{NULL, 0}, NULL},
};

/* __EnumValue */

static struct node value_name(const struct question *question)
{
    return text(question->parent->value->name);
}

static struct node value_description(const struct question *question)
{
    return text(question->parent->value->description);
}

static struct node value_is_deprecated(const struct question *question)
{
    return truth(str_is_present(question->parent->value->deprecation));
}

static struct node value_deprecation(const struct question *question)
{
    return text(question->parent->value->deprecation);
}

static const struct answer value_answers[] = {
    {{"name", 4}, value_name},
    {{"description", 11}, value_description},
    {{"isDeprecated", 12}, value_is_deprecated},
    {{"deprecationReason", 17}, value_deprecation},
    {{NULL, 0}, NULL},
};

/* __Directive */

static struct node directive_name(const struct question *question)
{
    return text(question->parent->directive->name);
}

static struct node directive_description(const struct question *question)
{
    return text(question->parent->directive->description);
}

static struct node directive_is_repeatable(const struct question *question)
{
    return truth(question->parent->directive->is_repeatable);
}

static struct node directive_locations(const struct question *question)
{
    struct list list;
    list_init(&list, question->arena);
    for (size_t i = 0; i < DIRECTIVE_LOCATION_COUNT; i++)
        if (question->parent->directive->locations & 1u << i)
            list_add(&list, text(directive_location_names[i]));
    return list_node(&list);
}

static struct node directive_arguments(const struct question *question)
{
    return inputs_node(question, question->parent->directive->arguments);
}

static const struct answer directive_answers[] = {
    {{"name", 4}, directive_name},
    {{"description", 11}, directive_description},
    {{"isRepeatable", 12}, directive_is_repeatable},
    {{"locations", 9}, directive_locations},
    {{"args", 4}, directive_arguments},
    {{NULL, 0}, NULL},
};

static const struct answer *const answers[] = {
    [NODE_SCHEMA] = schema_answers, [NODE_TYPE] = type_answers,        [NODE_FIELD] = field_answers,
    [NODE_INPUT] = input_answers,   [NODE_ENUM_VALUE] = value_answers, [NODE_DIRECTIVE] = directive_answers,
};

struct node introspect(const struct graphql_schema *schema, struct arena *arena, const struct node *parent,
                       struct str name, const json_t *arguments)
{
    const struct question question = {schema, arena, parent, arguments};
    const struct answer *answer = answers[parent->kind];
    while (answer->give && !str_equal(answer->field, name))
        answer++;
    return answer->give ? answer->give(&question) : nothing;
}
