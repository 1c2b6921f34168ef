#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/sql.h"

static void open_store(struct fixture *fixture)
{
    struct str error = STR_NONE;
    fixture->store = store_open(&fixture->options, fixture->arena, &error);
    if (!fixture->store)
        fail_msg("%.*s", STR_ARGS(error));
    fixture->reader = store_reader(fixture->store);
}

int open_fixture(void **state)
{
    struct fixture *fixture = memory_alloc(sizeof *fixture);
    fixture->arena = arena_create();
    snprintf(fixture->folder, sizeof fixture->folder, "%s/store-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/test.db", fixture->folder);
    fixture->options = (struct store_options){.path = fixture->path, .is_without_sync = true};
    open_store(fixture);
    *state = fixture;
    return 0;
}

int close_fixture(void **state)
{
    static const char *const names[] = {"test.db", "test.db-wal", "test.db-shm",
                                        "copy.db", "copy.db-wal", "copy.db-shm"};
    struct fixture *fixture = *state;
    if (fixture->store)
        store_close(fixture->store);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(path_in(fixture, names[i]));
    int result = rmdir(fixture->folder);
    arena_destroy(fixture->arena);
    memory_free(fixture);
    return result;
}

void shut(struct fixture *fixture)
{
    store_close(fixture->store);
    fixture->store = NULL;
}

void reopen(struct fixture *fixture)
{
    if (fixture->store)
        shut(fixture);
    open_store(fixture);
}

const char *path_in(struct fixture *fixture, const char *name)
{
    return arena_printf(fixture->arena, "%s/%s", fixture->folder, name).ptr;
}

struct writing {
    struct unit unit;
    write_function write;
    void *subject;
};

static enum outcome apply(struct unit *unit, struct store_tx *tx)
{
    struct writing *writing = (struct writing *)unit;
    return writing->write(tx, writing->subject);
}

enum outcome write_rows(struct store *store, write_function write, void *subject)
{
    struct writing writing = {.unit = {.apply = apply}, .write = write, .subject = subject};
    return store_run(store, &writing.unit);
}

struct new_client {
    const char *client_id;
    int64_t application_id;
    int64_t id;
};

static enum outcome insert_client(struct store_tx *tx, void *subject)
{
    struct new_client *client = subject;
    int64_t realm_id;
    TRY(realm_row_id(tx, STR("realm"), &realm_id));
    struct application_row application = {.realm_id = realm_id, .name = STR("app"), .created_at = 1};
    TRY(application_insert(tx, &application, &client->application_id));
    struct client_row row = {.realm_id = realm_id,
                             .application_id = client->application_id,
                             .client_id = str_of(client->client_id),
                             .environment = STR("production"),
                             .created_at = 1};
    return client_insert(tx, &row, &client->id);
}

int64_t add_client(struct fixture *fixture, const char *client_id, int64_t *ret_application_id)
{
    struct new_client client = {.client_id = client_id};
    assert_int_equal(write_rows(fixture->store, insert_client, &client), OK);
    if (ret_application_id)
        *ret_application_id = client.application_id;
    return client.id;
}

struct new_token {
    struct access_token_row row;
    int64_t now;
};

static enum outcome insert_token(struct store_tx *tx, void *subject)
{
    struct new_token *token = subject;
    token->row.id = store_tx_token_id(tx, token->now);
    return access_token_insert(tx, &token->row);
}

int64_t add_token(struct fixture *fixture, int64_t now, int64_t client_id, int64_t grant_id, int64_t expires_at)
{
    struct new_token token = {
        .now = now,
        .row = {.client_id = client_id, .grant_id = grant_id, .scope_set = 1, .expires_at = expires_at},
    };
    assert_int_equal(write_rows(fixture->store, insert_token, &token), OK);
    return token.row.id;
}

void change(const char *path, const char *text)
{
    struct sql_options options = {.path = path, .access = SQL_WRITE, .cache_bytes = 65536};
    struct sql *sql = sql_open(&options);
    enum outcome outcome = sql_run_script(sql, text);
    sql_close(sql);
    assert_int_equal(outcome, OK);
}

int64_t ask(const char *path, const char *text)
{
    struct sql_options options = {.path = path, .access = SQL_READ, .cache_bytes = 65536};
    struct sql *sql = sql_open(&options);
    int64_t number = -1;
    enum outcome outcome = sql_run_int(sql, text, SQL_VALUES(), &number);
    sql_close(sql);
    assert_int_equal(outcome, OK);
    return number;
}
