#include "web/template.h"

#include "base/buf.h"
#include "web/catalogue.h"
#include "web/template_node.h"

static void write_phrase(const struct node *node, const struct scope *scope, const struct language *language,
                         struct buf *out)
{
    char room[TEXT_INT_MAX];
    for (const struct phrase *part = language->phrases[node->phrase]; part; part = part->next) {
        if (part->kind == PHRASE_TEXT)
            escape_write(out, node->escape, part->text);
        else if (part->kind == PHRASE_PARAMETER)
            escape_write(out, node->escape, model_text(model_find(scope, &part->path), room));
        else if (node->has_elements)
            buf_add(out, part->kind == PHRASE_STRONG ? STR("<strong>") : STR("</strong>"));
    }
}

static void write_nodes(const struct node *first, const struct scope *scope, const struct language *language,
                        struct buf *out);

static void write_each(const struct node *node, const struct scope *scope, const struct language *language,
                       struct buf *out)
{
    size_t index;
    json_t *item;
    json_array_foreach(model_find(scope, &node->path), index, item)
    {
        struct scope inner = {scope, item};
        write_nodes(node->inside, &inner, language, out);
    }
}

static void write_node(const struct node *node, const struct scope *scope, const struct language *language,
                       struct buf *out)
{
    char room[TEXT_INT_MAX];
    switch (node->kind) {
    case NODE_TEXT:
        buf_add(out, node->text);
        break;
    case NODE_HOLE:
        escape_write(out, node->escape, model_text(model_find(scope, &node->path), room));
        break;
    case NODE_PHRASE:
        write_phrase(node, scope, language, out);
        break;
    case NODE_IF:
        write_nodes(model_holds(model_find(scope, &node->path)) ? node->inside : node->otherwise, scope, language,
                    out);
        break;
    case NODE_EACH:
        write_each(node, scope, language, out);
        break;
    }
}

/* As deep as templates are nested, which is limited where they are compiled. */
static void write_nodes(const struct node *first, const struct scope *scope, const struct language *language,
                        struct buf *out)
{
    for (const struct node *node = first; node; node = node->next)
        write_node(node, scope, language, out);
}

void template_write(const struct template *template, const struct scope *scope, const struct language *language,
                    struct buf *out)
{
    write_nodes(template->first, scope, language, out);
}
