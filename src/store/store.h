/*
 * store.h — rows that are durable before anybody hears of them.
 *
 * One writer thread takes every waiting unit, runs their `apply` in one transaction, commits once (one sync of the
 * log), publishes what changed (store/epoch.h) and then calls every `done`: group commit. Readers have a
 * read-only connection per thread. When the database cannot be written (disk full, read-only, corrupt) units end
 * FAILED, store_is_ready turns false and the next unit tries again, on a fresh connection where that helps.
 *
 * A FAILED unit rolls the transaction back and the others run again without it: an apply may run twice, so
 * it must not log, look at the clock or draw randomness.
 *
 * Threads: submit from any; verbs on the thread that owns the reader or transaction.
 */
#pragma once

#include "base/outcome.h"
#include "base/text.h"

struct arena;
struct store;
struct store_reader; /* reads: a thread's own connection, or the writer's inside a transaction */
struct store_tx;     /* writes: the batch's transaction */

struct store_options {
    const char *path;     /* of the database file; created with mode 0600 */
    size_t batch_max;     /* units in one transaction; 0: 4096 */
    size_t log_max_bytes; /* write-ahead log above which it is folded back; 0: 64 MiB */
    bool is_without_sync; /* tests of rules only: commits do not reach the disk */
    const char *vfs;      /* tests of faults only: the engine's file layer by name; NULL: its own */
};

/* Opens, checks and migrates. NULL when that fails: `ret_error` says why. */
struct store *store_open(const struct store_options *options, struct arena *arena, struct str *ret_error);

/* Finishes the waiting units, folds the log back, closes the readers. Workers must be gone. */
void store_close(struct store *store);

/* This thread's reader; opened on first use and closed when the thread or the store ends. Never NULL: if the database
 * cannot be opened, its verbs answer FAILED and try again at the next call. */
struct store_reader *store_reader(struct store *store);
/*
 * This thread is about to wait. One that says so before every wait reads more cheaply between two: its reads share a
 * transaction as long as nothing is committed. A transaction is never held through a wait, where it would keep the
 * log from starting again. Cheap.
 */
void store_rest(struct store *store);

/* The part of an exchange that writes; embed it and find yourself by offset. */
struct unit {
    struct unit *next; /* the store's */
    enum outcome (*apply)(struct unit *unit, struct store_tx *tx);
    /* On the store's thread, after the transaction is durable (or has failed). Must not block. */
    void (*done)(struct unit *unit);
    enum outcome outcome;
};

/* Queues the unit; `done` will be called exactly once. */
void store_submit(struct store *store, struct unit *unit);

/* Submits and waits. Not on an HTTP worker. `done` is the store's here. */
STEP store_run(struct store *store, struct unit *unit);

/* Reads inside the transaction see what it wrote. */
struct store_reader *store_tx_reader(struct store_tx *tx);

/*
 * A token id that no token had before: 48 bits, 31 of seconds since 2024-01-01, 17 of sequence, growing by at
 * least one: rows are appended, and the id tells when it was made. More than 131,072 in one second borrow from the
 * next. After a restart ids go on behind all that may have been given: up to two seconds ahead after a crash.
 */
int64_t store_tx_token_id(struct store_tx *tx, int64_t now);
/* The least id that a token made at `at` or later can have: for sweeping by range. */
int64_t token_id_floor(int64_t at);
/* When the token with this id was made, to the second (a burst may have borrowed from the next ones). */
int64_t token_id_time(int64_t id);

/* True unless the last attempt to write (or to open) failed. */
bool store_is_ready(const struct store *store);

/* A consistent copy while serving; refuses an existing `path`. False with `ret_error` in the arena. */
bool store_backup(struct store *store, const char *path, struct arena *arena, struct str *ret_error);

struct store_stats {
    uint64_t unit_count; /* since start */
    uint64_t batch_count;
    uint64_t failure_count; /* batches that failed */
    uint64_t queue_len;     /* waiting now */
    uint64_t batch_last_len;
    uint64_t cache_hit_count; /* over all readers */
    uint64_t cache_miss_count;
    uint64_t file_bytes;
    uint64_t log_bytes;
};
struct store_stats store_stats(const struct store *store);
