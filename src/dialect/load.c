/*
 * load.c — small readers of a dialect's nodes.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/mistake.h"
#include "base/yaml.h"
#include "dialect/shape.h"

void load_mistake(struct loader *loader, const struct yaml_node *node, struct str found, const char *allowed)
{
    mistake_add(loader->mistakes, loader->file, node->line, node->path, mistake_quote(loader->arena, found),
                str_of(allowed));
}

void load_misfit(struct loader *loader, const struct yaml_node *node, const char *allowed)
{
    mistake_add(loader->mistakes, loader->file, node->line, node->path, yaml_show(loader->arena, node),
                str_of(allowed));
}

struct str load_text(struct loader *loader, const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR)
        return node->text;
    load_misfit(loader, node, "a text");
    return STR_NONE;
}

enum fact_name load_fact(struct loader *loader, const struct yaml_node *node, struct str name)
{
    enum fact_name fact = fact_find(name);
    if (fact == FACT_COUNT)
        load_mistake(loader, node, name, "the name of a fact");
    return fact;
}

int64_t load_int(struct loader *loader, const struct yaml_node *node, int64_t min, int64_t max)
{
    int64_t number;
    struct str text = load_text(loader, node);
    if (str_is_present(text) && str_parse_int(text, &number) && number >= min && number <= max)
        return number;
    struct str allowed = arena_printf(loader->arena, "a number from %lld to %lld", (long long)min, (long long)max);
    load_mistake(loader, node, text, allowed.ptr);
    return min;
}

size_t load_count(const struct yaml_node *parent)
{
    size_t count = 0;
    for (const struct yaml_node *child = parent ? parent->child : NULL; child; child = child->next)
        count++;
    return count;
}

struct str *load_texts(struct loader *loader, const struct yaml_node *node, size_t *ret_count)
{
    size_t count = node->kind == YAML_SCALAR ? 1 : load_count(node);
    struct str *texts = arena_array(loader->arena, struct str, count + 1);
    *ret_count = count;
    if (node->kind == YAML_SCALAR) {
        texts[0] = node->text;
        return texts;
    }
    if (node->kind == YAML_MAP)
        load_misfit(loader, node, "a text or a list of texts");
    size_t at = 0;
    for (const struct yaml_node *child = node->child; child; child = child->next)
        texts[at++] = load_text(loader, child);
    return texts;
}

const struct json_template *load_json(struct loader *loader, const struct yaml_node *node)
{
    struct str error;
    struct str text = load_text(loader, node);
    if (!str_is_present(text))
        return NULL;
    const struct json_template *json = json_template_compile(loader->arena, text, &loader->dialect->names, &error);
    if (!json)
        load_mistake(loader, node, text, error.ptr);
    return json;
}

const struct text_template *load_template(struct loader *loader, const struct yaml_node *node)
{
    struct str error;
    struct str text = load_text(loader, node);
    if (!str_is_present(text))
        return NULL;
    const struct text_template *template =
        text_template_compile(loader->arena, text, &loader->dialect->names, &error);
    if (!template)
        load_mistake(loader, node, text, error.ptr);
    return template;
}

static struct str join_keys(struct arena *arena, const char *const *keys)
{
    struct buf text;
    buf_init(&text, arena, 1024);
    for (size_t i = 0; keys[i]; i++)
        buf_printf(&text, "%s%s", i ? ", " : "one of ", keys[i]);
    buf_add_char(&text, 0);
    return buf_str(&text);
}

static bool is_among(struct str key, const char *const *keys)
{
    for (size_t i = 0; keys[i]; i++)
        if (str_equal(key, str_of(keys[i])))
            return true;
    return false;
}

void load_only(struct loader *loader, const struct yaml_node *map, const char *const *keys)
{
    if (map->kind != YAML_MAP) {
        load_misfit(loader, map, "a map");
        return;
    }
    for (const struct yaml_node *member = map->child; member; member = member->next)
        if (!is_among(member->key, keys))
            load_mistake(loader, member, member->key, join_keys(loader->arena, keys).ptr);
}

bool load_choice(struct loader *loader, const struct yaml_node *node, const char *first, const char *second)
{
    if (!node)
        return false;
    struct str text = load_text(loader, node);
    if (str_equal(text, str_of(second)))
        return true;
    if (!str_equal(text, str_of(first)))
        load_mistake(loader, node, text, arena_printf(loader->arena, "%s or %s", first, second).ptr);
    return false;
}
