/*
 * mistake.h — everything that is wrong with a file, collected and told at once.
 *
 * One mistake names file, line, key, what was found and what is allowed.
 */
#pragma once

#include "base/text.h"

struct arena;
struct buf;

struct mistake {
    struct mistake *next;
    struct str file;
    unsigned line;
    struct str key;     /* "realms.podium.access_token.length" */
    struct str found;   /* "12"; absent when something is missing */
    struct str allowed; /* "30 to 255" */
};

struct mistakes {
    struct arena *arena;
    struct mistake *first;
    struct mistake **last;
    size_t count;
};

void mistakes_init(struct mistakes *mistakes, struct arena *arena);
/* Texts are copied. */
void mistake_add(struct mistakes *mistakes, struct str file, unsigned line, struct str key, struct str found,
                 struct str allowed);
/* One line each: "FILE:LINE: KEY: found FOUND, allowed is ALLOWED". */
void mistakes_write(const struct mistakes *mistakes, struct buf *out);
