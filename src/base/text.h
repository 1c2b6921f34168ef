/*
 * text.h — views of bytes.
 *
 * A `struct str` is a view, never an owner: it lives as long as what it points into. An absent value is
 * ptr == NULL; an empty one has a pointer and no bytes.
 *
 * Threads: any; no state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *ptr;
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/* The same where only a constant will do: in static tables. */
#define STR_INIT(literal)                                                                                            \
    {                                                                                                                \
        "" literal, sizeof(literal) - 1                                                                              \
    }
#define STR_NONE ((struct str){NULL, 0})
/* For printf's `%.*s`. */
#define STR_ARGS(text) (int)(text).len, (text).ptr

static inline struct str str_of(const char *cstr)
{
    return (struct str){cstr, cstr ? strlen(cstr) : 0};
}

static inline bool str_is_present(struct str text)
{
    return text.ptr != NULL;
}

static inline bool str_is_empty(struct str text)
{
    return text.len == 0;
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII only, as header names and scheme names are compared. */
bool str_equal_nocase(struct str a, struct str b);
bool str_has_prefix(struct str text, struct str prefix);
bool str_has_suffix(struct str text, struct str suffix);
bool str_has_prefix_nocase(struct str text, struct str prefix);

/* From `from` (clipped to the end), at most `len` bytes. */
struct str str_slice(struct str text, size_t from, size_t len);
/* The first `len` bytes of a UTF-8 text at most, and no character cut in two. */
struct str str_cut(struct str text, size_t len);
/* Without ASCII blanks and tabs at both ends. */
struct str str_trim(struct str text);

/* Index of the byte, or text.len. */
size_t str_find(struct str text, char byte);

/*
 * Takes the part before `separator` (or all) off the front of `rest`. False when nothing is left: so a loop
 * over "a  b" with ' ' sees "a", "" and "b".
 */
bool str_next(struct str *rest, char separator, struct str *ret_part);

/* The next word between blanks; empty ones are skipped. Scope lists are read with it. [RFC6749 3.3] */
bool str_next_word(struct str *rest, struct str *ret_word);

/* Decimal, a minus in front or none, nothing else; false on overflow or anything left over. */
bool str_parse_int(struct str text, int64_t *ret_number);

/* The number in digits; `room` takes TEXT_INT_MAX bytes. */
#define TEXT_INT_MAX 20
struct str str_of_int(int64_t number, char *room);

/* Strict UTF-8 without overlong forms, surrogates and NUL. */
bool str_is_utf8(struct str text);

/* FNV-1a with an avalanche at the end: for tables of our own, never for secrets. */
uint64_t str_hash(struct str text);
