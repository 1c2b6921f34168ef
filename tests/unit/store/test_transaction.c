/*
 * The units of one batch come one after another: what one has written, the next one reads, though nothing is
 * committed yet and the row was read before, by name or by number.
 */
#include "fixture.h"

#define NOW INT64_C(1790000000)

struct subject {
    struct arena *arena;
    int64_t application_id;
    int64_t client_id;
    int64_t token_id;
    size_t wrong_count; /* told from the writer's thread, asserted on the test's */
};

static void expect(struct subject *subject, bool holds)
{
    subject->wrong_count += !holds;
}

static STEP find(struct store_tx *tx, const struct subject *subject, struct client_row **ret_row)
{
    return client_find(store_tx_reader(tx), subject->arena, 1, STR("client"), ret_row);
}

static enum outcome add_and_delete_secrets(struct store_tx *tx, void *argument)
{
    struct subject *subject = argument;
    const struct secret_row secret = {.label = STR("label"), .created_at = NOW};
    struct client_row *row;
    int64_t id = 0;
    bool is_found;
    TRY(find(tx, subject, &row));
    for (size_t count = 1; count <= 2; count++) {
        TRY(secret_insert(tx, row->id, &secret, &id));
        TRY(find(tx, subject, &row));
        expect(subject, row && row->secret_count == count);
        TRY(client_find_row(store_tx_reader(tx), subject->arena, subject->client_id, &row));
        expect(subject, row && row->secret_count == count);
    }
    TRY(secret_delete(tx, row->id, id, &is_found));
    TRY(find(tx, subject, &row));
    expect(subject, row && row->secret_count == 1);
    return OK;
}

static void show_every_change_of_a_clients_secrets(void **state)
{
    struct fixture *fixture = *state;
    struct subject subject = {.arena = fixture->arena, .client_id = add_client(fixture, "client", NULL)};
    assert_int_equal(write_rows(fixture->store, add_and_delete_secrets, &subject), OK);
    assert_int_equal(subject.wrong_count, 0);
}

static enum outcome revoke(struct store_tx *tx, void *argument)
{
    struct subject *subject = argument;
    struct grant_row grant = {.client_id = subject->client_id, .scope_set = 1, .created_at = NOW};
    struct grant_row *row;
    TRY(grant_insert(tx, &grant, &grant.id));
    TRY(grant_find(store_tx_reader(tx), subject->arena, grant.id, &row));
    expect(subject, row && row->revoked_at == 0);
    TRY(grant_revoke(tx, grant.id, NOW));
    TRY(grant_find(store_tx_reader(tx), subject->arena, grant.id, &row));
    expect(subject, row && row->revoked_at == NOW);
    return OK;
}

static void show_a_grant_as_revoked(void **state)
{
    struct fixture *fixture = *state;
    struct subject subject = {.arena = fixture->arena, .client_id = 1};
    assert_int_equal(write_rows(fixture->store, revoke, &subject), OK);
    assert_int_equal(subject.wrong_count, 0);
}

static enum outcome delete_token(struct store_tx *tx, void *argument)
{
    struct subject *subject = argument;
    struct access_token_row *row;
    TRY(access_token_find(store_tx_reader(tx), subject->arena, subject->token_id, &row));
    expect(subject, row != NULL);
    TRY(access_token_delete(tx, subject->token_id));
    TRY(access_token_find(store_tx_reader(tx), subject->arena, subject->token_id, &row));
    expect(subject, row == NULL);
    return OK;
}

static void not_find_a_deleted_token(void **state)
{
    struct fixture *fixture = *state;
    struct subject subject = {.arena = fixture->arena, .token_id = add_token(fixture, NOW, 1, 0, 0)};
    assert_int_equal(write_rows(fixture->store, delete_token, &subject), OK);
    assert_int_equal(subject.wrong_count, 0);
}

static enum outcome suspend_delete_and_register_again(struct store_tx *tx, void *argument)
{
    struct subject *subject = argument;
    struct client_row *old, *row;
    TRY(find(tx, subject, &old));
    TRY(application_suspend(tx, subject->application_id, NOW));
    TRY(find(tx, subject, &row));
    expect(subject, row && row->suspended_at == NOW);
    TRY(application_delete(tx, subject->application_id));
    TRY(find(tx, subject, &row));
    expect(subject, row == NULL);
    TRY(client_find_row(store_tx_reader(tx), subject->arena, subject->client_id, &row));
    expect(subject, row == NULL);

    int64_t id;
    TRY(client_insert(tx, old, &id));
    TRY(find(tx, subject, &row));
    expect(subject, row && row->id == id);
    expect(subject, id != subject->client_id);
    return OK;
}

static void not_find_a_client_of_a_deleted_application_but_the_next_of_its_name(void **state)
{
    struct fixture *fixture = *state;
    struct subject subject = {.arena = fixture->arena};
    subject.client_id = add_client(fixture, "client", &subject.application_id);
    assert_int_equal(write_rows(fixture->store, suspend_delete_and_register_again, &subject), OK);
    assert_int_equal(subject.wrong_count, 0);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(show_every_change_of_a_clients_secrets),
        IN_STORE(show_a_grant_as_revoked),
        IN_STORE(not_find_a_deleted_token),
        IN_STORE(not_find_a_client_of_a_deleted_application_but_the_next_of_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
