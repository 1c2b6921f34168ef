/* A name and a password: whose they are, and what cannot be told apart. [NIST SP 800-63B 5.2.2] */
#include "town.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "identity/delay.h"
#include "identity/device.h"
#include "identity/sign_in.h"

/* Delays are the process's: each test has a network, and people, of its own. */
static struct sign_in attempt(struct town *town, const char *username, const char *password)
{
    return (struct sign_in){.arena = town->arena,
                            .people = &town->people,
                            .now = town->now,
                            .username = str_of(username),
                            .password = str_of(password)};
}

static enum outcome apply_step(struct town *town, struct store_tx *tx, void *subject)
{
    (void)town;
    return sign_in_apply(subject, tx);
}

static enum sign_in_verdict run(struct town *town, struct sign_in *sign_in)
{
    assert_int_equal(sign_in_prepare(sign_in, town_reader(town)), OK);
    sign_in_prove(sign_in);
    if (sign_in->verdict == SIGN_IN_FITS)
        assert_int_equal(town_run(town, apply_step, sign_in), OK);
    return sign_in->verdict;
}

static enum sign_in_verdict sign_in_as(struct town *town, const char *username, const char *password)
{
    struct sign_in sign_in = attempt(town, username, password);
    return run(town, &sign_in);
}

static void a_user_signs_in_by_name_in_any_case(void **state)
{
    struct town *town = *state;
    struct sign_in sign_in = attempt(town, " ANN@example.com ", "correct horse");
    assert_int_equal(run(town, &sign_in), SIGN_IN_FITS);
    assert_int_equal(sign_in.user->id, town->ann);
    assert_false(str_is_present(sign_in.fresh_hash));
    assert_int_equal(sign_in_as(town, "ann@example.com", "correct hors"), SIGN_IN_WRONG);
    assert_int_equal(sign_in_as(town, "ann@example.com", "Correct horse"), SIGN_IN_WRONG);
    assert_int_equal(sign_in_as(town, "ann@example.com", ""), SIGN_IN_WRONG);
    assert_int_equal(sign_in_as(town, "", ""), SIGN_IN_WRONG);
}

static void users_of_other_realms_are_unknown(void **state)
{
    struct town *town = *state;
    assert_int_equal(sign_in_as(town, "bob", "correct horse"), SIGN_IN_WRONG);
    struct sign_in sign_in = attempt(town, "bob", "correct horse");
    sign_in.people = &town->others;
    assert_int_equal(run(town, &sign_in), SIGN_IN_FITS);
}

static int64_t register_user(struct town *town, const char *username, const char *email, bool is_confirmed)
{
    const struct password_cost cost = people_password_cost(&town->people);
    struct user_draft draft = {.username = str_of(username),
                               .email = str_of(email),
                               .password_hash = password_hash(town->arena, STR("correct horse"), &cost),
                               .is_email_confirmed = is_confirmed};
    int64_t id;
    assert_int_equal(town_register(town, &draft, &id), PERSON_FINE);
    return id;
}

/* Anybody may write another's address into an account of his own. */
static void an_address_is_a_name_once_it_is_confirmed(void **state)
{
    struct town *town = *state;
    int64_t carl = register_user(town, "carl", "carl@example.com", true);
    register_user(town, "dora", "dora@example.com", false);
    struct sign_in sign_in = attempt(town, "Carl@Example.com", "correct horse");
    assert_int_equal(run(town, &sign_in), SIGN_IN_FITS);
    assert_int_equal(sign_in.user->id, carl);
    assert_int_equal(sign_in_as(town, "dora@example.com", "correct horse"), SIGN_IN_WRONG);
    assert_int_equal(sign_in_as(town, "dora", "correct horse"), SIGN_IN_FITS);
}

/* Whoever registers another's address, which he cannot confirm, keeps nobody from signing in by it. */
static void an_address_that_a_stranger_has_registered_stays_its_owners(void **state)
{
    struct town *town = *state;
    int64_t carl, id;
    struct user_draft draft = {.username = STR("carl@example.com"), .password_hash = STR("")};
    assert_int_equal(town_register(town, &draft, &id), PERSON_FINE);
    assert_int_equal(sign_in_as(town, "carl@example.com", "correct horse"), SIGN_IN_WRONG);
    carl = register_user(town, "carl", "carl@example.com", true);
    struct sign_in sign_in = attempt(town, "carl@example.com", "correct horse");
    assert_int_equal(run(town, &sign_in), SIGN_IN_FITS);
    assert_int_equal(sign_in.user->id, carl);
}

static void a_user_without_a_password_cannot_be_told_from_nobody(void **state)
{
    struct town *town = *state;
    int64_t id;
    assert_int_equal(town_register(town, &(struct user_draft){.username = STR("empty")}, &id), PERSON_FINE);
    assert_int_equal(sign_in_as(town, "empty", ""), SIGN_IN_WRONG);
    assert_int_equal(sign_in_as(town, "empty", "correct horse"), SIGN_IN_WRONG);
    assert_int_equal(sign_in_as(town, "nobody", "correct horse"), SIGN_IN_WRONG);
}

static int64_t time_of_proving(struct town *town, const char *username)
{
    struct timespec start, end;
    struct sign_in sign_in = attempt(town, username, "wrong wrong");
    sign_in.now = town->now += 600; /* no delays */
    assert_int_equal(sign_in_prepare(&sign_in, town_reader(town)), OK);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    sign_in_prove(&sign_in);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    assert_int_equal(sign_in.verdict, SIGN_IN_WRONG);
    return (end.tv_sec - start.tv_sec) * INT64_C(1000000000) + end.tv_nsec - start.tv_nsec;
}

/* The least of several runs in turns, by the thread's own clock: the machine may be busy with something else. */
static void unknown_users_take_as_long_as_wrong_passwords(void **state)
{
    static const char *const names[] = {"ann@example.com", "nobody", "no-password", "nobody@example.com"};
    struct town *town = *state;
    int64_t least[4] = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    int64_t id;
    assert_int_equal(town_register(town, &(struct user_draft){.username = STR("no-password")}, &id), PERSON_FINE);
    for (int round = 0; round < 25; round++) {
        for (size_t i = 0; i < 4; i++) {
            int64_t time = time_of_proving(town, names[i]);
            least[i] = time < least[i] ? time : least[i];
        }
    }
    for (size_t i = 1; i < 4; i++)
        assert_in_range(least[i], least[0] * 2 / 3, least[0] * 3 / 2);
}

static enum outcome disable_ann(struct town *town, struct store_tx *tx, void *subject)
{
    struct person_step step = town_person(town);
    (void)subject;
    return user_disable(&step, tx, town->ann);
}

/* Who does not know the password does not hear that there is such a user. */
static void only_the_password_tells_that_a_user_is_disabled(void **state)
{
    struct town *town = *state;
    assert_int_equal(town_run(town, disable_ann, NULL), OK);
    assert_int_equal(sign_in_as(town, "ann@example.com", "wrong horse"), SIGN_IN_WRONG);
    assert_int_equal(sign_in_as(town, "ann@example.com", "correct horse"), SIGN_IN_DISABLED);
}

static enum outcome change_password(struct town *town, struct store_tx *tx, void *subject)
{
    struct person_step step = town_person(town);
    return user_change_password(&step, tx, town->ann, *(struct str *)subject, 0);
}

/* Between proof and transaction there is time for an operator, or for the owner's new password. */
static void the_user_is_looked_at_again_inside_the_transaction(void **state)
{
    struct town *town = *state;
    const struct password_cost cost = people_password_cost(&town->people);
    struct sign_in sign_in = attempt(town, "ann@example.com", "correct horse");
    assert_int_equal(sign_in_prepare(&sign_in, town_reader(town)), OK);
    sign_in_prove(&sign_in);
    assert_int_equal(sign_in.verdict, SIGN_IN_FITS);
    struct str hash = password_hash(town->arena, STR("another horse"), &cost);
    assert_int_equal(town_run(town, change_password, &hash), OK);
    assert_int_equal(town_run(town, apply_step, &sign_in), OK);
    assert_int_equal(sign_in.verdict, SIGN_IN_WRONG);

    sign_in = attempt(town, "ann@example.com", "another horse");
    assert_int_equal(sign_in_prepare(&sign_in, town_reader(town)), OK);
    sign_in_prove(&sign_in);
    assert_int_equal(town_run(town, disable_ann, NULL), OK);
    assert_int_equal(town_run(town, apply_step, &sign_in), OK);
    assert_int_equal(sign_in.verdict, SIGN_IN_DISABLED);
}

/* Imported hashes, and those of an earlier policy. */
static void an_outdated_hash_is_replaced_once(void **state)
{
    struct town *town = *state;
    struct user_draft draft = {
        .username = STR("imported"),
        .password_hash = STR("$2b$04$CCCCCCCCCCCCCCCCCCCCC.K7Qr0se1MxuggH4aP4YgB.U2Em1pGSK"),
    };
    int64_t id;
    assert_int_equal(town_register(town, &draft, &id), PERSON_FINE);
    assert_int_equal(sign_in_as(town, "imported", "U*V"), SIGN_IN_WRONG);
    assert_true(str_equal(town_user(town, id)->password_hash, draft.password_hash));
    assert_int_equal(sign_in_as(town, "imported", "U*U"), SIGN_IN_FITS);
    struct str fresh = town_user(town, id)->password_hash;
    assert_true(str_has_prefix(fresh, STR("$argon2id$v=19$m=8192,t=1,p=1$")));
    assert_int_equal(sign_in_as(town, "imported", "U*U"), SIGN_IN_FITS);
    assert_true(str_equal(town_user(town, id)->password_hash, fresh));
    town->people.password_iterations = 2;
    assert_int_equal(sign_in_as(town, "imported", "U*U"), SIGN_IN_FITS);
    assert_true(str_has_prefix(town_user(town, id)->password_hash, STR("$argon2id$v=19$m=8192,t=2,p=1$")));
}

static void guess(struct town *town, const char *username, struct str address, int count)
{
    for (int i = 0; i < count; i++) {
        struct sign_in sign_in = attempt(town, username, "wrong horse");
        sign_in.client_address = address;
        assert_int_equal(run(town, &sign_in), SIGN_IN_WRONG);
    }
}

static void whoever_guesses_waits_whether_the_user_exists_or_not(void **state)
{
    static const char *const names[] = {"delayed@example.com", "nobody in particular"};
    struct town *town = *state;
    register_user(town, names[0], NULL, true);
    for (size_t i = 0; i < 2; i++) {
        guess(town, names[i], STR_NONE, 5);
        struct sign_in sign_in = attempt(town, names[i], "correct horse");
        assert_int_equal(run(town, &sign_in), SIGN_IN_DELAYED);
        assert_int_equal(sign_in.wait_seconds, 1);
    }
    town->now += 1;
    assert_int_equal(sign_in_as(town, names[0], "correct horse"), SIGN_IN_FITS);
    assert_int_equal(sign_in_as(town, names[0], "correct horse"), SIGN_IN_FITS); /* forgiven */
}

/* An address and a name of one user are one account to whoever guesses. */
static void a_users_names_are_counted_together(void **state)
{
    struct town *town = *state;
    register_user(town, "erna", "erna@example.com", true);
    guess(town, "erna@example.com", STR_NONE, 3);
    guess(town, "erna", STR_NONE, 2);
    assert_int_equal(sign_in_as(town, "ERNA@example.com", "correct horse"), SIGN_IN_DELAYED);
}

static void strangers_do_not_hold_up_a_browser_that_is_known(void **state)
{
    struct town *town = *state;
    int64_t id = register_user(town, "held-up", NULL, false);
    guess(town, "held-up", STR("203.0.113.1"), 5);
    struct sign_in sign_in = attempt(town, "held-up", "correct horse");
    sign_in.device = device_make(town->arena, &town->people, town->ann, town->now);
    assert_int_equal(run(town, &sign_in), SIGN_IN_DELAYED); /* somebody else's */
    sign_in = attempt(town, "held-up", "correct horse");
    sign_in.device = device_make(town->arena, &town->people, id, town->now);
    assert_int_equal(run(town, &sign_in), SIGN_IN_FITS);
}

static void a_network_that_tries_many_names_waits(void **state)
{
    struct town *town = *state;
    for (int i = 0; i < 50; i++)
        guess(town, arena_printf(town->arena, "name %d", i).ptr, STR("203.0.113.9"), 1);
    struct sign_in sign_in = attempt(town, "ann@example.com", "correct horse");
    sign_in.client_address = STR("203.0.113.9");
    assert_int_equal(run(town, &sign_in), SIGN_IN_DELAYED);
    assert_int_equal(sign_in_as(town, "ann@example.com", "correct horse"), SIGN_IN_FITS);
}

struct crowd {
    struct town *town;
    int wrong_count;
    int delayed_count;
};

static void *guess_in_a_crowd(void *subject)
{
    struct crowd *crowd = subject;
    struct town own = *crowd->town;
    own.arena = arena_create();
    for (int i = 0; i < 12; i++) {
        struct sign_in sign_in = attempt(&own, "crowded", "wrong horse");
        assert_int_equal(sign_in_prepare(&sign_in, town_reader(&own)), OK);
        sign_in_prove(&sign_in);
        crowd->wrong_count += sign_in.verdict == SIGN_IN_WRONG;
        crowd->delayed_count += sign_in.verdict == SIGN_IN_DELAYED;
    }
    arena_destroy(own.arena);
    return NULL;
}

static void guesses_at_once_are_no_more_than_some(void **state)
{
    struct crowd crowds[8] = {0};
    pthread_t threads[8];
    int wrong_count = 0, delayed_count = 0;
    register_user(*state, "crowded", NULL, false);
    for (size_t i = 0; i < 8; i++) {
        crowds[i].town = *state;
        assert_int_equal(pthread_create(&threads[i], NULL, guess_in_a_crowd, &crowds[i]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        wrong_count += crowds[i].wrong_count;
        delayed_count += crowds[i].delayed_count;
    }
    assert_int_equal(wrong_count + delayed_count, 96);
    assert_in_range(wrong_count, 5, 5 + 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOWN_TEST(a_user_signs_in_by_name_in_any_case),
        TOWN_TEST(users_of_other_realms_are_unknown),
        TOWN_TEST(an_address_is_a_name_once_it_is_confirmed),
        TOWN_TEST(an_address_that_a_stranger_has_registered_stays_its_owners),
        TOWN_TEST(a_user_without_a_password_cannot_be_told_from_nobody),
        TOWN_TEST(unknown_users_take_as_long_as_wrong_passwords),
        TOWN_TEST(only_the_password_tells_that_a_user_is_disabled),
        TOWN_TEST(the_user_is_looked_at_again_inside_the_transaction),
        TOWN_TEST(an_outdated_hash_is_replaced_once),
        TOWN_TEST(whoever_guesses_waits_whether_the_user_exists_or_not),
        TOWN_TEST(a_users_names_are_counted_together),
        TOWN_TEST(strangers_do_not_hold_up_a_browser_that_is_known),
        TOWN_TEST(a_network_that_tries_many_names_waits),
        TOWN_TEST(guesses_at_once_are_no_more_than_some),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
