#include "graphql/suggest.h"

#include "base/arena.h"
#include "base/buf.h"

/* Longer names get no suggestions: the work grows with the square. */
#define NAME_LEN_MAX 64
#define TEXT_LIMIT   1024

struct suggestion suggest_for(struct arena *arena, struct str input)
{
    return (struct suggestion){.arena = arena, .input = input};
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

/* Edits (insert, delete, replace, swap of neighbours) that make `b` of `a`, in lower case. */
static size_t edit_distance(struct str a, struct str b)
{
    size_t rows[3][NAME_LEN_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *up = rows[(i - 1) % 3];
        size_t *row = rows[i % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            char from = lower(a.ptr[i - 1]);
            char to = lower(b.ptr[j - 1]);
            row[j] = min(min(up[j], row[j - 1]) + 1, up[j - 1] + (from != to));
            if (i > 1 && j > 1 && from == lower(b.ptr[j - 2]) && lower(a.ptr[i - 2]) == to)
                row[j] = min(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

static bool is_before(const struct suggestion *suggestion, size_t at, size_t distance, struct str name)
{
    if (suggestion->distances[at] != distance)
        return distance < suggestion->distances[at];
    int order = memcmp(name.ptr, suggestion->names[at].ptr, min(name.len, suggestion->names[at].len));
    return order < 0 || (order == 0 && name.len < suggestion->names[at].len);
}

void suggest_offer(struct suggestion *suggestion, struct str candidate)
{
    struct str input = suggestion->input;
    size_t threshold = input.len * 2 / 5 + 1;
    if (input.len > NAME_LEN_MAX || candidate.len > NAME_LEN_MAX || candidate.len == 0)
        return;
    size_t distance = str_equal_nocase(input, candidate) ? 1 : edit_distance(input, candidate);
    if (distance > threshold)
        return;
    size_t at = suggestion->count;
    while (at > 0 && is_before(suggestion, at - 1, distance, candidate))
        at--;
    if (at == SUGGESTION_MAX)
        return;
    if (suggestion->count < SUGGESTION_MAX)
        suggestion->count++;
    for (size_t i = suggestion->count - 1; i > at; i--) {
        suggestion->names[i] = suggestion->names[i - 1];
        suggestion->distances[i] = suggestion->distances[i - 1];
    }
    suggestion->names[at] = candidate;
    suggestion->distances[at] = distance;
}

struct str suggest_text(const struct suggestion *suggestion, const char *subject)
{
    struct buf out;
    size_t count = suggestion->count;
    buf_init(&out, suggestion->arena, TEXT_LIMIT);
    if (count == 0)
        return buf_str(&out);
    buf_add(&out, STR(" Did you mean "));
    if (subject)
        buf_printf(&out, "%s ", subject);
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_add(&out, i + 1 < count ? STR(", ") : count == 2 ? STR(" or ") : STR(", or "));
        buf_printf(&out, "\"%.*s\"", STR_ARGS(suggestion->names[i]));
    }
    buf_add_char(&out, '?');
    return buf_str(&out);
}
