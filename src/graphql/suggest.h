/*
 * suggest.h — "Did you mean …?" for a name that does not exist.
 *
 *     struct suggestion suggestion = suggest_for(arena, name);
 *     for (…)
 *         suggest_offer(&suggestion, candidate);
 *     … suggest_text(&suggestion, NULL)
 *
 * Threads: any; no state of its own.
 */
#pragma once

#include "base/text.h"

struct arena;

#define SUGGESTION_MAX 5

struct suggestion {
    struct arena *arena;
    struct str input;
    struct str names[SUGGESTION_MAX]; /* nearest first */
    size_t distances[SUGGESTION_MAX];
    size_t count;
};

struct suggestion suggest_for(struct arena *arena, struct str input);
void suggest_offer(struct suggestion *suggestion, struct str candidate);
/* ` Did you mean "a" or "b"?`, or nothing. `subject` ("the enum value") goes before the names. */
struct str suggest_text(const struct suggestion *suggestion, const char *subject);
