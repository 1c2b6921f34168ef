#include "graphql/variables.h"

#include "base/arena.h"
#include "base/buf.h"
#include "graphql/literal.h"
#include "graphql/print.h"
#include "graphql/problem.h"
#include "graphql/suggest.h"

#define PATH_LIMIT 1024

/* Where in a variable's value we are. */
struct place {
    const struct place *up;
    const char *key; /* NULL: item of a list */
    size_t index;
    size_t depth;
};

struct coercion {
    struct problems *problems;
    const struct variable *variable;
};

static void write_place(const struct place *place, struct buf *out)
{
    if (!place->up)
        return;
    write_place(place->up, out);
    if (place->key)
        buf_printf(out, ".%s", place->key);
    else
        buf_printf(out, "[%zu]", place->index);
}

static json_t *fail(const struct coercion *coercion, const struct place *place, const json_t *value,
                    struct str message)
{
    struct problems *problems = coercion->problems;
    if (problems->is_full)
        return NULL;
    struct str name = coercion->variable->name;
    struct str shown = json_inspect(problems->arena, value);
    if (!place->up) {
        problem_add(problems, coercion->variable->at, "Variable \"$%.*s\" got invalid value %.*s; %.*s",
                    STR_ARGS(name), STR_ARGS(shown), STR_ARGS(message));
        return NULL;
    }
    struct buf path;
    buf_init(&path, problems->arena, PATH_LIMIT);
    write_place(place, &path);
    problem_add(problems, coercion->variable->at, "Variable \"$%.*s\" got invalid value %.*s at \"%.*s%.*s\"; %.*s",
                STR_ARGS(name), STR_ARGS(shown), STR_ARGS(name), STR_ARGS(buf_str(&path)), STR_ARGS(message));
    return NULL;
}

static json_t *fail_scalar(const struct coercion *coercion, const struct place *place, const json_t *value,
                           const char *complaint)
{
    struct arena *arena = coercion->problems->arena;
    struct str shown = json_inspect(arena, value);
    return fail(coercion, place, value, arena_printf(arena, "%s: %.*s", complaint, STR_ARGS(shown)));
}

/* `3.0` is whole too. Numbers beyond 2^53 are no exact ones anyway. */
static bool is_whole(const json_t *value)
{
    double number = json_number_value(value);
    if (!json_is_number(value) || number < -0x1p53 || number > 0x1p53)
        return json_is_integer(value);
    return (double)(int64_t)number == number;
}

static json_t *coerce_int(const struct coercion *coercion, const struct place *place, json_t *value)
{
    if (!is_whole(value))
        return fail_scalar(coercion, place, value, "Int cannot represent non-integer value");
    double number = json_number_value(value);
    if (number < INT32_MIN || number > INT32_MAX)
        return fail_scalar(coercion, place, value, "Int cannot represent non 32-bit signed integer value");
    return json_integer((json_int_t)number);
}

static json_t *coerce_id(const struct coercion *coercion, const struct place *place, json_t *value)
{
    if (json_is_string(value))
        return json_incref(value);
    if (!json_is_integer(value))
        return fail_scalar(coercion, place, value, "ID cannot represent value");
    return json_of_str(json_text(coercion->problems->arena, value));
}

static json_t *coerce_scalar(const struct coercion *coercion, const struct place *place, json_t *value,
                             enum scalar_kind scalar)
{
    switch (scalar) {
    case SCALAR_INT:
        return coerce_int(coercion, place, value);
    case SCALAR_ID:
        return coerce_id(coercion, place, value);
    case SCALAR_FLOAT:
        if (json_is_number(value))
            return json_real(json_number_value(value));
        return fail_scalar(coercion, place, value, "Float cannot represent non numeric value");
    case SCALAR_STRING:
        if (json_is_string(value))
            return json_incref(value);
        return fail_scalar(coercion, place, value, "String cannot represent a non string value");
    case SCALAR_BOOLEAN:
        if (json_is_boolean(value))
            return json_incref(value);
        return fail_scalar(coercion, place, value, "Boolean cannot represent a non boolean value");
    case SCALAR_CUSTOM:
        break;
    }
    return json_incref(value);
}

static struct str json_str(const json_t *string)
{
    return (struct str){json_string_value(string), json_string_length(string)};
}

static json_t *coerce_enum(const struct coercion *coercion, const struct place *place, json_t *value,
                           const struct type_def *type)
{
    struct arena *arena = coercion->problems->arena;
    if (json_is_string(value) && type_find_value(type, json_str(value)))
        return json_incref(value);
    struct str shown = json_is_string(value) ? json_str(value) : json_inspect(arena, value);
    struct suggestion suggestion = suggest_for(arena, shown);
    for (const struct enum_value_def *item = type->values; item; item = item->next)
        suggest_offer(&suggestion, item->name);
    struct str hint = suggest_text(&suggestion, "the enum value");
    if (json_is_string(value))
        return fail(coercion, place, value,
                    arena_printf(arena, "Value \"%.*s\" does not exist in \"%.*s\" enum.%.*s", STR_ARGS(shown),
                                 STR_ARGS(type->name), STR_ARGS(hint)));
    return fail(coercion, place, value,
                arena_printf(arena, "Enum \"%.*s\" cannot represent non-string value: %.*s.%.*s",
                             STR_ARGS(type->name), STR_ARGS(shown), STR_ARGS(hint)));
}

static json_t *coerce(const struct coercion *coercion, const struct place *place, json_t *value,
                      const struct type_ref *type);

static json_t *coerce_list(const struct coercion *coercion, const struct place *place, json_t *value,
                           const struct type_ref *item_type)
{
    json_t *array = json_array();
    if (!json_is_array(value)) {
        json_t *only = coerce(coercion, place, value, item_type);
        if (only)
            json_array_append_new(array, only);
        return array;
    }
    for (size_t i = 0; i < json_array_size(value) && !coercion->problems->is_full; i++) {
        struct place item_place = {.up = place, .index = i, .depth = place->depth + 1};
        json_t *item = coerce(coercion, &item_place, json_array_get(value, i), item_type);
        if (item)
            json_array_append_new(array, item);
    }
    return array;
}

static void fail_unknown_member(const struct coercion *coercion, const struct place *place, const json_t *value,
                                const struct type_def *type, const char *key)
{
    struct arena *arena = coercion->problems->arena;
    struct suggestion suggestion = suggest_for(arena, str_of(key));
    for (const struct input_def *input = type->inputs; input; input = input->next)
        suggest_offer(&suggestion, input->name);
    fail(coercion, place, value,
         arena_printf(arena, "Field \"%s\" is not defined by type \"%.*s\".%.*s", key, STR_ARGS(type->name),
                      STR_ARGS(suggest_text(&suggestion, NULL))));
}

static void coerce_member(const struct coercion *coercion, const struct place *place, json_t *value,
                          const struct input_def *input, json_t *object)
{
    struct arena *arena = coercion->problems->arena;
    json_t *given = json_object_get(value, input->key);
    json_t *member = NULL;
    if (given) {
        struct place member_place = {.up = place, .key = input->key, .depth = place->depth + 1};
        member = coerce(coercion, &member_place, given, input->type);
    } else if (input->fallback) {
        literal_coerce(input->fallback, input->type, NULL, &member);
    } else if (input->type->wrap == TYPE_NON_NULL) {
        fail(coercion, place, value,
             arena_printf(arena, "Field \"%s\" of required type \"%.*s\" was not provided.", input->key,
                          STR_ARGS(type_text(arena, input->type))));
    }
    if (member)
        json_object_set_new_nocheck(object, input->key, member);
}

static json_t *coerce_object(const struct coercion *coercion, const struct place *place, json_t *value,
                             const struct type_def *type)
{
    struct arena *arena = coercion->problems->arena;
    if (!json_is_object(value))
        return fail(coercion, place, value,
                    arena_printf(arena, "Expected type \"%.*s\" to be an object.", STR_ARGS(type->name)));
    json_t *object = json_object();
    for (const struct input_def *input = type->inputs; input && !coercion->problems->is_full; input = input->next)
        coerce_member(coercion, place, value, input, object);
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member)
    {
        if (coercion->problems->is_full)
            break;
        if (!input_find(type->inputs, str_of(key)))
            fail_unknown_member(coercion, place, value, type, key);
    }
    return object;
}

/* A new reference, or NULL after a problem. */
static json_t *coerce(const struct coercion *coercion, const struct place *place, json_t *value,
                      const struct type_ref *type)
{
    struct arena *arena = coercion->problems->arena;
    if (json_is_null(value)) {
        if (type->wrap != TYPE_NON_NULL)
            return json_null();
        return fail(coercion, place, value,
                    arena_printf(arena, "Expected non-nullable type \"%.*s\" not to be null.",
                                 STR_ARGS(type_text(arena, type))));
    }
    if (place->depth > JSON_DEPTH_MAX)
        return fail(coercion, place, json_null(), STR("It is nested too deep."));
    type = type_ref_nullable(type);
    if (type->wrap == TYPE_LIST)
        return coerce_list(coercion, place, value, type->of);
    if (type->def->kind == TYPE_INPUT_OBJECT)
        return coerce_object(coercion, place, value, type->def);
    if (type->def->kind == TYPE_ENUM)
        return coerce_enum(coercion, place, value, type->def);
    return coerce_scalar(coercion, place, value, type->def->scalar);
}

static json_t *coerce_variable(struct problems *problems, const struct variable *variable, json_t *given)
{
    struct str type = STR_NONE;
    if (variable->type->wrap == TYPE_NON_NULL && (given ? json_is_null(given) : !variable->fallback))
        type = type_text(problems->arena, variable->type);
    if (str_is_present(type)) {
        if (given)
            problem_add(problems, variable->at, "Variable \"$%.*s\" of non-null type \"%.*s\" must not be null.",
                        STR_ARGS(variable->name), STR_ARGS(type));
        else
            problem_add(problems, variable->at, "Variable \"$%.*s\" of required type \"%.*s\" was not provided.",
                        STR_ARGS(variable->name), STR_ARGS(type));
        return NULL;
    }
    json_t *value = NULL;
    if (!given && variable->fallback)
        literal_coerce(variable->fallback, variable->type, NULL, &value);
    if (!given)
        return value;
    const struct coercion coercion = {problems, variable};
    const struct place root = {0};
    return coerce(&coercion, &root, given, variable->type);
}

json_t *variables_coerce(struct problems *problems, const struct variable *variables, const json_t *given)
{
    json_t *values = json_object();
    for (const struct variable *variable = variables; variable && !problems->is_full; variable = variable->next) {
        struct str name = variable->name;
        json_t *value = coerce_variable(problems, variable, json_object_getn(given, name.ptr, name.len));
        if (value)
            json_object_setn_new_nocheck(values, name.ptr, name.len, value);
    }
    return values;
}
