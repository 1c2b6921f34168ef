/*
 * Sweeping: what has expired leaves, what lives stays, nothing is looked at for ever, and the file does not grow.
 */
#include "fixture.h"

#define NOW  INT64_C(1790000000)
#define HOUR 3600

struct sweeping {
    int64_t now;
    size_t slice_max;
    struct sweep_result result;
    size_t call_count;
};

static enum outcome sweep_slice(struct store_tx *tx, void *subject)
{
    struct sweeping *sweeping = subject;
    return tokens_sweep(tx, sweeping->now, sweeping->slice_max, &sweeping->result);
}

/* Sweeps until nothing is left to do; gives how many rows have left. */
static size_t sweep(struct fixture *fixture, int64_t now, size_t slice_max)
{
    struct sweeping sweeping = {.now = now, .slice_max = slice_max};
    size_t deleted_count = 0;
    do {
        assert_int_equal(write_rows(fixture->store, sweep_slice, &sweeping), OK);
        deleted_count += sweeping.result.deleted_count;
        assert_true(++sweeping.call_count < 100000);
    } while (!sweeping.result.is_done);
    return deleted_count;
}

static enum outcome note_lifetime(struct store_tx *tx, void *subject)
{
    return lifetime_note(tx, *(int64_t *)subject);
}

static void note(struct fixture *fixture, int64_t lifetime_seconds)
{
    assert_int_equal(write_rows(fixture->store, note_lifetime, &lifetime_seconds), OK);
}

static int64_t row_count(struct fixture *fixture)
{
    return ask(fixture->path, "SELECT count(*) FROM access_tokens");
}

static void delete_a_token_when_it_has_expired_and_not_before(void **state)
{
    struct fixture *fixture = *state;
    int64_t client_id = add_client(fixture, "client", NULL);
    note(fixture, HOUR);
    add_token(fixture, NOW, client_id, 0, NOW + HOUR);
    assert_int_equal(sweep(fixture, NOW + HOUR, 100), 0);
    assert_int_equal(sweep(fixture, NOW + HOUR + 1, 100), 1);
    assert_int_equal(row_count(fixture), 0);
}

static void keep_long_lived_tokens_between_short_lived_ones(void **state)
{
    struct fixture *fixture = *state;
    int64_t client_id = add_client(fixture, "client", NULL);
    note(fixture, HOUR);
    note(fixture, 100 * HOUR);
    for (int i = 0; i < 50; i++) {
        add_token(fixture, NOW + i, client_id, 0, NOW + i + HOUR);
        add_token(fixture, NOW + i, client_id, 0, NOW + i + 100 * HOUR);
        add_token(fixture, NOW + i, client_id, 0, 0);
    }
    assert_int_equal(sweep(fixture, NOW + 2 * HOUR, 7), 50);
    assert_int_equal(row_count(fixture), 100);
    assert_int_equal(sweep(fixture, NOW + 101 * HOUR, 7), 50);
    assert_int_equal(row_count(fixture), 50);
}

static void look_at_no_more_rows_than_asked(void **state)
{
    struct fixture *fixture = *state;
    struct sweeping sweeping = {.now = NOW + 2 * HOUR, .slice_max = 10};
    int64_t client_id = add_client(fixture, "client", NULL);
    note(fixture, HOUR);
    for (int i = 0; i < 25; i++)
        add_token(fixture, NOW, client_id, 0, NOW + HOUR);
    static const struct {
        size_t deleted_count;
        bool is_done;
    } expected[] = {{10, false}, {10, false}, {5, true}, {0, true}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(write_rows(fixture->store, sweep_slice, &sweeping), OK);
        assert_int_equal(sweeping.result.deleted_count, expected[i].deleted_count);
        assert_int_equal(sweeping.result.seen_count, expected[i].deleted_count);
        assert_int_equal(sweeping.result.is_done, expected[i].is_done);
    }
}

static enum outcome delete_application(struct store_tx *tx, void *subject)
{
    return application_delete(tx, *(int64_t *)subject);
}

static void remove_the_endless_tokens_of_a_deleted_client(void **state)
{
    struct fixture *fixture = *state;
    int64_t doomed_application, doomed = add_client(fixture, "doomed", &doomed_application);
    int64_t kept = add_client(fixture, "kept", NULL);
    for (int i = 0; i < 20; i++) {
        add_token(fixture, NOW, doomed, 0, 0);
        add_token(fixture, NOW, kept, 0, 0);
    }
    assert_int_equal(sweep(fixture, NOW, 7), 0);
    assert_int_equal(write_rows(fixture->store, delete_application, &doomed_application), OK);
    assert_int_equal(sweep(fixture, NOW, 7), 20);
    assert_int_equal(row_count(fixture), 20);
}

struct family {
    struct grant_row grant;
    int64_t now;
    int64_t access_expires_at;
    int64_t refresh_expires_at;
};

static enum outcome insert_family(struct store_tx *tx, void *subject)
{
    struct family *family = subject;
    TRY(grant_insert(tx, &family->grant, &family->grant.id));
    struct access_token_row access = {.id = store_tx_token_id(tx, family->now),
                                      .client_id = family->grant.client_id,
                                      .grant_id = family->grant.id,
                                      .scope_set = 1,
                                      .expires_at = family->access_expires_at};
    struct refresh_token_row refresh = {.id = store_tx_token_id(tx, family->now),
                                        .client_id = family->grant.client_id,
                                        .grant_id = family->grant.id,
                                        .scope_set = 1,
                                        .expires_at = family->refresh_expires_at};
    TRY(access_token_insert(tx, &access));
    return refresh_token_insert(tx, &refresh);
}

static enum outcome revoke_family(struct store_tx *tx, void *subject)
{
    return grant_revoke(tx, ((struct family *)subject)->grant.id, NOW);
}

static void remove_a_grant_with_its_last_token(void **state)
{
    struct fixture *fixture = *state;
    struct family family = {.grant = {.client_id = add_client(fixture, "client", NULL), .created_at = NOW},
                            .now = NOW,
                            .access_expires_at = NOW + HOUR,
                            .refresh_expires_at = NOW + 10 * HOUR};
    note(fixture, HOUR);
    note(fixture, 10 * HOUR);
    assert_int_equal(write_rows(fixture->store, insert_family, &family), OK);
    assert_int_equal(sweep(fixture, NOW + 2 * HOUR, 10), 1);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM grants"), 1);
    assert_int_equal(sweep(fixture, NOW + 11 * HOUR, 10), 2);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM grants"), 0);
}

static void remove_an_endless_family_when_it_is_revoked(void **state)
{
    struct fixture *fixture = *state;
    struct family family = {.grant = {.client_id = add_client(fixture, "client", NULL), .created_at = NOW},
                            .now = NOW};
    assert_int_equal(write_rows(fixture->store, insert_family, &family), OK);
    assert_int_equal(sweep(fixture, NOW + HOUR, 10), 0);
    assert_int_equal(write_rows(fixture->store, revoke_family, &family), OK);
    assert_int_equal(sweep(fixture, NOW + HOUR, 10), 3);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM grants"), 0);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM refresh_tokens"), 0);
}

/* A pass takes the tokens of every revoked grant: none of them is left to take its grant along. */
static void leave_no_revoked_grant_behind_when_a_pass_has_taken_its_tokens(void **state)
{
    struct fixture *fixture = *state;
    int64_t client_id = add_client(fixture, "client", NULL);
    struct family endless = {.grant = {.client_id = client_id, .created_at = NOW}, .now = NOW};
    struct family other = endless, kept = endless;
    other.access_expires_at = other.refresh_expires_at = NOW + 10 * HOUR;
    struct family *const families[] = {&endless, &other, &kept};
    note(fixture, 10 * HOUR);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(write_rows(fixture->store, insert_family, families[i]), OK);
    assert_int_equal(write_rows(fixture->store, revoke_family, &other), OK);
    assert_int_equal(sweep(fixture, NOW + HOUR, 10), 0);
    assert_int_equal(write_rows(fixture->store, revoke_family, &endless), OK);
    assert_int_equal(sweep(fixture, NOW + HOUR, 10), 6);
    assert_int_equal(ask(fixture->path, "SELECT id FROM grants"), kept.grant.id);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM grants"), 1);
}

struct issuing {
    int64_t now;
    int64_t client_id;
    size_t count;
};

static enum outcome issue_many(struct store_tx *tx, void *subject)
{
    struct issuing *issuing = subject;
    for (size_t i = 0; i < issuing->count; i++) {
        struct access_token_row row = {.id = store_tx_token_id(tx, issuing->now),
                                       .client_id = issuing->client_id,
                                       .scope_set = 1,
                                       .expires_at = issuing->now + HOUR};
        memset(row.secret_hash.bytes, (int)i | 1, DIGEST_LEN);
        TRY(access_token_insert(tx, &row));
    }
    return OK;
}

/* Two hundred hours of a thousand tokens that live an hour: the file stays as large as after the first few. */
static void give_pages_back_so_that_a_steady_state_does_not_grow(void **state)
{
    struct fixture *fixture = *state;
    struct issuing issuing = {.client_id = add_client(fixture, "client", NULL), .count = 100};
    int64_t page_count_early = 0;
    note(fixture, HOUR);
    for (int64_t step = 0; step < 2000; step++) {
        issuing.now = NOW + step * HOUR / 10;
        assert_int_equal(write_rows(fixture->store, issue_many, &issuing), OK);
        (void)sweep(fixture, issuing.now, 256);
        if (step == 50)
            page_count_early = ask(fixture->path, "PRAGMA page_count");
    }
    assert_true(row_count(fixture) <= 12 * 100);
    assert_true(ask(fixture->path, "PRAGMA page_count") <= page_count_early + 2);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(delete_a_token_when_it_has_expired_and_not_before),
        IN_STORE(keep_long_lived_tokens_between_short_lived_ones),
        IN_STORE(look_at_no_more_rows_than_asked),
        IN_STORE(remove_the_endless_tokens_of_a_deleted_client),
        IN_STORE(remove_a_grant_with_its_last_token),
        IN_STORE(remove_an_endless_family_when_it_is_revoked),
        IN_STORE(leave_no_revoked_grant_behind_when_a_pass_has_taken_its_tokens),
        IN_STORE(give_pages_back_so_that_a_steady_state_does_not_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
