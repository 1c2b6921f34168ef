/*
 * reference.h — a table of settings as a page for people.
 *
 * Threads: any; no state.
 */
#pragma once

struct buf;
struct setting;

enum reference_kind {
    REFERENCE_TEXT,     /* for a terminal */
    REFERENCE_MARKDOWN, /* a table of each section */
    REFERENCE_MAN,      /* roff: tagged paragraphs */
};

/* Every key below the table, by its whole path: `realms.NAME.access_token.length`. */
void reference_write(const struct setting *rows, struct buf *out, enum reference_kind kind);
