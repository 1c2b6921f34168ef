#include "base/log.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"

/* What a pipe takes at once: of a longer line it may take a part, and another line then. */
#define LINE_MAX_LEN PIPE_BUF
#define LINE_END     STR("}\n")
#define TEXT_MAX_LEN 512

static const char *const level_names[] = {"debug", "info", "warning", "error"};
static _Atomic(enum log_level) lowest = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&lowest, level, memory_order_relaxed);
}

static void add_member(struct buf *line, const char *key, struct str text)
{
    buf_add(line, STR(",\""));
    buf_add(line, str_of(key));
    buf_add(line, STR("\":\""));
    buf_add_json(line, str_is_utf8(text) ? str_cut(text, TEXT_MAX_LEN) : STR("(not UTF-8)"));
    buf_add(line, STR("\""));
}

/* One that does not fit is left out whole: what is written stays JSON. */
static void add_detail(struct buf *line, const struct log_detail *detail)
{
    size_t len = line->len;
    if (str_is_present(detail->text))
        add_member(line, detail->key, detail->text);
    else
        buf_printf(line, ",\"%s\":%lld", detail->key, (long long)detail->number);
    if (line->is_full)
        line->len = len;
    line->is_full = false;
}

static void add_time(struct buf *line)
{
    struct timespec at;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &at);
    gmtime_r(&at.tv_sec, &utc);
    char text[sizeof("2026-01-01T00:00:00")];
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
    buf_printf(line, "{\"time\":\"%s.%03ldZ\"", text, at.tv_nsec / 1000000);
}

void log_write(enum log_level level, const char *event, const struct log_detail *details)
{
    if (level < atomic_load_explicit(&lowest, memory_order_relaxed))
        return;
    struct arena *arena = arena_create();
    struct buf line;
    buf_init(&line, arena, LINE_MAX_LEN - LINE_END.len);
    add_time(&line);
    add_member(&line, "level", str_of(level_names[level]));
    add_member(&line, "event", str_of(event));
    for (const struct log_detail *detail = details; detail->key; detail++)
        add_detail(&line, detail);
    line.limit = LINE_MAX_LEN;
    buf_add(&line, LINE_END);
    ssize_t written = write(STDERR_FILENO, line.ptr, line.len);
    (void)written; /* nowhere left to tell */
    arena_destroy(arena);
}
