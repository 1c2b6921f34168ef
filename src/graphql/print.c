#include "graphql/print.h"

#include "base/arena.h"
#include "base/buf.h"

/* What is longer is cut: it is there to be read by a person. */
#define TEXT_LIMIT 4096
/* Of a value in a message, which is no longer itself. */
#define INSPECT_LIMIT     1024
#define INSPECT_DEPTH_MAX 2
#define INSPECT_ITEM_MAX  10
/* Of a string inside it. */
#define STRING_LEN_MAX 1000
/* Digits of any number that JSON has, with sign and exponent. */
#define NUMBER_LEN_MAX 64

void text_write_quoted(struct str text, struct buf *out)
{
    buf_add_char(out, '"');
    buf_add_json(out, text);
    buf_add_char(out, '"');
}

static void write_type(const struct type_ref *type, struct buf *out)
{
    switch (type->wrap) {
    case TYPE_NAMED:
        buf_add(out, type->name);
        return;
    case TYPE_NON_NULL:
        write_type(type->of, out);
        buf_add_char(out, '!');
        return;
    case TYPE_LIST:
        buf_add_char(out, '[');
        write_type(type->of, out);
        buf_add_char(out, ']');
        return;
    }
}

struct str type_text(struct arena *arena, const struct type_ref *type)
{
    struct buf out;
    buf_init(&out, arena, TEXT_LIMIT);
    write_type(type, &out);
    return buf_str(&out);
}

static void write_value(const struct value *value, struct buf *out);

static void write_items(const struct value *list, struct buf *out)
{
    bool is_list = list->kind == VALUE_LIST;
    buf_add_char(out, is_list ? '[' : '{');
    for (const struct value *item = list->items; item && !out->is_full; item = item->next) {
        if (!is_list) {
            buf_add(out, item->name);
            buf_add(out, STR(": "));
        }
        write_value(item, out);
        if (item->next)
            buf_add(out, STR(", "));
    }
    buf_add_char(out, is_list ? ']' : '}');
}

/* As deep as the parser let it be. */
static void write_value(const struct value *value, struct buf *out)
{
    switch (value->kind) {
    case VALUE_LIST:
    case VALUE_OBJECT:
        write_items(value, out);
        return;
    case VALUE_STRING:
        text_write_quoted(str_cut(value->text, TEXT_LIMIT), out);
        return;
    case VALUE_VARIABLE:
        buf_add_char(out, '$');
        buf_add(out, value->text);
        return;
    case VALUE_NULL:
        buf_add(out, STR("null"));
        return;
    default:
        buf_add(out, value->text);
    }
}

struct str value_text(struct arena *arena, const struct value *value)
{
    struct buf out;
    buf_init(&out, arena, TEXT_LIMIT);
    write_value(value, &out);
    return buf_str(&out);
}

static void inspect(const json_t *value, size_t depth, struct buf *out);

static void inspect_array(const json_t *array, size_t depth, struct buf *out)
{
    size_t count = json_array_size(array);
    if (count && depth > INSPECT_DEPTH_MAX) {
        buf_add(out, STR("[Array]"));
        return;
    }
    buf_add_char(out, '[');
    for (size_t i = 0; i < count && i < INSPECT_ITEM_MAX && !out->is_full; i++) {
        if (i)
            buf_add(out, STR(", "));
        inspect(json_array_get(array, i), depth, out);
    }
    if (count == INSPECT_ITEM_MAX + 1)
        buf_add(out, STR(", ... 1 more item"));
    else if (count > INSPECT_ITEM_MAX)
        buf_printf(out, ", ... %zu more items", count - INSPECT_ITEM_MAX);
    buf_add_char(out, ']');
}

static void inspect_object(const json_t *object, size_t depth, struct buf *out)
{
    if (json_object_size(object) == 0) {
        buf_add(out, STR("{}"));
        return;
    }
    if (depth > INSPECT_DEPTH_MAX) {
        buf_add(out, STR("[Object]"));
        return;
    }
    const char *separator = "{ ";
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)object, key, member)
    {
        if (out->is_full)
            return;
        buf_add(out, str_of(separator));
        buf_add(out, str_cut(str_of(key), STRING_LEN_MAX));
        buf_add(out, STR(": "));
        inspect(member, depth, out);
        separator = ", ";
    }
    buf_add(out, STR(" }"));
}

static void inspect_scalar(const json_t *value, struct buf *out)
{
    if (json_is_string(value)) {
        struct str text = {json_string_value(value), json_string_length(value)};
        text_write_quoted(str_cut(text, STRING_LEN_MAX), out);
        return;
    }
    char room[NUMBER_LEN_MAX];
    size_t len = json_dumpb(value, room, sizeof(room), JSON_ENCODE_ANY);
    if (len <= sizeof(room))
        buf_add(out, (struct str){room, len});
}

static void inspect(const json_t *value, size_t depth, struct buf *out)
{
    if (json_is_array(value))
        inspect_array(value, depth + 1, out);
    else if (json_is_object(value))
        inspect_object(value, depth + 1, out);
    else
        inspect_scalar(value, out);
}

struct str json_inspect(struct arena *arena, const json_t *value)
{
    struct buf out;
    buf_init(&out, arena, INSPECT_LIMIT);
    inspect(value, 0, &out);
    return buf_str(&out);
}
