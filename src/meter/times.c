#include "meter/times.h"

#include "base/arena.h"
#include "base/buf.h"

#define STEP_BITS    3
#define STEPS        (1u << STEP_BITS) /* in each doubling */
#define LEAST_BITS   8                 /* 256 ns */
#define MOST_BITS    34                /* 17 s */
#define BUCKET_COUNT ((MOST_BITS - LEAST_BITS) * STEPS)
#define VARINT_MAX   10
#define PERMILLE     1000
_Static_assert(2 * VARINT_MAX + BUCKET_COUNT * VARINT_MAX <= TIMES_BYTES_MAX, "every count may be a long one");

static unsigned bucket_of(int64_t ns)
{
    if (ns < INT64_C(1) << LEAST_BITS)
        return 0;
    if (ns >= INT64_C(1) << MOST_BITS)
        return BUCKET_COUNT - 1;
    unsigned bits = 63 - (unsigned)__builtin_clzll((uint64_t)ns);
    unsigned step = (unsigned)(ns >> (bits - STEP_BITS)) & (STEPS - 1);
    return (bits - LEAST_BITS) * STEPS + step;
}

/* The middle of the bucket. */
static int64_t time_of(unsigned bucket)
{
    unsigned bits = LEAST_BITS + bucket / STEPS - STEP_BITS;
    return (int64_t)(2 * (STEPS + bucket % STEPS) + 1) << bits >> 1;
}

void times_clear(struct times *times)
{
    memory_free(times->counts);
    *times = (struct times){0};
}

/* Makes room for all buckets from `first` to `last`. */
static void cover(struct times *times, unsigned first, unsigned last)
{
    if (times->count) {
        unsigned end = times->first + times->count - 1;
        if (first >= times->first && last <= end)
            return;
        first = first < times->first ? first : times->first;
        last = last > end ? last : end;
    }
    uint64_t *counts = memory_alloc((last - first + 1) * sizeof(*counts));
    for (unsigned i = 0; i < times->count; i++)
        counts[times->first - first + i] = times->counts[i];
    memory_free(times->counts);
    *times = (struct times){counts, first, last - first + 1};
}

void times_add(struct times *times, int64_t ns)
{
    unsigned bucket = bucket_of(ns);
    cover(times, bucket, bucket);
    times->counts[bucket - times->first]++;
}

void times_merge(struct times *times, const struct times *other)
{
    if (!other->count)
        return;
    cover(times, other->first, other->first + other->count - 1);
    for (unsigned i = 0; i < other->count; i++)
        times->counts[other->first - times->first + i] += other->counts[i];
}

int64_t times_quantile(const struct times *times, unsigned permille)
{
    uint64_t total = 0, seen = 0;
    for (unsigned i = 0; i < times->count; i++)
        total += times->counts[i];
    if (!total)
        return 0;
    /* The rank, rounded up, and at least the first; divided first, so that no number is too great. */
    uint64_t rank = total / PERMILLE * permille + (total % PERMILLE * permille + PERMILLE - 1) / PERMILLE;
    unsigned at = 0;
    for (; at < times->count - 1; at++) {
        seen += times->counts[at];
        if (seen && seen >= rank)
            break;
    }
    return time_of(times->first + at);
}

static void write_varint(struct buf *out, uint64_t number)
{
    for (; number > 0x7f; number >>= 7)
        buf_add_char(out, (char)(number | 0x80));
    buf_add_char(out, (char)number);
}

void times_write(const struct times *times, struct buf *out)
{
    if (!times->count)
        return;
    write_varint(out, times->first);
    for (unsigned i = 0; i < times->count; i++)
        write_varint(out, times->counts[i]);
}

static bool read_varint(struct str *bytes, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (unsigned shift = 0; bytes->len && shift < 7 * VARINT_MAX; shift += 7) {
        unsigned char byte = (unsigned char)bytes->ptr[0];
        *bytes = str_slice(*bytes, 1, bytes->len);
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

bool times_read(struct times *times, struct str bytes)
{
    uint64_t counts[BUCKET_COUNT];
    uint64_t first;
    unsigned count = 0;
    if (!bytes.len)
        return true;
    if (!read_varint(&bytes, &first) || first >= BUCKET_COUNT || !bytes.len)
        return false;
    while (bytes.len)
        if (count == BUCKET_COUNT - first || !read_varint(&bytes, &counts[count++]))
            return false;
    times_merge(times, &(struct times){counts, (unsigned)first, count});
    return true;
}
