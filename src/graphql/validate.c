#include "graphql/validate.h"

#include "base/arena.h"
#include "graphql/literal.h"
#include "graphql/print.h"
#include "graphql/suggest.h"

static void check_selections(struct validation *validation, struct selection *selections,
                             const struct type_def *parent);

struct fragment *document_find_fragment(const struct document *document, struct str name)
{
    for (struct fragment *fragment = document->fragments; fragment; fragment = fragment->next)
        if (str_equal(fragment->name, name))
            return fragment;
    return NULL;
}

/* What comes after is not looked at: to find more mistakes, and word them, costs time that nobody has use for. */
static bool is_enough(const struct validation *validation)
{
    return validation->problems->is_full;
}

/* `owner` is ` on field "Query.podcast"` or alike. */
static void check_argument(struct validation *validation, struct value *argument, const struct input_def *inputs,
                           struct str owner)
{
    const struct input_def *input = input_find(inputs, argument->name);
    if (input) {
        literal_check_input(validation->problems, validation->scope, argument, input);
        return;
    }
    struct suggestion suggestion = suggest_for(validation->problems->arena, argument->name);
    for (input = inputs; input; input = input->next)
        suggest_offer(&suggestion, input->name);
    problem_add(validation->problems, argument->name_at, "Unknown argument \"%.*s\" on %.*s.%.*s",
                STR_ARGS(argument->name), STR_ARGS(owner), STR_ARGS(suggest_text(&suggestion, NULL)));
    literal_check(validation->problems, validation->scope, argument, NULL);
}

/* A name that stands several times is told once, at its first place. */
static void check_unique_argument(struct validation *validation, const struct value *arguments,
                                  const struct value *argument)
{
    if (value_find(arguments, argument->name) == argument && value_find(argument->next, argument->name))
        problem_add(validation->problems, argument->name_at, "There can be only one argument named \"%.*s\".",
                    STR_ARGS(argument->name));
}

static void check_arguments(struct validation *validation, struct value *arguments, const struct input_def *inputs,
                            struct str owner)
{
    for (struct value *argument = arguments; argument && !is_enough(validation); argument = argument->next) {
        check_unique_argument(validation, arguments, argument);
        check_argument(validation, argument, inputs, owner);
    }
}

/* Of a field or directive that is itself unknown. */
static void check_stray_arguments(struct validation *validation, struct value *arguments)
{
    for (struct value *argument = arguments; argument && !is_enough(validation); argument = argument->next) {
        check_unique_argument(validation, arguments, argument);
        literal_check(validation->problems, validation->scope, argument, NULL);
    }
}

static void check_directive(struct validation *validation, struct directive *directive,
                            enum directive_location location)
{
    struct problems *problems = validation->problems;
    const struct directive_def *def = schema_find_directive(validation->schema, directive->name);
    directive->def = def;
    if (!def) {
        problem_add(problems, directive->at, "Unknown directive \"@%.*s\".", STR_ARGS(directive->name));
        check_stray_arguments(validation, directive->arguments);
        return;
    }
    if (!(def->locations & 1u << location))
        problem_add(problems, directive->at, "Directive \"@%.*s\" may not be used on %.*s.", STR_ARGS(def->name),
                    STR_ARGS(directive_location_names[location]));
    struct str owner = arena_printf(problems->arena, "directive \"@%.*s\"", STR_ARGS(def->name));
    check_arguments(validation, directive->arguments, def->arguments, owner);
    for (const struct input_def *input = def->arguments; input; input = input->next)
        if (input_is_required(input) && !value_find(directive->arguments, input->name))
            problem_add(
                problems, directive->at,
                "Directive \"@%.*s\" argument \"%.*s\" of type \"%.*s\" is required, but it was not provided.",
                STR_ARGS(def->name), STR_ARGS(input->name), STR_ARGS(type_text(problems->arena, input->type)));
}

static const struct directive *find_directive(const struct directive *directives, struct str name)
{
    while (!str_equal(directives->name, name))
        directives = directives->next;
    return directives;
}

static void check_directives(struct validation *validation, struct directive *directives,
                             enum directive_location location)
{
    for (struct directive *directive = directives; directive && !is_enough(validation); directive = directive->next) {
        check_directive(validation, directive, location);
        const struct directive *first = find_directive(directives, directive->name);
        if (directive->def && !directive->def->is_repeatable && first != directive)
            problem_add(validation->problems, first->at,
                        "The directive \"@%.*s\" can only be used once at this location.", STR_ARGS(directive->name));
    }
}

static void report_unknown_field(struct validation *validation, const struct selection *field,
                                 const struct type_def *parent)
{
    struct arena *arena = validation->problems->arena;
    struct suggestion suggestion = {.arena = arena};
    for (const struct type_list *item = parent->possible; item; item = item->next)
        if (type_find_field(item->type.def, field->name) && suggestion.count < SUGGESTION_MAX)
            suggestion.names[suggestion.count++] = item->type.name;
    struct str hint = suggest_text(&suggestion, "to use an inline fragment on");
    if (suggestion.count == 0) {
        suggestion = suggest_for(arena, field->name);
        for (const struct field_def *def = parent->fields; def; def = def->next)
            suggest_offer(&suggestion, def->name);
        hint = suggest_text(&suggestion, NULL);
    }
    problem_add(validation->problems, field->at, "Cannot query field \"%.*s\" on type \"%.*s\".%.*s",
                STR_ARGS(field->name), STR_ARGS(parent->name), STR_ARGS(hint));
}

/* [GraphQL 5.3.3] */
static void check_leaf(struct validation *validation, const struct selection *field)
{
    struct problems *problems = validation->problems;
    struct str name = field->name;
    bool is_composite = type_is_composite(type_ref_named(field->def->type));
    if (is_composite && !field->selections)
        problem_add(problems, field->at,
                    "Field \"%.*s\" of type \"%.*s\" must have a selection of subfields. Did you mean "
                    "\"%.*s { ... }\"?",
                    STR_ARGS(name), STR_ARGS(type_text(problems->arena, field->def->type)), STR_ARGS(name));
    if (!is_composite && field->selections)
        problem_add(problems, field->selections_at,
                    "Field \"%.*s\" must not have a selection since type \"%.*s\" has no subfields.", STR_ARGS(name),
                    STR_ARGS(type_text(problems->arena, field->def->type)));
}

static void check_field_arguments(struct validation *validation, struct selection *field)
{
    if (!field->def) {
        check_stray_arguments(validation, field->arguments);
        return;
    }
    if (!field->arguments)
        return;
    struct str owner = arena_printf(validation->problems->arena, "field \"%.*s.%.*s\"", STR_ARGS(field->parent->name),
                                    STR_ARGS(field->name));
    check_arguments(validation, field->arguments, field->def->arguments, owner);
}

static void check_required_arguments(struct validation *validation, const struct selection *field)
{
    struct problems *problems = validation->problems;
    for (const struct input_def *input = field->def->arguments; input; input = input->next)
        if (input_is_required(input) && !value_find(field->arguments, input->name))
            problem_add(problems, field->at,
                        "Field \"%.*s\" argument \"%.*s\" of type \"%.*s\" is required, but it was not provided.",
                        STR_ARGS(field->name), STR_ARGS(input->name),
                        STR_ARGS(type_text(problems->arena, input->type)));
}

static void check_field(struct validation *validation, struct selection *field, const struct type_def *parent)
{
    field->parent = parent;
    field->def = parent ? schema_find_field(validation->schema, parent, field->name) : NULL;
    if (field->def)
        check_leaf(validation, field);
    else if (parent)
        report_unknown_field(validation, field, parent);
    check_field_arguments(validation, field);
    check_directives(validation, field->directives, ON_FIELD);
    const struct type_def *type = field->def ? type_ref_named(field->def->type) : NULL;
    check_selections(validation, field->selections, type && type_is_composite(type) ? type : NULL);
    if (field->def)
        check_required_arguments(validation, field);
}

/* Looks up the name in `type`; false after a problem. */
static bool look_up_type(struct validation *validation, struct type_ref *type)
{
    while (type->wrap != TYPE_NAMED)
        type = type->of;
    type->def = schema_find_type(validation->schema, type->name);
    if (type->def)
        return true;
    struct suggestion suggestion = suggest_for(validation->problems->arena, type->name);
    for (const struct type_def *def = validation->schema->types; def; def = def->next)
        suggest_offer(&suggestion, def->name);
    problem_add(validation->problems, type->at, "Unknown type \"%.*s\".%.*s", STR_ARGS(type->name),
                STR_ARGS(suggest_text(&suggestion, NULL)));
    return false;
}

/* The composite type that a fragment is on, NULL after a problem. `owner` is `Fragment` or `Fragment "name"`. */
static const struct type_def *look_up_condition(struct validation *validation, struct type_ref *condition,
                                                struct str owner)
{
    if (!look_up_type(validation, condition))
        return NULL;
    if (type_is_composite(condition->def))
        return condition->def;
    problem_add(validation->problems, condition->at, "%.*s cannot condition on non composite type \"%.*s\".",
                STR_ARGS(owner), STR_ARGS(condition->name));
    return NULL;
}

/* [GraphQL 5.5.2.3] */
static void check_possible(struct validation *validation, const struct selection *fragment, struct str owner,
                           const struct type_def *parent, const struct type_def *type)
{
    if (!parent || !type || types_overlap(parent, type))
        return;
    problem_add(validation->problems, fragment->at,
                "%.*s cannot be spread here as objects of type \"%.*s\" can never be of type \"%.*s\".",
                STR_ARGS(owner), STR_ARGS(parent->name), STR_ARGS(type->name));
}

static void check_inline(struct validation *validation, struct selection *fragment, const struct type_def *parent)
{
    const struct type_def *type = parent;
    if (fragment->condition) {
        type = look_up_condition(validation, fragment->condition, STR("Fragment"));
        check_possible(validation, fragment, STR("Fragment"), parent, type);
    }
    check_directives(validation, fragment->directives, ON_INLINE_FRAGMENT);
    check_selections(validation, fragment->selections, type);
}

static void check_spread(struct validation *validation, struct selection *spread, const struct type_def *parent)
{
    struct problems *problems = validation->problems;
    check_directives(validation, spread->directives, ON_FRAGMENT_SPREAD);
    if (!spread->fragment) {
        problem_add(problems, spread->name_at, "Unknown fragment \"%.*s\".", STR_ARGS(spread->name));
        return;
    }
    struct spread_use *use = arena_new(problems->arena, struct spread_use);
    use->spread = spread;
    *validation->scope->last_spread_use = use;
    validation->scope->last_spread_use = &use->next;
    const struct type_def *type = schema_find_type(validation->schema, spread->fragment->condition->name);
    if (!type || !type_is_composite(type))
        return;
    struct str owner = arena_printf(problems->arena, "Fragment \"%.*s\"", STR_ARGS(spread->name));
    check_possible(validation, spread, owner, parent, type);
}

/* `parent` is NULL where the type is unknown: a problem has told about it already. */
static void check_selections(struct validation *validation, struct selection *selections,
                             const struct type_def *parent)
{
    for (struct selection *selection = selections; selection && !is_enough(validation); selection = selection->next) {
        switch (selection->kind) {
        case SELECTION_FIELD:
            check_field(validation, selection, parent);
            break;
        case SELECTION_INLINE:
            selection->parent = parent;
            check_inline(validation, selection, parent);
            break;
        case SELECTION_SPREAD:
            selection->parent = parent;
            check_spread(validation, selection, parent);
            break;
        }
    }
}

static void open_scope(struct validation *validation, struct scope *scope)
{
    scope->last_variable_use = &scope->variable_uses;
    scope->last_spread_use = &scope->spread_uses;
    validation->scope = scope;
}

static const struct variable *find_variable(const struct variable *variables, struct str name)
{
    while (variables && !str_equal(variables->name, name))
        variables = variables->next;
    return variables;
}

static void check_variable(struct validation *validation, struct variable *variable)
{
    struct problems *problems = validation->problems;
    if (!look_up_type(validation, variable->type))
        return;
    if (!type_is_input(type_ref_named(variable->type)))
        problem_add(problems, variable->type->at, "Variable \"$%.*s\" cannot be non-input type \"%.*s\".",
                    STR_ARGS(variable->name), STR_ARGS(type_text(problems->arena, variable->type)));
    else if (variable->fallback)
        literal_check(problems, validation->scope, variable->fallback, variable->type);
    check_directives(validation, variable->directives, ON_VARIABLE_DEFINITION);
}

static void check_operation(struct validation *validation, struct operation *operation)
{
    static const enum directive_location locations[] = {ON_QUERY, ON_MUTATION, ON_SUBSCRIPTION};
    open_scope(validation, &operation->scope);
    for (struct variable *variable = operation->variables; variable && !is_enough(validation);
         variable = variable->next) {
        check_variable(validation, variable);
        if (find_variable(operation->variables, variable->name) == variable &&
            find_variable(variable->next, variable->name))
            problem_add(validation->problems, variable->name_at, "There can be only one variable named \"$%.*s\".",
                        STR_ARGS(variable->name));
    }
    check_directives(validation, operation->directives, locations[operation->kind]);
    check_selections(validation, operation->scope.selections, validation->schema->roots[operation->kind]);
}

static void check_fragment(struct validation *validation, struct fragment *fragment)
{
    struct problems *problems = validation->problems;
    open_scope(validation, &fragment->scope);
    const struct fragment *first = document_find_fragment(validation->document, fragment->name);
    if (first != fragment)
        problem_add(problems, first->name_at, "There can be only one fragment named \"%.*s\".",
                    STR_ARGS(fragment->name));
    struct str owner = arena_printf(problems->arena, "Fragment \"%.*s\"", STR_ARGS(fragment->name));
    const struct type_def *type = look_up_condition(validation, fragment->condition, owner);
    check_directives(validation, fragment->directives, ON_FRAGMENT_DEFINITION);
    check_selections(validation, fragment->scope.selections, type);
}

static const struct operation *find_operation(const struct operation *operations, struct str name)
{
    while (!str_equal(operations->name, name))
        operations = operations->next;
    return operations;
}

static void check_operation_names(struct validation *validation)
{
    const struct operation *operations = validation->document->operations;
    for (const struct operation *operation = operations; operation && !is_enough(validation);
         operation = operation->next) {
        const struct operation *first = find_operation(operations, operation->name);
        if (!str_is_present(operation->name) && operations->next)
            problem_add(validation->problems, operation->at,
                        "This anonymous operation must be the only defined operation.");
        else if (first != operation)
            problem_add(validation->problems, first->name_at, "There can be only one operation named \"%.*s\".",
                        STR_ARGS(operation->name));
    }
}

void document_validate(struct validation *validation)
{
    cost_check(validation);
    if (validation->problems->first)
        return;
    check_operation_names(validation);
    for (struct operation *item = validation->document->operations; item && !is_enough(validation); item = item->next)
        check_operation(validation, item);
    for (struct fragment *item = validation->document->fragments; item && !is_enough(validation); item = item->next)
        check_fragment(validation, item);
    if (is_enough(validation))
        return;
    usage_check(validation);
    merge_check(validation);
}
