#include "meter/limit.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "store/windows.h"

#define SHARD_BITS  8
#define SHARD_COUNT (1u << SHARD_BITS)
#define CACHE_LINE  64
/* A step's time is when its request was whole: older than that of others, but not by more. */
#define LATE_SECONDS 10
/* Of a shard that has anything. */
#define SLOTS_LEAST 16

struct entry {
    int64_t owner;
    int64_t subject;
    uint64_t window_id;
    int64_t ends_at; /* 0: the slot is empty */
    int64_t used;
    int64_t is_dirty;
};

/* Open addressing; nothing is ever taken out of it, but it is built anew without what is over. */
struct table {
    struct entry *slots;
    uint32_t slot_count; /* a power of two, or 0 */
    uint32_t entry_count;
    uint32_t dirty_count;
};

struct shard {
    _Alignas(CACHE_LINE) pthread_mutex_t lock;
    struct table table;
};

struct limits {
    struct shard *shards;
    void *memory; /* that the shards lie in */
    size_t entry_max;
    _Atomic size_t entry_count;
    _Atomic size_t swept; /* the shard that is swept next */
};

/* One step at work: its shards are locked, each once, in their order, so that no two steps wait for each other. */
struct step {
    struct limits *limits;
    struct limit_charge *charges;
    size_t count;
    int64_t now;
    unsigned numbers[LIMIT_CHARGES_MAX]; /* of each charge's shard */
    struct entry *entries[LIMIT_CHARGES_MAX];
    unsigned locked[LIMIT_CHARGES_MAX];
    size_t locked_count;
};

static uint64_t mix(uint64_t number)
{
    number ^= number >> 32;
    number *= UINT64_C(0xd6e8feb86659fd93);
    number ^= number >> 32;
    number *= UINT64_C(0xd6e8feb86659fd93);
    return number ^ number >> 32;
}

/* All windows of one owner and subject lie in one shard. */
static unsigned shard_of(int64_t owner, int64_t subject)
{
    uint64_t hash = mix((uint64_t)owner * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)subject);
    return (unsigned)(hash >> (64 - SHARD_BITS));
}

static size_t slot_of(int64_t owner, int64_t subject, uint64_t window_id)
{
    return (size_t)mix(((uint64_t)owner * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)subject) + window_id);
}

/* A lock is held for tens of nanoseconds: going to sleep over it would cost many times that. */
static void init_locks(struct limits *limits)
{
    pthread_mutexattr_t spinning;
    pthread_mutexattr_init(&spinning);
    pthread_mutexattr_settype(&spinning, PTHREAD_MUTEX_ADAPTIVE_NP);
    for (unsigned i = 0; i < SHARD_COUNT; i++)
        pthread_mutex_init(&limits->shards[i].lock, &spinning);
    pthread_mutexattr_destroy(&spinning);
}

struct limits *limits_create(size_t entry_max)
{
    struct limits *limits = memory_alloc(sizeof(*limits));
    limits->memory = memory_alloc(sizeof(struct shard) * SHARD_COUNT + CACHE_LINE);
    limits->shards = (struct shard *)(((uintptr_t)limits->memory + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
    limits->entry_max = entry_max;
    init_locks(limits);
    return limits;
}

void limits_destroy(struct limits *limits)
{
    if (!limits)
        return;
    for (unsigned i = 0; i < SHARD_COUNT; i++) {
        pthread_mutex_destroy(&limits->shards[i].lock);
        memory_free(limits->shards[i].table.slots);
    }
    memory_free(limits->memory);
    memory_free(limits);
}

static bool is_of(const struct entry *entry, int64_t owner, int64_t subject, uint64_t window_id)
{
    return entry->owner == owner && entry->subject == subject && entry->window_id == window_id;
}

/* The slot that has it, or the empty one that is for it. There is always an empty one. */
static struct entry *find(const struct table *table, int64_t owner, int64_t subject, uint64_t window_id)
{
    size_t mask = table->slot_count - 1;
    size_t at = slot_of(owner, subject, window_id) & mask;
    for (;; at = (at + 1) & mask) {
        struct entry *entry = &table->slots[at];
        if (entry->ends_at == 0 || is_of(entry, owner, subject, window_id))
            return entry;
    }
}

static void soil(struct table *table, struct entry *entry)
{
    table->dirty_count += entry->is_dirty == 0;
    entry->is_dirty = 1;
}

static uint32_t count_live(const struct table *table, int64_t now)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < table->slot_count; i++)
        count += table->slots[i].ends_at > now;
    return count;
}

/* With room for `more` besides those that are not over. */
static void rebuild(struct limits *limits, struct table *table, int64_t now, uint32_t more)
{
    struct table fresh = {.slot_count = SLOTS_LEAST};
    uint32_t wanted = (count_live(table, now) + more) * 2;
    while (fresh.slot_count < wanted)
        fresh.slot_count *= 2;
    fresh.slots = memory_alloc(fresh.slot_count * sizeof(*fresh.slots));
    for (uint32_t i = 0; i < table->slot_count; i++) {
        const struct entry *entry = &table->slots[i];
        if (entry->ends_at <= now)
            continue;
        *find(&fresh, entry->owner, entry->subject, entry->window_id) = *entry;
        fresh.entry_count++;
        fresh.dirty_count += entry->is_dirty != 0;
    }
    atomic_fetch_sub_explicit(&limits->entry_count, table->entry_count - fresh.entry_count, memory_order_relaxed);
    memory_free(table->slots);
    *table = fresh;
}

/* Afterwards `more` entries can be added without any moving. */
static void make_room(struct limits *limits, struct table *table, int64_t now, uint32_t more)
{
    if (table->entry_count + more > table->slot_count / 4 * 3)
        rebuild(limits, table, now, more);
}

static void note_shard(struct step *step, unsigned number)
{
    size_t at = step->locked_count;
    for (size_t i = 0; i < step->locked_count; i++)
        if (step->locked[i] == number)
            return;
    for (; at > 0 && step->locked[at - 1] > number; at--)
        step->locked[at] = step->locked[at - 1];
    step->locked[at] = number;
    step->locked_count++;
}

static void find_entries(struct step *step)
{
    for (size_t i = 0; i < step->count; i++) {
        const struct limit_charge *charge = &step->charges[i];
        step->entries[i] =
            find(&step->limits->shards[step->numbers[i]].table, charge->owner, charge->subject, charge->window_id);
    }
}

static void begin(struct step *step)
{
    struct limits *limits = step->limits;
    for (size_t i = 0; i < step->count; i++) {
        step->numbers[i] = shard_of(step->charges[i].owner, step->charges[i].subject);
        note_shard(step, step->numbers[i]);
    }
    for (size_t i = 0; i < step->locked_count; i++) {
        struct shard *shard = &limits->shards[step->locked[i]];
        pthread_mutex_lock(&shard->lock);
        make_room(limits, &shard->table, step->now, (uint32_t)step->count);
    }
    find_entries(step);
}

static void end(struct step *step)
{
    for (size_t i = step->locked_count; i > 0; i--)
        pthread_mutex_unlock(&step->limits->shards[step->locked[i - 1]].lock);
}

static struct table *table_of(const struct step *step, size_t index)
{
    return &step->limits->shards[step->numbers[index]].table;
}

/*
 * How the window stands before the step. Steps come a little late, so one may find a window that was begun after its
 * own time; but one that ends later than that is of a clock that was set back, and ends earlier from now on: nobody
 * waits for much longer than a window lasts.
 */
static void tell(const struct step *step, size_t index)
{
    struct limit_charge *charge = &step->charges[index];
    struct entry *entry = step->entries[index];
    bool is_live = entry->ends_at > step->now;
    int64_t ends_at_most = step->now + charge->seconds;
    int64_t late_seconds = charge->seconds < LATE_SECONDS ? charge->seconds : LATE_SECONDS;
    if (is_live && entry->ends_at > ends_at_most + late_seconds) {
        entry->ends_at = ends_at_most;
        soil(table_of(step, index), entry);
    }
    charge->used = is_live ? entry->used : 0;
    charge->ends_at = is_live ? entry->ends_at : ends_at_most;
    charge->is_full = false;
}

/* False when the table is full: then the window is not counted. */
static bool may_add(struct limits *limits)
{
    size_t count = atomic_fetch_add_explicit(&limits->entry_count, 1, memory_order_relaxed);
    if (limits->entry_max == LIMITS_UNBOUNDED || count < limits->entry_max)
        return true;
    atomic_fetch_sub_explicit(&limits->entry_count, 1, memory_order_relaxed);
    return false;
}

static void charge_entry(struct step *step, size_t index)
{
    struct limit_charge *charge = &step->charges[index];
    struct table *table = table_of(step, index);
    struct entry *entry = step->entries[index];
    if (charge->amount == 0)
        return;
    /* Another charge of this step may have taken the empty slot. */
    if (!is_of(entry, charge->owner, charge->subject, charge->window_id))
        entry = find(table, charge->owner, charge->subject, charge->window_id);
    if (entry->ends_at == 0) {
        if (!may_add(step->limits))
            return;
        table->entry_count++;
    }
    charge->used += charge->amount;
    table->dirty_count += entry->is_dirty == 0;
    *entry = (struct entry){charge->owner, charge->subject, charge->window_id, charge->ends_at, charge->used, 1};
}

bool limits_take(struct limits *limits, struct limit_charge *charges, size_t count, int64_t now)
{
    struct step step = {.limits = limits, .charges = charges, .count = count, .now = now};
    bool is_full = false;
    begin(&step);
    for (size_t i = 0; i < count; i++) {
        struct limit_charge *charge = &charges[i];
        tell(&step, i);
        charge->is_full = charge->amount > 0 && charge->used + charge->amount > charge->most;
        is_full |= charge->is_full;
    }
    for (size_t i = 0; !is_full && i < count; i++)
        charge_entry(&step, i);
    end(&step);
    return !is_full;
}

void limits_charge(struct limits *limits, struct limit_charge *charges, size_t count, int64_t now)
{
    struct step step = {.limits = limits, .charges = charges, .count = count, .now = now};
    begin(&step);
    for (size_t i = 0; i < count; i++)
        tell(&step, i);
    for (size_t i = 0; i < count; i++)
        charge_entry(&step, i);
    end(&step);
}

static void give_back(struct step *step, size_t index)
{
    struct limit_charge *charge = &step->charges[index];
    struct entry *entry = step->entries[index];
    /* One that ends later was begun by somebody else, whose time had gone on. */
    if (entry->ends_at <= step->now || entry->ends_at > step->now + charge->seconds)
        return;
    entry->used -= charge->amount < entry->used ? charge->amount : entry->used;
    soil(table_of(step, index), entry);
    charge->used = entry->used;
}

void limits_give_back(struct limits *limits, struct limit_charge *charges, size_t count, int64_t now)
{
    struct step step = {.limits = limits, .charges = charges, .count = count, .now = now};
    begin(&step);
    for (size_t i = 0; i < count; i++) {
        tell(&step, i);
        give_back(&step, i);
    }
    end(&step);
}

void limits_read(struct limits *limits, struct limit_charge *charges, size_t count, int64_t now)
{
    struct step step = {.limits = limits, .charges = charges, .count = count, .now = now};
    begin(&step);
    for (size_t i = 0; i < count; i++)
        tell(&step, i);
    end(&step);
}

static void clear_table(struct table *table, int64_t owner, int64_t subject, int64_t now)
{
    for (uint32_t i = 0; i < table->slot_count; i++) {
        struct entry *entry = &table->slots[i];
        bool is_meant = entry->owner == owner && (subject == LIMITS_EVERYBODY || entry->subject == subject);
        if (!is_meant || entry->ends_at <= now || entry->used == 0)
            continue;
        entry->used = 0;
        soil(table, entry);
    }
}

void limits_clear(struct limits *limits, int64_t owner, int64_t subject, int64_t now)
{
    for (unsigned i = 0; i < SHARD_COUNT; i++) {
        struct shard *shard = &limits->shards[i];
        pthread_mutex_lock(&shard->lock);
        clear_table(&shard->table, owner, subject, now);
        pthread_mutex_unlock(&shard->lock);
    }
}

static size_t collect_table(struct table *table, struct limits_walk *walk, int64_t now, struct window_row *rows,
                            size_t max)
{
    size_t count = 0;
    for (; walk->slot < table->slot_count && table->dirty_count && count < max; walk->slot++) {
        struct entry *entry = &table->slots[walk->slot];
        if (!entry->is_dirty)
            continue;
        entry->is_dirty = 0;
        table->dirty_count--;
        if (entry->ends_at > now)
            rows[count++] =
                (struct window_row){entry->owner, entry->subject, entry->window_id, entry->ends_at, entry->used};
    }
    return count;
}

size_t limits_collect(struct limits *limits, struct limits_walk *walk, int64_t now, struct window_row *rows,
                      size_t max)
{
    size_t count = 0;
    while (walk->shard < SHARD_COUNT && count < max) {
        struct shard *shard = &limits->shards[walk->shard];
        pthread_mutex_lock(&shard->lock);
        count += collect_table(&shard->table, walk, now, rows + count, max - count);
        pthread_mutex_unlock(&shard->lock);
        if (count < max)
            *walk = (struct limits_walk){walk->shard + 1, 0};
    }
    return count;
}

static void soil_row(struct table *table, const struct window_row *row)
{
    struct entry *entry = table->slot_count ? find(table, row->owner, row->subject, row->window_id) : NULL;
    if (entry && entry->ends_at != 0)
        soil(table, entry);
}

void limits_soil(struct limits *limits, const struct window_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct shard *shard = &limits->shards[shard_of(rows[i].owner, rows[i].subject)];
        pthread_mutex_lock(&shard->lock);
        soil_row(&shard->table, &rows[i]);
        pthread_mutex_unlock(&shard->lock);
    }
}

void limits_restore(struct limits *limits, const struct window_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct window_row *row = &rows[i];
        struct shard *shard = &limits->shards[shard_of(row->owner, row->subject)];
        pthread_mutex_lock(&shard->lock);
        make_room(limits, &shard->table, 0, 1);
        struct entry *entry = find(&shard->table, row->owner, row->subject, row->window_id);
        if (entry->ends_at == 0 && row->ends_at > 0 && may_add(limits)) {
            shard->table.entry_count++;
            *entry = (struct entry){row->owner, row->subject, row->window_id, row->ends_at, row->used, 0};
        }
        pthread_mutex_unlock(&shard->lock);
    }
}

void limits_sweep(struct limits *limits, int64_t now, size_t shard_max)
{
    for (size_t i = 0; i < shard_max; i++) {
        size_t number = atomic_fetch_add_explicit(&limits->swept, 1, memory_order_relaxed) % SHARD_COUNT;
        struct shard *shard = &limits->shards[number];
        pthread_mutex_lock(&shard->lock);
        /* Building anew pays when half of it is over. */
        if (shard->table.entry_count && count_live(&shard->table, now) <= shard->table.entry_count / 2)
            rebuild(limits, &shard->table, now, 0);
        pthread_mutex_unlock(&shard->lock);
    }
}

bool limits_are_empty(const struct limits *limits)
{
    return atomic_load_explicit(&limits->entry_count, memory_order_relaxed) == 0;
}

struct limits_stats limits_stats(struct limits *limits)
{
    struct limits_stats stats = {.byte_count = sizeof(struct shard) * SHARD_COUNT};
    for (unsigned i = 0; i < SHARD_COUNT; i++) {
        struct shard *shard = &limits->shards[i];
        pthread_mutex_lock(&shard->lock);
        stats.entry_count += shard->table.entry_count;
        stats.byte_count += shard->table.slot_count * sizeof(struct entry);
        pthread_mutex_unlock(&shard->lock);
    }
    return stats;
}
