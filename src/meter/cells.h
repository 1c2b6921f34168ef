/*
 * cells.h — counts of usage by client, rule and hour: a table that grows as they come.
 *
 * Threads: a table belongs to one thread at a time.
 */
#pragma once

#include "meter/sketch.h"
#include "meter/times.h"
#include "store/usage.h"

struct cell {
    struct usage_key key; /* its rule's text is the cell's own */
    uint64_t hash;
    int64_t counts[USAGE_COUNT_COUNT];
    struct sketch subjects;
    struct times times;
};

/* Zeroed: empty. Cells move when one is added. */
struct cells {
    struct cell *slots; /* the rule's ptr is NULL where there is none */
    size_t slot_count;  /* a power of two, or 0 */
    size_t count;
};

/* The cell with this key, made on first use; the key's rule is copied. */
struct cell *cells_get(struct cells *cells, const struct usage_key *key);
/* Adds what the other has, key by key. */
void cells_merge(struct cells *cells, const struct cells *other);
/* Gives back what it holds; it is empty then. */
void cells_clear(struct cells *cells);

/* The next cell from `*at` on, which is moved behind it; NULL: that was all. `*at` begins as 0. */
struct cell *cells_next(const struct cells *cells, size_t *at);

/* Adds counts and sketches; the keys are not looked at. */
void cell_merge(struct cell *cell, const struct cell *other);
/* Gives back what it holds. */
void cell_clear(struct cell *cell);
/* Adds what the row has. A sketch that cannot be read is left out. */
void cell_read(struct cell *cell, const struct usage_row *row);
/* As a row, in the arena, whose key is the cell's. */
struct usage_row cell_row(const struct cell *cell, struct arena *arena);
