#include "base/reference.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/setting.h"

struct page {
    struct buf *out;
    enum reference_kind kind;
};

static void write_rows(const struct page *page, const struct setting *rows, struct str path, const char *help);

static bool has_rows(const struct setting *row)
{
    return row->kind == SETTING_SECTION || row->kind == SETTING_LIST || row->kind == SETTING_MAP;
}

/* A `|` would end the cell. */
static void add_cell(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '|')
            buf_add_char(out, '\\');
        buf_add_char(out, text.ptr[i]);
    }
}

/* Hyphens that can be copied, backslashes that are none of roff's, and no line that begins with a control. */
static void add_roff(struct buf *out, struct str text)
{
    if (text.len && (text.ptr[0] == '.' || text.ptr[0] == '\''))
        buf_add(out, STR("\\&"));
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\\')
            buf_add(out, STR("\\e"));
        else if (text.ptr[i] == '-')
            buf_add(out, STR("\\-"));
        else
            buf_add_char(out, text.ptr[i]);
    }
}

static void write_heading(const struct page *page, struct str path, const char *help)
{
    switch (page->kind) {
    case REFERENCE_TEXT:
        buf_printf(page->out, "\n%.*s: %s\n", STR_ARGS(path), help);
        return;
    case REFERENCE_MARKDOWN:
        buf_printf(page->out, "\n## `%.*s`\n\n%s\n", STR_ARGS(path), help);
        return;
    case REFERENCE_MAN:
        buf_add(page->out, STR(".SS \""));
        add_roff(page->out, path);
        buf_add(page->out, STR("\"\n"));
        add_roff(page->out, str_of(help));
        buf_add_char(page->out, '\n');
        return;
    }
}

static void write_table_head(const struct page *page)
{
    if (page->kind == REFERENCE_MARKDOWN)
        buf_add(page->out, STR("\n| key | allowed | default | meaning |\n| --- | --- | --- | --- |\n"));
}

/* "required", or the default as a file would say it behind `before` and before `behind`, or nothing. */
static struct str describe_default(const struct setting *row, struct arena *arena, const char *before,
                                   const char *behind)
{
    if (row->is_required)
        return STR("required");
    if (!row->default_text || !row->default_text[0])
        return STR("");
    return arena_printf(arena, "%s%s%s", before, row->default_text, behind);
}

static void write_row(const struct page *page, const struct setting *row)
{
    struct buf *out = page->out;
    struct str allowed = setting_allowed(row, out->arena);
    bool is_table = page->kind == REFERENCE_MARKDOWN;
    struct str usual = describe_default(row, out->arena, is_table ? "`" : "default ", is_table ? "`" : "");
    switch (page->kind) {
    case REFERENCE_TEXT:
        buf_printf(out, "  %s: %.*s%s%.*s\n      %s\n", row->key, STR_ARGS(allowed), usual.len ? "; " : "",
                   STR_ARGS(usual), row->help);
        return;
    case REFERENCE_MARKDOWN:
        buf_printf(out, "| `%s` | ", row->key);
        add_cell(out, allowed);
        buf_add(out, STR(" | "));
        add_cell(out, usual);
        buf_add(out, STR(" | "));
        add_cell(out, str_of(row->help));
        buf_add(out, STR(" |\n"));
        return;
    case REFERENCE_MAN:
        buf_add(out, STR(".TP\n.B "));
        add_roff(out, str_of(row->key));
        buf_add_char(out, '\n');
        add_roff(out, str_of(row->help));
        buf_add(out, STR("\nAllowed: "));
        add_roff(out, allowed);
        if (usual.len) {
            buf_add(out, STR("; "));
            add_roff(out, usual);
        }
        buf_add_char(out, '\n');
        return;
    }
}

static struct str find_path_below(const struct setting *row, struct str path, struct arena *arena)
{
    const char *element = row->kind == SETTING_LIST ? "[]" : row->kind == SETTING_MAP ? ".NAME" : "";
    return arena_printf(arena, "%.*s%s%s%s", STR_ARGS(path), path.len && row->key[0] ? "." : "", row->key, element);
}

/* What a section says itself first, then the sections in it. */
static void write_rows(const struct page *page, const struct setting *rows, struct str path, const char *help)
{
    bool has_head = false;
    if (path.len)
        write_heading(page, path, help);
    for (const struct setting *row = rows; row->key; row++) {
        if (has_rows(row))
            continue;
        if (!has_head)
            write_table_head(page);
        has_head = true;
        write_row(page, row);
    }
    for (const struct setting *row = rows; row->key; row++)
        if (has_rows(row))
            write_rows(page, row->rows, find_path_below(row, path, page->out->arena), row->help);
}

void reference_write(const struct setting *rows, struct buf *out, enum reference_kind kind)
{
    const struct page page = {out, kind};
    write_rows(&page, rows, STR(""), "");
}
