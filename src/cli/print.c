#include "cli/print.h"

#include <time.h>

#include "base/arena.h"
#include "base/buf.h"

#define COLUMN_COUNT_MAX 24
#define TEXT_MAX         8192

/* A time is a number whose name ends so. */
static bool is_time(const char *key)
{
    return str_has_suffix(str_of(key), STR("_at"));
}

static void add_time(struct buf *out, int64_t at)
{
    char text[sizeof("2026-01-01T00:00:00Z") + 8];
    time_t seconds = at;
    struct tm utc;
    if (gmtime_r(&seconds, &utc) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc))
        buf_add(out, str_of(text));
    else
        buf_add_int(out, at);
}

/* What a terminal could take for a command is not shown as it is. */
static void add_text(struct buf *out, struct str text)
{
    if (str_is_empty(text))
        buf_add_char(out, '-');
    for (size_t i = 0; i < text.len; i++) {
        bool is_control = (unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f;
        buf_add_char(out, is_control ? '?' : text.ptr[i]);
    }
}

static void add_list(struct buf *out, const json_t *list)
{
    const json_t *item;
    size_t index;
    if (json_array_size(list) == 0)
        buf_add_char(out, '-');
    json_array_foreach(list, index, item)
    {
        if (index)
            buf_add(out, STR(", "));
        if (json_is_string(item))
            add_text(out, (struct str){json_string_value(item), json_string_length(item)});
    }
}

static void add_value(struct buf *out, const char *key, const json_t *value)
{
    if (json_is_string(value))
        add_text(out, (struct str){json_string_value(value), json_string_length(value)});
    else if (json_is_integer(value) && is_time(key))
        add_time(out, json_integer_value(value));
    else if (json_is_integer(value))
        buf_add_int(out, json_integer_value(value));
    else if (json_is_real(value))
        buf_printf(out, "%.3f", json_real_value(value));
    else if (json_is_boolean(value))
        buf_add(out, json_is_true(value) ? STR("yes") : STR("no"));
    else if (json_is_array(value))
        add_list(out, value);
    else
        buf_add_char(out, '-');
}

/* Characters, as far as one is one column. */
static size_t count_columns(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

static struct str value_text(struct arena *arena, const char *key, const json_t *value)
{
    struct buf text;
    buf_init(&text, arena, TEXT_MAX);
    add_value(&text, key, value);
    return buf_str(&text);
}

static void add_padded(struct buf *out, struct str text, size_t width)
{
    buf_add(out, text);
    for (size_t columns = count_columns(text); columns < width; columns++)
        buf_add_char(out, ' ');
}

struct column {
    const char *key;
    size_t width;
};

/* The columns are the first row's members: the daemon gives every row the same. */
static size_t measure_columns(struct arena *arena, const json_t *rows, struct column *columns)
{
    const json_t *row;
    const char *key;
    json_t *value;
    size_t index, count = 0;
    json_object_foreach(json_array_get(rows, 0), key, value)
    {
        if (count < COLUMN_COUNT_MAX)
            columns[count++] = (struct column){key, strlen(key)};
    }
    json_array_foreach(rows, index, row)
    {
        for (size_t i = 0; i < count; i++) {
            struct str text = value_text(arena, columns[i].key, json_object_get(row, columns[i].key));
            size_t width = count_columns(text);
            columns[i].width = width > columns[i].width ? width : columns[i].width;
        }
    }
    return count;
}

static void add_table(struct buf *out, const json_t *rows, const char *indent)
{
    struct column columns[COLUMN_COUNT_MAX];
    const json_t *row;
    size_t index;
    size_t count = measure_columns(out->arena, rows, columns);
    buf_add(out, str_of(indent));
    for (size_t i = 0; i < count; i++)
        add_padded(out, str_of(columns[i].key), i + 1 < count ? columns[i].width + 2 : 0);
    buf_add_char(out, '\n');
    json_array_foreach(rows, index, row)
    {
        buf_add(out, str_of(indent));
        for (size_t i = 0; i < count; i++) {
            struct str text = value_text(out->arena, columns[i].key, json_object_get(row, columns[i].key));
            add_padded(out, text, i + 1 < count ? columns[i].width + 2 : 0);
        }
        buf_add_char(out, '\n');
    }
}

static bool is_table(const json_t *value)
{
    return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

static void add_object(struct buf *out, json_t *object)
{
    const char *key;
    json_t *value;
    size_t width = 0;
    json_object_foreach(object, key, value)
    {
        if (!is_table(value) && strlen(key) > width)
            width = strlen(key);
    }
    json_object_foreach(object, key, value)
    {
        if (is_table(value)) {
            buf_printf(out, "%s\n", key);
            add_table(out, value, "  ");
            continue;
        }
        add_padded(out, str_of(key), width + 2);
        add_value(out, key, value);
        buf_add_char(out, '\n');
    }
}

void print_result(struct buf *out, const json_t *result)
{
    if (is_table(result))
        add_table(out, result, "");
    else if (json_is_object(result))
        add_object(out, (json_t *)(uintptr_t)result); /* jansson's loop wants a pointer that may write */
    else if (json_array_size(result) == 0)
        buf_add(out, STR("none\n"));
}

bool print_has_secret(const json_t *result)
{
    const json_t *client;
    size_t index;
    if (json_object_get(result, "client_secret") || json_object_get(result, "account_secret") ||
        json_object_get(result, "password"))
        return true;
    json_array_foreach(json_object_get(result, "clients"), index, client)
    {
        if (json_object_get(client, "client_secret"))
            return true;
    }
    return false;
}
