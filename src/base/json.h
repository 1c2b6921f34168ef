/*
 * json.h — JSON in, by jansson, within limits.
 *
 * The only place that includes jansson. Values that `json_read` returns belong to the arena: do not decref
 * them. Duplicate members, invalid UTF-8, NUL in strings and deep nesting are refused.
 *
 * Specs: RFC 8259.   Threads: any.
 */
#pragma once

#include <jansson.h>

#include "base/text.h"

struct arena;

/* Nesting that an honest request stays far under. */
#define JSON_DEPTH_MAX 16

/* NULL when `text` is not one JSON value within the limits. */
json_t *json_read(struct arena *arena, struct str text);
/* The same, with every number as a real one: so that none is too large to be read. */
json_t *json_read_real(struct arena *arena, struct str text);

/* Hands a value over to the arena. */
json_t *json_keep(struct arena *arena, json_t *value);

/* The value as compact text in the arena. */
struct str json_text(struct arena *arena, const json_t *value);
/* The same for people: a line for each member, indented by two blanks. */
struct str json_text_indented(struct arena *arena, const json_t *value);

/* The member's text, or absent when it is missing or no string. */
struct str json_member(const json_t *object, const char *name);

/* A new JSON string, or null for an absent text. The text must be UTF-8. */
json_t *json_of_str(struct str text);
