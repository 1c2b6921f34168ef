/*
 * Every verb of applications and what belongs to them: what was written is found, what was deleted is not, and what
 * is found again comes from the cache unchanged.
 */
#include "fixture.h"

#define NOW INT64_C(1790000000)

static enum outcome find_realm(struct store_tx *tx, void *subject)
{
    return realm_row_id(tx, STR("realm"), subject);
}

static void give_a_realm_the_same_number_again_after_a_restart(void **state)
{
    struct fixture *fixture = *state;
    int64_t first = 0, again = 0;
    assert_int_equal(write_rows(fixture->store, find_realm, &first), OK);
    reopen(fixture);
    assert_int_equal(write_rows(fixture->store, find_realm, &again), OK);
    assert_true(first > 0);
    assert_int_equal(first, again);
}

static struct client_row *find_client(struct fixture *fixture, const char *client_id)
{
    struct client_row *row = NULL;
    assert_int_equal(client_find(fixture->reader, fixture->arena, 1, str_of(client_id), &row), OK);
    return row;
}

static void find_a_client_by_name_and_by_row(void **state)
{
    struct fixture *fixture = *state;
    int64_t application_id;
    int64_t id = add_client(fixture, "client-one", &application_id);
    for (int round = 0; round < 2; round++) { /* from the table, then from the cache */
        struct client_row *by_name = find_client(fixture, "client-one");
        struct client_row *by_row = NULL;
        assert_int_equal(client_find_row(fixture->reader, fixture->arena, id, &by_row), OK);
        assert_non_null(by_name);
        assert_non_null(by_row);
        assert_int_equal(by_name->id, id);
        assert_int_equal(by_name->application_id, application_id);
        assert_true(str_equal(by_row->client_id, STR("client-one")));
        assert_true(str_equal(by_row->environment, STR("production")));
        assert_false(str_is_present(by_row->scope));
    }
    assert_null(find_client(fixture, "client-two"));
    assert_true(store_stats(fixture->store).cache_hit_count >= 2);
}

struct redirection {
    int64_t client_id;
    struct str redirect_uris;
};

static enum outcome set_redirect_uris(struct store_tx *tx, void *subject)
{
    const struct redirection *redirection = subject;
    return client_set_redirect_uris(tx, redirection->client_id, redirection->redirect_uris);
}

static enum outcome set_redirect_uris_and_fail(struct store_tx *tx, void *subject)
{
    TRY(set_redirect_uris(tx, subject));
    return FAILED;
}

static void show_a_clients_new_redirect_uris_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct redirection redirection = {.client_id = add_client(fixture, "client", NULL)};
    static const char *const uris[] = {"https://a.example/cb http://localhost:8765/callback", "https://b.example/",
                                       ""};
    assert_true(str_is_empty(find_client(fixture, "client")->redirect_uris));
    for (size_t i = 0; i < 3; i++) {
        redirection.redirect_uris = str_of(uris[i]);
        assert_int_equal(write_rows(fixture->store, set_redirect_uris, &redirection), OK);
        for (int round = 0; round < 2; round++)
            assert_true(str_equal(find_client(fixture, "client")->redirect_uris, redirection.redirect_uris));
    }
    redirection.redirect_uris = STR("https://undone.example/");
    assert_int_equal(write_rows(fixture->store, set_redirect_uris_and_fail, &redirection), FAILED);
    assert_true(str_is_empty(find_client(fixture, "client")->redirect_uris));
}

static enum outcome set_plan(struct store_tx *tx, void *subject)
{
    return client_set_plan(tx, *(int64_t *)subject, STR("gold"));
}

/* Each look-up in an arena of its own: what the cache gives must not lie in the first one's. */
static void keep_a_clients_plan_in_the_cache(void **state)
{
    struct fixture *fixture = *state;
    int64_t application_id;
    int64_t id = add_client(fixture, "client", &application_id);
    assert_false(str_is_present(find_client(fixture, "client")->plan));
    assert_int_equal(write_rows(fixture->store, set_plan, &id), OK);
    for (int round = 0; round < 3; round++) {
        struct client_row *row = NULL;
        struct arena *arena = arena_create();
        assert_int_equal(client_find_row(fixture->reader, arena, id, &row), OK);
        assert_true(str_equal(row->plan, STR("gold")));
        arena_destroy(arena);
    }
    struct str *plans;
    size_t count;
    assert_int_equal(client_plans(fixture->reader, fixture->arena, 1, 10, &plans, &count), OK);
    assert_int_equal(count, 1);
    assert_true(str_equal(plans[0], STR("gold")));
}

static void keep_realms_apart(void **state)
{
    struct fixture *fixture = *state;
    struct client_row *row = NULL;
    add_client(fixture, "client", NULL);
    assert_non_null(find_client(fixture, "client"));
    assert_int_equal(client_find(fixture->reader, fixture->arena, 2, STR("client"), &row), OK);
    assert_null(row);
}

static enum outcome insert_client_again(struct store_tx *tx, void *subject)
{
    int64_t id;
    return client_insert(tx, subject, &id);
}

static void fail_on_the_same_client_id_without_calling_the_store_broken(void **state)
{
    struct fixture *fixture = *state;
    add_client(fixture, "client", NULL);
    struct client_row *row = find_client(fixture, "client");
    assert_int_equal(write_rows(fixture->store, insert_client_again, row), FAILED);
    assert_true(store_is_ready(fixture->store));
    row->client_id = STR("another");
    row->redirect_uris = STR("https://a.example/cb");
    assert_int_equal(write_rows(fixture->store, insert_client_again, row), OK);
    assert_true(str_equal(find_client(fixture, "another")->redirect_uris, row->redirect_uris));
}

struct secret_writing {
    int64_t client_id;
    int64_t id;
    int64_t used_at;
    bool is_found;
    struct secret_row row;
};

static enum outcome insert_secret(struct store_tx *tx, void *subject)
{
    struct secret_writing *writing = subject;
    return secret_insert(tx, writing->client_id, &writing->row, &writing->id);
}

static enum outcome use_secret(struct store_tx *tx, void *subject)
{
    struct secret_writing *writing = subject;
    return secret_use(tx, writing->id, writing->used_at);
}

static enum outcome delete_secret(struct store_tx *tx, void *subject)
{
    struct secret_writing *writing = subject;
    return secret_delete(tx, writing->client_id, writing->id, &writing->is_found);
}

static void show_a_new_secret_at_once_and_a_deleted_one_never(void **state)
{
    struct fixture *fixture = *state;
    struct secret_writing writing = {.client_id = add_client(fixture, "client", NULL),
                                     .row = {.label = STR("first"), .created_at = NOW, .expires_at = NOW + 5}};
    memset(writing.row.secret_hash.bytes, 0x5a, DIGEST_LEN);
    assert_int_equal(find_client(fixture, "client")->secret_count, 0);
    assert_int_equal(write_rows(fixture->store, insert_secret, &writing), OK);

    struct client_row *row = find_client(fixture, "client");
    assert_int_equal(row->secret_count, 1);
    assert_true(str_equal(row->secrets[0].label, STR("first")));
    assert_true(digest_equal(&row->secrets[0].secret_hash, &writing.row.secret_hash));
    assert_int_equal(row->secrets[0].expires_at, NOW + 5);

    assert_int_equal(write_rows(fixture->store, delete_secret, &writing), OK);
    assert_true(writing.is_found);
    assert_int_equal(find_client(fixture, "client")->secret_count, 0);
    assert_int_equal(write_rows(fixture->store, delete_secret, &writing), OK);
    assert_false(writing.is_found);
}

static void keep_up_to_five_secrets_with_their_labels(void **state)
{
    struct fixture *fixture = *state;
    static const char *const labels[] = {"a", "bb", "ccc", "dddd", "eeeee"};
    struct secret_writing writing = {.client_id = add_client(fixture, "client", NULL)};
    for (size_t i = 0; i < SECRETS_PER_CLIENT_MAX; i++) {
        writing.row.label = str_of(labels[i]);
        assert_int_equal(write_rows(fixture->store, insert_secret, &writing), OK);
    }
    for (int round = 0; round < 2; round++) {
        struct client_row *row = find_client(fixture, "client");
        assert_int_equal(row->secret_count, SECRETS_PER_CLIENT_MAX);
        for (size_t i = 0; i < SECRETS_PER_CLIENT_MAX; i++)
            assert_true(str_equal(row->secrets[i].label, str_of(labels[i])));
    }
}

static int64_t last_use(struct fixture *fixture)
{
    return ask(fixture->path, "SELECT last_used_at FROM secrets");
}

static void note_a_secrets_use_once_a_minute(void **state)
{
    struct fixture *fixture = *state;
    struct secret_writing writing = {.client_id = add_client(fixture, "client", NULL)};
    assert_int_equal(write_rows(fixture->store, insert_secret, &writing), OK);
    static const struct {
        int64_t used_at, noted_at;
    } uses[] = {{NOW, NOW}, {NOW + 59, NOW}, {NOW + 60, NOW + 60}, {NOW + 61, NOW + 60}};
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        writing.used_at = uses[i].used_at;
        assert_int_equal(write_rows(fixture->store, use_secret, &writing), OK);
        assert_int_equal(last_use(fixture), uses[i].noted_at);
    }
    reopen(fixture); /* the note in memory is gone, the row's is not */
    writing.used_at = NOW + 119;
    assert_int_equal(write_rows(fixture->store, use_secret, &writing), OK);
    assert_int_equal(last_use(fixture), NOW + 60);
}

struct application_writing {
    int64_t id;
    int64_t suspended_at;
};

static enum outcome suspend_application(struct store_tx *tx, void *subject)
{
    struct application_writing *writing = subject;
    return application_suspend(tx, writing->id, writing->suspended_at);
}

static enum outcome delete_application(struct store_tx *tx, void *subject)
{
    struct application_writing *writing = subject;
    return application_delete(tx, writing->id);
}

static void suspend_the_clients_of_a_suspended_application(void **state)
{
    struct fixture *fixture = *state;
    struct application_writing writing = {.suspended_at = NOW};
    add_client(fixture, "client", &writing.id);
    assert_int_equal(find_client(fixture, "client")->suspended_at, 0);
    assert_int_equal(write_rows(fixture->store, suspend_application, &writing), OK);
    assert_int_equal(find_client(fixture, "client")->suspended_at, NOW);
    writing.suspended_at = 0;
    assert_int_equal(write_rows(fixture->store, suspend_application, &writing), OK);
    assert_int_equal(find_client(fixture, "client")->suspended_at, 0);
}

static void delete_an_application_with_its_clients_and_secrets(void **state)
{
    struct fixture *fixture = *state;
    struct application_writing writing = {0};
    struct application_row *application = NULL;
    struct secret_writing secret = {.client_id = add_client(fixture, "client", &writing.id)};
    assert_int_equal(write_rows(fixture->store, insert_secret, &secret), OK);
    assert_non_null(find_client(fixture, "client"));
    assert_int_equal(write_rows(fixture->store, delete_application, &writing), OK);
    assert_null(find_client(fixture, "client"));
    assert_int_equal(application_find(fixture->reader, fixture->arena, writing.id, &application), OK);
    assert_null(application);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM secrets"), 0);
}

static void never_give_a_deleted_clients_number_to_another(void **state)
{
    struct fixture *fixture = *state;
    struct application_writing writing = {0};
    int64_t first = add_client(fixture, "client", &writing.id);
    assert_int_equal(write_rows(fixture->store, delete_application, &writing), OK);
    reopen(fixture);
    assert_true(add_client(fixture, "client", NULL) > first);
}

static enum outcome insert_application(struct store_tx *tx, void *subject)
{
    return application_insert(tx, subject, &((struct application_row *)subject)->id);
}

static enum outcome update_application(struct store_tx *tx, void *subject)
{
    return application_update(tx, subject);
}

static void assert_same_application(struct fixture *fixture, const struct application_row *written)
{
    struct application_row *found = NULL;
    assert_int_equal(application_find(fixture->reader, fixture->arena, written->id, &found), OK);
    assert_non_null(found);
    assert_int_equal(found->realm_id, written->realm_id);
    assert_true(str_equal(found->name, written->name));
    assert_true(str_equal(found->owner, written->owner));
    assert_true(str_equal(found->website, written->website));
    assert_true(str_equal(found->logo_uri, written->logo_uri));
    assert_int_equal(found->verified_at, written->verified_at);
    assert_int_equal(found->created_at, written->created_at);
    assert_int_equal(found->suspended_at, written->suspended_at);
}

static void keep_and_change_what_people_are_shown_of_an_application(void **state)
{
    struct fixture *fixture = *state;
    struct application_row plain = {.realm_id = 1, .name = STR("plain"), .created_at = NOW};
    struct application_row full = {
        .realm_id = 1,
        .name = STR("full"),
        .owner = STR("ada@example.com"),
        .website = STR("https://app.example.com/"),
        .logo_uri = STR("https://app.example.com/logo.png"),
        .verified_at = NOW + 1,
        .created_at = NOW,
        .suspended_at = NOW + 2,
    };
    assert_int_equal(write_rows(fixture->store, insert_application, &plain), OK);
    assert_int_equal(write_rows(fixture->store, insert_application, &full), OK);
    assert_same_application(fixture, &plain);
    assert_same_application(fixture, &full);

    struct application_row changed = full;
    changed.id = plain.id;
    changed.realm_id = 77;
    assert_int_equal(write_rows(fixture->store, update_application, &changed), OK);
    changed.realm_id = plain.realm_id;
    changed.suspended_at = 0; /* has a verb of its own */
    assert_same_application(fixture, &changed);
    assert_int_equal(write_rows(fixture->store, update_application, &plain), OK);
    assert_same_application(fixture, &plain);
    assert_same_application(fixture, &full);
}

static void list_applications_in_pages_and_by_realm(void **state)
{
    struct fixture *fixture = *state;
    struct application_row *rows = NULL;
    size_t count = 0;
    add_client(fixture, "one", NULL);
    add_client(fixture, "two", NULL);
    add_client(fixture, "three", NULL);
    assert_int_equal(application_list(fixture->reader, fixture->arena, 0, 0, 2, &rows, &count), OK);
    assert_int_equal(count, 2);
    assert_true(str_equal(rows[0].name, STR("app")));
    assert_int_equal(application_list(fixture->reader, fixture->arena, 1, rows[1].id, 2, &rows, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(application_list(fixture->reader, fixture->arena, 2, 0, 2, &rows, &count), OK);
    assert_int_equal(count, 0);
}

static void list_the_clients_of_an_application(void **state)
{
    struct fixture *fixture = *state;
    struct client_row *rows = NULL;
    size_t count = 0;
    int64_t application_id;
    int64_t id = add_client(fixture, "one", &application_id);
    add_client(fixture, "two", NULL);
    assert_int_equal(client_list(fixture->reader, fixture->arena, application_id, &rows, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].id, id);
}

static enum outcome insert_account(struct store_tx *tx, void *subject)
{
    return account_insert(tx, subject, &((struct account_row *)subject)->id);
}

static void find_an_account_by_name_and_by_row(void **state)
{
    struct fixture *fixture = *state;
    struct account_row account = {.realm_id = 1, .account_id = STR("1234"), .name = STR("app"), .created_at = NOW};
    memset(account.secret_hash.bytes, 7, DIGEST_LEN);
    assert_int_equal(write_rows(fixture->store, insert_account, &account), OK);
    for (int round = 0; round < 2; round++) {
        struct account_row *by_name = NULL, *by_row = NULL;
        assert_int_equal(account_find(fixture->reader, fixture->arena, 1, STR("1234"), &by_name), OK);
        assert_int_equal(account_find_row(fixture->reader, fixture->arena, account.id, &by_row), OK);
        assert_int_equal(by_name->id, account.id);
        assert_true(str_equal(by_row->account_id, STR("1234")));
        assert_true(str_equal(by_row->name, STR("app")));
        assert_true(digest_equal(&by_row->secret_hash, &account.secret_hash));
    }
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(give_a_realm_the_same_number_again_after_a_restart),
        IN_STORE(find_a_client_by_name_and_by_row),
        IN_STORE(show_a_clients_new_redirect_uris_at_once),
        IN_STORE(keep_a_clients_plan_in_the_cache),
        IN_STORE(keep_realms_apart),
        IN_STORE(fail_on_the_same_client_id_without_calling_the_store_broken),
        IN_STORE(show_a_new_secret_at_once_and_a_deleted_one_never),
        IN_STORE(keep_up_to_five_secrets_with_their_labels),
        IN_STORE(note_a_secrets_use_once_a_minute),
        IN_STORE(suspend_the_clients_of_a_suspended_application),
        IN_STORE(delete_an_application_with_its_clients_and_secrets),
        IN_STORE(never_give_a_deleted_clients_number_to_another),
        IN_STORE(keep_and_change_what_people_are_shown_of_an_application),
        IN_STORE(list_applications_in_pages_and_by_realm),
        IN_STORE(list_the_clients_of_an_application),
        IN_STORE(find_an_account_by_name_and_by_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
