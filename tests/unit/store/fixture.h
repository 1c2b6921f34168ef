/*
 * fixture.h — a store in a folder of its own, and writing to it by a plain call.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "store/applications.h"
#include "store/store.h"
#include "store/tokens.h"

struct fixture {
    struct arena *arena;
    struct store *store;
    struct store_reader *reader;
    struct store_options options;
    char folder[64];
    char path[96];
};

/* cmocka's setup and teardown: an open store without syncs; the folder leaves with it. */
int open_fixture(void **state);
int close_fixture(void **state);

/* Closes the store, so that a test may change its file; reopen opens it again. */
void shut(struct fixture *fixture);
void reopen(struct fixture *fixture);
const char *path_in(struct fixture *fixture, const char *name);

/* Runs `write` as one unit. */
typedef enum outcome (*write_function)(struct store_tx *tx, void *subject);
enum outcome write_rows(struct store *store, write_function write, void *subject);

/* A realm with one application and one client, "client"; gives the client's row. */
int64_t add_client(struct fixture *fixture, const char *client_id, int64_t *ret_application_id);

/* Writes one access token at `now` and gives its id. */
int64_t add_token(struct fixture *fixture, int64_t now, int64_t client_id, int64_t grant_id, int64_t expires_at);

/* Changes a database that no store has open. */
void change(const char *path, const char *text);

/* Runs a query of the test's own beside the store, and gives the first column of its first row. */
int64_t ask(const char *path, const char *text);
