/*
 * The store as a whole: batches, what a failing unit may and may not undo, ids of tokens, backups, and files that are
 * not ours.
 */
#include "fixture.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW INT64_C(1790000000)

/* Units that wait in the queue while the first one holds the writer. */
struct burst_unit {
    struct unit unit;
    enum outcome wanted;
    int64_t id;
    unsigned apply_count;
    unsigned done_count;
    sem_t *gate;
    sem_t *finished;
};

static enum outcome apply_burst_unit(struct unit *unit, struct store_tx *tx)
{
    struct burst_unit *burst_unit = (struct burst_unit *)unit;
    if (burst_unit->gate) {
        sem_wait(burst_unit->gate);
        sem_post(burst_unit->gate); /* an apply may run twice */
        return OK;
    }
    burst_unit->apply_count++;
    struct access_token_row row = {.id = store_tx_token_id(tx, NOW), .client_id = 1, .scope_set = 1};
    burst_unit->id = row.id;
    TRY(access_token_insert(tx, &row));
    return burst_unit->wanted;
}

static void end_burst_unit(struct unit *unit)
{
    struct burst_unit *burst_unit = (struct burst_unit *)unit;
    burst_unit->done_count++;
    sem_post(burst_unit->finished);
}

/* One thread's: all wait for the gate, so all but the first are one batch. */
static void run_burst(struct store *store, struct burst_unit *units, size_t count)
{
    sem_t gate, finished;
    sem_init(&gate, 0, 0);
    sem_init(&finished, 0, 0);
    struct burst_unit holder = {.gate = &gate};
    holder.finished = &finished;
    holder.unit = (struct unit){.apply = apply_burst_unit, .done = end_burst_unit};
    store_submit(store, &holder.unit);
    for (size_t i = 0; i < count; i++) {
        units[i].finished = &finished;
        units[i].unit = (struct unit){.apply = apply_burst_unit, .done = end_burst_unit};
        store_submit(store, &units[i].unit);
    }
    sem_post(&gate);
    for (size_t i = 0; i < count + 1; i++)
        sem_wait(&finished);
    sem_destroy(&gate);
    sem_destroy(&finished);
}

static bool is_token_there(struct fixture *fixture, int64_t id)
{
    struct access_token_row *row = NULL;
    assert_int_equal(access_token_find(fixture->reader, fixture->arena, id, &row), OK);
    return row != NULL;
}

static void commit_many_units_in_few_batches(void **state)
{
    struct fixture *fixture = *state;
    struct burst_unit units[500] = {0};
    run_burst(fixture->store, units, 500);
    struct store_stats stats = store_stats(fixture->store);
    assert_int_equal(stats.unit_count, 501);
    assert_true(stats.batch_count <= 3);
    assert_int_equal(stats.queue_len, 0);
    for (size_t i = 0; i < 500; i++) {
        assert_int_equal(units[i].unit.outcome, OK);
        assert_int_equal(units[i].done_count, 1);
        assert_int_equal(units[i].apply_count, 1);
        assert_true(i == 0 || units[i].id > units[i - 1].id);
    }
}

static void cut_batches_at_their_limit(void **state)
{
    struct fixture *fixture = *state;
    struct burst_unit units[100] = {0};
    fixture->options.batch_max = 10;
    reopen(fixture);
    run_burst(fixture->store, units, 100);
    assert_true(store_stats(fixture->store).batch_count >= 11);
    assert_true(store_stats(fixture->store).batch_last_len <= 10);
    for (size_t i = 0; i < 100; i++)
        assert_true(is_token_there(fixture, units[i].id));
}

static void undo_failed_units_and_keep_the_others_of_their_batch(void **state)
{
    struct fixture *fixture = *state;
    struct burst_unit units[60] = {0};
    for (size_t i = 0; i < 60; i++)
        units[i].wanted = i % 20 == 7 ? FAILED : i % 3 == 0 ? REFUSED : OK;
    run_burst(fixture->store, units, 60);
    for (size_t i = 0; i < 60; i++) {
        assert_int_equal(units[i].unit.outcome, units[i].wanted);
        assert_int_equal(units[i].done_count, 1);
        assert_true(units[i].apply_count <= 2);
        /* REFUSED commits. */
        assert_int_equal(is_token_there(fixture, units[i].id), units[i].wanted != FAILED);
    }
    assert_true(store_is_ready(fixture->store));
}

static void never_give_a_token_id_twice(void **state)
{
    struct fixture *fixture = *state;
    static const int64_t clock[] = {NOW, NOW, NOW + 1, NOW - 100, NOW + 2, NOW - 5};
    int64_t last = 0;
    for (size_t i = 0; i < sizeof clock / sizeof clock[0]; i++) {
        int64_t id = add_token(fixture, clock[i], 1, 0, 0);
        assert_true(id > last);
        last = id;
        if (i % 2)
            reopen(fixture);
    }
    assert_true(last >= token_id_floor(NOW + 2));
    assert_true(last < token_id_floor(NOW + 2 + 10)); /* and it still tells when it was made */
}

static enum outcome draw_without_row(struct store_tx *tx, void *subject)
{
    int64_t *id = subject;
    *id = store_tx_token_id(tx, NOW);
    return OK;
}

static void not_give_an_id_again_that_left_no_row(void **state)
{
    struct fixture *fixture = *state;
    int64_t first, second;
    assert_int_equal(write_rows(fixture->store, draw_without_row, &first), OK);
    reopen(fixture);
    assert_int_equal(write_rows(fixture->store, draw_without_row, &second), OK);
    assert_true(second > first);
}

static enum outcome draw_many(struct store_tx *tx, void *subject)
{
    int64_t *ids = subject;
    ids[0] = store_tx_token_id(tx, NOW);
    for (size_t i = 0; i < (1 << 17) + 10; i++)
        ids[1] = store_tx_token_id(tx, NOW);
    return OK;
}

static void borrow_ids_from_the_next_second(void **state)
{
    struct fixture *fixture = *state;
    int64_t ids[2];
    assert_int_equal(write_rows(fixture->store, draw_many, ids), OK);
    assert_int_equal(ids[0], token_id_floor(NOW));
    assert_int_equal(ids[1], token_id_floor(NOW) + (1 << 17) + 10);
    assert_true(ids[1] < INT64_C(1) << 48);
}

static unsigned mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void keep_its_files_private(void **state)
{
    struct fixture *fixture = *state;
    add_token(fixture, NOW, 1, 0, 0);
    assert_int_equal(mode_of(fixture->path), 0600);
    assert_int_equal(mode_of(path_in(fixture, "test.db-wal")), 0600);
    assert_int_equal(mode_of(path_in(fixture, "test.db-shm")), 0600);
}

struct writer_thread {
    struct fixture *fixture;
    _Atomic bool is_stopping;
    int64_t last_id;
    size_t count;
};

static void *keep_writing(void *subject)
{
    struct writer_thread *writer = subject;
    while (!atomic_load(&writer->is_stopping) || writer->count == 0) {
        writer->last_id = add_token(writer->fixture, NOW, 1, 0, 0);
        writer->count++;
    }
    return NULL;
}

static void back_up_while_serving(void **state)
{
    struct fixture *fixture = *state;
    struct writer_thread writer = {.fixture = fixture};
    struct str error = STR_NONE;
    const char *path = path_in(fixture, "copy.db");
    int64_t before = add_token(fixture, NOW, 1, 0, 0);
    pthread_t thread;
    pthread_create(&thread, NULL, keep_writing, &writer);
    bool is_copied = store_backup(fixture->store, path, fixture->arena, &error);
    atomic_store(&writer.is_stopping, true);
    pthread_join(thread, NULL);

    assert_true(is_copied);
    assert_int_equal(mode_of(path), 0600);
    assert_false(store_backup(fixture->store, path, fixture->arena, &error)); /* not over another file */
    store_close(fixture->store);
    fixture->options.path = path;
    fixture->store = store_open(&fixture->options, fixture->arena, &error);
    assert_non_null(fixture->store);
    fixture->reader = store_reader(fixture->store);
    assert_true(is_token_there(fixture, before));
    assert_int_equal(ask(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

static struct str open_error(struct fixture *fixture)
{
    struct str error = STR_NONE;
    fixture->store = store_open(&fixture->options, fixture->arena, &error);
    assert_null(fixture->store);
    assert_true(str_is_present(error));
    return error;
}

static void assert_has(struct str text, const char *part)
{
    if (!memmem(text.ptr, text.len, part, strlen(part)))
        fail_msg("\"%.*s\" lacks \"%s\"", STR_ARGS(text), part);
}

static void refuse_a_database_of_a_newer_version(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store);
    fixture->store = NULL;
    change(fixture->path, "PRAGMA user_version = 999");
    assert_has(open_error(fixture), "999");
}

static void refuse_a_database_of_another_program(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store);
    fixture->store = NULL;
    change(fixture->path, "PRAGMA application_id = 77");
    assert_has(open_error(fixture), "another program");
}

static void refuse_a_file_that_is_no_database(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store);
    fixture->store = NULL;
    FILE *file = fopen(fixture->path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is not a database\n", file);
    fclose(file);
    assert_has(open_error(fixture), "not a database");
}

static void refuse_a_second_opener(void **state)
{
    struct fixture *fixture = *state;
    struct str error = STR_NONE;
    assert_null(store_open(&fixture->options, fixture->arena, &error));
    assert_has(error, "in use");
    add_token(fixture, NOW, 1, 0, 0); /* the first goes on */
}

static void refuse_a_folder_that_is_missing(void **state)
{
    struct fixture *fixture = *state;
    struct str error = STR_NONE;
    struct store_options options = {.path = path_in(fixture, "missing/test.db")};
    assert_null(store_open(&options, fixture->arena, &error));
    assert_has(error, "missing/test.db");
}

static void keep_the_log_within_its_limit(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.log_max_bytes = 256 * 1024;
    reopen(fixture);
    for (int i = 0; i < 2000; i++)
        add_token(fixture, NOW, 1, 0, 0);
    /* 2,000 commits of two pages and more would be 16 MiB. */
    assert_true(store_stats(fixture->store).log_bytes < 2 * 1024 * 1024);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM access_tokens"), 2000);
}

static size_t size_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (size_t)status.st_size;
}

static bool ends_in_zeros(const char *path, long len)
{
    int byte = 0;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, -len, SEEK_END), 0);
    while (byte == 0)
        byte = getc(file);
    fclose(file);
    return byte == EOF;
}

static void copy_file(const char *from, const char *to)
{
    char piece[4096];
    size_t len;
    FILE *source = fopen(from, "rb"), *target = fopen(to, "wb");
    assert_non_null(source);
    assert_non_null(target);
    while ((len = fread(piece, 1, sizeof(piece), source)) > 0)
        assert_int_equal(fwrite(piece, 1, len, target), len);
    fclose(source);
    assert_int_equal(fclose(target), 0);
}

/* A commit that makes the file longer costs three writes of the disk one after the other; one in a hundred does. */
static void prepare_the_log_for_many_commits_at_once(void **state)
{
    struct fixture *fixture = *state;
    const char *log = path_in(fixture, "test.db-wal");
    size_t growth_count = 0, size = 0;
    for (int i = 0; i < 300; i++) {
        add_token(fixture, NOW, 1, 0, 0);
        growth_count += size_of(log) != size;
        size = size_of(log);
    }
    assert_in_range(growth_count, 1, 12);
}

/* As after a loss of power: what was prepared behind the last commit is no commit. */
static void recover_from_a_log_that_was_prepared(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 10; i++)
        add_token(fixture, NOW, 1, 0, 0);
    assert_true(ends_in_zeros(path_in(fixture, "test.db-wal"), 65536));
    copy_file(fixture->path, path_in(fixture, "copy.db"));
    copy_file(path_in(fixture, "test.db-wal"), path_in(fixture, "copy.db-wal"));
    assert_int_equal(ask(path_in(fixture, "copy.db"), "SELECT count(*) FROM access_tokens"), 10);
    assert_int_equal(ask(path_in(fixture, "copy.db"), "SELECT count(*) FROM pragma_integrity_check"), 1);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(commit_many_units_in_few_batches),
        IN_STORE(cut_batches_at_their_limit),
        IN_STORE(undo_failed_units_and_keep_the_others_of_their_batch),
        IN_STORE(never_give_a_token_id_twice),
        IN_STORE(not_give_an_id_again_that_left_no_row),
        IN_STORE(borrow_ids_from_the_next_second),
        IN_STORE(keep_its_files_private),
        IN_STORE(back_up_while_serving),
        IN_STORE(refuse_a_database_of_a_newer_version),
        IN_STORE(refuse_a_database_of_another_program),
        IN_STORE(refuse_a_file_that_is_no_database),
        IN_STORE(refuse_a_second_opener),
        IN_STORE(refuse_a_folder_that_is_missing),
        IN_STORE(keep_the_log_within_its_limit),
        IN_STORE(prepare_the_log_for_many_commits_at_once),
        IN_STORE(recover_from_a_log_that_was_prepared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
