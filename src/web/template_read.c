/*
 * template_read.c — the compiler of template.h: tags in braces between HTML.
 */
#include "base/arena.h"
#include "base/embedded.h"
#include "base/mistake.h"
#include "web/catalogue.h"
#include "web/html.h"
#include "web/template.h"
#include "web/template_node.h"

/* Of `if`, `each` and partials in each other. */
#define DEPTH_MAX     16
#define TEMPLATES_MAX 64

struct templates {
    struct template items[TEMPLATES_MAX];
    size_t count;
};

struct reader {
    struct arena *arena;
    struct templates *templates;
    const struct catalogue *catalogue;
    struct mistakes *mistakes;
    struct str file;
    struct str all;  /* of the file that is being read: for line numbers */
    struct str rest; /* of it */
    struct html html;
    unsigned depth;
    bool has_failed;
};

/* Where nodes are added. */
struct nodes {
    struct node *first;
    struct node **last;
};

/* What a list of nodes ended at. */
enum list_end { END_OF_FILE, END_OF_IF, END_OF_EACH, END_AT_ELSE };

static bool fail(struct reader *reader, struct str found, const char *allowed)
{
    unsigned line = 1;
    for (const char *at = reader->all.ptr; at < reader->rest.ptr; at++)
        line += *at == '\n';
    if (!reader->has_failed)
        mistake_add(reader->mistakes, reader->file, line, STR("template"), mistake_quote(reader->arena, found),
                    str_of(allowed));
    reader->has_failed = true;
    return false;
}

static struct node *add_node(struct reader *reader, struct nodes *nodes, enum node_kind kind)
{
    struct node *node = arena_new(reader->arena, struct node);
    node->kind = kind;
    *nodes->last = node;
    nodes->last = &node->next;
    return node;
}

static size_t find_braces(struct str text)
{
    size_t at = 0;
    while (at < text.len && !str_has_prefix(str_slice(text, at, 2), STR("{{")))
        at++;
    return at;
}

static bool read_text(struct reader *reader, struct nodes *nodes)
{
    struct str text = str_slice(reader->rest, 0, find_braces(reader->rest));
    size_t len;
    const char *error = html_read(&reader->html, text, &len);
    reader->rest = str_slice(reader->rest, len, reader->rest.len);
    if (error)
        return fail(reader, str_slice(text, len - 1, 1), error);
    if (text.len)
        add_node(reader, nodes, NODE_TEXT)->text = text;
    return true;
}

/* What stands between braces, which are taken off `rest`. */
static bool read_tag(struct reader *reader, struct str *ret_tag)
{
    size_t end = 2;
    while (end < reader->rest.len && !str_has_prefix(str_slice(reader->rest, end, 2), STR("}}")))
        end++;
    if (end >= reader->rest.len)
        return fail(reader, STR("{{"), "a tag that is closed");
    *ret_tag = str_trim(str_slice(reader->rest, 2, end - 2));
    reader->rest = str_slice(reader->rest, end + 2, reader->rest.len);
    return true;
}

static bool choose_escape(struct reader *reader, struct str tag, struct str mode, enum escape *ret_escape)
{
    enum html_hole hole = html_find_hole(&reader->html);
    switch (hole) {
    case HTML_HOLE_TEXT:
    case HTML_HOLE_PLAIN_TEXT:
        *ret_escape = ESCAPE_TEXT;
        break;
    case HTML_HOLE_ATTRIBUTE:
        *ret_escape = ESCAPE_ATTRIBUTE;
        break;
    case HTML_HOLE_URL:
        *ret_escape = ESCAPE_URL;
        break;
    case HTML_HOLE_URL_PART:
        *ret_escape = ESCAPE_URL_PART;
        break;
    case HTML_HOLE_NONE:
        return fail(reader, tag, "a hole in text or in an attribute that may have one");
    }
    if (!str_is_present(mode))
        return true;
    *ret_escape = str_equal(mode, STR("app")) ? ESCAPE_APP_URL : ESCAPE_IMAGE_URL;
    bool is_known = str_equal(mode, STR("app")) || str_equal(mode, STR("image"));
    return (is_known && hole == HTML_HOLE_URL) || fail(reader, tag, "`app` or `image` at the beginning of a URL");
}

static bool read_hole(struct reader *reader, struct nodes *nodes, struct str tag)
{
    struct node *node = add_node(reader, nodes, NODE_HOLE);
    size_t colon = str_find(tag, ':');
    struct str mode = colon < tag.len ? str_slice(tag, colon + 1, tag.len) : STR_NONE;
    if (!model_path_read(str_slice(tag, 0, colon), &node->path))
        return fail(reader, tag, "a name of the model, #if, #each, t, > or !");
    if (!choose_escape(reader, tag, mode, &node->escape))
        return false;
    html_pass_hole(&reader->html);
    return true;
}

static bool read_phrase(struct reader *reader, struct nodes *nodes, struct str key)
{
    struct node *node = add_node(reader, nodes, NODE_PHRASE);
    enum html_hole hole = html_find_hole(&reader->html);
    if (hole != HTML_HOLE_TEXT && hole != HTML_HOLE_PLAIN_TEXT && hole != HTML_HOLE_ATTRIBUTE)
        return fail(reader, key, "a text between tags or in an attribute that may have one");
    node->escape = hole == HTML_HOLE_ATTRIBUTE ? ESCAPE_ATTRIBUTE : ESCAPE_TEXT;
    node->has_elements = hole == HTML_HOLE_TEXT;
    node->phrase = catalogue_find(reader->catalogue, key);
    html_pass_hole(&reader->html);
    return node->phrase != PHRASE_NONE || fail(reader, key, "a key of the catalogue");
}

static bool read_list(struct reader *reader, struct node **ret_first, enum list_end *ret_end);

static bool expect_same_place(struct reader *reader, const struct html *expected, struct str tag)
{
    return html_equal(&reader->html, expected) || fail(reader, tag, "the same place in the HTML on both ways");
}

static bool read_else(struct reader *reader, struct node *node, const struct html *begin, struct str tag)
{
    struct html end_of_yes = reader->html;
    enum list_end end;
    reader->html = *begin;
    if (!read_list(reader, &node->otherwise, &end))
        return false;
    return (end == END_OF_IF || fail(reader, tag, "an #if that is closed")) &&
           expect_same_place(reader, &end_of_yes, tag);
}

static bool read_if(struct reader *reader, struct node *node, struct str tag)
{
    struct html begin = reader->html;
    enum list_end end;
    if (!read_list(reader, &node->inside, &end))
        return false;
    if (end == END_AT_ELSE)
        return read_else(reader, node, &begin, tag);
    return (end == END_OF_IF || fail(reader, tag, "an #if that is closed")) && expect_same_place(reader, &begin, tag);
}

static bool read_each(struct reader *reader, struct node *node, struct str tag)
{
    struct html begin = reader->html;
    enum list_end end;
    if (!read_list(reader, &node->inside, &end))
        return false;
    return (end == END_OF_EACH || fail(reader, tag, "an #each that is closed")) &&
           expect_same_place(reader, &begin, tag);
}

static bool read_block(struct reader *reader, struct nodes *nodes, struct str tag)
{
    bool is_if = str_has_prefix(tag, STR("#if "));
    struct str name = str_trim(str_slice(tag, is_if ? STR("#if ").len : STR("#each ").len, tag.len));
    struct node *node = add_node(reader, nodes, is_if ? NODE_IF : NODE_EACH);
    if (!(is_if || str_has_prefix(tag, STR("#each "))) || !model_path_read(name, &node->path))
        return fail(reader, tag, "#if or #each with a name of the model");
    return is_if ? read_if(reader, node, tag) : read_each(reader, node, tag);
}

static struct template *find(struct templates *templates, struct str name)
{
    for (size_t i = 0; i < templates->count; i++)
        if (str_equal(templates->items[i].name, name))
            return &templates->items[i];
    return NULL;
}

/* Compiled anew for each place where it stands: the same partial may be in text and in an attribute. */
static bool read_partial(struct reader *reader, struct nodes *nodes, struct str name)
{
    const struct template *partial = find(reader->templates, name);
    if (!partial)
        return fail(reader, name, "a file of that name");
    struct reader inner = *reader;
    struct node *first;
    enum list_end end;
    inner.file = arena_printf(reader->arena, "%.*s.html", STR_ARGS(name));
    inner.all = inner.rest = partial->text;
    bool is_read = read_list(&inner, &first, &end);
    reader->html = inner.html;
    reader->has_failed = inner.has_failed;
    if (!is_read || end != END_OF_FILE)
        return is_read && fail(reader, name, "a partial whose #if and #each are its own");
    *nodes->last = first;
    while (*nodes->last)
        nodes->last = &(*nodes->last)->next;
    return true;
}

static bool read_by_tag(struct reader *reader, struct nodes *nodes, struct str tag)
{
    if (tag.len == 0)
        return fail(reader, tag, "something between the braces");
    if (tag.ptr[0] == '!')
        return true;
    if (tag.ptr[0] == '#')
        return read_block(reader, nodes, tag);
    if (tag.ptr[0] == '>')
        return read_partial(reader, nodes, str_trim(str_slice(tag, 1, tag.len)));
    if (str_has_prefix(tag, STR("t ")))
        return read_phrase(reader, nodes, str_trim(str_slice(tag, 2, tag.len)));
    return read_hole(reader, nodes, tag);
}

/* True: `tag` ends the list. */
static bool ends_list(struct str tag, enum list_end *ret_end)
{
    if (str_equal(tag, STR("/if")))
        *ret_end = END_OF_IF;
    else if (str_equal(tag, STR("/each")))
        *ret_end = END_OF_EACH;
    else if (str_equal(tag, STR("else")))
        *ret_end = END_AT_ELSE;
    else
        return false;
    return true;
}

static bool read_items(struct reader *reader, struct nodes *nodes, enum list_end *ret_end)
{
    for (;;) {
        struct str tag;
        if (!read_text(reader, nodes))
            return false;
        *ret_end = END_OF_FILE;
        if (reader->rest.len == 0)
            return true;
        if (!read_tag(reader, &tag))
            return false;
        if (ends_list(tag, ret_end))
            return true;
        if (!read_by_tag(reader, nodes, tag))
            return false;
    }
}

static bool read_list(struct reader *reader, struct node **ret_first, enum list_end *ret_end)
{
    struct nodes nodes = {.first = NULL, .last = &nodes.first};
    if (reader->depth == DEPTH_MAX)
        return fail(reader, STR_NONE, "blocks and partials that are not this deep in each other");
    reader->depth++;
    bool is_read = read_items(reader, &nodes, ret_end);
    reader->depth--;
    *ret_first = nodes.first;
    return is_read;
}

/* A file that does not begin as a page does is a partial, and read where it is used. */
static bool is_page(struct str text)
{
    return str_has_prefix(text, STR("<!doctype")) || str_has_prefix(text, STR("{{> "));
}

static void read_template(struct reader shared, struct template *template)
{
    struct reader *reader = &shared;
    enum list_end end;
    reader->file = arena_printf(reader->arena, "%.*s.html", STR_ARGS(template->name));
    reader->all = reader->rest = template->text;
    reader->html = HTML_START;
    if (!read_list(reader, &template->first, &end))
        return;
    if (end != END_OF_FILE)
        fail(reader, STR_NONE, "an end for each #if and #each, and no other");
    else if (!html_equal(&reader->html, &HTML_START))
        fail(reader, STR_NONE, "a page that ends between tags");
}

struct templates *templates_read(struct arena *arena, const struct embedded_file *files,
                                 const struct catalogue *catalogue, struct mistakes *mistakes)
{
    size_t count_before = mistakes->count;
    struct templates *templates = arena_new(arena, struct templates);
    struct reader reader = {.arena = arena, .templates = templates, .catalogue = catalogue, .mistakes = mistakes};
    for (size_t i = 0; files[i].name && i < TEMPLATES_MAX; i++) {
        struct str name = str_of(files[i].name);
        templates->items[templates->count++] =
            (struct template){.name = str_slice(name, 0, str_find(name, '.')), .text = {files[i].text, files[i].len}};
    }
    for (size_t i = 0; i < templates->count; i++)
        if (is_page(templates->items[i].text))
            read_template(reader, &templates->items[i]);
    return mistakes->count == count_before ? templates : NULL;
}

const struct template *template_find(const struct templates *templates, struct str name)
{
    for (size_t i = 0; i < templates->count; i++)
        if (str_equal(templates->items[i].name, name) && is_page(templates->items[i].text))
            return &templates->items[i];
    return NULL;
}
