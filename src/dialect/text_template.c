#include "dialect/template.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/hole.h"

struct part {
    struct part *next;
    struct str text; /* absent: the hole counts */
    struct hole hole;
};

struct text_template {
    struct part *first;
};

static struct part *read_part(struct arena *arena, struct str *rest, const struct template_names *names,
                              struct str *ret_error)
{
    struct part *part = arena_new(arena, struct part);
    if (str_has_prefix(*rest, STR("$$"))) {
        part->text = str_slice(*rest, 0, 1);
        *rest = str_slice(*rest, 2, rest->len);
        return part;
    }
    if (rest->ptr[0] == '$')
        return hole_read(rest, names, &part->hole, ret_error) ? part : NULL;
    part->text = str_slice(*rest, 0, str_find(*rest, '$'));
    *rest = str_slice(*rest, part->text.len, rest->len);
    return part;
}

struct text_template *text_template_compile(struct arena *arena, struct str text, const struct template_names *names,
                                            struct str *ret_error)
{
    struct text_template *template = arena_new(arena, struct text_template);
    struct part **last = &template->first;
    struct str rest = text;
    while (rest.len) {
        *last = read_part(arena, &rest, names, ret_error);
        if (!*last)
            return NULL;
        last = &(*last)->next;
    }
    return template;
}

/* Written as a header's text, quotes and all, and made of nothing that came in. */
static bool is_header_text(const struct hole *hole)
{
    return hole->fact == FACT_rate_policy || hole->fact == FACT_rate_limits;
}

bool text_template_write_header(const struct text_template *text, const struct facts *facts, struct buf *out)
{
    for (const struct part *part = text->first; part; part = part->next) {
        char room[TEXT_INT_MAX];
        if (str_is_present(part->text)) {
            buf_add(out, part->text);
            continue;
        }
        struct str value = hole_text(&part->hole, facts, room);
        if (!str_is_present(value))
            value = part->hole.alternative;
        if (!str_is_present(value))
            return false;
        if (is_header_text(&part->hole))
            buf_add(out, value);
        else
            buf_add_quoted(out, value);
    }
    return true;
}

bool text_template_write(const struct text_template *text, const struct facts *facts, struct buf *out)
{
    bool is_whole = true;
    for (const struct part *part = text->first; part; part = part->next) {
        char room[TEXT_INT_MAX];
        struct str value = str_is_present(part->text) ? part->text : hole_text(&part->hole, facts, room);
        if (!str_is_present(value))
            value = part->hole.alternative;
        is_whole = is_whole && str_is_present(value);
        buf_add(out, value);
    }
    return is_whole;
}

uint64_t text_template_facts(const struct text_template *text)
{
    uint64_t facts = 0;
    for (const struct part *part = text->first; part; part = part->next)
        if (!str_is_present(part->text))
            facts |= hole_mask(&part->hole);
    return facts;
}
