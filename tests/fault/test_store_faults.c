/*
 * Faults of the disk: the N-th write or sync fails, for N = 1, 2, … until a run passes without. Whatever happens,
 * what was acknowledged is there afterwards, nothing is half written, and the store works again without being opened
 * again.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "../unit/store/fixture.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/people.h"
#include "faulty_files.h"

#define NOW         INT64_C(1790000000)
#define STEPS       6
#define TOKENS_EACH 40 /* a step is over one page */
#define ROUNDS_MAX  2000

/* A step writes rows that have its number: all or none of them must be there. */
struct step {
    int64_t number;
};

struct work {
    write_function write;
    int64_t rows_each;
    const char *count; /* of the rows of a step; its number follows */
};

static enum outcome write_tokens(struct store_tx *tx, void *subject)
{
    const struct step *step = subject;
    for (size_t i = 0; i < TOKENS_EACH; i++) {
        struct access_token_row row = {
            .id = store_tx_token_id(tx, NOW), .client_id = step->number, .scope_set = 1, .expires_at = NOW};
        TRY(access_token_insert(tx, &row));
    }
    return OK;
}

static const struct work tokens = {write_tokens, TOKENS_EACH,
                                   "SELECT count(*) FROM access_tokens WHERE client_id = "};

/* A person signs in and consents: three tables and their indexes. */
static enum outcome write_consent(struct store_tx *tx, void *subject)
{
    const struct step *step = subject;
    struct session_row session = {.id = store_tx_token_id(tx, NOW), .user_id = step->number, .expires_at = NOW};
    struct grant_row grant = {.client_id = step->number, .user_id = step->number, .created_at = NOW};
    struct code_row code = {
        .id = store_tx_token_id(tx, NOW), .client_id = step->number, .expires_at = NOW, .forget_at = NOW};
    memset(code.submission.bytes, (int)step->number, DIGEST_LEN);
    TRY(session_insert(tx, &session));
    TRY(grant_insert(tx, &grant, &code.grant_id));
    return code_insert(tx, &code);
}

static const struct work consents = {
    write_consent, 3,
    "SELECT count(*) FROM (SELECT user_id AS number FROM sessions UNION ALL SELECT client_id FROM grants"
    " UNION ALL SELECT client_id FROM codes) AS step WHERE number = "};

static enum outcome try_step(struct fixture *fixture, const struct work *work, int64_t number)
{
    struct step step = {number};
    return write_rows(fixture->store, work->write, &step);
}

static int64_t rows_of_step(struct fixture *fixture, const struct work *work, int64_t number)
{
    char text[256];
    snprintf(text, sizeof text, "%s%lld", work->count, (long long)number);
    return ask(fixture->path, text);
}

static void check_steps(struct fixture *fixture, const struct work *work, const enum outcome *outcomes, size_t count)
{
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
                     1);
    for (size_t i = 0; i < count; i++) {
        int64_t found = rows_of_step(fixture, work, (int64_t)i + 1);
        if (outcomes[i] == OK)
            assert_int_equal(found, work->rows_each);
        else
            assert_true(found == 0 || found == work->rows_each);
    }
}

/* False when the run was over before the n-th operation. */
static bool run_with_fault(struct fixture *fixture, const struct work *work, long nth, enum file_fault fault,
                           enum file_fault_span span)
{
    enum outcome outcomes[STEPS + 1];
    faulty_files_arm(nth, fault, span);
    for (int64_t i = 0; i < STEPS; i++)
        outcomes[i] = try_step(fixture, work, i + 1);
    bool has_failed = faulty_files_has_failed();
    faulty_files_disarm();
    outcomes[STEPS] = try_step(fixture, work, STEPS + 1);
    assert_int_equal(outcomes[STEPS], OK);
    assert_true(store_is_ready(fixture->store));
    reopen(fixture);
    check_steps(fixture, work, outcomes, STEPS + 1);
    return has_failed;
}

static void run_until_it_passes(const struct work *work, enum file_fault fault, enum file_fault_span span)
{
    bool has_failed = true;
    for (long nth = 1; has_failed; nth++) {
        void *state;
        assert_true(nth < ROUNDS_MAX);
        assert_int_equal(open_fixture(&state), 0);
        struct fixture *fixture = state;
        fixture->options.vfs = FAULTY_FILES;
        fixture->options.log_max_bytes = 32 * 1024; /* so that folding the log takes part */
        fixture->options.is_without_sync = false;
        reopen(fixture);
        has_failed = run_with_fault(fixture, work, nth, fault, span);
        assert_int_equal(close_fixture(&state), 0);
    }
}

static void survive_an_io_error_at_every_write(void **state)
{
    (void)state;
    run_until_it_passes(&tokens, FILE_IO_ERROR, FAULT_ONCE);
}

static void survive_an_io_error_at_every_write_of_a_consent(void **state)
{
    (void)state;
    run_until_it_passes(&consents, FILE_IO_ERROR, FAULT_ONCE);
}

static void survive_io_errors_from_every_write_on(void **state)
{
    (void)state;
    run_until_it_passes(&tokens, FILE_IO_ERROR, FAULT_LASTING);
}

static void survive_a_disk_that_is_full_from_every_write_on(void **state)
{
    (void)state;
    run_until_it_passes(&tokens, FILE_DISK_FULL, FAULT_LASTING);
}

static void survive_a_file_that_turns_read_only_at_every_write(void **state)
{
    (void)state;
    run_until_it_passes(&tokens, FILE_READ_ONLY, FAULT_LASTING);
}

static void wait_until_ready(struct fixture *fixture)
{
    int64_t until = clock_monotonic_ns() + INT64_C(30000000000);
    while (!store_is_ready(fixture->store)) {
        assert_true(clock_monotonic_ns() < until);
        sched_yield();
    }
}

static void say_so_and_recover_by_itself_when_nobody_comes(void **state)
{
    struct fixture *fixture = *state;
    fixture->options.vfs = FAULTY_FILES;
    reopen(fixture);
    faulty_files_arm(1, FILE_DISK_FULL, FAULT_LASTING);
    assert_int_equal(try_step(fixture, &tokens, 1), FAILED);
    assert_false(store_is_ready(fixture->store));
    faulty_files_disarm();
    wait_until_ready(fixture);
    assert_int_equal(rows_of_step(fixture, &tokens, 1), 0);
    assert_int_equal(try_step(fixture, &tokens, 2), OK);
}

static enum outcome try_read(struct fixture *fixture)
{
    struct access_token_row *row;
    return access_token_find(fixture->reader, fixture->arena, 1, &row);
}

#define READS       2000
#define RETRY_EVERY INT64_C(100000000) /* ns */

/* A worker has other requests than those that must read: it must not spend its time on a file that is not there. */
static void ask_a_file_that_cannot_be_read_a_few_times_a_second(void **state)
{
    struct fixture *fixture = *state;
    const char *away = path_in(fixture, "copy.db");
    fixture->options.vfs = FAULTY_FILES;
    reopen(fixture);
    assert_int_equal(rename(fixture->path, away), 0);
    int64_t began_ns = clock_monotonic_ns();
    long open_count = faulty_files_open_count();
    for (int i = 0; i < READS; i++)
        assert_int_equal(try_read(fixture), FAILED);
    int64_t attempts_max = (clock_monotonic_ns() - began_ns) / RETRY_EVERY + 1;
    assert_in_range(faulty_files_open_count() - open_count, 1, attempts_max);

    assert_int_equal(rename(away, fixture->path), 0);
    int64_t until = clock_monotonic_ns() + INT64_C(30000000000);
    while (try_read(fixture) != OK)
        assert_true(clock_monotonic_ns() < until);
}

static void set_file_limit(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* No shim: the system itself refuses to let the file grow. */
static void survive_a_real_limit_of_the_file(void **state)
{
    struct fixture *fixture = *state;
    enum outcome outcomes[200];
    size_t count = 0;
    signal(SIGXFSZ, SIG_IGN);
    set_file_limit(512 * 1024);
    do {
        outcomes[count] = try_step(fixture, &tokens, (int64_t)count + 1);
        count++;
    } while (outcomes[count - 1] == OK && count < 190);
    assert_int_equal(outcomes[count - 1], FAILED);
    assert_false(store_is_ready(fixture->store));
    set_file_limit(RLIM_INFINITY);
    outcomes[count] = try_step(fixture, &tokens, (int64_t)count + 1);
    assert_int_equal(outcomes[count], OK);
    reopen(fixture);
    check_steps(fixture, &tokens, outcomes, count + 1);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survive_an_io_error_at_every_write),
        cmocka_unit_test(survive_an_io_error_at_every_write_of_a_consent),
        cmocka_unit_test(survive_io_errors_from_every_write_on),
        cmocka_unit_test(survive_a_disk_that_is_full_from_every_write_on),
        cmocka_unit_test(survive_a_file_that_turns_read_only_at_every_write),
        IN_STORE(say_so_and_recover_by_itself_when_nobody_comes),
        IN_STORE(ask_a_file_that_cannot_be_read_a_few_times_a_second),
        IN_STORE(survive_a_real_limit_of_the_file),
    };
    faulty_files_register();
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
