#include "base/mistake.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"

/* Enough to recognise what was written. */
#define SHOWN_MAX 200

void mistakes_init(struct mistakes *mistakes, struct arena *arena)
{
    *mistakes = (struct mistakes){.arena = arena};
    mistakes->last = &mistakes->first;
}

static void add(struct mistakes *mistakes, struct mistake shown)
{
    struct arena *arena = mistakes->arena;
    struct mistake *mistake = arena_new(arena, struct mistake);
    *mistake = (struct mistake){
        .file = arena_str(arena, shown.file),
        .line = shown.line,
        .key = arena_str(arena, shown.key),
        .found = arena_str(arena, shown.found),
        .allowed = arena_str(arena, shown.allowed),
        .problem = arena_str(arena, shown.problem),
    };
    *mistakes->last = mistake;
    mistakes->last = &mistake->next;
    mistakes->count++;
}

void mistake_add(struct mistakes *mistakes, struct str file, unsigned line, struct str key, struct str found,
                 struct str allowed)
{
    add(mistakes, (struct mistake){.file = file, .line = line, .key = key, .found = found, .allowed = allowed});
}

void mistake_tell(struct mistakes *mistakes, struct str file, unsigned line, struct str key, struct str problem)
{
    add(mistakes, (struct mistake){.file = file, .line = line, .key = key, .problem = problem});
}

struct str mistake_quote(struct arena *arena, struct str value)
{
    return str_is_present(value) ? arena_printf(arena, "\"%.*s\"", STR_ARGS(value)) : value;
}

/* A mistake among the others: which file's, and which of all. */
struct place {
    size_t file;
    size_t index;
    struct mistake *mistake;
};

static int compare_places(const void *one, const void *other)
{
    const struct place *a = one, *b = other;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (a->mistake->line != b->mistake->line)
        return a->mistake->line < b->mistake->line ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* Files are few, and mostly the one before: the first place with the same file tells its number. */
static size_t number_file(const struct place *places, size_t index, struct str file)
{
    if (index && str_equal(places[index - 1].mistake->file, file))
        return places[index - 1].file;
    for (size_t i = 0; i < index; i++)
        if (str_equal(places[i].mistake->file, file))
            return places[i].file;
    return index;
}

void mistakes_sort(struct mistakes *mistakes)
{
    struct place *places = arena_array(mistakes->arena, struct place, mistakes->count + 1);
    size_t count = 0;
    for (struct mistake *mistake = mistakes->first; mistake; mistake = mistake->next, count++)
        places[count] = (struct place){number_file(places, count, mistake->file), count, mistake};
    qsort(places, count, sizeof(*places), compare_places);
    mistakes->last = &mistakes->first;
    for (size_t i = 0; i < count; i++) {
        *mistakes->last = places[i].mistake;
        mistakes->last = &places[i].mistake->next;
    }
    *mistakes->last = NULL;
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

static void write_difference(const struct mistake *mistake, struct buf *out)
{
    if (str_is_present(mistake->found)) {
        buf_add(out, STR("found "));
        write_shown(out, mistake->found);
    } else {
        buf_add(out, STR("missing"));
    }
    buf_add(out, STR(", allowed is "));
    buf_add(out, mistake->allowed);
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
    if (str_is_present(mistake->problem))
        write_shown(out, mistake->problem);
    else
        write_difference(mistake, out);
    buf_add_char(out, '\n');
}

void mistakes_write(const struct mistakes *mistakes, struct buf *out)
{
    for (const struct mistake *mistake = mistakes->first; mistake; mistake = mistake->next)
        write_mistake(mistake, out);
}
