#include "graphql/schema.h"

#include "graphql/graphql.h"

/* In the order of enum directive_location. */
const struct str directive_location_names[DIRECTIVE_LOCATION_COUNT] = {
    [ON_QUERY] = {"QUERY", 5},
    [ON_MUTATION] = {"MUTATION", 8},
    [ON_SUBSCRIPTION] = {"SUBSCRIPTION", 12},
    [ON_FIELD] = {"FIELD", 5},
    [ON_FRAGMENT_DEFINITION] = {"FRAGMENT_DEFINITION", 19},
    [ON_FRAGMENT_SPREAD] = {"FRAGMENT_SPREAD", 15},
    [ON_INLINE_FRAGMENT] = {"INLINE_FRAGMENT", 15},
    [ON_VARIABLE_DEFINITION] = {"VARIABLE_DEFINITION", 19},
    [ON_SCHEMA] = {"SCHEMA", 6},
    [ON_SCALAR] = {"SCALAR", 6},
    [ON_OBJECT] = {"OBJECT", 6},
    [ON_FIELD_DEFINITION] = {"FIELD_DEFINITION", 16},
    [ON_ARGUMENT_DEFINITION] = {"ARGUMENT_DEFINITION", 19},
    [ON_INTERFACE] = {"INTERFACE", 9},
    [ON_UNION] = {"UNION", 5},
    [ON_ENUM] = {"ENUM", 4},
    [ON_ENUM_VALUE] = {"ENUM_VALUE", 10},
    [ON_INPUT_OBJECT] = {"INPUT_OBJECT", 12},
    [ON_INPUT_FIELD_DEFINITION] = {"INPUT_FIELD_DEFINITION", 22},
};

const struct type_def *schema_find_type(const struct graphql_schema *schema, struct str name)
{
    for (const struct type_def *type = schema->types; type; type = type->next)
        if (str_equal(type->name, name))
            return type;
    return NULL;
}

const struct directive_def *schema_find_directive(const struct graphql_schema *schema, struct str name)
{
    for (const struct directive_def *directive = schema->directives; directive; directive = directive->next)
        if (str_equal(directive->name, name))
            return directive;
    return NULL;
}

const struct field_def *type_find_field(const struct type_def *type, struct str name)
{
    for (const struct field_def *field = type->fields; field; field = field->next)
        if (str_equal(field->name, name))
            return field;
    return NULL;
}

const struct input_def *input_find(const struct input_def *list, struct str name)
{
    for (; list; list = list->next)
        if (str_equal(list->name, name))
            return list;
    return NULL;
}

const struct enum_value_def *type_find_value(const struct type_def *type, struct str name)
{
    for (const struct enum_value_def *value = type->values; value; value = value->next)
        if (str_equal(value->name, name))
            return value;
    return NULL;
}

const struct field_def *schema_find_field(const struct graphql_schema *schema, const struct type_def *type,
                                          struct str name)
{
    if (!str_has_prefix(name, STR("__")))
        return type_find_field(type, name);
    if (str_equal(name, STR("__typename")))
        return type_is_composite(type) ? schema->typename_field : NULL;
    if (type != schema->roots[OPERATION_QUERY])
        return NULL;
    if (str_equal(name, STR("__schema")))
        return schema->schema_field;
    return str_equal(name, STR("__type")) ? schema->type_field : NULL;
}

bool type_is_input(const struct type_def *type)
{
    return type->kind == TYPE_SCALAR || type->kind == TYPE_ENUM || type->kind == TYPE_INPUT_OBJECT;
}

bool type_is_composite(const struct type_def *type)
{
    return type->kind == TYPE_OBJECT || type_is_abstract(type);
}

bool type_is_abstract(const struct type_def *type)
{
    return type->kind == TYPE_INTERFACE || type->kind == TYPE_UNION;
}

bool type_includes(const struct type_def *type, const struct type_def *object)
{
    if (type == object)
        return true;
    for (const struct type_list *member = type->possible; member; member = member->next)
        if (member->type.def == object)
            return true;
    return false;
}

bool types_overlap(const struct type_def *a, const struct type_def *b)
{
    if (a == b || type_includes(a, b) || type_includes(b, a))
        return true;
    for (const struct type_list *member = a->possible; member; member = member->next)
        if (type_includes(b, member->type.def))
            return true;
    return false;
}

const struct type_def *type_ref_named(const struct type_ref *type)
{
    while (type->wrap != TYPE_NAMED)
        type = type->of;
    return type->def;
}

bool type_ref_equal(const struct type_ref *a, const struct type_ref *b)
{
    while (a->wrap == b->wrap && a->wrap != TYPE_NAMED) {
        a = a->of;
        b = b->of;
    }
    return a->wrap == b->wrap && a->def == b->def;
}

const struct type_ref *type_ref_nullable(const struct type_ref *type)
{
    return type->wrap == TYPE_NON_NULL ? type->of : type;
}

static bool implements(const struct type_def *type, const struct type_def *interface)
{
    for (const struct type_list *item = type->interfaces; item; item = item->next)
        if (item->type.def == interface)
            return true;
    return false;
}

/* [GraphQL 5.8.5, 3.6] */
bool type_ref_fits(const struct type_ref *a, const struct type_ref *b)
{
    for (;;) {
        if (b->wrap == TYPE_NON_NULL && a->wrap != TYPE_NON_NULL)
            return false;
        a = type_ref_nullable(a);
        b = type_ref_nullable(b);
        if (a->wrap != b->wrap)
            return false;
        if (a->wrap == TYPE_NAMED)
            return a->def == b->def || type_includes(b->def, a->def) || implements(a->def, b->def);
        a = a->of;
        b = b->of;
    }
}

bool graphql_schema_has_field(const struct graphql_schema *schema, struct str type, struct str field)
{
    const struct type_def *found = schema_find_type(schema, type);
    return found && type_find_field(found, field);
}
