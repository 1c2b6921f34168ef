#include "graphql/sdl.h"

#include "base/arena.h"
#include "graphql/literal.h"
#include "graphql/problem.h"

/* Default values that need defaults that need defaults: deeper than this they never end. */
#define DEFAULT_DEPTH_MAX 32

/* The first mistake only: the rest may follow from it. */
struct checker {
    struct graphql_schema *schema;
    struct schema_mistake mistake;
};

static bool is_good(const struct checker *checker)
{
    return !str_is_present(checker->mistake.message);
}

static void fail(struct checker *checker, uint32_t at, const char *what, struct str name)
{
    if (is_good(checker))
        checker->mistake =
            (struct schema_mistake){arena_printf(checker->schema->arena, "%s \"%.*s\".", what, STR_ARGS(name)), at};
}

static void look_up(struct checker *checker, struct type_ref *type)
{
    while (type->wrap != TYPE_NAMED)
        type = type->of;
    type->def = schema_find_type(checker->schema, type->name);
    if (!type->def)
        fail(checker, type->at, "Unknown type", type->name);
}

static void look_up_inputs(struct checker *checker, struct input_def *inputs)
{
    for (struct input_def *input = inputs; input; input = input->next) {
        look_up(checker, input->type);
        const struct type_def *type = type_ref_named(input->type);
        if (type && !type_is_input(type))
            fail(checker, input->at, "Not of an input type:", input->name);
        if (str_is_present(input->deprecation) && input_is_required(input))
            fail(checker, input->at, "Required, so it cannot be deprecated:", input->name);
    }
}

static void look_up_list(struct checker *checker, struct type_list *list, enum type_kind kind)
{
    for (struct type_list *item = list; item; item = item->next) {
        look_up(checker, &item->type);
        if (item->type.def && item->type.def->kind != kind)
            fail(checker, item->type.at,
                 kind == TYPE_OBJECT ? "Not an object type:" : "Not an interface:", item->type.name);
    }
}

static void look_up_type(struct checker *checker, struct type_def *type)
{
    for (struct field_def *field = type->fields; field; field = field->next) {
        look_up(checker, field->type);
        look_up_inputs(checker, field->arguments);
        const struct type_def *result = type_ref_named(field->type);
        if (result && result->kind == TYPE_INPUT_OBJECT)
            fail(checker, field->at, "Not of an output type:", field->name);
    }
    look_up_inputs(checker, type->inputs);
    look_up_list(checker, type->interfaces, TYPE_INTERFACE);
    if (type->kind == TYPE_UNION)
        look_up_list(checker, type->possible, TYPE_OBJECT);
}

/* Interfaces know the objects that implement them. */
static void add_possible(struct checker *checker, struct type_def *object)
{
    for (struct type_list *item = object->interfaces; item; item = item->next) {
        struct type_def *interface = (struct type_def *)item->type.def;
        struct type_list **last = &interface->possible;
        while (*last)
            last = &(*last)->next;
        *last = arena_new(checker->schema->arena, struct type_list);
        (*last)->type = object->self;
    }
}

/* [GraphQL 3.6] IsValidImplementationFieldArguments */
static void check_arguments(struct checker *checker, const struct field_def *field, const struct field_def *promised)
{
    for (const struct input_def *input = promised->arguments; input; input = input->next) {
        const struct input_def *own = input_find(field->arguments, input->name);
        if (!own || !type_ref_equal(own->type, input->type))
            fail(checker, field->at, "Misses or retypes an argument that its interface promises:", input->name);
    }
    for (const struct input_def *own = field->arguments; own; own = own->next)
        if (input_is_required(own) && !input_find(promised->arguments, own->name))
            fail(checker, own->at, "Required, but unknown to the interface:", own->name);
}

/* [GraphQL 3.6] IsValidImplementation */
static void check_implementation(struct checker *checker, const struct type_def *type,
                                 const struct type_def *interface)
{
    if (type == interface)
        fail(checker, type->at, "Implements itself:", type->name);
    for (const struct type_list *item = interface->interfaces; item; item = item->next)
        if (!type_ref_fits(&type->self, &item->type.def->self))
            fail(checker, type->at,
                 "Has to implement the interface too that its interface implements:", item->type.name);
    for (const struct field_def *promised = interface->fields; promised; promised = promised->next) {
        const struct field_def *field = type_find_field(type, promised->name);
        if (!field || !type_ref_fits(field->type, promised->type)) {
            fail(checker, field ? field->at : type->at,
                 "Misses or retypes a field that its interface promises:", promised->name);
            return;
        }
        check_arguments(checker, field, promised);
    }
}

static void check_default_ends(struct checker *checker, const struct value *value, const struct type_ref *type,
                               uint32_t at, size_t depth);

static void check_members_end(struct checker *checker, const struct value *object, const struct type_def *type,
                              uint32_t at, size_t depth)
{
    for (const struct input_def *input = type->inputs; input && is_good(checker); input = input->next) {
        const struct value *member = object->items;
        while (member && !str_equal(member->name, input->name))
            member = member->next;
        const struct value *value = member ? member : input->fallback;
        if (value)
            check_default_ends(checker, value, input->type, at, depth);
    }
}

static void check_default_ends(struct checker *checker, const struct value *value, const struct type_ref *type,
                               uint32_t at, size_t depth)
{
    const struct type_def *named = type_ref_named(type);
    if (depth == DEFAULT_DEPTH_MAX) {
        fail(checker, at, "Default values without end in", named->name);
        return;
    }
    if (value->kind == VALUE_OBJECT && named->kind == TYPE_INPUT_OBJECT)
        check_members_end(checker, value, named, at, depth + 1);
    for (const struct value *item = value->items; value->kind == VALUE_LIST && item; item = item->next)
        check_default_ends(checker, item, type, at, depth + 1);
}

static void check_defaults(struct checker *checker, const struct input_def *inputs)
{
    for (const struct input_def *input = inputs; input && is_good(checker); input = input->next) {
        if (!input->fallback)
            continue;
        struct problems problems;
        problems_init(&problems, checker->schema->arena, STR(""));
        literal_check(&problems, NULL, input->fallback, input->type);
        if (problems.first)
            checker->mistake = (struct schema_mistake){problems.first->message, input->at};
        else
            check_default_ends(checker, input->fallback, input->type, input->at, 0);
    }
}

static void check_type(struct checker *checker, const struct type_def *type)
{
    for (const struct type_list *item = type->interfaces; item && is_good(checker); item = item->next)
        check_implementation(checker, type, item->type.def);
    for (const struct field_def *field = type->fields; field; field = field->next)
        check_defaults(checker, field->arguments);
    check_defaults(checker, type->inputs);
}

/* Roots are those that `schema` names, or the types of the usual names. [GraphQL 3.3.1] */
static void look_up_roots(struct checker *checker)
{
    static const struct str usual[] = {{"Query", 5}, {"Mutation", 8}, {"Subscription", 12}};
    struct graphql_schema *schema = checker->schema;
    bool is_named = schema->roots[0] || schema->roots[1] || schema->roots[2];
    for (size_t i = 0; i < 3; i++) {
        if (is_named && !schema->roots[i])
            continue;
        struct str name = is_named ? schema->roots[i]->name : usual[i];
        const struct type_def *type = schema_find_type(schema, name);
        if (is_named && !type)
            fail(checker, schema->roots[i]->at, "Unknown type", name);
        if (type && type->kind != TYPE_OBJECT)
            fail(checker, is_named ? schema->roots[i]->at : type->at, "Not an object type:", name);
        schema->roots[i] = type;
    }
    if (!schema->roots[OPERATION_QUERY])
        fail(checker, 0, "There is no type of the name", usual[OPERATION_QUERY]);
}

/* `__Meta` only carries fields: it is taken out of the list. */
static void take_meta_fields(struct graphql_schema *schema)
{
    struct type_def **link = &schema->types;
    while (!str_equal((*link)->name, STR("__Meta")))
        link = &(*link)->next;
    schema->typename_field = type_find_field(*link, STR("__typename"));
    schema->schema_field = type_find_field(*link, STR("__schema"));
    schema->type_field = type_find_field(*link, STR("__type"));
    *link = (*link)->next;
}

bool schema_check(struct graphql_schema *schema, struct schema_mistake *ret_mistake)
{
    struct checker checker = {.schema = schema};
    for (struct type_def *type = schema->types; type; type = type->next)
        look_up_type(&checker, type);
    for (struct directive_def *directive = schema->directives; directive; directive = directive->next)
        look_up_inputs(&checker, directive->arguments);
    look_up_roots(&checker);
    if (is_good(&checker))
        for (struct type_def *type = schema->types; type; type = type->next)
            if (type->kind == TYPE_OBJECT)
                add_possible(&checker, type);
    for (struct type_def *type = schema->types; type && is_good(&checker); type = type->next)
        check_type(&checker, type);
    for (struct directive_def *directive = schema->directives; directive && is_good(&checker);
         directive = directive->next)
        check_defaults(&checker, directive->arguments);
    take_meta_fields(schema);
    *ret_mistake = checker.mistake;
    return is_good(&checker);
}
