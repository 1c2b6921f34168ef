#include "base/mistake.h"

#include "base/arena.h"
#include "base/buf.h"

/* Enough to recognise what was written. */
#define SHOWN_MAX 200

void mistakes_init(struct mistakes *mistakes, struct arena *arena)
{
    *mistakes = (struct mistakes){.arena = arena};
    mistakes->last = &mistakes->first;
}

void mistake_add(struct mistakes *mistakes, struct str file, unsigned line, struct str key, struct str found,
                 struct str allowed)
{
    struct mistake *mistake = arena_new(mistakes->arena, struct mistake);
    *mistake = (struct mistake){
        .file = arena_str(mistakes->arena, file),
        .line = line,
        .key = arena_str(mistakes->arena, key),
        .found = arena_str(mistakes->arena, found),
        .allowed = arena_str(mistakes->arena, allowed),
    };
    *mistakes->last = mistake;
    mistakes->last = &mistake->next;
    mistakes->count++;
}

/* A mistake is one line on a terminal, whatever stood in the file. */
static void write_shown(struct buf *out, struct str text)
{
    struct str shown = str_cut(text, SHOWN_MAX);
    for (size_t i = 0; i < shown.len; i++) {
        unsigned char byte = (unsigned char)shown.ptr[i];
        buf_add_char(out, byte < 0x20 || byte == 0x7f ? '?' : shown.ptr[i]);
    }
    if (shown.len < text.len)
        buf_add(out, STR("..."));
}

static void write_mistake(const struct mistake *mistake, struct buf *out)
{
    write_shown(out, mistake->file);
    if (mistake->line)
        buf_printf(out, ":%u", mistake->line);
    buf_add(out, STR(": "));
    if (mistake->key.len) {
        write_shown(out, mistake->key);
        buf_add(out, STR(": "));
    }
    if (str_is_present(mistake->found)) {
        buf_add(out, STR("found "));
        write_shown(out, mistake->found);
    } else {
        buf_add(out, STR("missing"));
    }
    buf_add(out, STR(", allowed is "));
    buf_add(out, mistake->allowed);
    buf_add_char(out, '\n');
}

void mistakes_write(const struct mistakes *mistakes, struct buf *out)
{
    for (const struct mistake *mistake = mistakes->first; mistake; mistake = mistake->next)
        write_mistake(mistake, out);
}
