/*
 * buf.h — text that grows in an arena, up to a limit it is born with.
 *
 * Writing past the limit sets `is_full` and drops what does not fit; the writer looks once, at the end.
 */
#pragma once

#include "base/text.h"

struct arena;

struct buf {
    struct arena *arena;
    char *ptr;
    size_t len;
    size_t room;
    size_t limit;
    bool is_full;
};

void buf_init(struct buf *buf, struct arena *arena, size_t limit);
void buf_add(struct buf *buf, struct str text);
void buf_add_char(struct buf *buf, char byte);
void buf_add_int(struct buf *buf, int64_t number);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The inside of a JSON string: quotes, backslashes and controls escaped; UTF-8 as it is. [RFC8259 7] */
void buf_add_json(struct buf *buf, struct str text);
/* The inside of a quoted-string of a header: quotes and backslashes escaped, other bytes outside the printable
 * ASCII range replaced by `?`, so no input can end the header. [RFC9110 5.6.4] */
void buf_add_quoted(struct buf *buf, struct str text);

static inline struct str buf_str(const struct buf *buf)
{
    return (struct str){buf->ptr ? buf->ptr : "", buf->len};
}
