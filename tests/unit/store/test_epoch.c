/*
 * Coherence: once the `done` of a change has been called, no reader of any thread sees what was before, cache or not.
 */
#include "fixture.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "store/epoch.h"

#define NOW          INT64_C(1790000000)
#define ROUNDS       300
#define READER_COUNT 3
/* The first reader never rests, so each of its reads is by itself; the others' share transactions. */
#define READS_PER_REST 50

struct hammer {
    struct fixture *fixture;
    int64_t grant_id;
    _Atomic int64_t token_id;
    _Atomic int64_t revoked_id; /* the token's deletion was acknowledged */
    _Atomic int64_t revoked_at; /* the grant's revocation that was acknowledged last */
    _Atomic bool is_stopping;
    _Atomic size_t stale_count;
    _Atomic size_t read_count;
    _Atomic size_t reader_count;
};

static void read_once(struct hammer *hammer, struct store_reader *reader)
{
    struct arena *arena = arena_create();
    struct access_token_row *token = NULL;
    struct client_row *client = NULL;
    int64_t token_id = atomic_load(&hammer->token_id);
    bool is_revoked = atomic_load(&hammer->revoked_id) == token_id;
    int64_t suspended_at = atomic_load(&hammer->revoked_at);
    if (access_token_find(reader, arena, token_id, &token) != OK || (token && is_revoked))
        atomic_fetch_add(&hammer->stale_count, 1);
    if (client_find(reader, arena, 1, STR("client"), &client) != OK || !client || client->suspended_at < suspended_at)
        atomic_fetch_add(&hammer->stale_count, 1);
    atomic_fetch_add(&hammer->read_count, 1);
    arena_destroy(arena);
}

static void *keep_reading(void *subject)
{
    struct hammer *hammer = subject;
    struct store_reader *reader = store_reader(hammer->fixture->store);
    bool is_resting = atomic_fetch_add(&hammer->reader_count, 1) > 0;
    for (size_t reads = 0; !atomic_load(&hammer->is_stopping); reads++) {
        if (is_resting && reads % READS_PER_REST == 0)
            store_rest(hammer->fixture->store);
        read_once(hammer, reader);
    }
    return NULL;
}

static enum outcome delete_token(struct store_tx *tx, void *subject)
{
    return access_token_delete(tx, *(int64_t *)subject);
}

struct suspension {
    int64_t application_id;
    int64_t at;
};

static enum outcome suspend(struct store_tx *tx, void *subject)
{
    struct suspension *suspension = subject;
    return application_suspend(tx, suspension->application_id, suspension->at);
}

static void wait_for_reads(struct hammer *hammer)
{
    size_t from = atomic_load(&hammer->read_count);
    while (atomic_load(&hammer->read_count) < from + READER_COUNT)
        sched_yield();
}

static void never_show_what_was_before_an_acknowledged_change(void **state)
{
    struct fixture *fixture = *state;
    struct hammer hammer = {.fixture = fixture};
    struct suspension suspension = {0};
    pthread_t threads[READER_COUNT];
    add_client(fixture, "client", &suspension.application_id);
    for (size_t i = 0; i < READER_COUNT; i++)
        pthread_create(&threads[i], NULL, keep_reading, &hammer);
    for (int64_t round = 1; round <= ROUNDS; round++) {
        int64_t id = add_token(fixture, NOW, 1, 0, 0);
        atomic_store(&hammer.token_id, id);
        wait_for_reads(&hammer); /* it is in their caches now */
        suspension.at = round;
        assert_int_equal(write_rows(fixture->store, delete_token, &id), OK);
        atomic_store(&hammer.revoked_id, id);
        assert_int_equal(write_rows(fixture->store, suspend, &suspension), OK);
        atomic_store(&hammer.revoked_at, round);
        wait_for_reads(&hammer);
    }
    atomic_store(&hammer.is_stopping, true);
    for (size_t i = 0; i < READER_COUNT; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(hammer.stale_count, 0);
    assert_true(store_stats(fixture->store).cache_hit_count > 0); /* also of threads that have ended */
}

static enum outcome change_and_fail(struct store_tx *tx, void *subject)
{
    epoch_change(tx, EPOCH_TOKEN, *(int64_t *)subject);
    return FAILED;
}

static enum outcome change_only(struct store_tx *tx, void *subject)
{
    epoch_change(tx, EPOCH_TOKEN, *(int64_t *)subject);
    return OK;
}

static void raise_the_epoch_of_what_changed_and_of_nothing_else(void **state)
{
    struct fixture *fixture = *state;
    int64_t id = 4711;
    uint32_t token = epoch_read(EPOCH_TOKEN, id), client = epoch_read(EPOCH_CLIENT, id);
    assert_int_equal(write_rows(fixture->store, change_only, &id), OK);
    assert_int_equal(epoch_read(EPOCH_TOKEN, id), token + 1);
    assert_int_equal(epoch_read(EPOCH_CLIENT, id), client);
    /* A change that was rolled back may raise it too: that costs one read. It must not fail to come later. */
    assert_int_equal(write_rows(fixture->store, change_and_fail, &id), FAILED);
    assert_int_equal(write_rows(fixture->store, change_only, &id), OK);
    assert_true(epoch_read(EPOCH_TOKEN, id) >= token + 2);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(never_show_what_was_before_an_acknowledged_change),
        IN_STORE(raise_the_epoch_of_what_changed_and_of_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
