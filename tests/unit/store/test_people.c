/*
 * Users, instances and memberships: what was written is found, with and without its optional parts, from the table
 * and from the cache; and no reader of any thread finds what was before.
 */
#include "fixture.h"

#include <pthread.h>

#include "store/people.h"

#define NOW INT64_C(1790000000)

static enum outcome insert_user(struct store_tx *tx, void *subject)
{
    return user_insert(tx, subject, &((struct user_row *)subject)->id);
}

static enum outcome update_user(struct store_tx *tx, void *subject)
{
    return user_update(tx, subject);
}

static struct user_row plain_user(const char *username)
{
    return (struct user_row){.realm_id = 1, .username = str_of(username), .created_at = NOW};
}

static struct user_row full_user(void)
{
    return (struct user_row){
        .realm_id = 1,
        .username = STR("ada@example.com"),
        .display_name = STR("Ada Lovelace"),
        .email = STR("ada@example.com"),
        .password_hash = STR("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"),
        .roles = USER_IS_DEVELOPER | USER_IS_OPERATOR,
        .totp_key = STR("sealed"),
        .totp_step = 57,
        .created_at = NOW,
        .email_confirmed_at = NOW + 1,
        .disabled_at = NOW + 2,
    };
}

static void add_user(struct fixture *fixture, struct user_row *user)
{
    assert_int_equal(write_rows(fixture->store, insert_user, user), OK);
    assert_true(user->id > 0);
}

static struct user_row *find_user(struct fixture *fixture, const char *username)
{
    struct user_row *row = NULL;
    assert_int_equal(user_find(fixture->reader, fixture->arena, 1, str_of(username), &row), OK);
    return row;
}

static struct user_row *find_user_row(struct fixture *fixture, int64_t id)
{
    struct user_row *row = NULL;
    assert_int_equal(user_find_row(fixture->reader, fixture->arena, id, &row), OK);
    return row;
}

/* A text that was absent is found as an empty one. */
static void assert_same_user(const struct user_row *found, const struct user_row *written)
{
    assert_non_null(found);
    assert_int_equal(found->id, written->id);
    assert_int_equal(found->realm_id, written->realm_id);
    assert_true(str_equal(found->username, written->username));
    assert_true(str_equal(found->display_name, written->display_name));
    assert_true(str_equal(found->email, written->email));
    assert_true(str_equal(found->password_hash, written->password_hash));
    assert_int_equal(found->roles, written->roles);
    assert_true(str_equal(found->totp_key, written->totp_key));
    assert_int_equal(found->totp_step, written->totp_step);
    assert_int_equal(found->created_at, written->created_at);
    assert_int_equal(found->email_confirmed_at, written->email_confirmed_at);
    assert_int_equal(found->disabled_at, written->disabled_at);
}

static void find_a_user_by_name_by_row_and_by_address(void **state)
{
    struct fixture *fixture = *state;
    struct user_row users[] = {full_user(), plain_user("bob")}, *by_email = NULL;
    for (size_t i = 0; i < 2; i++) {
        add_user(fixture, &users[i]);
        for (int round = 0; round < 2; round++) { /* from the table, then from the cache */
            struct user_row *by_name = find_user(fixture, arena_cstr(fixture->arena, users[i].username));
            assert_same_user(by_name, &users[i]);
            assert_same_user(find_user_row(fixture, users[i].id), &users[i]);
        }
    }
    assert_int_equal(user_find_email(fixture->reader, fixture->arena, 1, STR("ada@example.com"), &by_email), OK);
    assert_same_user(by_email, &users[0]);
    assert_null(find_user(fixture, "carol"));
    assert_null(find_user_row(fixture, users[1].id + 1));
    assert_true(store_stats(fixture->store).cache_hit_count >= 4);
}

static void find_no_address_in_another_spelling_or_realm_and_none_that_is_empty(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        int64_t realm_id;
        const char *email;
    } others[] = {{1, "Ada@example.com"}, {2, "ada@example.com"}, {1, ""}};
    struct user_row user = full_user(), nameless = plain_user("bob"), *row;
    add_user(fixture, &user);
    add_user(fixture, &nameless);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(
            user_find_email(fixture->reader, fixture->arena, others[i].realm_id, str_of(others[i].email), &row), OK);
        assert_null(row);
    }
}

static void find_the_oldest_of_those_who_share_an_address(void **state)
{
    struct fixture *fixture = *state;
    struct user_row first = full_user(), second = plain_user("bob"), *row = NULL;
    second.email = first.email;
    add_user(fixture, &first);
    add_user(fixture, &second);
    assert_int_equal(user_find_email(fixture->reader, fixture->arena, 1, first.email, &row), OK);
    assert_int_equal(row->id, first.id);
}

static void take_a_username_once_per_realm(void **state)
{
    struct fixture *fixture = *state;
    struct user_row first = plain_user("bob"), again = plain_user("bob"), *row = NULL;
    add_user(fixture, &first);
    assert_int_equal(write_rows(fixture->store, insert_user, &again), FAILED);
    assert_true(store_is_ready(fixture->store));
    again.realm_id = 2;
    add_user(fixture, &again);
    assert_int_equal(user_find(fixture->reader, fixture->arena, 2, STR("bob"), &row), OK);
    assert_int_equal(row->id, again.id);
    assert_int_equal(find_user(fixture, "bob")->id, first.id);
}

static void change_all_of_a_user_but_its_realm_and_its_beginning(void **state)
{
    struct fixture *fixture = *state;
    struct user_row plain = plain_user("bob"), full = full_user();
    add_user(fixture, &plain);
    assert_non_null(find_user(fixture, "bob"));
    full.id = plain.id;
    full.realm_id = 77;
    full.created_at = 77;
    assert_int_equal(write_rows(fixture->store, update_user, &full), OK);
    full.realm_id = plain.realm_id;
    full.created_at = plain.created_at;
    assert_same_user(find_user(fixture, "ada@example.com"), &full);
    assert_null(find_user(fixture, "bob")); /* though the cache knew the name */

    assert_int_equal(write_rows(fixture->store, update_user, &plain), OK);
    assert_same_user(find_user(fixture, "bob"), &plain);
}

static void list_users_in_pages(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"carol", "bob", "ada"};
    struct user_row *rows = NULL;
    size_t count = 0;
    for (size_t i = 0; i < 3; i++) {
        struct user_row user = plain_user(names[i]);
        add_user(fixture, &user);
    }
    struct user_row elsewhere = plain_user("dave");
    elsewhere.realm_id = 2;
    add_user(fixture, &elsewhere);
    assert_int_equal(user_list(fixture->reader, fixture->arena, 1, 0, 2, &rows, &count), OK);
    assert_int_equal(count, 2);
    assert_true(str_equal(rows[0].username, STR("carol")));
    assert_true(str_equal(rows[1].username, STR("bob")));
    assert_int_equal(user_list(fixture->reader, fixture->arena, 1, rows[1].id, 2, &rows, &count), OK);
    assert_int_equal(count, 1);
    assert_true(str_equal(rows[0].username, STR("ada")));
}

struct observer {
    struct fixture *fixture;
    int64_t id;
    int64_t disabled_at;
    pthread_barrier_t *is_cached;
    pthread_barrier_t *is_written;
};

/* Reads the user into the thread's own cache, and again after the change. */
static void *observe(void *subject)
{
    struct observer *observer = subject;
    struct store_reader *reader = store_reader(observer->fixture->store);
    struct arena *arena = arena_create();
    struct user_row *row = NULL;
    bool is_read = user_find_row(reader, arena, observer->id, &row) == OK && row && row->disabled_at == 0;
    pthread_barrier_wait(observer->is_cached);
    pthread_barrier_wait(observer->is_written);
    is_read = is_read && user_find_row(reader, arena, observer->id, &row) == OK && row;
    observer->disabled_at = is_read ? row->disabled_at : -1;
    arena_destroy(arena);
    return NULL;
}

static void show_a_disabled_user_to_every_thread_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct user_row user = plain_user("bob");
    pthread_barrier_t is_cached, is_written;
    pthread_t thread;
    add_user(fixture, &user);
    pthread_barrier_init(&is_cached, NULL, 2);
    pthread_barrier_init(&is_written, NULL, 2);
    struct observer observer = {fixture, user.id, 0, &is_cached, &is_written};
    pthread_create(&thread, NULL, observe, &observer);
    pthread_barrier_wait(&is_cached);
    user.disabled_at = NOW + 5;
    assert_int_equal(write_rows(fixture->store, update_user, &user), OK);
    pthread_barrier_wait(&is_written);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&is_cached);
    pthread_barrier_destroy(&is_written);
    assert_int_equal(observer.disabled_at, NOW + 5);
}

static enum outcome update_user_and_fail(struct store_tx *tx, void *subject)
{
    struct arena *arena = arena_create();
    struct user_row *row;
    enum outcome outcome = user_update(tx, subject);
    if (outcome == OK) /* so that the writer's own cache has it */
        outcome = user_find_row(store_tx_reader(tx), arena, ((struct user_row *)subject)->id, &row);
    arena_destroy(arena);
    return outcome == OK ? FAILED : REFUSED;
}

static enum outcome disable_if_plain(struct store_tx *tx, void *subject)
{
    struct fixture *fixture = subject;
    struct user_row *row;
    TRY(user_find(store_tx_reader(tx), fixture->arena, 1, STR("bob"), &row));
    if (!row || row->disabled_at != 0)
        return REFUSED;
    row->disabled_at = NOW;
    TRY(user_update(tx, row));
    TRY(user_find(store_tx_reader(tx), fixture->arena, 1, STR("bob"), &row));
    return row && row->disabled_at == NOW ? OK : REFUSED;
}

static void forget_a_change_of_a_user_that_was_rolled_back(void **state)
{
    struct fixture *fixture = *state;
    struct user_row plain = plain_user("bob"), changed = plain;
    add_user(fixture, &plain);
    changed.id = plain.id;
    changed.disabled_at = NOW + 5;
    assert_int_equal(write_rows(fixture->store, update_user_and_fail, &changed), FAILED);
    assert_same_user(find_user(fixture, "bob"), &plain);
    /* The writer does not remember it either, and reads its own writes. */
    assert_int_equal(write_rows(fixture->store, disable_if_plain, fixture), OK);
    assert_int_equal(find_user(fixture, "bob")->disabled_at, NOW);
}

static enum outcome insert_instance(struct store_tx *tx, void *subject)
{
    return instance_insert(tx, subject, &((struct instance_row *)subject)->id);
}

static int64_t add_instance(struct fixture *fixture, int64_t realm_id, const char *name, const char *title)
{
    struct instance_row row = {.realm_id = realm_id, .name = str_of(name), .title = str_of(title), .created_at = NOW};
    assert_int_equal(write_rows(fixture->store, insert_instance, &row), OK);
    return row.id;
}

static void assert_is_desert(const struct instance_row *row, int64_t id)
{
    assert_non_null(row);
    assert_int_equal(row->id, id);
    assert_int_equal(row->realm_id, 1);
    assert_true(str_equal(row->name, STR("desert-broadcasters")));
    assert_true(str_equal(row->title, STR("Desert Broadcasters")));
    assert_int_equal(row->created_at, NOW);
}

static void find_an_instance_by_name_and_by_row(void **state)
{
    struct fixture *fixture = *state;
    struct instance_row *row = NULL;
    int64_t id = add_instance(fixture, 1, "desert-broadcasters", "Desert Broadcasters");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(instance_find_row(fixture->reader, fixture->arena, id, &row), OK);
        assert_is_desert(row, id);
        assert_int_equal(instance_find(fixture->reader, fixture->arena, 1, STR("desert-broadcasters"), &row), OK);
        assert_is_desert(row, id);
    }
    assert_int_equal(instance_find(fixture->reader, fixture->arena, 2, STR("desert-broadcasters"), &row), OK);
    assert_null(row);
    assert_int_equal(instance_find_row(fixture->reader, fixture->arena, id + 1, &row), OK);
    assert_null(row);
}

static void take_an_instances_name_once_per_realm(void **state)
{
    struct fixture *fixture = *state;
    struct instance_row again = {.realm_id = 1, .name = STR("one"), .title = STR("Again"), .created_at = NOW};
    struct instance_row *rows = NULL;
    size_t count = 0;
    int64_t first = add_instance(fixture, 1, "one", "One");
    int64_t second = add_instance(fixture, 1, "two", "");
    add_instance(fixture, 2, "one", "One");
    assert_int_equal(write_rows(fixture->store, insert_instance, &again), FAILED);
    assert_int_equal(instance_list(fixture->reader, fixture->arena, 1, 0, 10, &rows, &count), OK);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].id, first);
    assert_int_equal(instance_list(fixture->reader, fixture->arena, 1, first, 10, &rows, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].id, second);
    assert_true(str_is_empty(rows[0].title));
}

struct membership {
    int64_t user_id;
    int64_t instance_id;
    const char *role;
    bool is_found;
};

static enum outcome put_membership(struct store_tx *tx, void *subject)
{
    const struct membership *membership = subject;
    return membership_put(tx, membership->user_id, membership->instance_id, str_of(membership->role));
}

static enum outcome delete_membership(struct store_tx *tx, void *subject)
{
    struct membership *membership = subject;
    return membership_delete(tx, membership->user_id, membership->instance_id, &membership->is_found);
}

static bool is_member(struct fixture *fixture, int64_t user_id, int64_t instance_id)
{
    bool is_found = false;
    assert_int_equal(membership_find(fixture->reader, fixture->arena, user_id, instance_id, &is_found), OK);
    return is_found;
}

static void add_change_and_remove_a_membership(void **state)
{
    struct fixture *fixture = *state;
    struct membership_row *rows = NULL;
    size_t count = 0;
    struct membership membership = {.user_id = 7, .role = "member"};
    membership.instance_id = add_instance(fixture, 1, "desert-broadcasters", "Desert Broadcasters");
    assert_false(is_member(fixture, 7, membership.instance_id));
    assert_int_equal(write_rows(fixture->store, put_membership, &membership), OK);
    membership.role = "owner";
    assert_int_equal(write_rows(fixture->store, put_membership, &membership), OK);
    assert_true(is_member(fixture, 7, membership.instance_id));
    assert_false(is_member(fixture, 8, membership.instance_id));
    assert_int_equal(membership_list(fixture->reader, fixture->arena, 7, &rows, &count), OK);
    assert_int_equal(count, 1);
    assert_true(str_equal(rows[0].role, STR("owner")));
    assert_is_desert(&rows[0].instance, membership.instance_id);

    assert_int_equal(write_rows(fixture->store, delete_membership, &membership), OK);
    assert_true(membership.is_found);
    assert_false(is_member(fixture, 7, membership.instance_id));
    assert_int_equal(write_rows(fixture->store, delete_membership, &membership), OK);
    assert_false(membership.is_found);
}

static enum outcome put_many(struct store_tx *tx, void *subject)
{
    struct fixture *fixture = subject;
    for (int i = MEMBERSHIPS_MAX; i >= 0; i--) {
        struct instance_row row = {.realm_id = 1,
                                   .name = arena_printf(fixture->arena, "n%d", i),
                                   .title = arena_printf(fixture->arena, "%03d", i),
                                   .created_at = NOW};
        TRY(instance_insert(tx, &row, &row.id));
        TRY(membership_put(tx, 7, row.id, STR_NONE));
    }
    return OK;
}

static void list_memberships_by_title_and_no_more_than_can_be_shown(void **state)
{
    struct fixture *fixture = *state;
    struct membership_row *rows = NULL;
    size_t count = 0;
    assert_int_equal(write_rows(fixture->store, put_many, fixture), OK);
    assert_int_equal(membership_list(fixture->reader, fixture->arena, 7, &rows, &count), OK);
    assert_int_equal(count, MEMBERSHIPS_MAX);
    assert_true(str_equal(rows[0].instance.title, STR("000")));
    assert_true(str_equal(rows[MEMBERSHIPS_MAX - 1].instance.title, STR("099")));
    assert_true(str_is_empty(rows[0].role));
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(find_a_user_by_name_by_row_and_by_address),
        IN_STORE(find_no_address_in_another_spelling_or_realm_and_none_that_is_empty),
        IN_STORE(find_the_oldest_of_those_who_share_an_address),
        IN_STORE(take_a_username_once_per_realm),
        IN_STORE(change_all_of_a_user_but_its_realm_and_its_beginning),
        IN_STORE(list_users_in_pages),
        IN_STORE(show_a_disabled_user_to_every_thread_at_once),
        IN_STORE(forget_a_change_of_a_user_that_was_rolled_back),
        IN_STORE(find_an_instance_by_name_and_by_row),
        IN_STORE(take_an_instances_name_once_per_realm),
        IN_STORE(add_change_and_remove_a_membership),
        IN_STORE(list_memberships_by_title_and_no_more_than_can_be_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
