/*
 * fuzz_html.c — templates of pages: in what compiles, no value makes another page of it.
 *
 * The input is a template, a NUL, and a value. Whatever the value is, the page has the same tags and the same
 * attributes as with a plain word in its place, and ends in the same place.
 */
#include <assert.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/embedded.h"
#include "base/json.h"
#include "base/mistake.h"
#include "web/catalogue.h"
#include "web/html.h"
#include "web/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define PAGE_MAX (1 << 20)

static const char text[] = "hello: Hello **{x}**\n";
static const struct embedded_file texts[] = {{"en.yaml", text, sizeof(text) - 1}, {NULL, NULL, 0}};

/* What stands outside of values: names of tags and attributes, in their order. */
static struct str read_skeleton(struct arena *arena, struct str page)
{
    struct buf skeleton;
    struct html html = HTML_START;
    buf_init(&skeleton, arena, PAGE_MAX);
    for (size_t i = 0; i < page.len; i++) {
        size_t len;
        const char *error = html_read(&html, str_slice(page, i, 1), &len);
        assert(!error);
        if (html.place != HTML_TEXT && html.place != HTML_VALUE)
            buf_add_char(&skeleton, page.ptr[i]);
    }
    assert(html_equal(&html, &HTML_START));
    return buf_str(&skeleton);
}

static struct str fill(struct arena *arena, const struct template *template, struct str value,
                       const struct catalogue *catalogue)
{
    struct buf out;
    json_t *model = json_keep(
        arena, json_pack("{s:o, s:[o, o]}", "x", json_of_str(value), "l", json_of_str(value), json_of_str(value)));
    buf_init(&out, arena, PAGE_MAX);
    template_write(template, &(struct scope){NULL, model}, catalogue_choose(catalogue, STR_NONE), &out);
    return out.is_full ? STR("") : buf_str(&out);
}

static void check(struct arena *arena, struct str source, struct str value)
{
    struct mistakes mistakes;
    struct str page = arena_printf(arena, "<!doctype html>%.*s", STR_ARGS(source));
    const struct embedded_file files[] = {{"page.html", page.ptr, page.len}, {NULL, NULL, 0}};
    mistakes_init(&mistakes, arena);
    const struct catalogue *catalogue = catalogue_read(arena, texts, &mistakes);
    const struct templates *templates = templates_read(arena, files, catalogue, &mistakes);
    if (!templates) {
        assert(mistakes.count > 0);
        return;
    }
    const struct template *template = template_find(templates, STR("page"));
    struct str plain = read_skeleton(arena, fill(arena, template, STR("word"), catalogue));
    struct str hostile = read_skeleton(arena, fill(arena, template, value, catalogue));
    assert(str_equal(plain, hostile));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena *arena = arena_create();
    struct str input = {(const char *)bytes, len < 4096 ? len : 4096};
    struct str source = str_slice(input, 0, str_find(input, '\0'));
    struct str value = str_slice(input, source.len + 1, input.len);
    if (value.len && str_is_utf8(source) && str_is_utf8(value))
        check(arena, source, value);
    arena_destroy(arena);
    return 0;
}
