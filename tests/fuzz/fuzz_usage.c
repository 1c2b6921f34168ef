/*
 * fuzz_usage.c — what usage reads: sketches and times as they lie in the store, and the times that a stranger asks
 * for.
 */
#include <assert.h>

#include "base/arena.h"
#include "base/buf.h"
#include "meter/sketch.h"
#include "meter/summary.h"
#include "meter/times.h"

#define NOW INT64_C(1795610096)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_sketch(struct arena *arena, struct str bytes)
{
    struct sketch sketch = {0}, again = {0};
    struct buf out;
    buf_init(&out, arena, SKETCH_BYTES_MAX);
    if (sketch_read(&sketch, bytes)) {
        sketch_write(&sketch, &out);
        assert(!out.is_full && sketch_read(&again, buf_str(&out)));
    }
    assert(sketch_count(&sketch) == sketch_count(&again));
    sketch_clear(&sketch);
    sketch_clear(&again);
}

static void check_times(struct arena *arena, struct str bytes)
{
    struct times times = {0}, again = {0};
    struct buf out;
    buf_init(&out, arena, TIMES_BYTES_MAX);
    if (times_read(&times, bytes)) {
        times_write(&times, &out);
        assert(!out.is_full && times_read(&again, buf_str(&out)));
    }
    assert(times_quantile(&times, 500) == times_quantile(&again, 500));
    assert(times_quantile(&times, 500) <= times_quantile(&times, 990));
    times_clear(&times);
    times_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena *arena = arena_create();
    struct str text = {(const char *)bytes, len};
    const struct summary_question question = {.since = text}, end = {.since = STR("400d"), .until = text};
    struct summary_query query = {0};
    check_sketch(arena, text);
    check_times(arena, text);
    if (summary_read(&question, NOW, &query) == SUMMARY_UNDERSTOOD)
        assert(query.since_at <= NOW);
    if (summary_read(&end, NOW, &query) == SUMMARY_UNDERSTOOD)
        assert(query.since_at < query.until_at);
    arena_destroy(arena);
    return 0;
}
