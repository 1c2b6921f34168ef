/*
 * Every verb of scope sets, grants and tokens: what was written is found, what was deleted is not, and what is found
 * again comes from the cache unchanged.
 */
#include "fixture.h"

#define NOW INT64_C(1790000000)

struct scope_writing {
    struct str scope;
    int64_t scope_set;
};

static enum outcome intern_scope(struct store_tx *tx, void *subject)
{
    struct scope_writing *writing = subject;
    return scope_set_intern(tx, writing->scope, &writing->scope_set);
}

static void give_a_scope_text_one_number(void **state)
{
    struct fixture *fixture = *state;
    static const char *const texts[] = {"read write", "", "read", "read write", ""};
    int64_t numbers[5];
    for (size_t i = 0; i < 5; i++) {
        struct scope_writing writing = {.scope = str_of(texts[i])};
        struct str text;
        assert_int_equal(write_rows(fixture->store, intern_scope, &writing), OK);
        numbers[i] = writing.scope_set;
        assert_int_equal(scope_set_text(fixture->reader, fixture->arena, numbers[i], &text), OK);
        assert_true(str_is_present(text));
        assert_true(str_equal(text, str_of(texts[i])));
    }
    assert_int_equal(numbers[0], numbers[3]);
    assert_int_equal(numbers[1], numbers[4]);
    assert_int_not_equal(numbers[0], numbers[2]);
}

static enum outcome intern_and_fail(struct store_tx *tx, void *subject)
{
    TRY(intern_scope(tx, subject));
    return FAILED;
}

static void forget_a_scopes_number_that_was_rolled_back(void **state)
{
    struct fixture *fixture = *state;
    struct scope_writing undone = {.scope = STR("undone")}, next = {.scope = STR("next")},
                         again = {.scope = STR("undone")};
    struct str text;
    assert_int_equal(write_rows(fixture->store, intern_and_fail, &undone), FAILED);
    assert_int_equal(write_rows(fixture->store, intern_scope, &next), OK);
    assert_int_equal(write_rows(fixture->store, intern_scope, &again), OK);
    assert_int_equal(scope_set_text(fixture->reader, fixture->arena, again.scope_set, &text), OK);
    assert_true(str_equal(text, STR("undone")));
    assert_int_not_equal(next.scope_set, again.scope_set);
}

static enum outcome insert_grant(struct store_tx *tx, void *subject)
{
    return grant_insert(tx, subject, &((struct grant_row *)subject)->id);
}

static enum outcome revoke_grant(struct store_tx *tx, void *subject)
{
    return grant_revoke(tx, ((struct grant_row *)subject)->id, NOW + 1);
}

static void show_a_revoked_grant_as_revoked_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct grant_row grant = {.client_id = 1, .account_id = 2, .scope_set = 3, .created_at = NOW};
    struct grant_row *row = NULL;
    assert_int_equal(write_rows(fixture->store, insert_grant, &grant), OK);
    assert_int_equal(grant_find(fixture->reader, fixture->arena, grant.id, &row), OK);
    assert_int_equal(row->revoked_at, 0);
    assert_int_equal(row->account_id, 2);
    assert_int_equal(write_rows(fixture->store, revoke_grant, &grant), OK);
    assert_int_equal(grant_find(fixture->reader, fixture->arena, grant.id, &row), OK);
    assert_int_equal(row->revoked_at, NOW + 1);
}

static enum outcome delete_token(struct store_tx *tx, void *subject)
{
    return access_token_delete(tx, *(int64_t *)subject);
}

static void find_an_access_token_until_it_is_deleted(void **state)
{
    struct fixture *fixture = *state;
    struct access_token_row *row = NULL;
    int64_t id = add_token(fixture, NOW, 5, 0, 0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(access_token_find(fixture->reader, fixture->arena, id, &row), OK);
        assert_non_null(row);
        assert_int_equal(row->id, id);
        assert_int_equal(row->client_id, 5);
        assert_int_equal(row->expires_at, 0);
    }
    assert_int_equal(write_rows(fixture->store, delete_token, &id), OK);
    assert_int_equal(access_token_find(fixture->reader, fixture->arena, id, &row), OK);
    assert_null(row);
}

static enum outcome insert_refresh_token(struct store_tx *tx, void *subject)
{
    struct refresh_token_row *row = subject;
    row->id = store_tx_token_id(tx, NOW);
    return refresh_token_insert(tx, row);
}

static enum outcome rotate_refresh_token(struct store_tx *tx, void *subject)
{
    return refresh_token_rotate(tx, subject);
}

static void remember_the_successor_of_a_refresh_token(void **state)
{
    struct fixture *fixture = *state;
    struct refresh_token_row token = {.client_id = 1, .grant_id = 2, .scope_set = 3, .expires_at = NOW + 9};
    struct refresh_token_row *row = NULL;
    assert_int_equal(write_rows(fixture->store, insert_refresh_token, &token), OK);
    token.rotated_at = NOW + 1;
    token.successor_id = 11;
    token.successor_access_id = 12;
    assert_int_equal(write_rows(fixture->store, rotate_refresh_token, &token), OK);
    assert_int_equal(refresh_token_find(fixture->reader, fixture->arena, token.id, &row), OK);
    assert_memory_equal(row, &token, sizeof token);
}

struct family {
    struct refresh_token_row rows[200];
};

static enum outcome insert_family(struct store_tx *tx, void *subject)
{
    struct family *family = subject;
    for (size_t i = 0; i < 200; i++)
        TRY(insert_refresh_token(tx, &family->rows[i]));
    return OK;
}

static enum outcome rotate_family(struct store_tx *tx, void *subject)
{
    struct family *family = subject;
    for (size_t i = 0; i < 200; i++) {
        struct refresh_token_row *row = &family->rows[i];
        row->rotated_at = NOW + 3600;
        row->successor_id = row->id + 1;
        row->successor_access_id = row->id + 2;
        TRY(refresh_token_rotate(tx, row));
    }
    return OK;
}

/* Rows stand close together: one that grew would split its page, and three pages would be written instead of one. */
static void rotate_a_refresh_token_without_making_its_row_longer(void **state)
{
    struct fixture *fixture = *state;
    struct family *family = arena_new(fixture->arena, struct family);
    struct refresh_token_row *row = NULL;
    for (size_t i = 0; i < 200; i++)
        family->rows[i] = (struct refresh_token_row){.client_id = 1, .grant_id = 2, .scope_set = 3};
    assert_int_equal(write_rows(fixture->store, insert_family, family), OK);
    assert_int_equal(refresh_token_find(fixture->reader, fixture->arena, family->rows[0].id, &row), OK);
    assert_memory_equal(row, &family->rows[0], sizeof *row);
    int64_t before = ask(fixture->path, "SELECT page_count FROM pragma_page_count");
    assert_int_equal(write_rows(fixture->store, rotate_family, family), OK);
    assert_int_equal(ask(fixture->path, "SELECT page_count FROM pragma_page_count"), before);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(give_a_scope_text_one_number),
        IN_STORE(forget_a_scopes_number_that_was_rolled_back),
        IN_STORE(show_a_revoked_grant_as_revoked_at_once),
        IN_STORE(find_an_access_token_until_it_is_deleted),
        IN_STORE(remember_the_successor_of_a_refresh_token),
        IN_STORE(rotate_a_refresh_token_without_making_its_row_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
