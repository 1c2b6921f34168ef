#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "store/parts.h"

#define BATCH_MAX     4096
#define LOG_MAX_BYTES (64 * 1024 * 1024)

static _Atomic uint64_t latest_serial;

static bool fail(struct arena *arena, struct str *ret_error, const char *path, const char *what)
{
    *ret_error = arena_printf(arena, "%s: %s", path, what);
    return false;
}

/*
 * Makes the file, private from its first moment, and keeps other processes out: their writes would not raise our
 * epochs. The engine gives its companion files the same mode.
 */
static bool lock_file(struct store *store, struct arena *arena, struct str *ret_error)
{
    store->lock_fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (store->lock_fd < 0)
        return fail(arena, ret_error, store->path, strerror(errno));
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return fail(arena, ret_error, store->path, "the database is in use by another process");
    if (fchmod(store->lock_fd, 0600) != 0)
        return fail(arena, ret_error, store->path, strerror(errno));
    return true;
}

static bool load(struct store *store, struct arena *arena, struct str *ret_error)
{
    struct str error;
    if (!lock_file(store, arena, ret_error))
        return false;
    struct sql *sql = (writer_open(store) == OK) ? store->tx.reader.sql : NULL;
    if (sql && migrate(sql, arena, &error) != OK)
        return fail(arena, ret_error, store->path, arena_cstr(arena, error));
    if (!sql || token_ids_load(&store->tx) != OK)
        return fail(arena, ret_error, store->path, arena_cstr(arena, sql_message(store->tx.reader.sql)));
    return true;
}

static void release(struct store *store)
{
    readers_close(store);
    reader_end(&store->tx.reader);
    memory_free(store->tx.notes);
    /* Last: closing any descriptor of a file drops the process's record locks on it, which the engine uses. */
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    memory_free(store->path);
    memory_free(store);
}

static bool start_threads(struct store *store, struct arena *arena, struct str *ret_error)
{
    if (!fold_start(store))
        return fail(arena, ret_error, store->path, "no thread for folding the log");
    if (writer_start(store))
        return true;
    fold_stop(store);
    return fail(arena, ret_error, store->path, "no thread for the writer");
}

struct store *store_open(const struct store_options *options, struct arena *arena, struct str *ret_error)
{
    struct store *store = memory_alloc(sizeof *store);
    size_t path_len = strlen(options->path);
    store->options = *options;
    store->path = memory_alloc(path_len + 1);
    memcpy(store->path, options->path, path_len);
    if (store->options.batch_max == 0)
        store->options.batch_max = BATCH_MAX;
    if (store->options.log_max_bytes == 0)
        store->options.log_max_bytes = LOG_MAX_BYTES;
    store->serial = atomic_fetch_add(&latest_serial, 1) + 1;
    store->lock_fd = -1;
    readers_open(store);
    reader_init(&store->tx.reader, store);

    if (load(store, arena, ret_error) && start_threads(store, arena, ret_error))
        return store;
    release(store);
    return NULL;
}

void store_close(struct store *store)
{
    uint64_t log_bytes, folded_bytes;
    writer_stop(store);
    fold_stop(store);
    /* A failure here costs nothing: ids lie a little ahead, the log is read at the next start. */
    if (store->tx.reader.sql && token_ids_settle(&store->tx) == OK)
        (void)!sql_fold_log(store->tx.reader.sql, SQL_FOLD_ALL_AND_CUT, &log_bytes, &folded_bytes);
    release(store);
}

struct store_reader *store_tx_reader(struct store_tx *tx)
{
    return &tx->reader;
}

bool store_is_ready(const struct store *store)
{
    return !atomic_load_explicit(&store->is_failing, memory_order_relaxed);
}

static uint64_t file_bytes(const char *path, const char *suffix)
{
    char name[4096];
    struct stat status;
    int len = snprintf(name, sizeof name, "%s%s", path, suffix);
    if (len < 0 || (size_t)len >= sizeof name || stat(name, &status) != 0)
        return 0;
    return (uint64_t)status.st_size;
}

static void add_cache_counts(struct store *store, struct store_stats *stats)
{
    pthread_mutex_lock(&store->readers_mutex);
    stats->cache_hit_count = store->gone_hits;
    stats->cache_miss_count = store->gone_misses;
    for (struct store_reader *reader = store->readers; reader; reader = reader->next) {
        stats->cache_hit_count += atomic_load_explicit(&reader->counts.hits, memory_order_relaxed);
        stats->cache_miss_count += atomic_load_explicit(&reader->counts.misses, memory_order_relaxed);
    }
    pthread_mutex_unlock(&store->readers_mutex);
}

struct store_stats store_stats(const struct store *store)
{
    struct store_stats stats = {
        .unit_count = atomic_load(&store->unit_count),
        .batch_count = atomic_load(&store->batch_count),
        .failure_count = atomic_load(&store->failure_count),
        .batch_last_len = atomic_load(&store->batch_last_len),
        .file_bytes = file_bytes(store->path, ""),
        .log_bytes = file_bytes(store->path, "-wal"),
    };
    /* Read after unit_count: never below it. */
    stats.queue_len = atomic_load(&store->submit_count) - stats.unit_count;
    add_cache_counts((struct store *)store, &stats);
    return stats;
}
