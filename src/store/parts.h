/*
 * parts.h — what the store consists of, for the store's own files only.
 *
 * Threads: the writer's thread owns `tx`; the folding thread owns `fold.sql`; everything else that is shared is
 * atomic or under the mutex beside it.
 */
#pragma once

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "store/cache.h"
#include "store/epoch.h"
#include "store/sql.h"
#include "store/store.h"

enum cached_rows {
    CACHED_TOKENS,
    CACHED_CLIENTS,
    CACHED_ACCOUNTS,
    CACHED_GRANTS,
    CACHED_SCOPES,
    CACHED_USERS,
    CACHED_INSTANCES,
    CACHED_MEMBERSHIPS,
    CACHED_ROWS_COUNT
};
enum cached_names { NAMED_CLIENTS, NAMED_ACCOUNTS, NAMED_SCOPES, NAMED_USERS, CACHED_NAMES_COUNT };

struct store_reader {
    struct store_reader *next;
    struct store *store;
    struct sql *sql;     /* NULL: not opened yet */
    int64_t retry_at_ns; /* on the monotonic clock; 0: the connection is good, else shut after a fault until then */
    bool is_failing;     /* its last read failed: that has been logged */
    bool may_hold;       /* its thread says when it rests */
    bool is_holding;     /* its reads share a transaction, begun after this many commits: */
    uint64_t held_commit_count;
    struct cache *caches[CACHED_ROWS_COUNT];
    struct name_cache *names[CACHED_NAMES_COUNT];
    struct cache_counts counts;
};

struct epoch_note {
    enum epoch_kind kind;
    int64_t id;
};

/* Uses of secrets that were noted a moment ago need no statement. */
#define SECRET_USE_SLOTS 256
struct secret_use_note {
    int64_t id;
    int64_t used_at;
};

/* Grants that were seen to end no earlier than that: an end only ever moves on. */
#define GRANT_END_SLOTS 256
struct grant_end_note {
    int64_t id;
    int64_t ends_at;
};

struct store_tx {
    struct store_reader reader; /* its connection is the writer's; its caches may hold what is not committed yet */
    struct epoch_note *notes;
    size_t note_count;
    size_t note_room;
    int64_t token_id_last;           /* never goes back, so that a rolled-back id is not given again */
    int64_t token_id_reserved;       /* as committed */
    int64_t token_id_reserved_in_tx; /* as written in this transaction */
    int64_t scopes_looked_at;        /* when it was last asked whether there are too many scope sets */
    struct secret_use_note secret_uses[SECRET_USE_SLOTS];
    struct grant_end_note grant_ends[GRANT_END_SLOTS];
};

/* The log's keeper: folds it back into the file on a thread of its own. */
struct fold {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool is_wanted;
    bool is_stopping;
    _Atomic bool is_busy;
    _Atomic uint64_t log_bytes;    /* after the last commit */
    _Atomic uint64_t folded_bytes; /* of those */
    struct sql *sql;
    _Atomic bool is_failing; /* told once per change */
};

struct store {
    struct store_options options;
    char *path;
    uint64_t serial; /* tells stores apart that lived at the same address */
    int lock_fd;     /* held as long as the store: one writing process per file */

    struct unit *_Atomic queue; /* newest first */
    _Atomic bool is_writer_asleep;
    _Atomic bool is_stopping;
    sem_t wake;
    pthread_t writer;
    struct store_tx tx;

    struct fold fold;

    pthread_key_t reader_key;
    pthread_mutex_t readers_mutex;
    struct store_reader *readers;
    uint64_t gone_hits; /* of readers whose threads have ended */
    uint64_t gone_misses;

    _Atomic uint64_t commit_count; /* raised after each, before the epochs */
    _Atomic bool is_failing;
    _Atomic uint64_t submit_count;
    _Atomic uint64_t unit_count;
    _Atomic uint64_t batch_count;
    _Atomic uint64_t failure_count;
    _Atomic uint64_t batch_last_len;
};

/* migrate.c */
STEP migrate(struct sql *sql, struct arena *arena, struct str *ret_error);

/* reader.c */
void reader_init(struct store_reader *reader, struct store *store);
void reader_end(struct store_reader *reader);
void readers_open(struct store *store);
void readers_close(struct store *store);
/* The connection to read with, which sees all that was committed until now. After a fault of the database it fails
 * for a moment, then it is a fresh one. */
struct sql *reader_sql(struct store_reader *reader);
/* Says how a verb's reads went, as it must after each use of reader_sql: passes `outcome` on, and logs when that is
 * news. */
STEP reader_note(struct store_reader *reader, enum outcome outcome);
/* Reads a row by its id, past any cache; NULL where there is none. */
typedef enum outcome (*row_read)(struct sql *sql, struct arena *arena, int64_t id, void **ret_row);
/* The row from the cache while its epoch stands, else as `read` finds it, kept for the next time. */
STEP reader_find(struct store_reader *reader, enum cached_rows kind, struct arena *arena, int64_t id, row_read read,
                 void **ret_row);

/* Rows that have a name in their realm. */
struct named_rows {
    enum cached_rows kind;
    enum cached_names names;
    const char *id_by_name; /* SELECT the id, by $1 the realm and $2 the name */
    row_read read;
    bool (*has_name)(const void *row, int64_t realm_id, struct str name);
};
/* Names lead to rows, rows are what can become untrue: a name keeps its row as long as the row lives. */
STEP reader_find_named(struct store_reader *reader, const struct named_rows *rows, struct arena *arena,
                       int64_t realm_id, struct str name, void **ret_row);

/* Forgets what was cached in a transaction that has rolled back. */
void reader_forget(struct store_reader *reader);
/* Forgets a row that its own transaction has changed. */
void reader_forget_row(struct store_reader *reader, enum epoch_kind kind, int64_t id);
/* Forgets all scope texts and numbers. */
void reader_forget_scopes(struct store_reader *reader);

/* query.c: how a kind of row is made of a statement's columns. */
struct row_kind {
    size_t size;
    /* False: it is damaged, and counts as none. */
    bool (*take)(struct sql_statement *statement, struct arena *arena, void *row);
};
/* The first row of the query; NULL where there is none. */
STEP query_row(struct sql *sql, const struct row_kind *kind, struct arena *arena, const char *text,
               const struct sql_value *values, void **ret_row);
/* Its rows one behind the other, at most `max`. */
STEP query_rows(struct sql *sql, const struct row_kind *kind, struct arena *arena, const char *text,
                const struct sql_value *values, size_t max, void **ret_rows, size_t *ret_count);

/* writer.c */
struct sql_options store_sql_options(const struct store *store, enum sql_access access);
STEP writer_open(struct store *store);
/* False when there is no thread to be had; nothing is to be stopped then. */
bool writer_start(struct store *store);
void writer_stop(struct store *store);
void store_note_fault(struct store *store, const struct sql *sql);
void store_note_success(struct store *store);

/* fold.c: as writer_start. */
bool fold_start(struct store *store);
void fold_stop(struct store *store);
/* Between batches, on the writer's thread: keeps the log within its limit. */
void fold_after_commit(struct store *store);
/* Any thread: readers may hold a transaction. Not while the log is over its limit and waits for them. */
bool fold_lets_hold(const struct store *store);

/* epoch.c */
void epochs_publish(struct store_tx *tx);

/* token_ids.c */
STEP token_ids_load(struct store_tx *tx);
STEP token_ids_reserve(struct store_tx *tx);
STEP token_ids_settle(struct store_tx *tx);

/* grants.c: the grant has a token or a code that lives until `expires_at` (0: for ever). Grant 0 is none. */
STEP grant_extend(struct store_tx *tx, int64_t id, int64_t expires_at);

/*
 * scope_sweep.c: removes scope sets that no row names, looking at about `room` rows a call. `ret_seen` counts token
 * and grant rows; `ret_is_done`: nothing is under way.
 */
STEP scope_sets_sweep(struct store_tx *tx, int64_t now, size_t room, size_t *ret_seen, bool *ret_is_done);
/* A set that was there already is being named by a row of this transaction: a sweep under way must not remove it. */
STEP scope_set_mark(struct store_tx *tx, int64_t scope_set);

/* memberships.c: who belongs where, as it is cached. */
struct membership {
    int64_t user_id;
    int64_t instance_id;
};

/* sweep.c: asks for a sweep over the whole table, for what no lifetime reaches. */
enum pass { PASS_GRANTS, PASS_TOKENS };
STEP pass_want(struct store_tx *tx, enum pass pass);
