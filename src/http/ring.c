#include "http/ring.h"

#include "base/arena.h"

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t ring_free_len(const struct ring *ring)
{
    return RING_ROOM - ring->len;
}

size_t ring_put(struct ring *ring, struct str bytes)
{
    size_t len = min(bytes.len, ring_free_len(ring));
    if (len == 0)
        return 0;
    if (!ring->bytes)
        ring->bytes = memory_resize(NULL, RING_ROOM); /* which does not wipe it first */
    size_t end = (ring->begin + ring->len) % RING_ROOM;
    size_t first = min(len, RING_ROOM - end);
    memcpy(ring->bytes + end, bytes.ptr, first);
    memcpy(ring->bytes, bytes.ptr + first, len - first);
    ring->len += len;
    return len;
}

size_t ring_take(struct ring *ring, char *room, size_t max)
{
    size_t len = min(max, ring->len);
    if (len == 0)
        return 0;
    size_t first = min(len, RING_ROOM - ring->begin);
    memcpy(room, ring->bytes + ring->begin, first);
    memcpy(room + first, ring->bytes, len - first);
    ring->len -= len;
    ring->begin = ring->len == 0 ? 0 : (ring->begin + len) % RING_ROOM;
    return len;
}

void ring_end(struct ring *ring)
{
    memory_free(ring->bytes);
    *ring = (struct ring){0};
}
