#include "meter/cells.h"

#include "base/arena.h"
#include "base/buf.h"

#define SLOTS_LEAST 8

static uint64_t hash_of(const struct usage_key *key)
{
    uint64_t hash = (uint64_t)key->client_id * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= (uint64_t)key->realm_id * UINT64_C(0xd6e8feb86659fd93);
    hash ^= (uint64_t)key->begins_at * UINT64_C(0xbf58476d1ce4e5b9);
    hash ^= str_hash(key->rule);
    return hash ^ hash >> 32;
}

static bool is_same(const struct usage_key *a, const struct usage_key *b)
{
    return a->client_id == b->client_id && a->realm_id == b->realm_id && a->begins_at == b->begins_at &&
           str_equal(a->rule, b->rule);
}

/* The slot that has it, or the empty one that is for it. There is always an empty one. */
static struct cell *find(const struct cells *cells, const struct usage_key *key, uint64_t hash)
{
    size_t mask = cells->slot_count - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        struct cell *cell = &cells->slots[at];
        if (!cell->key.rule.ptr || (cell->hash == hash && is_same(&cell->key, key)))
            return cell;
    }
}

static void grow(struct cells *cells)
{
    struct cells fresh = {.slot_count = cells->slot_count ? cells->slot_count * 2 : SLOTS_LEAST,
                          .count = cells->count};
    fresh.slots = memory_alloc(fresh.slot_count * sizeof(*fresh.slots));
    size_t at = 0;
    for (struct cell *cell; (cell = cells_next(cells, &at));)
        *find(&fresh, &cell->key, cell->hash) = *cell;
    memory_free(cells->slots);
    *cells = fresh;
}

struct cell *cells_get(struct cells *cells, const struct usage_key *key)
{
    uint64_t hash = hash_of(key);
    if (cells->count + 1 > cells->slot_count / 4 * 3)
        grow(cells);
    struct cell *cell = find(cells, key, hash);
    if (!cell->key.rule.ptr) {
        char *rule = memory_alloc(key->rule.len + 1);
        if (key->rule.len)
            memcpy(rule, key->rule.ptr, key->rule.len);
        cell->key = *key;
        cell->key.rule.ptr = rule;
        cell->hash = hash;
        cells->count++;
    }
    return cell;
}

void cells_merge(struct cells *cells, const struct cells *other)
{
    size_t at = 0;
    for (const struct cell *cell; (cell = cells_next(other, &at));)
        cell_merge(cells_get(cells, &cell->key), cell);
}

void cells_clear(struct cells *cells)
{
    size_t at = 0;
    for (struct cell *cell; (cell = cells_next(cells, &at));)
        cell_clear(cell);
    memory_free(cells->slots);
    *cells = (struct cells){0};
}

struct cell *cells_next(const struct cells *cells, size_t *at)
{
    while (*at < cells->slot_count) {
        struct cell *cell = &cells->slots[(*at)++];
        if (cell->key.rule.ptr)
            return cell;
    }
    return NULL;
}

void cell_merge(struct cell *cell, const struct cell *other)
{
    for (int i = 0; i < USAGE_COUNT_COUNT; i++)
        cell->counts[i] += other->counts[i];
    sketch_merge(&cell->subjects, &other->subjects);
    times_merge(&cell->times, &other->times);
}

void cell_clear(struct cell *cell)
{
    sketch_clear(&cell->subjects);
    times_clear(&cell->times);
    memory_free((void *)(uintptr_t)cell->key.rule.ptr);
    *cell = (struct cell){0};
}

void cell_read(struct cell *cell, const struct usage_row *row)
{
    for (int i = 0; i < USAGE_COUNT_COUNT; i++)
        cell->counts[i] += row->counts[i];
    (void)sketch_read(&cell->subjects, row->subjects);
    (void)times_read(&cell->times, row->times);
}

struct usage_row cell_row(const struct cell *cell, struct arena *arena)
{
    struct usage_row row = {.key = cell->key};
    struct buf subjects, times;
    buf_init(&subjects, arena, SKETCH_BYTES_MAX);
    buf_init(&times, arena, TIMES_BYTES_MAX);
    sketch_write(&cell->subjects, &subjects);
    times_write(&cell->times, &times);
    memcpy(row.counts, cell->counts, sizeof(row.counts));
    row.subjects = buf_str(&subjects);
    row.times = buf_str(&times);
    return row;
}
