#include "store/cache.h"

#include "base/arena.h"

struct slot {
    int64_t id; /* 0: empty */
    uint32_t epoch;
    char *texts; /* one piece of memory for all of the row's texts, or NULL */
    _Alignas(8) unsigned char row[];
};

struct cache {
    struct cache_options options;
    struct cache_counts *counts;
    size_t slot_size;
    unsigned char *slots; /* NULL until something is kept */
};

struct name_slot {
    uint64_t hash;
    int64_t id;
};

struct name_cache {
    unsigned slot_bits;
    struct name_slot *slots; /* NULL until something is kept */
};

struct cache *cache_create(const struct cache_options *options, struct cache_counts *counts)
{
    struct cache *cache = memory_alloc(sizeof *cache);
    cache->options = *options;
    cache->counts = counts;
    cache->slot_size = (sizeof(struct slot) + options->shape->size + 7) & ~(size_t)7;
    return cache;
}

void cache_destroy(struct cache *cache)
{
    cache_clear(cache);
    memory_free(cache->slots);
    memory_free(cache);
}

/* Ids that were made in different seconds differ in their upper bits only: all bits must count. */
static size_t slot_of(int64_t id, unsigned bits)
{
    return (size_t)(((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - bits));
}

static struct slot *slot_at(const struct cache *cache, size_t index)
{
    return (struct slot *)(void *)(cache->slots + index * cache->slot_size);
}

static struct str *text_at(void *row, size_t offset)
{
    return (struct str *)(void *)((unsigned char *)row + offset);
}

/* The counts have one writer: no locked instruction is needed. */
static void count(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

static void *copy_to_arena(const struct row_shape *shape, struct arena *arena, const void *row)
{
    void *copy = arena_alloc(arena, shape->size);
    memcpy(copy, row, shape->size);
    for (size_t i = 0; i < shape->text_count; i++) {
        struct str *text = text_at(copy, shape->texts[i]);
        if (text->ptr)
            *text = arena_str(arena, *text);
    }
    return copy;
}

void *cache_find(struct cache *cache, struct arena *arena, int64_t id, uint32_t *ret_epoch)
{
    int kind = cache->options.epoch_kind;
    *ret_epoch = kind == EPOCH_NONE ? 0 : epoch_read((enum epoch_kind)kind, id);
    if (cache->slots) {
        const struct slot *slot = slot_at(cache, slot_of(id, cache->options.slot_bits));
        if (slot->id == id && slot->epoch == *ret_epoch && id != 0) {
            count(&cache->counts->hits);
            return copy_to_arena(cache->options.shape, arena, slot->row);
        }
    }
    count(&cache->counts->misses);
    return NULL;
}

const void *cache_peek(const struct cache *cache, int64_t id)
{
    if (!cache->slots || id == 0)
        return NULL;
    const struct slot *slot = slot_at(cache, slot_of(id, cache->options.slot_bits));
    return slot->id == id ? slot->row : NULL;
}

static char *copy_texts(const struct row_shape *shape, void *row)
{
    size_t len = 0;
    for (size_t i = 0; i < shape->text_count; i++)
        len += text_at(row, shape->texts[i])->len;
    if (shape->text_count == 0)
        return NULL;

    char *texts = memory_alloc(len + 1);
    char *at = texts;
    for (size_t i = 0; i < shape->text_count; i++) {
        struct str *text = text_at(row, shape->texts[i]);
        if (!text->ptr)
            continue;
        memcpy(at, text->ptr, text->len);
        text->ptr = at;
        at += text->len;
    }
    return texts;
}

void cache_keep(struct cache *cache, int64_t id, uint32_t epoch, const void *row)
{
    if (id == 0)
        return;
    if (!cache->slots)
        cache->slots = memory_alloc(cache->slot_size << cache->options.slot_bits);
    struct slot *slot = slot_at(cache, slot_of(id, cache->options.slot_bits));
    memory_free(slot->texts);
    slot->id = id;
    slot->epoch = epoch;
    memcpy(slot->row, row, cache->options.shape->size);
    slot->texts = copy_texts(cache->options.shape, slot->row);
}

static void empty_slot(struct slot *slot)
{
    memory_free(slot->texts);
    slot->texts = NULL;
    slot->id = 0;
}

void cache_forget(struct cache *cache, int64_t id)
{
    if (!cache->slots)
        return;
    struct slot *slot = slot_at(cache, slot_of(id, cache->options.slot_bits));
    if (slot->id == id)
        empty_slot(slot);
}

void cache_clear(struct cache *cache)
{
    if (!cache->slots)
        return;
    for (size_t i = 0; i < (size_t)1 << cache->options.slot_bits; i++)
        empty_slot(slot_at(cache, i));
}

struct name_cache *name_cache_create(unsigned slot_bits)
{
    struct name_cache *names = memory_alloc(sizeof *names);
    names->slot_bits = slot_bits;
    return names;
}

void name_cache_destroy(struct name_cache *names)
{
    memory_free(names->slots);
    memory_free(names);
}

uint64_t name_hash(int64_t realm_id, struct str name)
{
    return str_hash(name) ^ ((uint64_t)realm_id * UINT64_C(0x9e3779b97f4a7c15));
}

int64_t name_cache_find(const struct name_cache *names, uint64_t hash)
{
    if (!names->slots)
        return 0;
    const struct name_slot *slot = &names->slots[slot_of((int64_t)hash, names->slot_bits)];
    return slot->hash == hash ? slot->id : 0;
}

void name_cache_keep(struct name_cache *names, uint64_t hash, int64_t id)
{
    if (!names->slots)
        names->slots = memory_alloc(sizeof(*names->slots) << names->slot_bits);
    names->slots[slot_of((int64_t)hash, names->slot_bits)] = (struct name_slot){hash, id};
}

void name_cache_clear(struct name_cache *names)
{
    if (names->slots)
        memset(names->slots, 0, sizeof(*names->slots) << names->slot_bits);
}
