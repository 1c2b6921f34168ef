/*
 * fold.c — keeps the write-ahead log short without making a commit wait.
 *
 * A thread of its own copies the log back into the file while commits go on. Under load it never catches up, and the
 * log starts again only when all of it is in the file: so when the log is over its limit and the thread has left
 * a small rest, the writer folds that between two batches.
 */
#include "base/log.h"
#include "store/parts.h"

#include <time.h>

#define FOLD_CACHE_BYTES (256 * 1024)
/* What the writer may fold by itself: some milliseconds. */
#define REST_MAX_BYTES (4 * 1024 * 1024)
/* The thread folds as soon as there is such a part of the limit: the more it writes at once, the longer the next
 * commits wait for the disk. */
#define PIECES 16
/* A log that has outgrown its limit so far is folded by the writer, whatever is left. */
#define OVERGROWN 4
/* When nothing was committed for so long, the rest is folded too, so that a restart is quick. */
#define QUIET_SECONDS 2

static void note_folding(struct fold *fold, enum outcome outcome, const struct sql *sql)
{
    bool is_failing = outcome != OK;
    if (atomic_exchange(&fold->is_failing, is_failing) == is_failing)
        return;
    if (is_failing)
        log_event(LOG_ERROR, "store_fold_failed", log_text("error", sql_message(sql)));
    else
        log_event(LOG_INFO, "store_fold_recovered");
}

/* SQLite itself syncs only when it has reached the log's end, and under load that is the writer, with everything that
 * the thread has written before. */
static STEP sync_folded(struct store *store)
{
    return store->options.is_without_sync ? OK : sql_sync_file(store->fold.sql);
}

static void fold_on_thread(struct store *store)
{
    struct fold *fold = &store->fold;
    uint64_t log_bytes, folded_bytes;
    if (fold->sql && sql_fault(fold->sql) != SQL_FINE) {
        sql_close(fold->sql);
        fold->sql = NULL;
    }
    if (!fold->sql) {
        struct sql_options options = store_sql_options(store, SQL_WRITE);
        options.cache_bytes = FOLD_CACHE_BYTES;
        fold->sql = sql_open(&options);
    }
    enum outcome outcome = sql_fold_log(fold->sql, SQL_FOLD_WHAT_IS_FREE, &log_bytes, &folded_bytes);
    /* The writer is folding by itself: that is no fault. */
    if (outcome == FAILED && sql_fault(fold->sql) == SQL_BUSY) {
        sql_forgive(fold->sql);
        return;
    }
    if (outcome == OK)
        outcome = sync_folded(store);
    note_folding(fold, outcome, fold->sql);
    if (outcome == OK)
        atomic_store(&fold->folded_bytes, folded_bytes);
}

static bool has_rest(struct fold *fold)
{
    return atomic_load(&fold->log_bytes) > atomic_load(&fold->folded_bytes);
}

/* With the mutex held. True when there is something to fold. */
static bool wait_until_wanted(struct fold *fold)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += QUIET_SECONDS;
    while (!fold->is_wanted && !fold->is_stopping) {
        if (!has_rest(fold))
            pthread_cond_wait(&fold->wake, &fold->mutex);
        else if (pthread_cond_clockwait(&fold->wake, &fold->mutex, CLOCK_MONOTONIC, &until) != 0)
            break;
    }
    fold->is_wanted = false;
    return !fold->is_stopping;
}

static void *fold_logs(void *subject)
{
    struct store *store = subject;
    struct fold *fold = &store->fold;
    pthread_mutex_lock(&fold->mutex);
    while (wait_until_wanted(fold)) {
        atomic_store(&fold->is_busy, true);
        pthread_mutex_unlock(&fold->mutex);
        fold_on_thread(store);
        atomic_store(&fold->is_busy, false);
        pthread_mutex_lock(&fold->mutex);
    }
    pthread_mutex_unlock(&fold->mutex);
    return NULL;
}

static void want_folding(struct fold *fold)
{
    pthread_mutex_lock(&fold->mutex);
    fold->is_wanted = true;
    pthread_cond_signal(&fold->wake);
    pthread_mutex_unlock(&fold->mutex);
}

static void fold_rest(struct store *store)
{
    struct fold *fold = &store->fold;
    uint64_t log_bytes, folded_bytes;
    struct sql *sql = store->tx.reader.sql;
    if (sql_fold_log(sql, SQL_FOLD_WHAT_IS_FREE, &log_bytes, &folded_bytes) == OK)
        atomic_store(&fold->folded_bytes, folded_bytes);
    else if (sql_fault(sql) == SQL_BUSY)
        sql_forgive(sql);
    else /* the next batch sees to the connection */
        note_folding(fold, FAILED, sql);
}

void fold_after_commit(struct store *store)
{
    struct fold *fold = &store->fold;
    uint64_t limit = store->options.log_max_bytes;
    uint64_t before = atomic_load_explicit(&fold->log_bytes, memory_order_relaxed);
    uint64_t log_bytes = sql_log_bytes(store->tx.reader.sql);
    if (log_bytes < before) /* it has started again */
        atomic_store(&fold->folded_bytes, 0);
    atomic_store(&fold->log_bytes, log_bytes);
    uint64_t folded = atomic_load(&fold->folded_bytes);
    uint64_t rest = log_bytes > folded ? log_bytes - folded : 0;
    if (rest == 0 || atomic_load(&fold->is_busy))
        return;

    bool is_over = log_bytes > limit;
    if (is_over && (rest <= REST_MAX_BYTES || log_bytes > OVERGROWN * limit))
        fold_rest(store);
    else if (is_over || rest > limit / PIECES || before <= folded)
        want_folding(fold);
}

bool fold_lets_hold(const struct store *store)
{
    uint64_t log_bytes = atomic_load_explicit(&store->fold.log_bytes, memory_order_relaxed);
    return log_bytes <= store->options.log_max_bytes ||
           log_bytes <= atomic_load_explicit(&store->fold.folded_bytes, memory_order_relaxed);
}

static void release_locks(struct fold *fold)
{
    pthread_cond_destroy(&fold->wake);
    pthread_mutex_destroy(&fold->mutex);
}

bool fold_start(struct store *store)
{
    struct fold *fold = &store->fold;
    pthread_mutex_init(&fold->mutex, NULL);
    pthread_cond_init(&fold->wake, NULL);
    if (pthread_create(&fold->thread, NULL, fold_logs, store) == 0)
        return true;
    release_locks(fold);
    return false;
}

void fold_stop(struct store *store)
{
    struct fold *fold = &store->fold;
    pthread_mutex_lock(&fold->mutex);
    fold->is_stopping = true;
    pthread_cond_signal(&fold->wake);
    pthread_mutex_unlock(&fold->mutex);
    pthread_join(fold->thread, NULL);
    sql_close(fold->sql);
    release_locks(fold);
}
