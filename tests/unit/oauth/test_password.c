/* The password grant: who gets a token by name and password, and who must come by the pages. [RFC6749 4.3] */
#include "office.h"

#include "crypto/password.h"
#include "identity/sign_in.h"

#define PASSWORD "correct horse battery"

static struct str hash; /* made once: it is slow by design */

static int setup(void **state)
{
    static int64_t day;
    const struct password_cost cost = {8 << 20, 1};
    office_setup(state);
    struct office *office = *state;
    struct people_policy *people = &office->realm.people;
    people->password_memory_bytes = cost.memory_bytes;
    people->password_iterations = cost.iterations;
    people->realm_id = office->realm.id;
    people->realm_name = office->realm.name;
    office->realm.grants[GRANT_PASSWORD] = (struct grant_policy){true, false, true, STR_NONE};
    /* What was guessed in an earlier test is forgotten. */
    office->now += ++day * 86400;
    if (!str_is_present(hash))
        hash =
            str_of(strdup(arena_cstr(office->house.arena, password_hash(office->house.arena, STR(PASSWORD), &cost))));
    return 0;
}

static enum outcome change(const struct office *office, struct store_tx *tx)
{
    for (size_t i = 0; i < 3; i++)
        TRY(user_update(tx, &office->users[i]));
    return OK;
}

/* Everybody has the same password; `office->users` may have been changed before. */
static void store_users(struct office *office)
{
    for (size_t i = 0; i < 3; i++)
        office->users[i].password_hash = hash;
    office_perform(office, change);
}

static struct call *password_call(struct office *office, const char *username, const char *password)
{
    struct call *call = office_token(office, "plain:secret", "password");
    call->client_address = STR("192.0.2.1");
    call->parameters[PARAMETER_username] = str_of(username);
    call->parameters[PARAMETER_password] = str_of(password);
    return call;
}

static enum refusal sign_in_refusal(struct office *office, const char *username, const char *password)
{
    return office_run(office, password_call(office, username, password), "token");
}

/* [RFC6749 4.3.3] */
static void a_name_and_its_password_give_tokens(void **state)
{
    struct office *office = *state;
    store_users(office);
    struct call *call = password_call(office, " Bob ", PASSWORD);
    call->parameters[PARAMETER_scope] = STR("read me");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    assert_int_equal(office_guard(office, office_fact(call, FACT_access_token)), NOT_REFUSED);
    assert_true(str_equal(office_fact(call, FACT_scope), STR("read me")));
    assert_true(str_equal(office_fact(call, FACT_username), STR("bob")));
    assert_true(str_equal(office_fact(call, FACT_subject_type), STR("user")));
    struct call *refresh = office_refresh(office, "plain:secret", office_fact(call, FACT_refresh_token));
    assert_int_equal(office_run(office, refresh, "token"), NOT_REFUSED);
    assert_true(str_equal(office_fact(refresh, FACT_username), STR("bob")));
}

/* Nobody can be asked: the only instance is meant, and of several none. */
static void the_only_instance_is_meant(void **state)
{
    static const struct {
        const char *username, *instance;
    } cases[] = {{"alice", NULL}, {"bob", "north"}, {"carol", NULL}};
    struct office *office = *state;
    store_users(office);
    for (size_t i = 0; i < 3; i++) {
        struct call *call = password_call(office, cases[i].username, PASSWORD);
        assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
        assert_true(str_equal(office_fact(call, FACT_instance), str_of(cases[i].instance)));
    }
}

/* [RFC6749 4.3.2] Unknown and wrong are one refusal. */
static void whoever_does_not_fit_is_refused_alike(void **state)
{
    struct office *office = *state;
    store_users(office);
    assert_int_equal(sign_in_refusal(office, "bob", "wrong"), REFUSED_password_wrong);
    assert_int_equal(sign_in_refusal(office, "nobody", PASSWORD), REFUSED_password_wrong);
    assert_int_equal(sign_in_refusal(office, "bob", ""), REFUSED_username_missing);
    assert_int_equal(sign_in_refusal(office, "", PASSWORD), REFUSED_username_missing);
    assert_int_equal(sign_in_refusal(office, NULL, NULL), REFUSED_username_missing);
    assert_int_equal(sign_in_refusal(office, "bob", PASSWORD), NOT_REFUSED);
}

static void guessing_is_slowed_down(void **state)
{
    struct office *office = *state;
    store_users(office);
    enum refusal refusal = REFUSED_password_wrong;
    for (size_t i = 0; i < 100 && refusal == REFUSED_password_wrong; i++)
        refusal = sign_in_refusal(office, "bob", "wrong");
    assert_int_equal(refusal, REFUSED_sign_in_delayed);
    assert_int_equal(sign_in_refusal(office, "bob", PASSWORD), REFUSED_sign_in_delayed);
    office->now += 86400;
    assert_int_equal(sign_in_refusal(office, "bob", PASSWORD), NOT_REFUSED);
}

/* Only who has shown the password learns it. */
static void a_disabled_user_gets_nothing(void **state)
{
    struct office *office = *state;
    office->users[BOB].disabled_at = office->now;
    store_users(office);
    assert_int_equal(sign_in_refusal(office, "bob", "wrong"), REFUSED_password_wrong);
    assert_int_equal(sign_in_refusal(office, "bob", PASSWORD), REFUSED_user_disabled);
}

static enum outcome disable_bob(const struct office *office, struct store_tx *tx)
{
    struct user_row row = office->users[BOB];
    row.disabled_at = office->now;
    return user_update(tx, &row);
}

static enum outcome change_bobs_password(const struct office *office, struct store_tx *tx)
{
    struct user_row row = office->users[BOB];
    row.password_hash = STR("");
    return user_update(tx, &row);
}

/* While the password was compared: the transaction has the last word. */
static void what_changes_while_hashing_counts(void **state)
{
    static const struct {
        enum outcome (*act)(const struct office *, struct store_tx *);
        enum refusal refusal;
    } cases[] = {{disable_bob, REFUSED_user_disabled}, {change_bobs_password, REFUSED_password_wrong}};
    struct office *office = *state;
    for (size_t i = 0; i < 2; i++) {
        store_users(office);
        struct call *call = password_call(office, "bob", PASSWORD);
        assert_int_equal(token_check(call), OK);
        assert_int_equal(token_prepare(call, store_reader(office->house.store)), OK);
        assert_true(call->must_prove);
        assert_int_equal(token_prove(call), OK);
        office_perform(office, cases[i].act);
        assert_int_equal(office_apply(office, call, token_apply), cases[i].refusal);
    }
}

/* A password alone must not be a way around the second step, whether it is set up or still has to be. */
static void a_second_factor_cannot_be_gone_around(void **state)
{
    struct office *office = *state;
    office->users[BOB].totp_key = STR("sealed");
    office->users[CAROL].roles = USER_IS_OPERATOR;
    store_users(office);
    assert_int_equal(sign_in_refusal(office, "bob", PASSWORD), REFUSED_second_factor_needed);
    assert_int_equal(sign_in_refusal(office, "carol", PASSWORD), NOT_REFUSED);
    office->realm.people.second_factor_roles = USER_IS_OPERATOR;
    assert_int_equal(sign_in_refusal(office, "carol", PASSWORD), REFUSED_second_factor_needed);
    assert_int_equal(sign_in_refusal(office, "alice", PASSWORD), NOT_REFUSED);
    office->realm.people.second_factor = SECOND_FACTOR_REQUIRED;
    assert_int_equal(sign_in_refusal(office, "alice", PASSWORD), REFUSED_second_factor_needed);
}

/* Behaviour 50: off unless policy says so; for trusted clients only where it says that. */
static void policy_decides_who_may_ask_for_passwords(void **state)
{
    struct office *office = *state;
    store_users(office);
    office->realm.grants[GRANT_PASSWORD].is_for_trusted_clients = true;
    assert_int_equal(sign_in_refusal(office, "bob", PASSWORD), REFUSED_grant_not_allowed);
    office->realm.grants[GRANT_PASSWORD].is_allowed = false;
    assert_int_equal(sign_in_refusal(office, "bob", PASSWORD), REFUSED_grant_type_unknown);
    office->realm.grants[GRANT_PASSWORD] = (struct grant_policy){.is_allowed = true};
    struct call *public = office_public(office, "password");
    public->parameters[PARAMETER_username] = STR("bob");
    public->parameters[PARAMETER_password] = STR(PASSWORD);
    assert_int_equal(office_run(office, public, "token"), REFUSED_client_is_public);
    struct call *wide = password_call(office, "bob", PASSWORD);
    wide->parameters[PARAMETER_scope] = STR("nonsense");
    assert_int_equal(office_run(office, wide, "token"), REFUSED_scope_unknown);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_and_its_password_give_tokens),   TEST(the_only_instance_is_meant),
        TEST(whoever_does_not_fit_is_refused_alike), TEST(guessing_is_slowed_down),
        TEST(a_disabled_user_gets_nothing),          TEST(what_changes_while_hashing_counts),
        TEST(a_second_factor_cannot_be_gone_around), TEST(policy_decides_who_may_ask_for_passwords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
