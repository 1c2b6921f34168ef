/* Refresh tokens: one successor, one answer, and what happens to a thief. */
#include "office.h"

#include <pthread.h>

static struct str refresh_of(const struct call *call)
{
    return office_fact(call, FACT_refresh_token);
}

static struct str access_of(const struct call *call)
{
    return office_fact(call, FACT_access_token);
}

static struct call *refreshed(struct office *office, struct str token)
{
    struct call *call = office_refresh(office, "plain:secret", token);
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    return call;
}

static enum refusal refresh_refusal(struct office *office, const char *credentials, struct str token)
{
    return office_run(office, office_refresh(office, credentials, token), "token");
}

static void rotating_gives_a_new_pair_and_leaves_the_old_access_token(void **state)
{
    struct office *office = *state;
    struct call *first = office_account(office);
    struct call *second = refreshed(office, refresh_of(first));
    assert_false(str_equal(refresh_of(first), refresh_of(second)));
    assert_false(str_equal(access_of(first), access_of(second)));
    assert_int_equal(office_guard(office, access_of(first)), NOT_REFUSED);
    assert_int_equal(office_guard(office, access_of(second)), NOT_REFUSED);
    refreshed(office, refresh_of(second));
}

/* Behaviour 41. */
static void a_repeat_within_grace_gets_the_same_answer(void **state)
{
    struct office *office = *state;
    struct call *first = office_account(office);
    struct call *second = refreshed(office, refresh_of(first));
    office->now += 30;
    struct call *repeat = refreshed(office, refresh_of(first));
    assert_true(str_equal(refresh_of(second), refresh_of(repeat)));
    assert_true(str_equal(access_of(second), access_of(repeat)));
    assert_int_equal(repeat->facts.values[FACT_expires_in].number, 3570);
}

struct contest {
    struct office *office;
    struct call *call;
};

static void *contend(void *arg)
{
    const struct contest *contest = arg;
    assert_int_equal(office_apply(contest->office, contest->call, token_apply), NOT_REFUSED);
    return NULL;
}

/* Behaviour 42: however many at once, one successor and one answer. */
static void parallel_refreshes_get_one_answer(void **state)
{
    enum { CONTESTANTS = 32 };
    struct office *office = *state;
    struct str token = refresh_of(office_redeem(office, office_code(office, "form")));
    struct contest contests[CONTESTANTS];
    pthread_t threads[CONTESTANTS];
    for (size_t i = 0; i < CONTESTANTS; i++) {
        struct call *call = office_refresh(office, "plain:secret", token);
        call->arena = arena_create();
        assert_int_equal(token_check(call), OK);
        assert_int_equal(token_prepare(call, store_reader(office->house.store)), OK);
        contests[i] = (struct contest){office, call};
    }
    for (size_t i = 0; i < CONTESTANTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, contend, &contests[i]), 0);
    for (size_t i = 0; i < CONTESTANTS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < CONTESTANTS; i++)
        token_conclude(contests[i].call);
    for (size_t i = 0; i < CONTESTANTS; i++) {
        assert_true(str_equal(refresh_of(contests[i].call), refresh_of(contests[0].call)));
        assert_true(str_equal(access_of(contests[i].call), access_of(contests[0].call)));
    }
    assert_int_equal(office_guard(office, access_of(contests[0].call)), NOT_REFUSED);
    for (size_t i = 0; i < CONTESTANTS; i++)
        arena_destroy(contests[i].call->arena);
}

/* A repeat must not be answered with a token that is dead already. */
static void a_repeat_gets_a_live_access_token(void **state)
{
    struct office *office = *state;
    office->realm.access_token.lifetime_seconds = 10;
    struct call *first = office_account(office);
    struct call *second = refreshed(office, refresh_of(first));
    struct call *gone = office_call(office, "plain:secret");
    gone->parameters[PARAMETER_token] = access_of(second);
    assert_int_equal(office_run(office, gone, "revoke"), NOT_REFUSED);
    struct call *repeat = refreshed(office, refresh_of(first));
    assert_true(str_equal(refresh_of(second), refresh_of(repeat)));
    assert_int_equal(office_guard(office, access_of(repeat)), NOT_REFUSED);
    office->now += 10;
    struct call *late = refreshed(office, refresh_of(first));
    assert_true(str_equal(refresh_of(second), refresh_of(late)));
    assert_int_equal(late->facts.values[FACT_expires_in].number, 10);
    assert_int_equal(office_guard(office, access_of(late)), NOT_REFUSED);
}

static void a_repeat_cannot_ask_for_more(void **state)
{
    struct office *office = *state;
    struct call *first = office_account(office);
    refreshed(office, refresh_of(first));
    struct call *repeat = office_refresh(office, "plain:secret", refresh_of(first));
    repeat->parameters[PARAMETER_scope] = STR("read write");
    assert_int_equal(office_run(office, repeat, "token"), REFUSED_scope_grows);
}

/* The key file may be lost: a repeat cannot be answered then, and must neither lie nor revoke. */
static void a_repeat_under_another_key_is_refused_and_harmless(void **state)
{
    struct office *office = *state;
    struct call *first = office_account(office);
    struct call *second = refreshed(office, refresh_of(first));
    office->realm.refresh_key.bytes[0] ^= 1;
    assert_int_equal(refresh_refusal(office, "plain:secret", refresh_of(first)), REFUSED_refresh_token_unknown);
    assert_int_equal(office_guard(office, access_of(second)), NOT_REFUSED);
    refreshed(office, refresh_of(second));
}

static void a_token_has_one_spelling(void **state)
{
    struct office *office = *state;
    struct call *first = office_account(office);
    char *other = (char *)arena_cstr(office->house.arena, refresh_of(first));
    size_t letter = strcspn(other, "abcdef");
    assert_true(letter < 12); /* in the id */
    other[letter] = (char)(other[letter] - 'a' + 'A');
    assert_int_equal(refresh_refusal(office, "plain:secret", str_of(other)), REFUSED_refresh_token_unknown);
}

/* Behaviour 39. [RFC6749 10.4] The authorization server revokes the grant: nobody can tell the thief from the client.
 */
static void a_later_repeat_revokes_the_whole_family(void **state)
{
    struct office *office = *state;
    struct call *first = office_account(office);
    struct call *second = refreshed(office, refresh_of(first));
    struct call *third = refreshed(office, refresh_of(second));
    office->now += 31;
    assert_int_equal(refresh_refusal(office, "plain:secret", refresh_of(first)), REFUSED_refresh_token_reused);
    assert_int_equal(office_guard(office, access_of(first)), REFUSED_token_revoked);
    assert_int_equal(office_guard(office, access_of(third)), REFUSED_token_revoked);
    assert_int_equal(refresh_refusal(office, "plain:secret", refresh_of(third)), REFUSED_grant_revoked);
}

/* Behaviour 44. */
static void another_client_changes_nothing(void **state)
{
    struct office *office = *state;
    struct call *first = office_account(office);
    assert_int_equal(refresh_refusal(office, "trusted:secret", refresh_of(first)), REFUSED_refresh_token_foreign);
    struct call *second = refreshed(office, refresh_of(first));
    office->now += 1000;
    assert_int_equal(refresh_refusal(office, "trusted:secret", refresh_of(first)), REFUSED_refresh_token_foreign);
    assert_int_equal(office_guard(office, access_of(second)), NOT_REFUSED);
}

static void a_wrong_secret_does_not_burn_the_token(void **state)
{
    struct office *office = *state;
    struct call *first = office_account(office);
    char *forged = (char *)arena_cstr(office->house.arena, refresh_of(first));
    forged[63] = forged[63] == '0' ? '1' : '0';
    assert_int_equal(refresh_refusal(office, "plain:secret", str_of(forged)), REFUSED_refresh_token_unknown);
    refreshed(office, refresh_of(first));
}

/* Behaviour 43. [RFC6749 6] The scope may shrink and not grow; the refresh token keeps what was granted. */
static void scope_shrinks_for_the_access_token_only(void **state)
{
    struct office *office = *state;
    struct call *first = office_token(office, "plain:secret", "service_account");
    first->parameters[PARAMETER_account_id] = STR("42");
    first->parameters[PARAMETER_account_secret] = STR("account-secret");
    first->parameters[PARAMETER_scope] = STR("read write");
    assert_int_equal(office_run(office, first, "token"), NOT_REFUSED);

    struct call *narrow = office_refresh(office, "plain:secret", refresh_of(first));
    narrow->parameters[PARAMETER_scope] = STR("write");
    assert_int_equal(office_run(office, narrow, "token"), NOT_REFUSED);
    assert_true(str_equal(office_fact(narrow, FACT_scope), STR("write")));
    struct call *wide = refreshed(office, refresh_of(narrow));
    assert_true(str_equal(office_fact(wide, FACT_scope), STR("read write")));
    struct call *grown = office_refresh(office, "plain:secret", refresh_of(wide));
    grown->parameters[PARAMETER_scope] = STR("read org_1:read");
    assert_int_equal(office_run(office, grown, "token"), REFUSED_scope_grows);
    refreshed(office, refresh_of(wide));
}

/* Behaviour 41. */
static void an_expired_refresh_token_stays_expired(void **state)
{
    struct office *office = *state;
    struct call *first = office_account(office);
    office->now += 86399;
    struct call *second = refreshed(office, refresh_of(first));
    office->now += 1;
    /* Within the grace window, but over: expired beats grace. */
    assert_int_equal(refresh_refusal(office, "plain:secret", refresh_of(first)), REFUSED_refresh_token_expired);
    refreshed(office, refresh_of(second));
}

static void kept_tokens_serve_over_and_over(void **state)
{
    struct office *office = *state;
    office->realm.refresh_rotation = REFRESH_KEEP;
    struct call *first = office_account(office);
    for (int i = 0; i < 3; i++) {
        struct call *next = refreshed(office, refresh_of(first));
        assert_true(str_equal(refresh_of(next), refresh_of(first)));
        assert_int_equal(office_guard(office, access_of(next)), NOT_REFUSED);
    }
}

/* So a client that refreshes now and then never has to ask its user again. */
static void a_kept_token_past_half_its_life_brings_a_fresh_one(void **state)
{
    struct office *office = *state;
    office->realm.refresh_rotation = REFRESH_KEEP;
    struct call *first = office_account(office);
    office->now += 86400 / 2 + 1;
    struct call *second = refreshed(office, refresh_of(first));
    assert_false(str_equal(refresh_of(second), refresh_of(first)));
    refreshed(office, refresh_of(first));
    office->now += 86400 / 2;
    assert_int_equal(refresh_refusal(office, "plain:secret", refresh_of(first)), REFUSED_refresh_token_expired);
    refreshed(office, refresh_of(second));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, office_setup, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rotating_gives_a_new_pair_and_leaves_the_old_access_token),
        TEST(a_repeat_within_grace_gets_the_same_answer),
        TEST(parallel_refreshes_get_one_answer),
        TEST(a_repeat_gets_a_live_access_token),
        TEST(a_repeat_cannot_ask_for_more),
        TEST(a_repeat_under_another_key_is_refused_and_harmless),
        TEST(a_token_has_one_spelling),
        TEST(a_later_repeat_revokes_the_whole_family),
        TEST(another_client_changes_nothing),
        TEST(a_wrong_secret_does_not_burn_the_token),
        TEST(scope_shrinks_for_the_access_token_only),
        TEST(an_expired_refresh_token_stays_expired),
        TEST(kept_tokens_serve_over_and_over),
        TEST(a_kept_token_past_half_its_life_brings_a_fresh_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
