#include "base/arena.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Holds a whole ordinary token request; larger ones take further blocks. */
#define BLOCK_SIZE 8192
/* Blocks of the usual size that a thread keeps for its next arenas. */
#define SPARE_MAX 256
/* glibc's own first threshold, which it raises with what is freed unless it is set. */
#define LARGE_SIZE (128 << 10)

struct block {
    struct block *next;
    size_t size; /* of `bytes` */
    size_t used;
    _Alignas(max_align_t) char bytes[];
};

struct deferred {
    struct deferred *next;
    void (*end)(void *subject);
    void *subject;
};

struct arena {
    struct block *blocks;
    struct deferred *deferred;
};

static _Thread_local struct block *spare;
static _Thread_local size_t spare_count;
static pthread_key_t thread_end;
static pthread_once_t thread_end_once = PTHREAD_ONCE_INIT;

static void out_of_memory(void)
{
    static const char text[] = "jeton: out of memory\n";
    fwrite(text, 1, sizeof(text) - 1, stderr);
    abort();
}

void *memory_alloc(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

void *memory_resize(void *memory, size_t size)
{
    memory = realloc(memory, size ? size : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

void memory_free(void *memory)
{
    free(memory);
}

void memory_prepare(void)
{
    mallopt(M_MMAP_THRESHOLD, LARGE_SIZE);
}

static struct block *take_block(size_t size)
{
    if (size <= BLOCK_SIZE && spare) {
        struct block *block = spare;
        spare = block->next;
        spare_count--;
        return block;
    }
    if (size < BLOCK_SIZE)
        size = BLOCK_SIZE;
    struct block *block = memory_alloc(sizeof(struct block) + size);
    block->size = size;
    return block;
}

static void free_spare(void *unused)
{
    (void)unused;
    while (spare) {
        struct block *next = spare->next;
        free(spare);
        spare = next;
    }
    spare_count = 0;
}

static void create_thread_end(void)
{
    pthread_key_create(&thread_end, free_spare);
}

/* Spare blocks leave with their thread. */
static void keep_block(struct block *block)
{
    if (!spare) {
        pthread_once(&thread_end_once, create_thread_end);
        pthread_setspecific(thread_end, &spare_count);
    }
    block->next = spare;
    spare = block;
    spare_count++;
}

static void give_block(struct block *block)
{
    explicit_bzero(block->bytes, block->used);
    block->used = 0;
    if (block->size != BLOCK_SIZE || spare_count == SPARE_MAX)
        memory_free(block);
    else
        keep_block(block);
}

static size_t round_up(size_t size)
{
    const size_t align = _Alignof(max_align_t);
    return (size + align - 1) / align * align;
}

/* The arena itself stands at the front of its first block. */
struct arena *arena_create(void)
{
    struct block *block = take_block(BLOCK_SIZE);
    block->next = NULL;
    struct arena *arena = (struct arena *)block->bytes;
    block->used = round_up(sizeof(*arena));
    arena->blocks = block;
    arena->deferred = NULL;
    return arena;
}

void arena_destroy(struct arena *arena)
{
    if (!arena)
        return;
    while (arena->deferred) {
        struct deferred *deferred = arena->deferred;
        arena->deferred = deferred->next;
        deferred->end(deferred->subject);
    }
    struct block *block = arena->blocks;
    while (block) {
        struct block *next = block->next;
        give_block(block);
        block = next;
    }
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size = round_up(size);
    struct block *block = arena->blocks;
    if (block->size - block->used < size) {
        block = take_block(size);
        block->next = arena->blocks;
        arena->blocks = block;
    }
    void *memory = block->bytes + block->used;
    block->used += size;
    return memory;
}

struct str arena_str(struct arena *arena, struct str text)
{
    if (!text.ptr)
        return STR_NONE;
    char *copy = arena_alloc(arena, text.len + 1);
    memcpy(copy, text.ptr, text.len);
    return (struct str){copy, text.len};
}

const char *arena_cstr(struct arena *arena, struct str text)
{
    return arena_str(arena, text).ptr;
}

struct str arena_vprintf(struct arena *arena, const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    char first[128]; /* most texts fit, and are formatted once */
    int wanted = vsnprintf(first, sizeof(first), format, list);
    size_t len = wanted > 0 ? (size_t)wanted : 0;
    char *text = arena_alloc(arena, len + 1);
    if (len < sizeof(first))
        memcpy(text, first, len);
    else
        vsnprintf(text, len + 1, format, again);
    va_end(again);
    explicit_bzero(first, sizeof(first));
    return (struct str){text, len};
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    struct str text = arena_vprintf(arena, format, list);
    va_end(list);
    return text;
}

struct str arena_decimal(struct arena *arena, int64_t number)
{
    char room[TEXT_INT_MAX];
    return arena_str(arena, str_of_int(number, room));
}

void arena_defer(struct arena *arena, void (*end)(void *subject), void *subject)
{
    struct deferred *deferred = arena_new(arena, struct deferred);
    *deferred = (struct deferred){arena->deferred, end, subject};
    arena->deferred = deferred;
}
