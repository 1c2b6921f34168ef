#include "graphql/literal.h"

/* JSON writes its numbers as GraphQL does. NULL when it is out of range. */
static json_t *coerce_number(struct str digits, enum scalar_kind scalar)
{
    size_t as_real = scalar == SCALAR_FLOAT ? JSON_DECODE_INT_AS_REAL : 0;
    return json_loadb(digits.ptr, digits.len, JSON_DECODE_ANY | as_real, NULL);
}

static enum literal_state result(json_t *json, json_t **ret_json)
{
    *ret_json = json;
    return json ? LITERAL_OK : LITERAL_INVALID;
}

static enum literal_state coerce_scalar(const struct value *value, enum scalar_kind scalar, json_t **ret_json)
{
    switch (value->kind) {
    case VALUE_BOOLEAN:
        return result(json_boolean(value->text.ptr[0] == 't'), ret_json);
    case VALUE_NULL:
        return result(json_null(), ret_json);
    case VALUE_INT:
    case VALUE_FLOAT:
        if (scalar == SCALAR_ID)
            break;
        return result(coerce_number(value->text, scalar), ret_json);
    default:
        break;
    }
    return result(json_of_str(value->text), ret_json);
}

static enum literal_state coerce_variable(const struct value *value, const struct type_ref *type,
                                          const json_t *variables, json_t **ret_json)
{
    json_t *found = json_object_getn(variables, value->text.ptr, value->text.len);
    if (!found)
        return LITERAL_ABSENT;
    if (json_is_null(found) && type && type->wrap == TYPE_NON_NULL)
        return LITERAL_INVALID;
    *ret_json = json_incref(found);
    return LITERAL_OK;
}

/* An item whose variable has no value is null. */
static enum literal_state coerce_list(const struct value *value, const struct type_ref *item_type,
                                      const json_t *variables, json_t **ret_json)
{
    json_t *array = json_array();
    for (const struct value *item = value->items; item; item = item->next) {
        json_t *json = NULL;
        enum literal_state state = literal_coerce(item, item_type, variables, &json);
        if (state == LITERAL_INVALID || (state == LITERAL_ABSENT && item_type && item_type->wrap == TYPE_NON_NULL)) {
            json_decref(array);
            return LITERAL_INVALID;
        }
        json_array_append_new(array, json ? json : json_null());
    }
    return result(array, ret_json);
}

/* Adds one member of an input object: as given, or its default, or not at all. */
static enum literal_state coerce_member(json_t *object, const struct value *given, const struct input_def *input,
                                        const json_t *variables)
{
    json_t *json = NULL;
    enum literal_state state = given ? literal_coerce(given, input->type, variables, &json) : LITERAL_ABSENT;
    if (state == LITERAL_ABSENT && input->fallback)
        state = literal_coerce(input->fallback, input->type, NULL, &json);
    if (state == LITERAL_ABSENT)
        return input->type->wrap == TYPE_NON_NULL ? LITERAL_INVALID : LITERAL_OK;
    if (state == LITERAL_OK)
        json_object_set_new_nocheck(object, input->key, json);
    return state;
}

static enum literal_state coerce_object(const struct value *value, const struct type_def *type,
                                        const json_t *variables, json_t **ret_json)
{
    json_t *object = json_object();
    for (const struct input_def *input = type->inputs; input; input = input->next) {
        if (coerce_member(object, value_find(value->items, input->name), input, variables) == LITERAL_OK)
            continue;
        json_decref(object);
        return LITERAL_INVALID;
    }
    return result(object, ret_json);
}

/* A literal of a custom scalar, or a part of one. */
static enum literal_state coerce_untyped(const struct value *value, const json_t *variables, json_t **ret_json)
{
    if (value->kind == VALUE_LIST)
        return coerce_list(value, NULL, variables, ret_json);
    if (value->kind != VALUE_OBJECT)
        return coerce_scalar(value, SCALAR_CUSTOM, ret_json);
    json_t *object = json_object();
    for (const struct value *member = value->items; member; member = member->next) {
        json_t *json = NULL;
        enum literal_state state = literal_coerce(member, NULL, variables, &json);
        if (state == LITERAL_INVALID) {
            json_decref(object);
            return LITERAL_INVALID;
        }
        json_object_setn_new_nocheck(object, member->name.ptr, member->name.len, json ? json : json_null());
    }
    return result(object, ret_json);
}

/* A single value where a list is expected is a list of one. [GraphQL 3.11] */
static enum literal_state coerce_single(const struct value *value, const struct type_ref *item_type,
                                        const json_t *variables, json_t **ret_json)
{
    json_t *json = NULL;
    enum literal_state state = literal_coerce(value, item_type, variables, &json);
    if (state != LITERAL_OK)
        return state;
    json_t *array = json_array();
    json_array_append_new(array, json);
    return result(array, ret_json);
}

enum literal_state literal_coerce(const struct value *value, const struct type_ref *type, const json_t *variables,
                                  json_t **ret_json)
{
    if (value->kind == VALUE_VARIABLE)
        return coerce_variable(value, type, variables, ret_json);
    if (!type)
        return coerce_untyped(value, variables, ret_json);
    if (value->kind == VALUE_NULL)
        return type->wrap == TYPE_NON_NULL ? LITERAL_INVALID : result(json_null(), ret_json);
    type = type_ref_nullable(type);
    if (type->wrap == TYPE_LIST && value->kind == VALUE_LIST)
        return coerce_list(value, type->of, variables, ret_json);
    if (type->wrap == TYPE_LIST)
        return coerce_single(value, type->of, variables, ret_json);
    if (type->def->kind == TYPE_INPUT_OBJECT)
        return coerce_object(value, type->def, variables, ret_json);
    if (type->def->kind == TYPE_SCALAR && type->def->scalar == SCALAR_CUSTOM)
        return coerce_untyped(value, variables, ret_json);
    return coerce_scalar(value, type->def->kind == TYPE_ENUM ? SCALAR_CUSTOM : type->def->scalar, ret_json);
}
