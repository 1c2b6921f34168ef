/*
 * log.h — one JSON line per event on stderr.
 *
 * Events have names (`store_failed`), details have keys. Never log a secret, a token, a password, a body or a
 * query string: log the id. A line is written with one write(2), so lines of several threads do not mix.
 *
 *     log_event(LOG_WARNING, "secret_in_query", log_text("exchange", id), log_text("realm", name));
 *
 * Threads: any.
 */
#pragma once

#include "base/text.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log_detail {
    const char *key;
    struct str text; /* absent: `number` counts */
    int64_t number;
};

#define log_text(key, value)   ((struct log_detail){(key), (value), 0})
#define log_number(key, value) ((struct log_detail){(key), STR_NONE, (value)})

#define log_event(level, event, ...)                                                                                 \
    log_write((level), (event), (const struct log_detail[]){__VA_ARGS__ __VA_OPT__(, ){0}})

/* Details end with one whose key is NULL. Texts are cut at 512 bytes; a detail that passes 4,096 bytes of line is
 * left out. */
void log_write(enum log_level level, const char *event, const struct log_detail *details);

/* Events below are dropped. The start is LOG_INFO. */
void log_set_level(enum log_level level);
