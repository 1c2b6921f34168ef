#include "web/model.h"

static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return name.len > 0;
}

bool model_path_read(struct str text, struct model_path *ret_path)
{
    struct model_path path = {.count = 0};
    struct str rest = text, name;
    while (str_next(&rest, '.', &name)) {
        if (!is_name(name) || path.count == MODEL_PATH_MAX)
            return false;
        path.names[path.count++] = name;
    }
    *ret_path = path;
    return path.count > 0;
}

static const json_t *find_first(const struct scope *scope, struct str name)
{
    if (str_equal(name, STR("this")))
        return scope->value;
    for (; scope; scope = scope->outer) {
        const json_t *value = json_object_getn(scope->value, name.ptr, name.len);
        if (value)
            return value;
    }
    return NULL;
}

const json_t *model_find(const struct scope *scope, const struct model_path *path)
{
    const json_t *value = find_first(scope, path->names[0]);
    for (size_t i = 1; i < path->count && value; i++)
        value = json_object_getn(value, path->names[i].ptr, path->names[i].len);
    return value;
}

struct str model_text(const json_t *value, char *room)
{
    if (json_is_string(value))
        return (struct str){json_string_value(value), json_string_length(value)};
    return json_is_integer(value) ? str_of_int(json_integer_value(value), room) : STR_NONE;
}

bool model_holds(const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_TRUE:
        return true;
    case JSON_STRING:
        return json_string_length(value) > 0;
    case JSON_INTEGER:
        return json_integer_value(value) != 0;
    case JSON_ARRAY:
        return json_array_size(value) > 0;
    case JSON_OBJECT:
        return json_object_size(value) > 0;
    default:
        return false;
    }
}
