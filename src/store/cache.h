/*
 * cache.h — rows that one thread has read and may give again while their epoch stands.
 *
 * A fixed number of slots, each for one id at a time; taken from the system as they are first used. Only rows
 * that exist are kept. A kind of row is described by its size and the places of its texts, so that rows can be
 * copied as a whole, texts and all.
 *
 * Threads: a cache belongs to one thread. There are no locks.
 */
#pragma once

#include <stdatomic.h>

#include "base/text.h"
#include "store/epoch.h"

struct arena;
struct cache;

/* What a row consists of: `texts` are the offsets of its struct str members. */
struct row_shape {
    size_t size;
    size_t text_count;
    const size_t *texts;
};

/* A kind for rows that never change. */
#define EPOCH_NONE -1

struct cache_options {
    int epoch_kind; /* enum epoch_kind or EPOCH_NONE */
    const struct row_shape *shape;
    unsigned slot_bits;
};

/* May be read by another thread; written by the owner only. */
struct cache_counts {
    _Atomic uint64_t hits;
    _Atomic uint64_t misses;
};

struct cache *cache_create(const struct cache_options *options, struct cache_counts *counts);
void cache_destroy(struct cache *cache);

/*
 * A copy of the row in the arena, or NULL. `ret_epoch` is the epoch as it was before anything was read: a caller that
 * goes on to read the row must hand that very number to cache_keep.
 */
void *cache_find(struct cache *cache, struct arena *arena, int64_t id, uint32_t *ret_epoch);
/* Of a kind that never changes: the cached row itself, good until the next cache_keep, or NULL. */
const void *cache_peek(const struct cache *cache, int64_t id);
void cache_keep(struct cache *cache, int64_t id, uint32_t epoch, const void *row);
/* One row: after a transaction has changed it, whose own reader must not wait for the epoch. */
void cache_forget(struct cache *cache, int64_t id);
/* Everything: after a transaction whose own rows were cached has rolled back. */
void cache_clear(struct cache *cache);

/*
 * Names by which cached rows can be found. A name leads to an id that had it; the caller compares the
 * row's name, so an entry may be stale or stand for another name with the same hash.
 */
struct name_cache;
struct name_cache *name_cache_create(unsigned slot_bits);
void name_cache_destroy(struct name_cache *names);
uint64_t name_hash(int64_t realm_id, struct str name);
/* 0: none. */
int64_t name_cache_find(const struct name_cache *names, uint64_t hash);
void name_cache_keep(struct name_cache *names, uint64_t hash, int64_t id);
void name_cache_clear(struct name_cache *names);
