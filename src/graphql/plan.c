#include "graphql/plan.h"

#include "base/arena.h"
#include "graphql/lexer.h"
#include "graphql/literal.h"
#include "graphql/print.h"
#include "graphql/variables.h"

/* The value of `if`: validation has made sure that it is there and Boolean. */
static bool is_condition_true(const struct plan *plan, const struct directive *directive)
{
    const struct value *value = directive->arguments;
    if (value->kind == VALUE_VARIABLE)
        return json_is_true(json_object_getn(plan->variables, value->text.ptr, value->text.len));
    return str_equal(value->text, STR("true"));
}

/* [GraphQL 3.13.1, 3.13.2] */
static bool is_included(const struct plan *plan, const struct selection *selection)
{
    for (const struct directive *directive = selection->directives; directive; directive = directive->next) {
        if (str_equal(directive->name, STR("skip")) && is_condition_true(plan, directive))
            return false;
        if (str_equal(directive->name, STR("include")) && !is_condition_true(plan, directive))
            return false;
    }
    return true;
}

struct collection {
    struct plan *plan;
    const struct type_def *type;
    struct planned_field *first;
    struct planned_field **last;
    size_t visit;
};

static struct planned_field *find_or_add(struct collection *collection, const struct selection *selection)
{
    for (struct planned_field *field = collection->first; field; field = field->next)
        if (str_equal(field->response_key, selection->response_key))
            return field;
    struct planned_field *field = arena_new(collection->plan->arena, struct planned_field);
    field->response_key = selection->response_key;
    field->def = schema_find_field(collection->plan->schema, collection->type, selection->name);
    field->selection = selection;
    field->last_part = &field->parts;
    *collection->last = field;
    collection->last = &field->next;
    return field;
}

static void add_part(struct plan *plan, struct planned_field *field, const struct selection *selections)
{
    if (!selections)
        return;
    struct selection_part *part = arena_new(plan->arena, struct selection_part);
    part->selections = selections;
    *field->last_part = part;
    field->last_part = &part->next;
}

/* [GraphQL 6.3.2] CollectFields. As deep as cost_check let fragments nest. */
static void collect(struct collection *collection, const struct selection *selections)
{
    struct plan *plan = collection->plan;
    for (const struct selection *selection = selections; selection; selection = selection->next) {
        if (!is_included(plan, selection))
            continue;
        if (selection->kind == SELECTION_FIELD) {
            add_part(plan, find_or_add(collection, selection), selection->selections);
        } else if (selection->kind == SELECTION_INLINE) {
            if (!selection->condition || type_includes(selection->condition->def, collection->type))
                collect(collection, selection->selections);
        } else if (selection->fragment->visit != collection->visit) {
            selection->fragment->visit = collection->visit;
            if (type_includes(selection->fragment->condition->def, collection->type))
                collect(collection, selection->fragment->scope.selections);
        }
    }
}

const struct planned_field *plan_inside(struct plan *plan, struct planned_field *field, const struct type_def *type)
{
    for (const struct planned_set *set = field->sets; set; set = set->next)
        if (set->type == type)
            return set->fields;
    struct collection collection = {.plan = plan, .type = type, .visit = ++plan->document->visit_count};
    collection.last = &collection.first;
    for (const struct selection_part *part = field->parts; part; part = part->next)
        collect(&collection, part->selections);
    struct planned_set *set = arena_new(plan->arena, struct planned_set);
    *set = (struct planned_set){field->sets, type, collection.first};
    field->sets = set;
    return set->fields;
}

/* [GraphQL 6.4.1] CoerceArgumentValues, for one. */
static bool coerce_argument(struct plan *plan, struct problems *problems, const struct planned_field *field,
                            const struct input_def *input, json_t *object)
{
    json_t *json = NULL;
    const struct value *given = value_find(field->selection->arguments, input->name);
    enum literal_state state = given ? literal_coerce(given, input->type, plan->variables, &json) : LITERAL_ABSENT;
    if (state == LITERAL_ABSENT && input->fallback)
        state = literal_coerce(input->fallback, input->type, NULL, &json);
    if (state == LITERAL_ABSENT && input->type->wrap != TYPE_NON_NULL)
        return true;
    if (state == LITERAL_OK) {
        json_object_set_new_nocheck(object, input->key, json);
        return true;
    }
    if (given && given->kind == VALUE_VARIABLE)
        problem_add(problems, given->at, "Argument \"%s\" of non-null type \"%.*s\" must not be null.", input->key,
                    STR_ARGS(type_text(plan->arena, input->type)));
    else
        problem_add(problems, given ? given->at : field->selection->at, "Argument \"%s\" has invalid value %.*s.",
                    input->key, STR_ARGS(given ? value_text(plan->arena, given) : STR("null")));
    return false;
}

json_t *plan_arguments(struct plan *plan, struct problems *problems, const struct planned_field *field)
{
    json_t *object = json_object();
    for (const struct input_def *input = field->def->arguments; input; input = input->next) {
        if (coerce_argument(plan, problems, field, input, object))
            continue;
        json_decref(object);
        return NULL;
    }
    return object;
}

static const struct operation *choose_operation(struct problems *problems, const struct document *document,
                                                struct str name)
{
    const struct operation *operation = document->operations;
    if (!operation) {
        problem_add_general(problems, "Must provide an operation.");
        return NULL;
    }
    if (!str_is_present(name)) {
        if (!operation->next)
            return operation;
        problem_add_general(problems, "Must provide operation name if query contains multiple operations.");
        return NULL;
    }
    while (operation && !(str_is_present(operation->name) && str_equal(operation->name, name)))
        operation = operation->next;
    if (!operation)
        problem_add_general(problems, "Unknown operation named \"%.*s\".", STR_ARGS(name));
    return operation;
}

/* Subscriptions need a connection that stays: there is none, whatever the schema says. */
static const struct type_def *find_root(const struct plan *plan, struct problems *problems)
{
    static const char *const words[] = {"query", "mutation", "subscription"};
    enum operation_kind kind = plan->operation->kind;
    const struct type_def *root = kind == OPERATION_SUBSCRIPTION ? NULL : plan->schema->roots[kind];
    if (!root)
        problem_add(problems, plan->operation->at, "Schema is not configured to execute %s operation.", words[kind]);
    return root;
}

static bool is_introspection(const struct planned_field *field)
{
    return str_has_prefix(field->def->name, STR("__"));
}

static size_t count_fields(const struct planned_field *fields, const struct field_def *def)
{
    size_t count = 0;
    for (; fields; fields = fields->next)
        count += fields->def == def;
    return count;
}

/* A schema told many times over is a large answer to a small question. */
static void hold_introspection(const struct plan *plan, struct problems *problems, const struct planned_field *fields,
                               const struct graphql_limits *limits)
{
    if (count_fields(fields, plan->schema->schema_field) > limits->schema_max)
        problem_add(problems, plan->operation->at, "Operation asks for more than %zu fields \"__schema\".",
                    limits->schema_max);
    if (count_fields(fields, plan->schema->type_field) > limits->type_max)
        problem_add(problems, plan->operation->at, "Operation asks for more than %zu fields \"__type\".",
                    limits->type_max);
}

static void fill_field(struct plan *plan, struct problems *problems, struct planned_field *planned,
                       const struct type_def *root, struct graphql_field *field)
{
    planned->field = field;
    field->parent_type = root->name;
    field->name = planned->def->name;
    field->response_key = planned->response_key;
    field->arguments = json_keep(plan->arena, plan_arguments(plan, problems, planned));
    source_locate(plan->source, planned->selection->at, &field->line, &field->column);
    field->selection = planned;
}

static void fill_request(struct plan *plan, struct problems *problems, const struct type_def *root,
                         const struct graphql_limits *limits, struct graphql_request *request)
{
    struct planned_field *fields = (struct planned_field *)plan_inside(plan, &plan->root, root);
    size_t count = 0;
    hold_introspection(plan, problems, fields, limits);
    for (struct planned_field *planned = fields; planned; planned = planned->next)
        count += !is_introspection(planned);
    if (count > limits->root_field_max) {
        problem_add(problems, plan->operation->at, "Operation asks for more than %zu root fields.",
                    limits->root_field_max);
        return;
    }
    request->fields = arena_array(plan->arena, struct graphql_field, count);
    for (struct planned_field *planned = fields; planned; planned = planned->next)
        if (!is_introspection(planned))
            fill_field(plan, problems, planned, root, &request->fields[request->field_count++]);
}

void plan_request(struct plan *plan, struct problems *problems, struct str operation_name, const json_t *variables,
                  const struct graphql_limits *limits, struct graphql_request *request)
{
    plan->operation = choose_operation(problems, plan->document, operation_name);
    if (!plan->operation)
        return;
    request->is_mutation = plan->operation->kind == OPERATION_MUTATION;
    const struct type_def *root = find_root(plan, problems);
    if (!root)
        return;
    plan->variables = json_keep(plan->arena, variables_coerce(problems, plan->operation->variables, variables));
    if (problems->first)
        return;
    plan->root.last_part = &plan->root.parts;
    add_part(plan, &plan->root, plan->operation->scope.selections);
    fill_request(plan, problems, root, limits, request);
}
