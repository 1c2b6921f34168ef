/*
 * sketch.h — how many different ones were seen, without keeping them.
 *
 * Up to SKETCH_EXACT_MAX are counted exactly, by their hashes. Beyond, a HyperLogLog of 1024 registers takes over:
 * its standard error is 1.04 / sqrt(1024) = 3.25 %, so two counts of three are that close and 99 of 100 within 9 %.
 * Two sketches merge into the sketch of both, without any further error.
 *
 * Specs: Flajolet et al., HyperLogLog (2007); the estimate is Ertl's (arXiv 1702.01284), which needs no tables.
 * Threads: a sketch belongs to one thread at a time.
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"

struct buf;

#define SKETCH_EXACT_MAX 64
/* Of a written sketch. */
#define SKETCH_BYTES_MAX 1024

/* Zeroed: nothing was seen. */
struct sketch {
    uint64_t *hashes;         /* in the order of their first sight; NULL: none */
    unsigned hash_count;      /* how many there are */
    unsigned hash_room;       /* and how many there is room for */
    unsigned char *registers; /* NULL: the hashes are all */
};

/* Gives back what it holds; it is empty then. */
void sketch_clear(struct sketch *sketch);
/* `number` is whatever tells one from the others. */
void sketch_add(struct sketch *sketch, uint64_t number);
/* Adds all that `other` saw. */
void sketch_merge(struct sketch *sketch, const struct sketch *other);
/* How many: exact up to SKETCH_EXACT_MAX. */
uint64_t sketch_count(const struct sketch *sketch);

/* At most SKETCH_BYTES_MAX bytes; none for an empty one. The same on every machine. */
void sketch_write(const struct sketch *sketch, struct buf *out);
/* Adds what was written. False when the bytes are no sketch: then nothing is added. */
bool sketch_read(struct sketch *sketch, struct str bytes);
