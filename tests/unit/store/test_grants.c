/*
 * What users have allowed: grants of a user, their codes, and how both leave. Limits of time from both sides.
 */
#include "fixture.h"

#include "store/people.h"

#define NOW  INT64_C(1790000000)
#define HOUR 3600

#define ADA   7
#define BOB   8
#define NORTH 21
#define SOUTH 22

static enum outcome insert_grant(struct store_tx *tx, void *subject)
{
    return grant_insert(tx, subject, &((struct grant_row *)subject)->id);
}

static int64_t add_grant(struct fixture *fixture, int64_t client_id, int64_t user_id, int64_t instance_id)
{
    struct grant_row row = {
        .client_id = client_id, .user_id = user_id, .instance_id = instance_id, .scope_set = 3, .created_at = NOW};
    assert_int_equal(write_rows(fixture->store, insert_grant, &row), OK);
    return row.id;
}

static struct grant_row *find_grant(struct fixture *fixture, int64_t id)
{
    struct grant_row *row = NULL;
    assert_int_equal(grant_find(fixture->reader, fixture->arena, id, &row), OK);
    return row;
}

static void tell_whose_a_grant_is_and_where_it_holds(void **state)
{
    struct fixture *fixture = *state;
    int64_t ids[] = {add_grant(fixture, 1, ADA, NORTH), add_grant(fixture, 1, ADA, 0), add_grant(fixture, 1, 0, 0)};
    static const struct {
        int64_t user_id, instance_id;
    } expected[] = {{ADA, NORTH}, {ADA, 0}, {0, 0}};
    for (int round = 0; round < 2; round++) /* from the table, then from the cache */
        for (size_t i = 0; i < 3; i++) {
            struct grant_row *row = find_grant(fixture, ids[i]);
            assert_int_equal(row->id, ids[i]);
            assert_int_equal(row->client_id, 1);
            assert_int_equal(row->account_id, 0);
            assert_int_equal(row->user_id, expected[i].user_id);
            assert_int_equal(row->instance_id, expected[i].instance_id);
            assert_int_equal(row->scope_set, 3);
            assert_int_equal(row->created_at, NOW);
        }
}

struct revocation {
    int64_t user_id;
    int64_t application_id;
    int64_t instance_id;
};

static enum outcome revoke_of_user(struct store_tx *tx, void *subject)
{
    const struct revocation *which = subject;
    return grant_revoke_of_user(tx, which->user_id, which->application_id, which->instance_id, NOW + 1);
}

static enum outcome revoke_of_user_and_fail(struct store_tx *tx, void *subject)
{
    TRY(revoke_of_user(tx, subject));
    return FAILED;
}

static void list_the_live_grants_of_a_user_newest_first(void **state)
{
    struct fixture *fixture = *state;
    struct user_grant *grants = NULL;
    size_t count = 0;
    int64_t application_one, application_two;
    int64_t one = add_client(fixture, "one", &application_one), two = add_client(fixture, "two", &application_two);
    struct revocation of_north = {.user_id = ADA, .instance_id = NORTH};
    int64_t first = add_grant(fixture, one, ADA, 0);
    add_grant(fixture, one, BOB, 0);
    add_grant(fixture, two, ADA, NORTH);
    int64_t last = add_grant(fixture, two, ADA, SOUTH);
    add_grant(fixture, two + 100, ADA, SOUTH); /* its client is gone */
    assert_int_equal(write_rows(fixture->store, revoke_of_user, &of_north), OK);

    assert_int_equal(grant_list_of_user(fixture->reader, fixture->arena, ADA, 10, &grants, &count), OK);
    assert_int_equal(count, 2);
    assert_int_equal(grants[0].grant.id, last);
    assert_int_equal(grants[0].grant.user_id, ADA);
    assert_int_equal(grants[0].grant.instance_id, SOUTH);
    assert_int_equal(grants[0].application_id, application_two);
    assert_int_equal(grants[1].grant.id, first);
    assert_int_equal(grants[1].grant.scope_set, 3);
    assert_int_equal(grants[1].application_id, application_one);
    assert_int_equal(grant_list_of_user(fixture->reader, fixture->arena, ADA, 1, &grants, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(grants[0].grant.id, last);
}

static void revoke_what_a_user_allowed_and_nothing_else(void **state)
{
    struct fixture *fixture = *state;
    int64_t application_one, application_two;
    int64_t one = add_client(fixture, "one", &application_one), two = add_client(fixture, "two", &application_two);
    const struct {
        struct revocation which;
        bool is_revoked[5];
    } cases[] = {
        {{ADA, application_one, NORTH}, {true, false, false, false, false}},
        {{ADA, application_one, 0}, {true, true, false, false, false}},
        {{ADA, 0, NORTH}, {true, false, true, false, false}},
        {{ADA, 0, 0}, {true, true, true, false, false}},
        {{ADA, application_two, SOUTH}, {false, false, false, false, false}},
        {{BOB + 1, 0, 0}, {false, false, false, false, false}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ids[] = {add_grant(fixture, one, ADA, NORTH), add_grant(fixture, one, ADA, 0),
                         add_grant(fixture, two, ADA, NORTH), add_grant(fixture, one, BOB, NORTH),
                         add_grant(fixture, one, 0, 0)};
        for (size_t at = 0; at < 5; at++) /* into this thread's cache, which is not the writer's */
            assert_int_equal(find_grant(fixture, ids[at])->revoked_at, 0);
        struct revocation which = cases[i].which;
        assert_int_equal(write_rows(fixture->store, revoke_of_user, &which), OK);
        for (size_t at = 0; at < 5; at++)
            assert_int_equal(find_grant(fixture, ids[at])->revoked_at, cases[i].is_revoked[at] ? NOW + 1 : 0);
    }
}

static void keep_the_time_of_an_earlier_revocation(void **state)
{
    struct fixture *fixture = *state;
    struct revocation all = {.user_id = ADA};
    struct grant_row row = {.client_id = 1, .user_id = ADA, .created_at = NOW, .revoked_at = NOW};
    assert_int_equal(write_rows(fixture->store, insert_grant, &row), OK);
    assert_int_equal(write_rows(fixture->store, revoke_of_user, &all), OK);
    assert_int_equal(find_grant(fixture, row.id)->revoked_at, NOW);
}

static void not_revoke_when_the_transaction_rolls_back(void **state)
{
    struct fixture *fixture = *state;
    struct revocation all = {.user_id = ADA};
    int64_t id = add_grant(fixture, 1, ADA, 0);
    assert_int_equal(write_rows(fixture->store, revoke_of_user_and_fail, &all), FAILED);
    assert_int_equal(find_grant(fixture, id)->revoked_at, 0);
}

struct issuing {
    struct code_row row;
    int64_t now;
};

static enum outcome insert_code(struct store_tx *tx, void *subject)
{
    struct issuing *issuing = subject;
    issuing->row.id = store_tx_token_id(tx, issuing->now);
    return code_insert(tx, &issuing->row);
}

/* Each with a submission of its own. */
static struct code_row plain_code(int64_t grant_id, unsigned char number)
{
    struct code_row row = {.client_id = 1, .grant_id = grant_id, .expires_at = NOW + 60, .forget_at = NOW + HOUR};
    memset(row.secret_hash.bytes, 0xee, DIGEST_LEN);
    memset(row.submission.bytes, number, DIGEST_LEN);
    return row;
}

static int64_t add_code(struct fixture *fixture, const struct code_row *row)
{
    struct issuing issuing = {*row, NOW};
    assert_int_equal(write_rows(fixture->store, insert_code, &issuing), OK);
    return issuing.row.id;
}

static struct code_row *find_code(struct fixture *fixture, int64_t id)
{
    struct code_row *row = NULL;
    assert_int_equal(code_find(fixture->reader, fixture->arena, id, &row), OK);
    return row;
}

static void assert_same_code(const struct code_row *found, const struct code_row *written, int64_t id)
{
    assert_non_null(found);
    assert_int_equal(found->id, id);
    assert_true(digest_equal(&found->secret_hash, &written->secret_hash));
    assert_true(digest_equal(&found->submission, &written->submission));
    assert_int_equal(found->client_id, written->client_id);
    assert_int_equal(found->grant_id, written->grant_id);
    assert_true(str_equal(found->redirect_uri, written->redirect_uri));
    assert_int_equal(str_is_present(found->code_challenge), str_is_present(written->code_challenge));
    assert_true(str_equal(found->code_challenge, written->code_challenge));
    assert_int_equal(found->expires_at, written->expires_at);
    assert_int_equal(found->forget_at, written->forget_at);
    assert_int_equal(found->used_at, written->used_at);
}

static enum outcome use_code(struct store_tx *tx, void *subject)
{
    return code_use(tx, *(int64_t *)subject, NOW + 9);
}

static void find_a_code_by_row_and_by_its_form_until_it_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    struct code_row codes[] = {plain_code(1, 1), plain_code(2, 2)}, *row = NULL;
    struct digest other = {{9}};
    codes[1].redirect_uri = STR("https://example.com/callback?a=b");
    codes[1].code_challenge = STR("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    for (size_t i = 0; i < 2; i++) {
        int64_t id = add_code(fixture, &codes[i]);
        assert_same_code(find_code(fixture, id), &codes[i], id);
        assert_int_equal(write_rows(fixture->store, use_code, &id), OK);
        codes[i].used_at = NOW + 9;
        assert_int_equal(code_find_submission(fixture->reader, fixture->arena, &codes[i].submission, &row), OK);
        assert_same_code(row, &codes[i], id);
        assert_null(find_code(fixture, id + 1));
    }
    assert_int_equal(code_find_submission(fixture->reader, fixture->arena, &other, &row), OK);
    assert_null(row);
}

/* Twice the same form gives one code, even if nobody looks first. */
static void take_a_forms_submission_once(void **state)
{
    struct fixture *fixture = *state;
    struct issuing issuing = {plain_code(1, 1), NOW};
    add_code(fixture, &issuing.row);
    assert_int_equal(write_rows(fixture->store, insert_code, &issuing), FAILED);
    assert_true(store_is_ready(fixture->store));
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM codes"), 1);
}

struct sweeping {
    int64_t now;
    size_t max;
    size_t deleted_count;
    struct sweep_result result;
};

static enum outcome sweep_slice(struct store_tx *tx, void *subject)
{
    struct sweeping *sweeping = subject;
    TRY(people_sweep(tx, sweeping->now, sweeping->max, &sweeping->deleted_count));
    return tokens_sweep(tx, sweeping->now, sweeping->max, &sweeping->result);
}

/* As the janitor does it, until nothing is left to do. */
static void sweep(struct fixture *fixture, int64_t now)
{
    struct sweeping sweeping = {.now = now, .max = 3};
    do
        assert_int_equal(write_rows(fixture->store, sweep_slice, &sweeping), OK);
    while (!sweeping.result.is_done || sweeping.deleted_count == sweeping.max);
}

static int64_t code_count(struct fixture *fixture)
{
    return ask(fixture->path, "SELECT count(*) FROM codes");
}

static int64_t grant_count(struct fixture *fixture)
{
    return ask(fixture->path, "SELECT count(*) FROM grants");
}

static enum outcome note_lifetime(struct store_tx *tx, void *subject)
{
    return lifetime_note(tx, *(int64_t *)subject);
}

static void note(struct fixture *fixture, int64_t lifetime_seconds)
{
    assert_int_equal(write_rows(fixture->store, note_lifetime, &lifetime_seconds), OK);
}

/* [RFC6749 4.1.2] As long as a second use is to be noticed. */
static void keep_a_code_with_its_grant_until_it_may_be_forgotten(void **state)
{
    struct fixture *fixture = *state;
    struct code_row code = plain_code(add_grant(fixture, add_client(fixture, "client", NULL), ADA, 0), 1);
    int64_t id = add_code(fixture, &code);
    assert_int_equal(write_rows(fixture->store, use_code, &id), OK);
    sweep(fixture, code.forget_at - 1);
    assert_non_null(find_code(fixture, id));
    assert_int_equal(grant_count(fixture), 1);
    sweep(fixture, code.forget_at);
    assert_null(find_code(fixture, id));
    assert_int_equal(grant_count(fixture), 0);
}

/* The token leaves first, then the code with the grant; and the other way round. */
static void remove_a_grant_with_the_last_thing_that_hangs_on_it(void **state)
{
    struct fixture *fixture = *state;
    int64_t client_id = add_client(fixture, "client", NULL);
    note(fixture, HOUR);
    struct code_row slow = plain_code(add_grant(fixture, client_id, ADA, 0), 1);
    struct code_row quick = plain_code(add_grant(fixture, client_id, ADA, 0), 2);
    slow.forget_at = NOW + 3 * HOUR;
    quick.forget_at = NOW + 60;
    add_code(fixture, &slow);
    add_code(fixture, &quick);
    add_token(fixture, NOW, client_id, slow.grant_id, NOW + HOUR);
    add_token(fixture, NOW, client_id, quick.grant_id, NOW + HOUR);

    sweep(fixture, NOW + HOUR - 1);
    assert_int_equal(code_count(fixture), 1);
    assert_int_equal(grant_count(fixture), 2);
    sweep(fixture, NOW + HOUR + 1);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM access_tokens"), 0);
    assert_int_equal(ask(fixture->path, "SELECT id FROM grants"), slow.grant_id);
    assert_int_equal(grant_count(fixture), 1);
    sweep(fixture, slow.forget_at);
    assert_int_equal(code_count(fixture), 0);
    assert_int_equal(grant_count(fixture), 0);
}

/* A grant is used again where the person's consent is remembered. */
static void keep_a_grant_for_the_later_of_its_codes_and_for_an_endless_token(void **state)
{
    struct fixture *fixture = *state;
    int64_t client_id = add_client(fixture, "client", NULL);
    struct code_row early = plain_code(add_grant(fixture, client_id, ADA, 0), 1), late = early;
    memset(late.submission.bytes, 2, DIGEST_LEN);
    late.forget_at = early.forget_at + HOUR;
    struct code_row endless = plain_code(add_grant(fixture, client_id, ADA, 0), 3);
    add_code(fixture, &late);
    add_code(fixture, &early);
    add_code(fixture, &endless);
    add_token(fixture, NOW, client_id, endless.grant_id, 0);
    sweep(fixture, early.forget_at);
    assert_int_equal(code_count(fixture), 1);
    assert_int_equal(grant_count(fixture), 2);
    sweep(fixture, late.forget_at);
    assert_int_equal(code_count(fixture), 0);
    assert_int_equal(ask(fixture->path, "SELECT id FROM grants"), endless.grant_id);
}

static void remove_what_a_user_revoked_with_its_endless_tokens(void **state)
{
    struct fixture *fixture = *state;
    struct revocation all = {.user_id = ADA};
    int64_t client_id = add_client(fixture, "client", NULL);
    int64_t revoked = add_grant(fixture, client_id, ADA, 0), kept = add_grant(fixture, client_id, BOB, 0);
    struct code_row code = plain_code(add_grant(fixture, client_id, ADA, 0), 1);
    add_code(fixture, &code);
    for (int i = 0; i < 5; i++) {
        add_token(fixture, NOW, client_id, revoked, 0);
        add_token(fixture, NOW, client_id, kept, 0);
    }
    sweep(fixture, NOW + 1);
    assert_int_equal(grant_count(fixture), 3);
    assert_int_equal(write_rows(fixture->store, revoke_of_user, &all), OK);
    sweep(fixture, NOW + 1);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM access_tokens"), 5);
    assert_int_equal(ask(fixture->path, "SELECT id FROM grants"), kept);
    sweep(fixture, code.forget_at);
    assert_int_equal(code_count(fixture), 0);
    assert_int_equal(grant_count(fixture), 1);
}

/* Nothing endless: no pass over the whole table is asked for, each leaves at its own end. */
static void remove_what_a_user_revoked_as_its_tokens_expire(void **state)
{
    struct fixture *fixture = *state;
    struct revocation all = {.user_id = ADA};
    int64_t client_id = add_client(fixture, "client", NULL);
    note(fixture, HOUR);
    add_token(fixture, NOW, client_id, add_grant(fixture, client_id, ADA, 0), NOW + HOUR);
    assert_int_equal(write_rows(fixture->store, revoke_of_user, &all), OK);
    assert_int_equal(ask(fixture->path, "SELECT sum(is_wanted) FROM passes"), 0);
    sweep(fixture, NOW + HOUR + 1);
    assert_int_equal(grant_count(fixture), 0);
    assert_int_equal(ask(fixture->path, "SELECT count(*) FROM access_tokens"), 0);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(tell_whose_a_grant_is_and_where_it_holds),
        IN_STORE(list_the_live_grants_of_a_user_newest_first),
        IN_STORE(revoke_what_a_user_allowed_and_nothing_else),
        IN_STORE(keep_the_time_of_an_earlier_revocation),
        IN_STORE(not_revoke_when_the_transaction_rolls_back),
        IN_STORE(find_a_code_by_row_and_by_its_form_until_it_is_forgotten),
        IN_STORE(take_a_forms_submission_once),
        IN_STORE(keep_a_code_with_its_grant_until_it_may_be_forgotten),
        IN_STORE(remove_a_grant_with_the_last_thing_that_hangs_on_it),
        IN_STORE(keep_a_grant_for_the_later_of_its_codes_and_for_an_endless_token),
        IN_STORE(remove_what_a_user_revoked_with_its_endless_tokens),
        IN_STORE(remove_what_a_user_revoked_as_its_tokens_expire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
