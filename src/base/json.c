#include "base/json.h"

#include <stdlib.h>

#include "base/arena.h"

/* Deeper than JSON_DEPTH_MAX? Read before the parser, which would build it all first. */
static bool is_deep(struct str text)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (in_string) {
            if (byte == '\\')
                i++;
            else if (byte == '"')
                in_string = false;
        } else if (byte == '"') {
            in_string = true;
        } else if (byte == '{' || byte == '[') {
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if (byte == '}' || byte == ']') {
            depth -= depth > 0;
        }
    }
    return false;
}

/* What jansson takes is wiped when it is given back: bodies hold secrets. The size stands in front. */
#define SIZE_ROOM 16

static void *take(size_t size)
{
    char *memory = memory_alloc(size + SIZE_ROOM);
    memcpy(memory, &size, sizeof(size));
    return memory + SIZE_ROOM;
}

static void give(void *memory)
{
    size_t size;
    if (!memory)
        return;
    char *start = (char *)memory - SIZE_ROOM;
    memcpy(&size, start, sizeof(size));
    explicit_bzero(start, size + SIZE_ROOM);
    memory_free(start);
}

/* Before main: nothing of jansson's may come from another allocator. */
__attribute__((constructor)) static void use_wiping_memory(void)
{
    json_set_alloc_funcs(take, give);
}

static void release(void *value)
{
    json_decref(value);
}

json_t *json_keep(struct arena *arena, json_t *value)
{
    if (value)
        arena_defer(arena, release, value);
    return value;
}

static json_t *load(struct arena *arena, struct str text, size_t flags)
{
    if (!text.ptr || is_deep(text))
        return NULL;
    return json_keep(arena, json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | flags, NULL));
}

json_t *json_read(struct arena *arena, struct str text)
{
    return load(arena, text, 0);
}

json_t *json_read_real(struct arena *arena, struct str text)
{
    return load(arena, text, JSON_DECODE_INT_AS_REAL);
}

static struct str write_text(struct arena *arena, const json_t *value, size_t flags)
{
    size_t len = json_dumpb(value, NULL, 0, flags);
    char *room = arena_alloc(arena, len + 1);
    json_dumpb(value, room, len, flags);
    return (struct str){room, len};
}

struct str json_text(struct arena *arena, const json_t *value)
{
    return write_text(arena, value, JSON_COMPACT | JSON_ENCODE_ANY);
}

struct str json_text_indented(struct arena *arena, const json_t *value)
{
    return write_text(arena, value, JSON_INDENT(2) | JSON_ENCODE_ANY);
}

struct str json_member(const json_t *object, const char *name)
{
    const json_t *member = json_object_get(object, name);
    if (!json_is_string(member))
        return STR_NONE;
    return (struct str){json_string_value(member), json_string_length(member)};
}

json_t *json_of_str(struct str text)
{
    return str_is_present(text) ? json_stringn(text.ptr, text.len) : json_null();
}
