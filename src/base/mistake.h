/*
 * mistake.h — everything that is wrong with a file, collected and told at once.
 *
 * One mistake names file, line, key, what was found and what is allowed; or, where nothing was found because the
 * system or a library gave up, what they say.
 */
#pragma once

#include "base/text.h"

struct arena;
struct buf;

struct mistake {
    struct mistake *next;
    struct str file;
    unsigned line;
    struct str key;     /* realms.podium.access_token.length */
    struct str found;   /* "12", or words: a list; absent when something is missing */
    struct str allowed; /* 30 to 255 */
    struct str problem; /* in place of both: cannot be read: No such file or directory; else absent */
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
/* With a whole sentence, which is no value and has none beside it. Texts are copied. */
void mistake_tell(struct mistakes *mistakes, struct str file, unsigned line, struct str key, struct str problem);
/* What stands in the file, as `found` shows it: in quotes. */
struct str mistake_quote(struct arena *arena, struct str value);

/* By line within each file; the files in the order in which they were read. */
void mistakes_sort(struct mistakes *mistakes);
/* One line each: FILE:LINE: KEY: found FOUND, allowed is ALLOWED; or FILE:LINE: KEY: PROBLEM. */
void mistakes_write(const struct mistakes *mistakes, struct buf *out);
