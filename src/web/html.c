#include "web/html.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

static bool is_name(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
}

static struct str name_of(const struct html *html)
{
    return (struct str){html->name, html->name_len};
}

static const char *go(struct html *html, enum html_place place)
{
    html->place = place;
    return NULL;
}

static const char *begin_name(struct html *html, char c, enum html_place place)
{
    html->name_len = 1;
    html->name[0] = c;
    return go(html, place);
}

static const char *add_to_name(struct html *html, char c)
{
    if (html->name_len == sizeof(html->name) - 1)
        return "the name is too long";
    html->name[html->name_len++] = c;
    return NULL;
}

/* Where browsers read no tags but the end of this one. */
static bool is_closed_element(struct str name)
{
    return str_equal(name, STR("script")) || str_equal(name, STR("title")) || str_equal(name, STR("textarea"));
}

static bool is_forbidden_element(struct str name)
{
    static const char *const names[] = {"style",    "base",      "iframe",   "object",   "embed",
                                        "noscript", "xmp",       "noembed",  "frame",    "frameset",
                                        "listing",  "plaintext", "template", "noframes", NULL};
    for (size_t i = 0; names[i]; i++)
        if (str_equal(name, str_of(names[i])))
            return true;
    return false;
}

/* The tag's own name is out of sight once its attributes come. */
static const char *end_tag_name(struct html *html, enum html_place next)
{
    struct str name = name_of(html);
    if (is_forbidden_element(name))
        return "this element has no place in a page of ours";
    if (is_closed_element(name)) {
        memcpy(html->inside, name.ptr, name.len);
        html->inside[name.len] = '\0';
    }
    return go(html, next);
}

static bool is_one_of(struct str name, const char *const *names)
{
    for (size_t i = 0; names[i]; i++)
        if (str_equal(name, str_of(names[i])))
            return true;
    return false;
}

/* Scripts, styles, and what acts on its own; pictures have attributes in mixed case, so these are compared without.
 */
static bool is_forbidden_attribute(struct str name)
{
    return str_has_prefix_nocase(name, STR("on")) || str_equal_nocase(name, STR("style")) ||
           str_equal_nocase(name, STR("srcdoc")) || str_equal_nocase(name, STR("formaction")) ||
           str_equal_nocase(name, STR("http-equiv"));
}

/* Holes only where it is known what a browser does with the value. */
static const char *end_attribute_name(struct html *html, enum html_place next)
{
    static const char *const urls[] = {"href", "src", "action", NULL};
    static const char *const texts[] = {"alt",       "autocomplete", "class", "for",  "id",    "lang",  "datetime",
                                        "maxlength", "minlength",    "name",  "size", "title", "value", NULL};
    struct str name = name_of(html);
    if (is_forbidden_attribute(name))
        return "this attribute has no place in a page of ours";
    html->attribute = HTML_ATTRIBUTE_FIXED;
    if (is_one_of(name, urls))
        html->attribute = HTML_ATTRIBUTE_URL;
    else if (is_one_of(name, texts) || str_has_prefix(name, STR("aria-")) || str_has_prefix(name, STR("data-")))
        html->attribute = HTML_ATTRIBUTE_TEXT;
    html->value_is_begun = false;
    return go(html, next);
}

static const char *read_text(struct html *html, char c)
{
    if (c == '<')
        return go(html, HTML_TAG_BEGIN);
    bool is_in_script = str_equal(str_of(html->inside), STR("script"));
    return is_in_script && !is_blank(c) ? "a script stands in a file of its own" : NULL;
}

static const char *read_tag_begin(struct html *html, char c)
{
    html->name_len = 0;
    if (c == '/')
        return go(html, HTML_END_TAG);
    if (html->inside[0])
        return "only its end tag may stand in this element";
    if (c == '!')
        return go(html, HTML_DECLARATION);
    /* In lower case only: so names can be compared as they are. */
    return c >= 'a' && c <= 'z' ? begin_name(html, c, HTML_TAG_NAME) : "a bare `<` is written &lt;";
}

static const char *read_tag_name(struct html *html, char c)
{
    if (is_blank(c))
        return end_tag_name(html, HTML_IN_TAG);
    if (c == '>')
        return end_tag_name(html, HTML_TEXT);
    if (c == '/')
        return end_tag_name(html, HTML_TAG_END);
    return (is_name(c) && !(c >= 'A' && c <= 'Z')) ? add_to_name(html, c) : "no such tag name";
}

static const char *read_end_tag(struct html *html, char c)
{
    if (c != '>')
        return is_name(c) ? add_to_name(html, c) : "no such tag name";
    if (html->inside[0] && !str_equal(name_of(html), str_of(html->inside)))
        return "only its end tag may stand in this element";
    html->inside[0] = '\0';
    return html->name_len ? go(html, HTML_TEXT) : "an end tag has a name";
}

static const char *read_declaration(struct html *html, char c)
{
    if (c == '>')
        return go(html, HTML_TEXT);
    return is_letter(c) || c == ' ' ? NULL : "comments are written {{! … }}";
}

static const char *read_in_tag(struct html *html, char c)
{
    if (is_blank(c))
        return NULL;
    if (c == '>')
        return go(html, HTML_TEXT);
    if (c == '/')
        return go(html, HTML_TAG_END);
    return is_letter(c) ? begin_name(html, c, HTML_ATTRIBUTE_NAME) : "no such attribute name";
}

static const char *read_attribute_name(struct html *html, char c)
{
    if (c == '=')
        return end_attribute_name(html, HTML_VALUE_BEGIN);
    if (is_blank(c))
        return end_attribute_name(html, HTML_IN_TAG);
    if (c == '>')
        return end_attribute_name(html, HTML_TEXT);
    return is_name(c) ? add_to_name(html, c) : "no such attribute name";
}

static const char *read_value_begin(struct html *html, char c)
{
    return c == '"' ? go(html, HTML_VALUE) : "attributes stand in double quotes";
}

static const char *read_value(struct html *html, char c)
{
    if (c == '"')
        return go(html, HTML_VALUE_END);
    html->value_is_begun = true;
    return c == '<' ? "a `<` in an attribute is written &lt;" : NULL;
}

static const char *read_value_end(struct html *html, char c)
{
    if (is_blank(c))
        return go(html, HTML_IN_TAG);
    if (c == '>')
        return go(html, HTML_TEXT);
    return c == '/' ? go(html, HTML_TAG_END) : "a blank stands between attributes";
}

static const char *read_tag_end(struct html *html, char c)
{
    /* `<script/>` is no empty element for a browser. */
    if (html->inside[0])
        return "this element has an end tag";
    return c == '>' ? go(html, HTML_TEXT) : "`/` stands before `>` only";
}

static const char *(*const readers[])(struct html *html, char c) = {
    [HTML_TEXT] = read_text,
    [HTML_TAG_BEGIN] = read_tag_begin,
    [HTML_TAG_NAME] = read_tag_name,
    [HTML_END_TAG] = read_end_tag,
    [HTML_DECLARATION] = read_declaration,
    [HTML_IN_TAG] = read_in_tag,
    [HTML_ATTRIBUTE_NAME] = read_attribute_name,
    [HTML_VALUE_BEGIN] = read_value_begin,
    [HTML_VALUE] = read_value,
    [HTML_VALUE_END] = read_value_end,
    [HTML_TAG_END] = read_tag_end,
};

const char *html_read(struct html *html, struct str text, size_t *ret_len)
{
    const char *error = NULL;
    size_t i = 0;
    for (; i < text.len && !error; i++)
        error = readers[html->place](html, text.ptr[i]);
    *ret_len = i;
    return error;
}

enum html_hole html_find_hole(const struct html *html)
{
    bool is_in_script = str_equal(str_of(html->inside), STR("script"));
    if (html->place == HTML_TEXT && !is_in_script)
        return html->inside[0] ? HTML_HOLE_PLAIN_TEXT : HTML_HOLE_TEXT;
    if (html->place != HTML_VALUE || html->attribute == HTML_ATTRIBUTE_FIXED)
        return HTML_HOLE_NONE;
    if (html->attribute == HTML_ATTRIBUTE_TEXT)
        return HTML_HOLE_ATTRIBUTE;
    return html->value_is_begun ? HTML_HOLE_URL_PART : HTML_HOLE_URL;
}

void html_pass_hole(struct html *html)
{
    html->value_is_begun = true;
}

bool html_equal(const struct html *a, const struct html *b)
{
    if (a->place != b->place || !str_equal(str_of(a->inside), str_of(b->inside)))
        return false;
    bool has_name = a->place == HTML_TAG_NAME || a->place == HTML_END_TAG || a->place == HTML_ATTRIBUTE_NAME;
    if (has_name && !str_equal(name_of(a), name_of(b)))
        return false;
    return a->place != HTML_VALUE || (a->attribute == b->attribute && a->value_is_begun == b->value_is_begun);
}
