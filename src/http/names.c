/*
 * names.c — upstreams whose name is not found in time.
 *
 * A lookup cannot be ended: its thread stays until the resolver gives up, long after the request has. So as not to
 * gather such threads without end, one request at a time tries such a name again, and the others are told at once.
 *
 * Threads: the loop's.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "http/loop.h"
#include "http/stream.h"

struct lost_name {
    struct lost_name *next;
    struct str url;
    int64_t next_try_ns;
};

static struct lost_name **find(struct loop *loop, struct str url)
{
    struct lost_name **at = &loop->lost;
    while (*at && !str_equal((*at)->url, url))
        at = &(*at)->next;
    return at;
}

bool names_may_try(struct stream *stream)
{
    struct lost_name *lost = *find(stream->loop, str_of(stream->url));
    if (!lost)
        return true;
    int64_t now_ns = clock_monotonic_ns();
    if (now_ns < lost->next_try_ns)
        return false;
    lost->next_try_ns = now_ns + stream->connect_ms * INT64_C(1000000);
    return true;
}

/* Configured, so there are few. */
void names_note_lost(struct stream *stream)
{
    struct str url = str_of(stream->url);
    struct lost_name **at = find(stream->loop, url);
    if (*at)
        return;
    char *text = memory_alloc(url.len + 1);
    memcpy(text, url.ptr, url.len);
    *at = memory_alloc(sizeof(**at));
    (*at)->url = (struct str){text, url.len};
}

static void forget(struct lost_name **at)
{
    struct lost_name *lost = *at;
    *at = lost->next;
    memory_free((char *)(uintptr_t)lost->url.ptr);
    memory_free(lost);
}

void names_note_found(struct stream *stream)
{
    struct lost_name **at = find(stream->loop, str_of(stream->url));
    if (*at)
        forget(at);
}

void names_forget_all(struct loop *loop)
{
    while (loop->lost)
        forget(&loop->lost);
}
