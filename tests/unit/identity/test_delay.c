/* Guessing is slow, in a crowd as well as one after another, and nobody is locked out. [NIST SP 800-63B 5.2.2] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "identity/delay.h"

#define NOW INT64_C(1800000000)

static struct delay_subject subject_of(enum delay_kind kind, const char *account, const char *address)
{
    return (struct delay_subject){
        .kind = kind, .realm_id = 1, .account = str_of(account), .client_address = str_of(address)};
}

/* The wait, or 0 and one wrong try more. */
static int64_t guess(const struct delay_subject *subject, int64_t now)
{
    struct delay_try delay_try;
    int64_t wait = delay_begin(subject, now, &delay_try);
    if (wait == 0)
        delay_end(&delay_try, DELAY_END_WRONG, now);
    return wait;
}

static void guess_many(const struct delay_subject *subject, int count, int64_t now)
{
    for (int i = 0; i < count; i++)
        assert_int_equal(guess(subject, now), 0);
}

static void an_accounts_waits_double_up_to_half_a_minute(void **state)
{
    static const int64_t waits[] = {1, 2, 4, 8, 16};
    struct delay_subject subject = subject_of(DELAY_PASSWORD, "doubling", NULL);
    int64_t now = NOW;
    (void)state;
    guess_many(&subject, 5, now);
    for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
        assert_int_equal(delay_find_wait(&subject, now), waits[i]);
        assert_int_equal(guess(&subject, now + waits[i] - 1), 1);
        now += waits[i];
        assert_int_equal(guess(&subject, now), 0);
    }
    assert_int_equal(delay_find_wait(&subject, now), 30);
}

/* Half a minute is what an owner can bear, and two guesses a minute are too few for whoever guesses. */
static void an_account_that_is_guessed_at_gets_two_tries_a_minute(void **state)
{
    struct delay_subject subject = subject_of(DELAY_PASSWORD, "guessed at", NULL);
    int64_t now = NOW, guess_count = 0;
    (void)state;
    while (now < NOW + 86400) {
        int64_t wait = guess(&subject, now);
        assert_in_range(wait, 0, 30);
        guess_count += wait == 0;
        now += wait;
    }
    assert_in_range(guess_count, 2800, 2900);
}

static void counts_melt_so_that_nobody_is_locked_out(void **state)
{
    struct delay_subject subject = subject_of(DELAY_PASSWORD, "melting", NULL);
    (void)state;
    guess_many(&subject, 5, NOW);
    assert_int_equal(delay_find_wait(&subject, NOW), 1);
    assert_int_equal(delay_find_wait(&subject, NOW + 1), 0);
    guess_many(&subject, 1, NOW + 60); /* one has melted: it is the fifth again */
    assert_int_equal(delay_find_wait(&subject, NOW + 60), 1);
    guess_many(&subject, 5, NOW + 3600); /* as if nothing had been */
    assert_int_equal(delay_find_wait(&subject, NOW + 3600), 1);
}

/* Asking how long to wait is free: it neither counts nor melts. */
static void looking_changes_nothing(void **state)
{
    struct delay_subject subject = subject_of(DELAY_PASSWORD, "looked at", NULL);
    (void)state;
    guess_many(&subject, 5, NOW);
    for (int i = 0; i < 100; i++)
        assert_int_equal(delay_find_wait(&subject, NOW + 60), 0);
    guess_many(&subject, 1, NOW + 60);
    assert_int_equal(delay_find_wait(&subject, NOW + 60), 1);
}

static void whoever_was_right_starts_anew(void **state)
{
    struct delay_subject subject = subject_of(DELAY_PASSWORD, "forgiven", NULL);
    struct delay_try delay_try;
    (void)state;
    guess_many(&subject, 4, NOW);
    assert_int_equal(delay_begin(&subject, NOW, &delay_try), 0);
    delay_end(&delay_try, DELAY_END_RIGHT, NOW);
    delay_end(&delay_try, DELAY_END_WRONG, NOW); /* it has ended: nothing happens */
    guess_many(&subject, 5, NOW);
    assert_int_equal(delay_find_wait(&subject, NOW), 1);
}

static void a_try_that_the_machine_failed_is_none(void **state)
{
    struct delay_subject subject = subject_of(DELAY_FACTOR, "untried", NULL);
    struct delay_try delay_try;
    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(delay_begin(&subject, NOW, &delay_try), 0);
        delay_end(&delay_try, DELAY_END_UNTRIED, NOW);
    }
    assert_int_equal(delay_find_wait(&subject, NOW), 0);
}

/* Whoever guesses with an account of his own must not clear his address by signing in to it. */
static void a_network_is_not_forgiven(void **state)
{
    struct delay_subject victim = subject_of(DELAY_PASSWORD, "", "198.51.100.7");
    struct delay_subject own = subject_of(DELAY_PASSWORD, "own", "198.51.100.7");
    struct delay_try delay_try;
    (void)state;
    for (int i = 0; i < 50; i++) {
        guess_many(&victim, 1, NOW);
        if (delay_begin(&own, NOW, &delay_try) == 0)
            delay_end(&delay_try, DELAY_END_RIGHT, NOW);
    }
    assert_int_equal(delay_find_wait(&victim, NOW), 1);
}

static void a_network_waits_up_to_a_quarter_of_an_hour(void **state)
{
    struct delay_subject subject = subject_of(DELAY_PASSWORD, "", "198.51.100.8");
    int64_t now = NOW, wait = 0;
    (void)state;
    guess_many(&subject, 50, now);
    for (int i = 0; i < 40; i++) {
        wait = delay_find_wait(&subject, now);
        assert_in_range(wait, 1, 900);
        now += wait;
        assert_int_equal(guess(&subject, now), 0);
    }
    assert_in_range(wait, 60, 900);
}

static void networks_are_counted_not_addresses(void **state)
{
    static const struct {
        const char *guesser, *other;
        bool is_same;
    } pairs[] = {
        {"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
        {"2001:db8:0:2::1", "2001:db8:0:3::1", false},
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.3", "::ffff:192.0.2.3", true},
        {"unix", "unix", false},
        {"", "", false},
        {"not an address at all, and much too long for one of them", "x", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        struct delay_subject guesser = subject_of(DELAY_PASSWORD, "", pairs[i].guesser);
        struct delay_subject other = subject_of(DELAY_PASSWORD, "", pairs[i].other);
        guess_many(&guesser, 50, NOW);
        assert_int_equal(delay_find_wait(&other, NOW) > 0, pairs[i].is_same);
    }
}

/* Strangers hold up strangers only. */
static void a_browser_that_proved_itself_is_counted_apart(void **state)
{
    struct delay_subject stranger = subject_of(DELAY_PASSWORD, "known", NULL);
    struct delay_subject owner = stranger;
    owner.device = STR("device of known");
    (void)state;
    guess_many(&stranger, 5, NOW);
    assert_int_equal(delay_find_wait(&owner, NOW), 0);
    guess_many(&owner, 5, NOW);
    assert_int_equal(delay_find_wait(&owner, NOW), 1);
    /* and nobody is counted as a device by naming an account like one */
    struct delay_subject namesake = subject_of(DELAY_PASSWORD, "device of known", NULL);
    assert_int_equal(delay_find_wait(&namesake, NOW), 0);
}

static void realms_and_kinds_are_counted_apart(void **state)
{
    struct delay_subject subject = subject_of(DELAY_PASSWORD, "apart", "198.51.100.9");
    (void)state;
    guess_many(&subject, 5, NOW);
    subject.realm_id = 2;
    assert_int_equal(delay_find_wait(&subject, NOW), 0);
    subject.realm_id = 1;
    subject.kind = DELAY_FACTOR;
    assert_int_equal(delay_find_wait(&subject, NOW), 0);
}

static void whoever_knows_the_password_waits_longer_for_codes(void **state)
{
    struct delay_subject subject = subject_of(DELAY_FACTOR, "codes", NULL);
    int64_t now = NOW, guess_count = 0;
    (void)state;
    while (now < NOW + 86400) {
        int64_t wait = guess(&subject, now);
        guess_count += wait == 0;
        now += wait;
    }
    /* three of a million codes fit at any time: one day's guesses find one with a chance of a thousandth */
    assert_in_range(guess_count, 100, 330);
}

static void letters_to_one_address_are_few(void **state)
{
    struct delay_subject subject = subject_of(DELAY_MAIL, "ann@example.com", NULL);
    int64_t now = NOW, letter_count = 0;
    (void)state;
    while (now < NOW + 86400) {
        int64_t wait = guess(&subject, now);
        letter_count += wait == 0;
        now += wait;
    }
    assert_in_range(letter_count, 20, 40);
}

static void a_clock_that_is_set_back_holds_nobody_for_long(void **state)
{
    struct delay_subject subject = subject_of(DELAY_PASSWORD, "clock", NULL);
    (void)state;
    guess_many(&subject, 5, NOW);
    assert_in_range(delay_find_wait(&subject, NOW - 86400), 0, 30);
}

/* A try that began and never ended (its connection died) does not count for ever. */
static void what_was_left_lying_is_forgotten(void **state)
{
    struct delay_subject subject = subject_of(DELAY_FACTOR, "lying", NULL);
    struct delay_try delay_try;
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(delay_begin(&subject, NOW, &delay_try), 0);
    assert_int_not_equal(delay_begin(&subject, NOW, &delay_try), 0);
    assert_int_equal(delay_begin(&subject, NOW + 61, &delay_try), 0);
}

static _Atomic int begun_count;

static void *begin_many(void *subject)
{
    for (int i = 0; i < 100; i++) {
        struct delay_try delay_try;
        if (delay_begin(subject, NOW, &delay_try) == 0)
            atomic_fetch_add(&begun_count, 1);
    }
    return NULL;
}

static int count_begun_by_a_crowd(struct delay_subject *subject)
{
    pthread_t threads[8];
    begun_count = 0;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, begin_many, subject), 0);
    for (size_t i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    return begun_count;
}

/* 800 guesses at once: as many begin as are free, to the one. */
static void a_crowd_gets_no_further(void **state)
{
    struct delay_subject factor = subject_of(DELAY_FACTOR, "crowd", NULL);
    struct delay_subject password = subject_of(DELAY_PASSWORD, "crowd", NULL);
    (void)state;
    assert_int_equal(count_begun_by_a_crowd(&factor), 5);
    assert_int_equal(count_begun_by_a_crowd(&password), 5 + 16);
}

/* Whoever is under suspicion is not pushed out of the table by a flood of names. */
static void a_flood_pushes_out_the_unsuspicious(void **state)
{
    struct delay_subject victim = subject_of(DELAY_PASSWORD, "in the flood", NULL);
    char name[32];
    (void)state;
    guess_many(&victim, 5, NOW);
    for (int i = 0; i < 200000; i++) {
        snprintf(name, sizeof(name), "flood %d", i);
        struct delay_subject flood = subject_of(DELAY_PASSWORD, name, NULL);
        guess_many(&flood, 1, NOW);
    }
    assert_int_equal(delay_find_wait(&victim, NOW), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_accounts_waits_double_up_to_half_a_minute),
        cmocka_unit_test(an_account_that_is_guessed_at_gets_two_tries_a_minute),
        cmocka_unit_test(counts_melt_so_that_nobody_is_locked_out),
        cmocka_unit_test(looking_changes_nothing),
        cmocka_unit_test(whoever_was_right_starts_anew),
        cmocka_unit_test(a_try_that_the_machine_failed_is_none),
        cmocka_unit_test(a_network_is_not_forgiven),
        cmocka_unit_test(a_network_waits_up_to_a_quarter_of_an_hour),
        cmocka_unit_test(networks_are_counted_not_addresses),
        cmocka_unit_test(a_browser_that_proved_itself_is_counted_apart),
        cmocka_unit_test(realms_and_kinds_are_counted_apart),
        cmocka_unit_test(whoever_knows_the_password_waits_longer_for_codes),
        cmocka_unit_test(letters_to_one_address_are_few),
        cmocka_unit_test(a_clock_that_is_set_back_holds_nobody_for_long),
        cmocka_unit_test(what_was_left_lying_is_forgotten),
        cmocka_unit_test(a_crowd_gets_no_further),
        cmocka_unit_test(a_flood_pushes_out_the_unsuspicious),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
