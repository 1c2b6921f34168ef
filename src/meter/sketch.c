#include "meter/sketch.h"

#include <math.h>

#include "base/arena.h"
#include "base/buf.h"

#define REGISTER_BITS  10
#define REGISTER_COUNT (1u << REGISTER_BITS)
/* The longest run of zeros that the rest of a hash can begin with, and one. */
#define RANK_MAX   (64 - REGISTER_BITS + 1)
#define HASH_BYTES 8
#define ROOM_LEAST 4
_Static_assert(REGISTER_COUNT == SKETCH_BYTES_MAX, "a register is a byte");
_Static_assert(SKETCH_EXACT_MAX *HASH_BYTES < REGISTER_COUNT, "the length tells what was written");

/* Every bit of the number moves every bit of the hash: splitmix64's end. */
static uint64_t hash_of(uint64_t number)
{
    number += UINT64_C(0x9e3779b97f4a7c15);
    number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
    return number ^ number >> 31;
}

void sketch_clear(struct sketch *sketch)
{
    memory_free(sketch->hashes);
    memory_free(sketch->registers);
    *sketch = (struct sketch){0};
}

static void raise_register(struct sketch *sketch, uint64_t hash)
{
    uint64_t rest = hash << REGISTER_BITS;
    unsigned char rank = (unsigned char)(rest ? __builtin_clzll(rest) + 1 : RANK_MAX);
    unsigned char *at = &sketch->registers[hash >> (64 - REGISTER_BITS)];
    if (rank > *at)
        *at = rank;
}

/* From the hashes to the registers; there is no way back. */
static void become_rough(struct sketch *sketch)
{
    sketch->registers = memory_alloc(REGISTER_COUNT);
    for (unsigned i = 0; i < sketch->hash_count; i++)
        raise_register(sketch, sketch->hashes[i]);
    memory_free(sketch->hashes);
    sketch->hashes = NULL;
    sketch->hash_count = sketch->hash_room = 0;
}

static void keep_hash(struct sketch *sketch, uint64_t hash)
{
    if (sketch->hash_count == sketch->hash_room) {
        sketch->hash_room = sketch->hash_room ? sketch->hash_room * 2 : ROOM_LEAST;
        sketch->hashes = memory_resize(sketch->hashes, sketch->hash_room * sizeof(*sketch->hashes));
    }
    sketch->hashes[sketch->hash_count++] = hash;
}

static void add_hash(struct sketch *sketch, uint64_t hash)
{
    for (unsigned i = 0; i < sketch->hash_count; i++)
        if (sketch->hashes[i] == hash)
            return;
    if (!sketch->registers && sketch->hash_count == SKETCH_EXACT_MAX)
        become_rough(sketch);
    if (sketch->registers)
        raise_register(sketch, hash);
    else
        keep_hash(sketch, hash);
}

void sketch_add(struct sketch *sketch, uint64_t number)
{
    add_hash(sketch, hash_of(number));
}

static void merge_registers(struct sketch *sketch, const unsigned char *registers)
{
    if (!sketch->registers)
        become_rough(sketch);
    for (unsigned i = 0; i < REGISTER_COUNT; i++)
        if (registers[i] > sketch->registers[i])
            sketch->registers[i] = registers[i];
}

void sketch_merge(struct sketch *sketch, const struct sketch *other)
{
    if (other->registers)
        merge_registers(sketch, other->registers);
    for (unsigned i = 0; i < other->hash_count; i++)
        add_hash(sketch, other->hashes[i]);
}

/* x + x^2 * 1 + x^4 * 2 + x^8 * 4 + …, for registers that saw nothing. */
static double sum_empty(double x)
{
    double power = 1, sum = x, before;
    if (x == 1)
        return INFINITY;
    do {
        before = sum;
        x *= x;
        sum += x * power;
        power += power;
    } while (sum != before);
    return sum;
}

/* (1 - x - (1 - x^(1/2))^2 * 1/2 - (1 - x^(1/4))^2 * 1/4 - …) / 3, for registers that are full. */
static double sum_full(double x)
{
    double power = 1, sum = 1 - x, before;
    if (x == 0 || x == 1)
        return 0;
    do {
        before = sum;
        x = sqrt(x);
        power /= 2;
        sum -= (1 - x) * (1 - x) * power;
    } while (sum != before);
    return sum / 3;
}

static uint64_t estimate(const unsigned char *registers)
{
    unsigned counts[RANK_MAX + 1] = {0};
    for (unsigned i = 0; i < REGISTER_COUNT; i++)
        counts[registers[i]]++;
    double sum = REGISTER_COUNT * sum_full(1 - (double)counts[RANK_MAX] / REGISTER_COUNT);
    for (unsigned rank = RANK_MAX - 1; rank > 0; rank--)
        sum = (sum + counts[rank]) / 2;
    sum += REGISTER_COUNT * sum_empty((double)counts[0] / REGISTER_COUNT);
    return (uint64_t)llround((double)REGISTER_COUNT * REGISTER_COUNT / (2 * M_LN2 * sum));
}

uint64_t sketch_count(const struct sketch *sketch)
{
    return sketch->registers ? estimate(sketch->registers) : sketch->hash_count;
}

void sketch_write(const struct sketch *sketch, struct buf *out)
{
    if (sketch->registers)
        buf_add(out, (struct str){(const char *)sketch->registers, REGISTER_COUNT});
    for (unsigned i = 0; i < sketch->hash_count; i++)
        for (unsigned byte = 0; byte < HASH_BYTES; byte++)
            buf_add_char(out, (char)(sketch->hashes[i] >> 8 * (HASH_BYTES - 1 - byte)));
}

static uint64_t read_hash(const unsigned char *bytes)
{
    uint64_t hash = 0;
    for (unsigned byte = 0; byte < HASH_BYTES; byte++)
        hash = hash << 8 | bytes[byte];
    return hash;
}

static bool are_registers(const unsigned char *bytes)
{
    for (unsigned i = 0; i < REGISTER_COUNT; i++)
        if (bytes[i] > RANK_MAX)
            return false;
    return true;
}

bool sketch_read(struct sketch *sketch, struct str bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.ptr;
    if (bytes.len == REGISTER_COUNT) {
        if (!are_registers(at))
            return false;
        merge_registers(sketch, at);
        return true;
    }
    if (bytes.len % HASH_BYTES || bytes.len > (size_t)SKETCH_EXACT_MAX * HASH_BYTES)
        return false;
    for (size_t i = 0; i < bytes.len; i += HASH_BYTES)
        add_hash(sketch, read_hash(at + i));
    return true;
}
