/*
 * ring.h — bytes on their way from one thread to another: first in, first out, never more than a fixed room.
 *
 * Whoever puts more than fits keeps the rest and waits; that is the back pressure.
 *
 * Private to http/.   Threads: one at a time.
 */
#pragma once

#include "base/text.h"

/* Four of libcurl's pieces: while one is being sent the next ones come. */
#define RING_ROOM ((size_t)64 * 1024)

struct ring {
    char *bytes; /* NULL until the first are put */
    size_t begin;
    size_t len;
};

/* Takes as much as fits and returns how much that was. */
size_t ring_put(struct ring *ring, struct str bytes);
/* At most `max` of the oldest; returns how many. */
size_t ring_take(struct ring *ring, char *room, size_t max);
size_t ring_free_len(const struct ring *ring);
void ring_end(struct ring *ring);
