/*
 * arena.h — memory that lives as long as one exchange, one connection or one snapshot.
 *
 * Everything is taken from the arena and given back at once, when the arena ends; what foreign libraries
 * allocate is hung on it with arena_defer. Used bytes are wiped on the way out, so secrets do not outlive
 * their exchange. Running out of memory ends the process: inputs are limited before they get here.
 *
 * Threads: an arena belongs to one thread at a time. Blocks are recycled per thread.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/text.h"

struct arena;

struct arena *arena_create(void);

/* Runs the deferred calls, last first, wipes what was used and gives it back. NULL is allowed. */
void arena_destroy(struct arena *arena);

/* Zeroed, aligned for any type, never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

#define arena_new(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
/* `count` times sizeof(type) must not overflow: counts come from limited input. */
#define arena_array(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (count)))

/* A copy with a NUL behind it that `len` does not count. */
struct str arena_str(struct arena *arena, struct str text);
const char *arena_cstr(struct arena *arena, struct str text);

struct str arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct str arena_vprintf(struct arena *arena, const char *format, va_list list);

/* The number in digits. */
struct str arena_decimal(struct arena *arena, int64_t number);

/* Calls `end(subject)` when the arena ends. */
void arena_defer(struct arena *arena, void (*end)(void *subject), void *subject);

/* The process's own memory, for what lives longer than any arena: never NULL; zeroed, but for
 * what memory_resize adds. */
void *memory_alloc(size_t size);
void *memory_resize(void *memory, size_t size);
void memory_free(void *memory);

/* For a process that lives long; before its first threads. Large pieces, such as the tables of caches, are then
 * always the system's untouched pages: only what is used of them takes memory. Without it glibc takes such pieces
 * from the heap once one has been freed, and zeroes them. */
void memory_prepare(void);
