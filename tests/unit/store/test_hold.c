/*
 * Reads of a thread that says when it rests share a transaction: they see every commit all the same, and the log
 * waits for them no longer than until the rest.
 */
#include "fixture.h"

#define NOW       INT64_C(1790000000)
#define LOG_BYTES (256 * 1024)
/* What a log may grow to that nobody holds back, as in test_store.c. */
#define LOG_BOUND  (UINT64_C(2) * 1024 * 1024)
#define COMMIT_MAX 20000

static bool is_there(struct fixture *fixture, int64_t id)
{
    struct access_token_row *row = NULL;
    assert_int_equal(access_token_find(fixture->reader, fixture->arena, id, &row), OK);
    return row;
}

static enum outcome delete_token(struct store_tx *tx, void *subject)
{
    return access_token_delete(tx, *(int64_t *)subject);
}

static void see_what_was_committed_since_the_last_read(void **state)
{
    struct fixture *fixture = *state;
    store_rest(fixture->store);
    int64_t id = add_token(fixture, NOW, 1, 0, 0);
    assert_true(is_there(fixture, id));
    for (int round = 0; round < 100; round++) {
        assert_false(is_there(fixture, id + 1)); /* the read that begins the transaction, or goes on with it */
        id = add_token(fixture, NOW, 1, 0, 0);
        assert_true(is_there(fixture, id));
        int64_t gone = id;
        assert_int_equal(write_rows(fixture->store, delete_token, &gone), OK);
        assert_false(is_there(fixture, gone));
    }
}

#define TOKENS_EACH 500

static enum outcome insert_many(struct store_tx *tx, void *subject)
{
    (void)subject;
    for (size_t i = 0; i < TOKENS_EACH; i++) {
        struct access_token_row row = {.id = store_tx_token_id(tx, NOW), .client_id = 1, .scope_set = 1};
        TRY(access_token_insert(tx, &row));
    }
    return OK;
}

static uint64_t log_bytes_after_commit(struct fixture *fixture)
{
    assert_int_equal(write_rows(fixture->store, insert_many, NULL), OK);
    return store_stats(fixture->store).log_bytes;
}

static void open_with_a_short_log(struct fixture *fixture)
{
    fixture->options.log_max_bytes = LOG_BYTES;
    reopen(fixture);
}

/* Commits until the log is as long, or as short, as asked. */
static void commit_until(struct fixture *fixture, bool is_longer)
{
    int commits = 0;
    while ((log_bytes_after_commit(fixture) > LOG_BOUND) != is_longer)
        assert_true(commits++ < COMMIT_MAX);
}

static void hold_the_log_back_until_the_rest_and_no_longer(void **state)
{
    struct fixture *fixture = *state;
    open_with_a_short_log(fixture);
    store_rest(fixture->store);
    (void)is_there(fixture, 1);
    (void)is_there(fixture, 2);
    commit_until(fixture, true);
    store_rest(fixture->store);
    commit_until(fixture, false);
}

/* A log that must be folded is not held back by new reads: the thread need not rest for it. */
static void hold_nothing_while_the_log_is_over_its_limit(void **state)
{
    struct fixture *fixture = *state;
    open_with_a_short_log(fixture);
    store_rest(fixture->store);
    (void)is_there(fixture, 1);
    (void)is_there(fixture, 2);
    commit_until(fixture, true);
    (void)is_there(fixture, 3);
    commit_until(fixture, false);
}

static void leave_a_thread_alone_that_never_rests(void **state)
{
    struct fixture *fixture = *state;
    open_with_a_short_log(fixture);
    (void)is_there(fixture, 1);
    (void)is_there(fixture, 2);
    for (int commits = 0; commits < 200; commits++)
        assert_true(log_bytes_after_commit(fixture) < 2 * LOG_BOUND);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(see_what_was_committed_since_the_last_read),
        IN_STORE(hold_the_log_back_until_the_rest_and_no_longer),
        IN_STORE(hold_nothing_while_the_log_is_over_its_limit),
        IN_STORE(leave_a_thread_alone_that_never_rests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
