/*
 * A database of an earlier version gets what is new and keeps what it has.
 */
#include "fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "store/people.h"
#include "store/schema.h"

#define NOW INT64_C(1790000000)

/* What the first version wrote, in its own words. */
static const char first_rows[] =
    "INSERT INTO realms (id, name) VALUES (1, 'realm');"
    "INSERT INTO applications (id, realm_id, name, owner, created_at) VALUES (4, 1, 'app', 'ada@example.com', 1);"
    "INSERT INTO clients (id, realm_id, application_id, client_id, environment, scope, flags, created_at)"
    " VALUES (5, 1, 4, 'client', 'production', 'read', 2, 1);"
    "INSERT INTO secrets (client_id, label, secret_hash, created_at) VALUES (5, 'first', zeroblob(32), 1);"
    "INSERT INTO accounts (id, realm_id, account_id, name, secret_hash, created_at)"
    " VALUES (6, 1, '1234', 'app', zeroblob(32), 1);"
    "INSERT INTO scope_sets (id, scope) VALUES (3, 'read');"
    "INSERT INTO grants (id, client_id, account_id, scope_set, created_at, ends_at) VALUES (9, 5, 6, 3, 1, NULL);"
    "INSERT INTO access_tokens (id, secret_hash, client_id, grant_id, scope_set) VALUES (7, zeroblob(32), 5, 9, 3);"
    "INSERT INTO refresh_tokens (id, secret_hash, client_id, grant_id, scope_set) VALUES (8, zeroblob(32), 5, 9, 3);"
    "UPDATE token_ids SET reserved_until = 12;";

static const char *const suffixes[] = {"", "-wal", "-shm"};

/* As the first version left it. */
static void make_first_version(struct fixture *fixture)
{
    char text[120];
    shut(fixture);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(text, sizeof text, "%s%s", fixture->path, suffixes[i]);
        unlink(text);
    }
    fclose(fopen(fixture->path, "w"));
    change(fixture->path, schema_files[0].text);
    change(fixture->path, first_rows);
    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = 1", 0x4a65746f);
    change(fixture->path, text);
}

static void assert_has_client(struct fixture *fixture)
{
    struct application_row *application = NULL;
    struct client_row *client = NULL;
    assert_int_equal(application_find(fixture->reader, fixture->arena, 4, &application), OK);
    assert_non_null(application);
    assert_true(str_equal(application->owner, STR("ada@example.com")));
    assert_true(str_is_empty(application->website));
    assert_true(str_is_empty(application->logo_uri));
    assert_int_equal(application->verified_at, 0);
    assert_int_equal(client_find(fixture->reader, fixture->arena, 1, STR("client"), &client), OK);
    assert_non_null(client);
    assert_int_equal(client->id, 5);
    assert_int_equal(client->flags, CLIENT_IS_TRUSTED);
    assert_int_equal(client->secret_count, 1);
    assert_true(str_equal(client->scope, STR("read")));
    assert_true(str_is_empty(client->redirect_uris));
}

static void assert_has_tokens(struct fixture *fixture)
{
    struct grant_row *grant = NULL;
    struct access_token_row *access = NULL;
    struct refresh_token_row *refresh = NULL;
    assert_int_equal(grant_find(fixture->reader, fixture->arena, 9, &grant), OK);
    assert_non_null(grant);
    assert_int_equal(grant->account_id, 6);
    assert_int_equal(grant->user_id, 0);
    assert_int_equal(grant->instance_id, 0);
    assert_int_equal(access_token_find(fixture->reader, fixture->arena, 7, &access), OK);
    assert_non_null(access);
    assert_int_equal(access->grant_id, 9);
    assert_int_equal(refresh_token_find(fixture->reader, fixture->arena, 8, &refresh), OK);
    assert_non_null(refresh);
}

static enum outcome insert_user(struct store_tx *tx, void *subject)
{
    return user_insert(tx, subject, &((struct user_row *)subject)->id);
}

static void bring_the_first_version_up_to_date_with_all_its_rows(void **state)
{
    struct fixture *fixture = *state;
    struct user_row user = {.realm_id = 1, .username = STR("ada"), .created_at = NOW};
    make_first_version(fixture);
    for (int round = 0; round < 2; round++) { /* the second time there is nothing to do */
        reopen(fixture);
        assert_has_client(fixture);
        assert_has_tokens(fixture);
    }
    assert_int_equal(write_rows(fixture->store, insert_user, &user), OK);
    assert_true(add_token(fixture, 0, 5, 9, 0) > 12); /* an id that was reserved is not given again */
}

/* Half of a migration would be neither version: what stands in its way leaves the file as it was. */
static void change_nothing_when_a_migration_fails(void **state)
{
    struct fixture *fixture = *state;
    struct str error = STR_NONE;
    make_first_version(fixture);
    change(fixture->path, "CREATE TABLE mails (id INTEGER PRIMARY KEY)"); /* the last thing that it would make */
    assert_null(store_open(&fixture->options, fixture->arena, &error));
    assert_true(str_is_present(error));
    assert_int_equal(ask(fixture->path, "PRAGMA user_version"), 1);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM sqlite_schema WHERE name = 'users'"), 0);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM pragma_table_info('grants') WHERE name = 'user_id'"),
                     0);
    change(fixture->path, "DROP TABLE mails");
    reopen(fixture);
    assert_has_client(fixture);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(bring_the_first_version_up_to_date_with_all_its_rows),
        IN_STORE(change_nothing_when_a_migration_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
