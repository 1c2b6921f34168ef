/*
 * letter.h — mails to people, in the words of the catalogue.
 *
 * Threads: as the visit; letter_send inside the unit.
 */
#pragma once

#include "base/outcome.h"
#include "base/text.h"
#include "web/words.h"

struct handle;
struct store_tx;
struct user_row;
struct visit;

struct letter {
    enum word subject;
    enum word body;
    struct str recipient;
    struct str name;             /* whom it greets: the address itself, until its owner has confirmed it */
    const char *page;            /* that its link leads to */
    const struct handle *ticket; /* that the link carries; NULL: none */
    int64_t lifetime_seconds;    /* of the link; 0: it has none */
};

/* Into the outbox. Nothing when there is no recipient. */
STEP letter_send(struct visit *visit, struct store_tx *tx, const struct letter *letter);
