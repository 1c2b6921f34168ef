/*
 * writer.c — the one thread that writes: takes what waits, commits it once, tells everybody.
 */
#include "base/arena.h"
#include "base/log.h"
#include "store/parts.h"

#include <errno.h>
#include <time.h>

#define WRITER_CACHE_BYTES (4 * 1024 * 1024)
/* While the database cannot be written, the writer looks again by itself: nobody may come any more. */
#define PROBE_SECONDS 1

enum batch_end {
    BATCH_DONE,        /* committed */
    BATCH_UNIT_FAILED, /* rolled back; the unit at fault is marked FAILED */
    BATCH_BROKEN,      /* rolled back; the database is at fault */
};

/* Once a unit has failed, the rest runs again, each behind a savepoint: so a batch runs twice at most. */
enum isolation { UNITS_TOGETHER, UNITS_APART };

struct sql_options store_sql_options(const struct store *store, enum sql_access access)
{
    return (struct sql_options){
        .path = store->path,
        .vfs = store->options.vfs,
        .access = access,
        .cache_bytes = WRITER_CACHE_BYTES,
        .log_max_bytes = (int64_t)store->options.log_max_bytes,
        .is_without_sync = store->options.is_without_sync,
    };
}

void store_note_fault(struct store *store, const struct sql *sql)
{
    if (!atomic_exchange(&store->is_failing, true))
        log_event(LOG_ERROR, "store_failed", log_text("error", sql_message(sql)),
                  log_text("path", str_of(store->path)));
}

void store_note_success(struct store *store)
{
    if (atomic_load_explicit(&store->is_failing, memory_order_relaxed) && atomic_exchange(&store->is_failing, false))
        log_event(LOG_INFO, "store_recovered", log_text("path", str_of(store->path)));
}

STEP writer_open(struct store *store)
{
    struct sql_options options = store_sql_options(store, SQL_WRITE);
    store->tx.reader.sql = sql_open(&options);
    return sql_fault(store->tx.reader.sql) == SQL_FINE ? OK : FAILED;
}

/* After such a fault the connection may know things that are no longer true of the file. */
static bool needs_fresh_connection(enum sql_fault fault)
{
    return fault == SQL_IO || fault == SQL_CORRUPT || fault == SQL_READONLY || fault == SQL_OTHER;
}

static STEP make_ready(struct store *store)
{
    struct store_tx *tx = &store->tx;
    if (needs_fresh_connection(sql_fault(tx->reader.sql))) {
        sql_close(tx->reader.sql);
        TRY(writer_open(store));
        TRY(token_ids_load(tx));
    }
    sql_forgive(tx->reader.sql);
    return OK;
}

/* What was noted of rows that are as they were before. */
static void forget(struct store_tx *tx)
{
    reader_forget(&tx->reader);
    memset(tx->secret_uses, 0, sizeof tx->secret_uses);
    memset(tx->grant_ends, 0, sizeof tx->grant_ends);
}

static void roll_back(struct store_tx *tx)
{
    if (sql_roll_back(tx->reader.sql) != OK)
        log_event(LOG_ERROR, "store_rollback_failed", log_text("error", sql_message(tx->reader.sql)));
    forget(tx);
}

static STEP leave_savepoint(struct store_tx *tx, struct unit *unit, size_t note_count)
{
    struct sql *sql = tx->reader.sql;
    if (unit->outcome == FAILED) {
        if (!sql_is_in_transaction(sql))
            return FAILED;
        TRY(sql_run(sql, "ROLLBACK TO SAVEPOINT unit", SQL_VALUES()));
        forget(tx);
        tx->note_count = note_count;
    }
    return sql_run(sql, "RELEASE SAVEPOINT unit", SQL_VALUES());
}

static STEP apply_apart(struct store_tx *tx, struct unit *units)
{
    for (struct unit *unit = units; unit; unit = unit->next) {
        if (unit->outcome == FAILED)
            continue;
        size_t note_count = tx->note_count;
        TRY(sql_run(tx->reader.sql, "SAVEPOINT unit", SQL_VALUES()));
        unit->outcome = unit->apply(unit, tx);
        TRY(leave_savepoint(tx, unit, note_count));
    }
    return OK;
}

static bool apply_together(struct store_tx *tx, struct unit *units)
{
    for (struct unit *unit = units; unit; unit = unit->next) {
        unit->outcome = unit->apply(unit, tx);
        if (unit->outcome == FAILED)
            return false;
    }
    return true;
}

static enum batch_end commit(struct store_tx *tx)
{
    if (token_ids_reserve(tx) != OK)
        return BATCH_BROKEN;
    sql_prepare_log(tx->reader.sql);
    if (sql_commit(tx->reader.sql) != OK)
        return BATCH_BROKEN;
    tx->token_id_reserved = tx->token_id_reserved_in_tx;
    return BATCH_DONE;
}

static enum batch_end run_transaction(struct store_tx *tx, struct unit *units, enum isolation isolation)
{
    if (sql_begin(tx->reader.sql) != OK)
        return BATCH_BROKEN;
    if (isolation == UNITS_APART)
        return apply_apart(tx, units) == OK ? commit(tx) : BATCH_BROKEN;
    return apply_together(tx, units) ? commit(tx) : BATCH_UNIT_FAILED;
}

/* What a unit did wrong by itself is told, but is no failure of the store. What is left of a batch without the unit
 * that the database failed may commit, even with nothing in it: that is no recovery. The next batch tells. */
static void note_end(struct store *store, enum batch_end end, enum isolation isolation)
{
    const struct sql *sql = store->tx.reader.sql;
    enum sql_fault fault = sql_fault(sql);
    if (fault == SQL_STATEMENT)
        log_event(LOG_ERROR, "store_statement_failed", log_text("error", sql_message(sql)));
    else if (fault != SQL_FINE || end == BATCH_BROKEN)
        store_note_fault(store, sql);
    else if (end == BATCH_DONE && isolation == UNITS_TOGETHER)
        store_note_success(store);
}

static enum batch_end attempt(struct store *store, struct unit *units, enum isolation isolation)
{
    struct store_tx *tx = &store->tx;
    enum batch_end end = BATCH_BROKEN;
    if (make_ready(store) == OK)
        end = run_transaction(tx, units, isolation);
    note_end(store, end, isolation);
    if (end == BATCH_DONE)
        return end;
    roll_back(tx);
    /* A commit that failed may yet be found in the log after a crash: nothing of it may stay in a cache. */
    epochs_publish(tx);
    return end;
}

static void run_batch(struct store *store, struct unit *units, size_t len)
{
    for (struct unit *unit = units; unit; unit = unit->next)
        unit->outcome = OK;
    enum batch_end end = attempt(store, units, UNITS_TOGETHER);
    if (end == BATCH_UNIT_FAILED)
        end = attempt(store, units, UNITS_APART);
    epochs_publish(&store->tx);

    atomic_fetch_add_explicit(&store->batch_count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&store->unit_count, len, memory_order_relaxed);
    atomic_store_explicit(&store->batch_last_len, len, memory_order_relaxed);
    if (end != BATCH_DONE)
        atomic_fetch_add_explicit(&store->failure_count, 1, memory_order_relaxed);
    while (units) {
        struct unit *unit = units;
        units = unit->next; /* done may give the unit away */
        if (end != BATCH_DONE)
            unit->outcome = FAILED;
        unit->done(unit);
    }
}

/* A batch without units that writes nevertheless: does the database take it again? */
static void probe(struct store *store)
{
    store->tx.token_id_reserved = -1;
    run_batch(store, NULL, 0);
}

static struct unit *oldest_first(struct unit *newest)
{
    struct unit *oldest = NULL;
    while (newest) {
        struct unit *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

/* Cuts the first `max` units off. */
static struct unit *take_batch(struct unit **waiting, size_t max, size_t *ret_len)
{
    struct unit *first = *waiting;
    struct unit *last = first;
    size_t len = 1;
    while (last->next && len < max) {
        last = last->next;
        len++;
    }
    *waiting = last->next;
    last->next = NULL;
    *ret_len = len;
    return first;
}

/* True when the wait ran out. */
static bool wait_for_wake(struct store *store)
{
    struct timespec until;
    bool is_failing = atomic_load(&store->is_failing);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PROBE_SECONDS;
    for (;;) {
        if ((is_failing ? sem_clockwait(&store->wake, CLOCK_MONOTONIC, &until) : sem_wait(&store->wake)) == 0)
            return false;
        if (errno == ETIMEDOUT)
            return true;
    }
}

static bool has_work(struct store *store)
{
    return atomic_load(&store->queue) || atomic_load(&store->is_stopping);
}

/* Whoever turns is_writer_asleep off owes the semaphore a post, or (the writer itself) must not wait for one. */
static void sleep_until_work(struct store *store)
{
    while (!has_work(store)) {
        atomic_store(&store->is_writer_asleep, true);
        if (has_work(store) && atomic_exchange(&store->is_writer_asleep, false))
            return;
        if (!wait_for_wake(store))
            continue;
        if (!atomic_exchange(&store->is_writer_asleep, false))
            sem_wait(&store->wake);
        else
            probe(store);
    }
}

static void *write_batches(void *subject)
{
    struct store *store = subject;
    struct unit *waiting = NULL;
    for (;;) {
        if (!waiting)
            waiting = oldest_first(atomic_exchange(&store->queue, NULL));
        if (!waiting) {
            if (atomic_load(&store->is_stopping) && !atomic_load(&store->queue))
                return NULL;
            sleep_until_work(store);
            continue;
        }
        size_t len;
        struct unit *batch = take_batch(&waiting, store->options.batch_max, &len);
        run_batch(store, batch, len);
        fold_after_commit(store);
    }
}

static void wake_writer(struct store *store)
{
    if (atomic_load(&store->is_writer_asleep) && atomic_exchange(&store->is_writer_asleep, false))
        sem_post(&store->wake);
}

void store_submit(struct store *store, struct unit *unit)
{
    struct unit *head = atomic_load_explicit(&store->queue, memory_order_relaxed);
    atomic_fetch_add_explicit(&store->submit_count, 1, memory_order_relaxed);
    do {
        unit->next = head;
    } while (!atomic_compare_exchange_weak(&store->queue, &head, unit));
    wake_writer(store);
}

/* A unit that is waited for: stands in for it in the queue. */
struct awaited_unit {
    struct unit unit;
    struct unit *inner;
    sem_t done;
};

static enum outcome apply_awaited(struct unit *unit, struct store_tx *tx)
{
    struct unit *inner = ((struct awaited_unit *)unit)->inner;
    return inner->apply(inner, tx);
}

static void end_awaited(struct unit *unit)
{
    sem_post(&((struct awaited_unit *)unit)->done);
}

STEP store_run(struct store *store, struct unit *unit)
{
    struct awaited_unit awaited = {.unit = {.apply = apply_awaited, .done = end_awaited}, .inner = unit};
    sem_init(&awaited.done, 0, 0);
    store_submit(store, &awaited.unit);
    while (sem_wait(&awaited.done) != 0)
        ; /* a signal */
    sem_destroy(&awaited.done);
    unit->outcome = awaited.unit.outcome;
    return unit->outcome;
}

bool writer_start(struct store *store)
{
    if (sem_init(&store->wake, 0, 0) != 0)
        return false;
    if (pthread_create(&store->writer, NULL, write_batches, store) == 0)
        return true;
    sem_destroy(&store->wake);
    return false;
}

void writer_stop(struct store *store)
{
    atomic_store(&store->is_stopping, true);
    wake_writer(store);
    pthread_join(store->writer, NULL);
    sem_destroy(&store->wake);
}
