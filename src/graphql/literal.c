#include "graphql/literal.h"

#include <stdlib.h>

#include "base/arena.h"
#include "graphql/print.h"
#include "graphql/problem.h"
#include "graphql/suggest.h"

static void note_variable(struct problems *problems, struct scope *scope, const struct value *value,
                          const struct type_ref *type, bool has_default)
{
    if (!scope)
        return;
    struct variable_use *use = arena_new(problems->arena, struct variable_use);
    *use = (struct variable_use){.value = value, .type = type, .has_default = has_default};
    *scope->last_variable_use = use;
    scope->last_variable_use = &use->next;
}

static bool is_int32(struct str digits)
{
    int64_t number;
    return str_parse_int(digits, &number) && number >= INT32_MIN && number <= INT32_MAX;
}

static void check_enum(struct problems *problems, const struct value *value, const struct type_def *type)
{
    if (value->kind == VALUE_ENUM && type_find_value(type, value->text))
        return;
    struct str found = value_text(problems->arena, value);
    struct suggestion suggestion = suggest_for(problems->arena, found);
    for (const struct enum_value_def *item = type->values; item; item = item->next)
        suggest_offer(&suggestion, item->name);
    struct str hint = suggest_text(&suggestion, "the enum value");
    if (value->kind == VALUE_ENUM)
        problem_add(problems, value->at, "Value \"%.*s\" does not exist in \"%.*s\" enum.%.*s", STR_ARGS(found),
                    STR_ARGS(type->name), STR_ARGS(hint));
    else
        problem_add(problems, value->at, "Enum \"%.*s\" cannot represent non-enum value: %.*s.%.*s",
                    STR_ARGS(type->name), STR_ARGS(found), STR_ARGS(hint));
}

/* What the scalar says of a literal that it does not take; NULL when it takes it. */
static const char *scalar_complaint(enum scalar_kind scalar, const struct value *value)
{
    enum value_kind kind = value->kind;
    switch (scalar) {
    case SCALAR_CUSTOM:
        return NULL;
    case SCALAR_INT:
        if (kind != VALUE_INT)
            return "Int cannot represent non-integer value";
        return is_int32(value->text) ? NULL : "Int cannot represent non 32-bit signed integer value";
    case SCALAR_FLOAT:
        return kind == VALUE_INT || kind == VALUE_FLOAT ? NULL : "Float cannot represent non numeric value";
    case SCALAR_STRING:
        return kind == VALUE_STRING ? NULL : "String cannot represent a non string value";
    case SCALAR_BOOLEAN:
        return kind == VALUE_BOOLEAN ? NULL : "Boolean cannot represent a non boolean value";
    case SCALAR_ID:
        return kind == VALUE_INT || kind == VALUE_STRING ? NULL
                                                         : "ID cannot represent a non-string and non-integer value";
    }
    return NULL;
}

/* Inside a literal of a custom scalar everything is allowed, variables too. */
static void note_variables(struct problems *problems, struct scope *scope, struct value *value)
{
    if (value->kind == VALUE_VARIABLE)
        note_variable(problems, scope, value, NULL, false);
    for (struct value *item = value->items; item; item = item->next)
        note_variables(problems, scope, item);
}

/* `place` is the whole type of the place, for the message. */
static void check_leaf(struct problems *problems, struct scope *scope, struct value *value,
                       const struct type_ref *place)
{
    const struct type_def *type = type_ref_named(place);
    if (!type)
        return;
    if (type->kind == TYPE_ENUM) {
        check_enum(problems, value, type);
        return;
    }
    if (type->kind != TYPE_SCALAR) {
        problem_add(problems, value->at, "Expected value of type \"%.*s\", found %.*s.",
                    STR_ARGS(type_text(problems->arena, place)), STR_ARGS(value_text(problems->arena, value)));
        return;
    }
    const char *complaint = scalar_complaint(type->scalar, value);
    if (complaint)
        problem_add(problems, value->at, "%s: %.*s", complaint, STR_ARGS(value_text(problems->arena, value)));
    note_variables(problems, scope, value);
}

static void check_member(struct problems *problems, struct scope *scope, struct value *member,
                         const struct type_def *type)
{
    const struct input_def *input = input_find(type->inputs, member->name);
    if (input) {
        literal_check_input(problems, scope, member, input);
        return;
    }
    struct suggestion suggestion = suggest_for(problems->arena, member->name);
    for (input = type->inputs; input; input = input->next)
        suggest_offer(&suggestion, input->name);
    problem_add(problems, member->name_at, "Field \"%.*s\" is not defined by type \"%.*s\".%.*s",
                STR_ARGS(member->name), STR_ARGS(type->name), STR_ARGS(suggest_text(&suggestion, NULL)));
    note_variables(problems, scope, member);
}

static void check_object(struct problems *problems, struct scope *scope, struct value *value,
                         const struct type_def *type)
{
    for (const struct input_def *input = type->inputs; input && !problems->is_full; input = input->next)
        if (input_is_required(input) && !value_find(value->items, input->name))
            problem_add(problems, value->at, "Field \"%.*s.%.*s\" of required type \"%.*s\" was not provided.",
                        STR_ARGS(type->name), STR_ARGS(input->name),
                        STR_ARGS(type_text(problems->arena, input->type)));
    for (struct value *member = value->items; member && !problems->is_full; member = member->next) {
        check_member(problems, scope, member, type);
        const struct value *first = value_find(value->items, member->name);
        if (first != member)
            problem_add(problems, first->name_at, "There can be only one input field named \"%.*s\".",
                        STR_ARGS(member->name));
    }
}

static void check_in_place(struct problems *problems, struct scope *scope, struct value *value,
                           const struct type_ref *type, bool has_default)
{
    if (value->kind == VALUE_VARIABLE) {
        note_variable(problems, scope, value, type, has_default);
        return;
    }
    if (!type || !type_ref_named(type)) {
        note_variables(problems, scope, value);
        return;
    }
    if (value->kind == VALUE_NULL) {
        if (type->wrap == TYPE_NON_NULL)
            problem_add(problems, value->at, "Expected value of type \"%.*s\", found null.",
                        STR_ARGS(type_text(problems->arena, type)));
        return;
    }
    const struct type_ref *nullable = type_ref_nullable(type);
    if (value->kind == VALUE_LIST && nullable->wrap == TYPE_LIST) {
        for (struct value *item = value->items; item && !problems->is_full; item = item->next)
            check_in_place(problems, scope, item, nullable->of, false);
    } else if (value->kind == VALUE_OBJECT && type_ref_named(type)->kind == TYPE_INPUT_OBJECT) {
        check_object(problems, scope, value, type_ref_named(type));
    } else {
        check_leaf(problems, scope, value, value->kind == VALUE_LIST ? nullable : type);
    }
}

void literal_check(struct problems *problems, struct scope *scope, struct value *value, const struct type_ref *type)
{
    check_in_place(problems, scope, value, type, false);
}

void literal_check_input(struct problems *problems, struct scope *scope, struct value *value,
                         const struct input_def *input)
{
    check_in_place(problems, scope, value, input->type, input->fallback != NULL);
}
