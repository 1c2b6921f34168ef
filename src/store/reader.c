/*
 * reader.c — a read-only connection and the caches of each thread.
 */
#include <stddef.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/parts.h"
#include "store/people.h"
#include "store/rows.h"

#define READER_CACHE_BYTES (2 * 1024 * 1024) /* holds the inner pages of a table of ten million tokens */
/* An attempt may cost a second of waiting for a lock: a worker has other requests that need no reading. */
#define RETRY_NS INT64_C(100000000)

static const size_t client_texts[] = {
    offsetof(struct client_row, client_id),
    offsetof(struct client_row, environment),
    offsetof(struct client_row, scope),
    offsetof(struct client_row, redirect_uris),
    offsetof(struct client_row, plan),
    offsetof(struct client_row, secrets[0].label),
    offsetof(struct client_row, secrets[1].label),
    offsetof(struct client_row, secrets[2].label),
    offsetof(struct client_row, secrets[3].label),
    offsetof(struct client_row, secrets[4].label),
};
_Static_assert(SECRETS_PER_CLIENT_MAX == 5, "every secret's label is a text of the client's row");
static const size_t account_texts[] = {offsetof(struct account_row, account_id), offsetof(struct account_row, name)};
static const size_t scope_texts[] = {0};
static const size_t user_texts[] = {
    offsetof(struct user_row, username), offsetof(struct user_row, display_name),
    offsetof(struct user_row, email),    offsetof(struct user_row, password_hash),
    offsetof(struct user_row, totp_key),
};
static const size_t instance_texts[] = {offsetof(struct instance_row, name), offsetof(struct instance_row, title)};

static const struct row_shape token_shape = {sizeof(struct access_token_row), 0, NULL};
static const struct row_shape client_shape = {sizeof(struct client_row), sizeof(client_texts) / sizeof(*client_texts),
                                              client_texts};
static const struct row_shape account_shape = {sizeof(struct account_row), 2, account_texts};
static const struct row_shape grant_shape = {sizeof(struct grant_row), 0, NULL};
static const struct row_shape scope_shape = {sizeof(struct str), 1, scope_texts};
static const struct row_shape user_shape = {sizeof(struct user_row), 5, user_texts};
static const struct row_shape membership_shape = {sizeof(struct membership), 0, NULL};
static const struct row_shape instance_shape = {sizeof(struct instance_row), 2, instance_texts};

static const struct cache_options row_caches[CACHED_ROWS_COUNT] = {
    [CACHED_TOKENS] = {EPOCH_TOKEN, &token_shape, 12},
    [CACHED_CLIENTS] = {EPOCH_CLIENT, &client_shape, 10},
    [CACHED_ACCOUNTS] = {EPOCH_ACCOUNT, &account_shape, 10},
    [CACHED_GRANTS] = {EPOCH_GRANT, &grant_shape, 12},
    [CACHED_SCOPES] = {EPOCH_NONE, &scope_shape, 9},
    [CACHED_USERS] = {EPOCH_USER, &user_shape, 12},
    [CACHED_INSTANCES] = {EPOCH_INSTANCE, &instance_shape, 10},
    [CACHED_MEMBERSHIPS] = {EPOCH_MEMBERSHIP, &membership_shape, 12},
};
static const unsigned name_bits[CACHED_NAMES_COUNT] = {
    [NAMED_CLIENTS] = 10, [NAMED_ACCOUNTS] = 10, [NAMED_SCOPES] = 9, [NAMED_USERS] = 10};

/* The reader that this thread used last: most threads have one store. */
static _Thread_local struct {
    uint64_t serial;
    struct store_reader *reader;
} latest;

void reader_init(struct store_reader *reader, struct store *store)
{
    reader->store = store;
    for (size_t i = 0; i < CACHED_ROWS_COUNT; i++)
        reader->caches[i] = cache_create(&row_caches[i], &reader->counts);
    for (size_t i = 0; i < CACHED_NAMES_COUNT; i++)
        reader->names[i] = name_cache_create(name_bits[i]);
}

void reader_end(struct store_reader *reader)
{
    sql_close(reader->sql);
    reader->sql = NULL;
    for (size_t i = 0; i < CACHED_ROWS_COUNT; i++)
        cache_destroy(reader->caches[i]);
    for (size_t i = 0; i < CACHED_NAMES_COUNT; i++)
        name_cache_destroy(reader->names[i]);
}

/* Runs when a thread that had a reader ends. */
static void drop_reader(void *subject)
{
    struct store_reader *reader = subject;
    struct store *store = reader->store;
    pthread_mutex_lock(&store->readers_mutex);
    struct store_reader **link = &store->readers;
    while (*link != reader)
        link = &(*link)->next;
    *link = reader->next;
    store->gone_hits += atomic_load(&reader->counts.hits);
    store->gone_misses += atomic_load(&reader->counts.misses);
    pthread_mutex_unlock(&store->readers_mutex);
    reader_end(reader);
    memory_free(reader);
}

void readers_open(struct store *store)
{
    pthread_mutex_init(&store->readers_mutex, NULL);
    pthread_key_create(&store->reader_key, drop_reader);
}

void readers_close(struct store *store)
{
    pthread_key_delete(store->reader_key);
    while (store->readers) {
        struct store_reader *reader = store->readers;
        store->readers = reader->next;
        reader_end(reader);
        memory_free(reader);
    }
    pthread_mutex_destroy(&store->readers_mutex);
}

static struct store_reader *add_reader(struct store *store)
{
    struct store_reader *reader = memory_alloc(sizeof *reader);
    reader_init(reader, store);
    pthread_mutex_lock(&store->readers_mutex);
    reader->next = store->readers;
    store->readers = reader;
    pthread_mutex_unlock(&store->readers_mutex);
    pthread_setspecific(store->reader_key, reader);
    return reader;
}

struct store_reader *store_reader(struct store *store)
{
    if (latest.serial == store->serial)
        return latest.reader;
    struct store_reader *reader = pthread_getspecific(store->reader_key);
    if (!reader)
        reader = add_reader(store);
    latest.serial = store->serial;
    latest.reader = reader;
    return reader;
}

static bool is_of_transaction(const struct store_reader *reader)
{
    return reader == &reader->store->tx.reader;
}

/* Counted from the end of the attempt that failed. */
static void give_up_connection(struct store_reader *reader)
{
    sql_shut(reader->sql);
    reader->is_holding = false;
    reader->retry_at_ns = clock_monotonic_ns() + RETRY_NS;
}

static void let_go(struct store_reader *reader)
{
    if (!reader->is_holding)
        return;
    reader->is_holding = false;
    if (sql_let_go(reader->sql) != OK)
        give_up_connection(reader);
}

/* The count is read before the transaction begins to see: what it does not count yet is no answer's reason yet. */
static void hold(struct store_reader *reader)
{
    struct store *store = reader->store;
    uint64_t commit_count = atomic_load_explicit(&store->commit_count, memory_order_acquire);
    bool may_hold = reader->may_hold && fold_lets_hold(store);
    if (reader->is_holding && may_hold && reader->held_commit_count == commit_count)
        return;
    let_go(reader);
    if (!may_hold || reader->retry_at_ns != 0)
        return;
    reader->held_commit_count = commit_count;
    reader->is_holding = sql_hold(reader->sql) == OK;
}

void store_rest(struct store *store)
{
    struct store_reader *reader =
        latest.serial == store->serial ? latest.reader : pthread_getspecific(store->reader_key);
    if (!reader)
        return;
    reader->may_hold = true;
    let_go(reader);
}

struct sql *reader_sql(struct store_reader *reader)
{
    if (is_of_transaction(reader))
        return reader->sql;
    if (reader->sql && reader->retry_at_ns == 0) {
        hold(reader);
        return reader->sql;
    }
    if (reader->sql && clock_monotonic_ns() < reader->retry_at_ns)
        return reader->sql; /* it is shut: its verbs fail without touching the file */

    struct sql_options options = store_sql_options(reader->store, SQL_READ);
    options.cache_bytes = READER_CACHE_BYTES;
    sql_close(reader->sql);
    reader->sql = sql_open(&options);
    reader->retry_at_ns = 0;
    return reader->sql;
}

/* A statement's own fault says nothing about the connection. */
static void look_after_connection(struct store_reader *reader)
{
    if (reader->retry_at_ns != 0)
        return;
    if (sql_fault(reader->sql) <= SQL_STATEMENT) {
        sql_forgive(reader->sql);
        return;
    }
    give_up_connection(reader);
}

STEP reader_note(struct store_reader *reader, enum outcome outcome)
{
    bool is_failing = outcome == FAILED;
    if (is_of_transaction(reader))
        return outcome;
    if (is_failing)
        look_after_connection(reader);
    if (is_failing == reader->is_failing)
        return outcome;
    reader->is_failing = is_failing;
    if (is_failing)
        log_event(LOG_ERROR, "store_read_failed", log_text("error", sql_message(reader->sql)));
    else
        log_event(LOG_INFO, "store_read_recovered", log_text("path", str_of(reader->store->path)));
    return outcome;
}

STEP reader_find(struct store_reader *reader, enum cached_rows kind, struct arena *arena, int64_t id, row_read read,
                 void **ret_row)
{
    struct cache *cache = reader->caches[kind];
    uint32_t epoch;
    void *row = cache_find(cache, arena, id, &epoch);
    if (!row) {
        TRY(reader_note(reader, read(reader_sql(reader), arena, id, &row)));
        if (row)
            cache_keep(cache, id, epoch, row);
    }
    *ret_row = row;
    return OK;
}

STEP reader_find_named(struct store_reader *reader, const struct named_rows *rows, struct arena *arena,
                       int64_t realm_id, struct str name, void **ret_row)
{
    struct name_cache *names = reader->names[rows->names];
    uint64_t hash = name_hash(realm_id, name);
    void *row = NULL;
    int64_t id = name_cache_find(names, hash);
    if (id != 0)
        TRY(reader_find(reader, rows->kind, arena, id, rows->read, &row));
    if (row && rows->has_name(row, realm_id, name)) {
        *ret_row = row;
        return OK;
    }
    TRY(reader_note(reader, sql_run_int(reader_sql(reader), rows->id_by_name,
                                        SQL_VALUES(sql_of_int(realm_id), sql_of_text(name)), &id)));
    *ret_row = NULL;
    if (id == 0)
        return OK;
    name_cache_keep(names, hash, id);
    return reader_find(reader, rows->kind, arena, id, rows->read, ret_row);
}

void reader_forget(struct store_reader *reader)
{
    for (size_t i = 0; i < CACHED_ROWS_COUNT; i++)
        cache_clear(reader->caches[i]);
    for (size_t i = 0; i < CACHED_NAMES_COUNT; i++)
        name_cache_clear(reader->names[i]);
}

/* A name needs no forgetting: whoever follows it compares the name of the row, which is read afresh. */
void reader_forget_row(struct store_reader *reader, enum epoch_kind kind, int64_t id)
{
    for (size_t i = 0; i < CACHED_ROWS_COUNT; i++)
        if (row_caches[i].epoch_kind == (int)kind)
            cache_forget(reader->caches[i], id);
}

void reader_forget_scopes(struct store_reader *reader)
{
    cache_clear(reader->caches[CACHED_SCOPES]);
    name_cache_clear(reader->names[NAMED_SCOPES]);
}
