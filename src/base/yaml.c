#include "base/yaml.h"

#include <yaml.h>

#include "base/arena.h"
#include "base/mistake.h"

#define DEPTH_MAX 16
#define NODE_MAX  100000
/* Keys become paths of everything below them. */
#define KEY_MAX 128

struct reading {
    yaml_parser_t parser;
    struct arena *arena;
    struct str file;
    struct mistakes *mistakes;
    size_t node_count;
};

/* What we need of a libyaml event, in the arena, so that nothing has to be given back. */
struct event {
    yaml_event_type_t type;
    unsigned line;
    struct str text;
    bool is_plain;
    bool has_anchor;
    bool has_tag;
};

static void add_mistake(struct reading *reading, unsigned line, struct str path, struct str found, struct str allowed)
{
    mistake_add(reading->mistakes, reading->file, line, path, found, allowed);
}

static void copy_event(struct reading *reading, const yaml_event_t *from, struct event *event)
{
    *event = (struct event){.type = from->type, .line = (unsigned)from->start_mark.line + 1};
    switch (from->type) {
    case YAML_SCALAR_EVENT:
        event->text =
            arena_str(reading->arena, (struct str){(const char *)from->data.scalar.value, from->data.scalar.length});
        event->is_plain = from->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        event->has_anchor = from->data.scalar.anchor != NULL;
        event->has_tag = from->data.scalar.tag != NULL;
        return;
    case YAML_SEQUENCE_START_EVENT:
        event->has_anchor = from->data.sequence_start.anchor != NULL;
        event->has_tag = from->data.sequence_start.tag != NULL;
        return;
    case YAML_MAPPING_START_EVENT:
        event->has_anchor = from->data.mapping_start.anchor != NULL;
        event->has_tag = from->data.mapping_start.tag != NULL;
        return;
    default:
        return;
    }
}

/* False, with a mistake, where the text is no YAML. */
static bool next_event(struct reading *reading, struct event *ret_event)
{
    yaml_event_t event;
    if (!yaml_parser_parse(&reading->parser, &event)) {
        const char *problem = reading->parser.problem ? reading->parser.problem : "an unreadable character";
        mistake_tell(reading->mistakes, reading->file, (unsigned)reading->parser.problem_mark.line + 1, STR_NONE,
                     arena_printf(reading->arena, "this is no YAML: %s", problem));
        return false;
    }
    copy_event(reading, &event, ret_event);
    yaml_event_delete(&event);
    return true;
}

static bool is_allowed(struct reading *reading, const struct event *event, struct str path, unsigned depth)
{
    struct str found = STR_NONE;
    if (event->type == YAML_ALIAS_EVENT || event->has_anchor)
        found = STR("an anchor or alias");
    else if (event->has_tag)
        found = STR("a tag");
    else if (depth > DEPTH_MAX)
        found = STR("nesting deeper than 16");
    else if (++reading->node_count > NODE_MAX)
        found = STR("more than 100,000 nodes");
    if (!str_is_present(found))
        return true;
    add_mistake(reading, event->line, path, found, STR("plain YAML within limits"));
    return false;
}

static struct yaml_node *read_node(struct reading *reading, const struct event *event, struct str path,
                                   unsigned depth);

static bool read_items(struct reading *reading, struct yaml_node *list, unsigned depth)
{
    struct yaml_node **last = &list->child;
    for (unsigned index = 0;; index++) {
        struct event event;
        if (!next_event(reading, &event))
            return false;
        if (event.type == YAML_SEQUENCE_END_EVENT)
            return true;
        struct str path = arena_printf(reading->arena, "%.*s[%u]", STR_ARGS(list->path), index);
        struct yaml_node *item = read_node(reading, &event, path, depth + 1);
        if (!item)
            return false;
        *last = item;
        last = &item->next;
    }
}

static bool is_key(struct reading *reading, const struct yaml_node *map, const struct event *event)
{
    if (event->type == YAML_SCALAR_EVENT && !event->has_anchor && !event->has_tag && event->text.len > 0 &&
        event->text.len <= KEY_MAX)
        return true;
    add_mistake(reading, event->line, map->path, STR("something else in the place of a key"),
                STR("a key of 1 to 128 bytes"));
    return false;
}

static const struct yaml_node *find_member(const struct yaml_node *map, struct str key)
{
    const struct yaml_node *member = map->child;
    while (member && !str_equal(member->key, key))
        member = member->next;
    return member;
}

/* NULL, with a mistake, where reading must stop. */
static struct yaml_node *read_member(struct reading *reading, struct yaml_node *map, const struct event *key,
                                     unsigned depth)
{
    if (!is_key(reading, map, key))
        return NULL;
    struct str path = map->path.len
                          ? arena_printf(reading->arena, "%.*s.%.*s", STR_ARGS(map->path), STR_ARGS(key->text))
                          : key->text;
    const struct yaml_node *first = find_member(map, key->text);
    if (first)
        add_mistake(reading, key->line, path, arena_printf(reading->arena, "the same key as in line %u", first->line),
                    STR("each key once"));
    struct event event;
    if (!next_event(reading, &event))
        return NULL;
    struct yaml_node *member = read_node(reading, &event, path, depth + 1);
    if (!member)
        return NULL;
    member->key = key->text;
    member->line = key->line;
    return member;
}

static bool read_members(struct reading *reading, struct yaml_node *map, unsigned depth)
{
    struct yaml_node **last = &map->child;
    for (;;) {
        struct event event;
        if (!next_event(reading, &event))
            return false;
        if (event.type == YAML_MAPPING_END_EVENT)
            return true;
        struct yaml_node *member = read_member(reading, map, &event, depth);
        if (!member)
            return false;
        *last = member;
        last = &member->next;
    }
}

static struct yaml_node *read_node(struct reading *reading, const struct event *event, struct str path,
                                   unsigned depth)
{
    if (!is_allowed(reading, event, path, depth))
        return NULL;
    struct yaml_node *node = arena_new(reading->arena, struct yaml_node);
    *node = (struct yaml_node){.line = event->line, .path = path};
    if (event->type == YAML_MAPPING_START_EVENT) {
        node->kind = YAML_MAP;
        return read_members(reading, node, depth) ? node : NULL;
    }
    if (event->type == YAML_SEQUENCE_START_EVENT) {
        node->kind = YAML_LIST;
        return read_items(reading, node, depth) ? node : NULL;
    }
    node->kind = YAML_SCALAR;
    node->text = event->text;
    node->is_plain = event->is_plain;
    return node;
}

/* Stream start, document start, the root, document end, stream end: nothing else. */
static struct yaml_node *read_document(struct reading *reading)
{
    struct event event;
    if (!next_event(reading, &event) || !next_event(reading, &event))
        return NULL;
    if (event.type != YAML_DOCUMENT_START_EVENT) {
        add_mistake(reading, 1, STR_NONE, STR("an empty file"), STR("one YAML document"));
        return NULL;
    }
    if (!next_event(reading, &event))
        return NULL;
    struct yaml_node *root = read_node(reading, &event, STR(""), 1);
    if (!root || !next_event(reading, &event) || !next_event(reading, &event))
        return NULL;
    if (event.type != YAML_STREAM_END_EVENT) {
        add_mistake(reading, event.line, STR_NONE, STR("a second document"), STR("one YAML document"));
        return NULL;
    }
    return root;
}

struct yaml_node *yaml_read(struct str file, struct str text, struct mistakes *mistakes)
{
    size_t count_before = mistakes->count;
    struct reading reading = {.arena = mistakes->arena, .file = file, .mistakes = mistakes};
    if (!str_is_utf8(text)) {
        add_mistake(&reading, 0, STR_NONE, STR("bytes that are no UTF-8 text"), STR("UTF-8"));
        return NULL;
    }
    if (!yaml_parser_initialize(&reading.parser)) {
        mistake_tell(mistakes, file, 0, STR_NONE, STR("there is no memory for a parser"));
        return NULL;
    }
    yaml_parser_set_encoding(&reading.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reading.parser, (const unsigned char *)(text.ptr ? text.ptr : ""), text.len);
    struct yaml_node *root = read_document(&reading);
    yaml_parser_delete(&reading.parser);
    return mistakes->count == count_before ? root : NULL;
}

const struct yaml_node *yaml_member(const struct yaml_node *map, const char *key)
{
    if (!map || map->kind != YAML_MAP)
        return NULL;
    return find_member(map, str_of(key));
}

bool yaml_is_null(const struct yaml_node *node)
{
    if (node->kind != YAML_SCALAR || !node->is_plain)
        return false;
    return node->text.len == 0 || str_equal(node->text, STR("~")) || str_equal(node->text, STR("null"));
}

struct str yaml_show(struct arena *arena, const struct yaml_node *node)
{
    if (node->kind == YAML_MAP)
        return STR("a section");
    if (node->kind == YAML_LIST)
        return STR("a list");
    return yaml_is_null(node) ? STR("nothing") : mistake_quote(arena, node->text);
}
