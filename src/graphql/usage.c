#include "graphql/validate.h"

#include "graphql/print.h"

/* [GraphQL 5.8.5] A default value lets a nullable variable stand where null must not. */
static bool fits(const struct variable *variable, const struct variable_use *use)
{
    const struct type_ref *expected = use->type;
    if (expected->wrap == TYPE_NON_NULL && variable->type->wrap != TYPE_NON_NULL) {
        bool has_fallback = variable->fallback && variable->fallback->kind != VALUE_NULL;
        if (!has_fallback && !use->has_default)
            return false;
        expected = expected->of;
    }
    return type_ref_fits(variable->type, expected);
}

static void report_undefined(struct validation *validation, const struct operation *operation,
                             const struct variable_use *use)
{
    struct str name = use->value->text;
    if (str_is_present(operation->name))
        problem_add(validation->problems, use->value->at, "Variable \"$%.*s\" is not defined by operation \"%.*s\".",
                    STR_ARGS(name), STR_ARGS(operation->name));
    else
        problem_add(validation->problems, use->value->at, "Variable \"$%.*s\" is not defined.", STR_ARGS(name));
}

static void check_use(struct validation *validation, const struct operation *operation,
                      const struct variable_use *use)
{
    struct arena *arena = validation->problems->arena;
    struct variable *variable = operation->variables;
    while (variable && !str_equal(variable->name, use->value->text))
        variable = variable->next;
    if (!variable) {
        report_undefined(validation, operation, use);
        return;
    }
    /* One that stands there twice has been told about already. */
    for (struct variable *twin = variable; twin; twin = twin->next)
        twin->is_used |= str_equal(twin->name, variable->name);
    if (!use->type || !type_ref_named(use->type) || !type_ref_named(variable->type) || fits(variable, use))
        return;
    problem_add(validation->problems, variable->at,
                "Variable \"$%.*s\" of type \"%.*s\" used in position expecting type \"%.*s\".",
                STR_ARGS(variable->name), STR_ARGS(type_text(arena, variable->type)),
                STR_ARGS(type_text(arena, use->type)));
}

/* Every fragment once per operation; as deep as cost_check let them nest. */
static void check_scope(struct validation *validation, const struct operation *operation, const struct scope *scope)
{
    const struct problems *problems = validation->problems;
    for (const struct variable_use *use = scope->variable_uses; use && !problems->is_full; use = use->next)
        check_use(validation, operation, use);
    for (const struct spread_use *use = scope->spread_uses; use && !problems->is_full; use = use->next) {
        struct fragment *fragment = use->spread->fragment;
        fragment->is_used = true;
        if (fragment->visit == validation->document->visit_count)
            continue;
        fragment->visit = validation->document->visit_count;
        check_scope(validation, operation, &fragment->scope);
    }
}

static void check_variables_used(struct validation *validation, const struct operation *operation)
{
    for (const struct variable *variable = operation->variables; variable && !validation->problems->is_full;
         variable = variable->next) {
        if (variable->is_used)
            continue;
        if (str_is_present(operation->name))
            problem_add(validation->problems, variable->at, "Variable \"$%.*s\" is never used in operation \"%.*s\".",
                        STR_ARGS(variable->name), STR_ARGS(operation->name));
        else
            problem_add(validation->problems, variable->at, "Variable \"$%.*s\" is never used.",
                        STR_ARGS(variable->name));
    }
}

void usage_check(struct validation *validation)
{
    struct document *document = validation->document;
    for (const struct operation *operation = document->operations; operation && !validation->problems->is_full;
         operation = operation->next) {
        document->visit_count++;
        check_scope(validation, operation, &operation->scope);
        check_variables_used(validation, operation);
    }
    for (const struct fragment *fragment = document->fragments; fragment && !validation->problems->is_full;
         fragment = fragment->next)
        if (!document_find_fragment(document, fragment->name)->is_used)
            problem_add(validation->problems, fragment->at, "Fragment \"%.*s\" is never used.",
                        STR_ARGS(fragment->name));
}
