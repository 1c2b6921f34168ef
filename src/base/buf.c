#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"

#define FIRST_ROOM 256

void buf_init(struct buf *buf, struct arena *arena, size_t limit)
{
    *buf = (struct buf){.arena = arena, .limit = limit};
}

/* Room for `len` more bytes, or false. */
static bool make_room(struct buf *buf, size_t len)
{
    if (len > buf->limit - buf->len) {
        buf->is_full = true;
        return false;
    }
    if (buf->len + len <= buf->room)
        return true;
    size_t room = buf->room ? buf->room * 2 : FIRST_ROOM;
    if (room < buf->len + len)
        room = buf->len + len;
    if (room > buf->limit)
        room = buf->limit;
    char *ptr = arena_alloc(buf->arena, room);
    if (buf->len)
        memcpy(ptr, buf->ptr, buf->len);
    buf->ptr = ptr;
    buf->room = room;
    return true;
}

void buf_add(struct buf *buf, struct str text)
{
    if (text.len == 0 || !make_room(buf, text.len))
        return;
    memcpy(buf->ptr + buf->len, text.ptr, text.len);
    buf->len += text.len;
}

void buf_add_char(struct buf *buf, char byte)
{
    buf_add(buf, (struct str){&byte, 1});
}

void buf_add_int(struct buf *buf, int64_t number)
{
    char room[TEXT_INT_MAX];
    buf_add(buf, str_of_int(number, room));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    buf_add(buf, arena_vprintf(buf->arena, format, list));
    va_end(list);
}

static struct str json_escape(char byte, char room[8])
{
    switch (byte) {
    case '"':
        return STR("\\\"");
    case '\\':
        return STR("\\\\");
    case '\n':
        return STR("\\n");
    case '\r':
        return STR("\\r");
    case '\t':
        return STR("\\t");
    default:
        return (struct str){room, (size_t)snprintf(room, 8, "\\u%04x", (unsigned char)byte)};
    }
}

void buf_add_json(struct buf *buf, struct str text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f)
            continue;
        char room[8];
        buf_add(buf, str_slice(text, from, i - from));
        buf_add(buf, json_escape(text.ptr[i], room));
        from = i + 1;
    }
    buf_add(buf, str_slice(text, from, text.len));
}

void buf_add_quoted(struct buf *buf, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte == '"' || byte == '\\')
            buf_add_char(buf, '\\');
        buf_add_char(buf, byte < 0x20 || byte > 0x7e ? '?' : byte);
    }
}
