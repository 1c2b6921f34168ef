/* The person's yes: what it gives, by whom it may be given, and when it need not be asked for. */
#include "office.h"

static struct str access_of(const struct call *call)
{
    return office_fact(call, FACT_access_token);
}

/* Behaviour 26: a form that comes twice gives one code; the answer was perhaps not heard. */
static void a_form_that_comes_twice_gets_the_same_code(void **state)
{
    struct office *office = *state;
    struct str first = office_code(office, "form");
    office->now += 5;
    assert_true(str_equal(office_code(office, "form"), first));
    assert_false(str_equal(office_code(office, "another form"), first));
    struct call *tokens = office_redeem(office, first);
    assert_int_equal(office_guard(office, access_of(tokens)), NOT_REFUSED);

    /* After the use it is told so, and no harm done. */
    struct call *late = office_question(office, "plain", "code");
    assert_int_equal(office_ask(office, late), NOT_REFUSED);
    assert_int_equal(office_allow(office, late, ALICE, NORTH, "form"), REFUSED_code_reused);
    assert_false(str_is_present(late->authorize.redirect_uri));
    assert_int_equal(office_guard(office, access_of(tokens)), NOT_REFUSED);
}

static void a_form_that_comes_again_with_another_choice_is_refused(void **state)
{
    struct office *office = *state;
    office_code(office, "form");
    struct call *call = office_question(office, "plain", "code");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_int_equal(office_allow(office, call, ALICE, SOUTH, "form"), REFUSED_code_reused);
    call->authorize.redirect_uri = call->authorize.settled_uri;
    assert_int_equal(office_allow(office, call, BOB, NORTH, "form"), REFUSED_code_reused);
    struct call *other = office_question(office, "trusted", "code");
    assert_int_equal(office_ask(office, other), NOT_REFUSED);
    assert_int_equal(office_allow(office, other, ALICE, NORTH, "form"), REFUSED_code_reused);
    office->now += 60;
    struct call *late = office_question(office, "plain", "code");
    assert_int_equal(office_ask(office, late), NOT_REFUSED);
    assert_int_equal(office_allow(office, late, ALICE, NORTH, "form"), REFUSED_code_expired);
}

/* Who may not give it hears it himself; the client is told nothing. */
static void whoever_is_gone_by_the_answer_gives_nothing(void **state)
{
    static const struct {
        enum outcome (*act)(const struct office *, struct store_tx *);
        enum refusal refusal;
    } cases[] = {{disable_alice, REFUSED_user_disabled},
                 {take_membership_only, REFUSED_instance_gone},
                 {suspend_plain, REFUSED_client_suspended}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        void *own = NULL;
        office_setup(&own);
        struct office *office = own;
        struct call *call = office_question(office, "plain", "code");
        assert_int_equal(office_ask(office, call), NOT_REFUSED);
        office_perform(office, cases[i].act);
        assert_int_equal(office_allow(office, call, ALICE, NORTH, "form"), cases[i].refusal);
        assert_false(str_is_present(call->authorize.redirect_uri));
        office_teardown(&own);
    }
}

/* Nothing is given for all instances of a user, and nothing in another's. */
static void the_instance_is_chosen_and_ones_own(void **state)
{
    static const struct {
        int user, instance;
        enum refusal refusal;
    } cases[] = {{ALICE, -1, REFUSED_instance_missing},
                 {BOB, -1, REFUSED_instance_missing},
                 {BOB, SOUTH, REFUSED_instance_gone},
                 {CAROL, NORTH, REFUSED_instance_gone},
                 {CAROL, -1, NOT_REFUSED},
                 {BOB, NORTH, NOT_REFUSED},
                 {ALICE, SOUTH, NOT_REFUSED}};
    struct office *office = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct call *call = office_question(office, "plain", "code");
        assert_int_equal(office_ask(office, call), NOT_REFUSED);
        const char *form = arena_printf(office->house.arena, "form %zu", i).ptr;
        assert_int_equal(office_allow(office, call, cases[i].user, cases[i].instance, form), cases[i].refusal);
    }
}

/* [RFC6749 4.2.2] */
static void a_yes_to_token_gives_tokens_at_once(void **state)
{
    struct office *office = *state;
    struct call *call = office_question(office, "plain", "token");
    call->parameters[PARAMETER_state] = STR("s");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_int_equal(office_allow(office, call, ALICE, NORTH, "form"), NOT_REFUSED);
    assert_int_equal(office_guard(office, access_of(call)), NOT_REFUSED);
    assert_false(str_is_present(office_fact(call, FACT_code)));
    assert_false(str_is_present(office_fact(call, FACT_refresh_token)));
    assert_true(str_equal(office_fact(call, FACT_state), STR("s")));
    assert_true(str_equal(office_fact(call, FACT_scope), STR("read")));
    assert_int_equal(call->facts.values[FACT_expires_in].number, 3600);

    office->realm.grants[GRANT_IMPLICIT].gives_refresh_token = true;
    struct call *both = office_question(office, "plain", "token");
    assert_int_equal(office_ask(office, both), NOT_REFUSED);
    assert_int_equal(office_allow(office, both, ALICE, NORTH, "form"), NOT_REFUSED);
    struct call *refresh = office_refresh(office, "plain:secret", office_fact(both, FACT_refresh_token));
    assert_int_equal(office_run(office, refresh, "token"), NOT_REFUSED);
}

static bool is_covered(struct office *office, struct call *call, int instance)
{
    bool covered;
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    call->user = &office->users[ALICE];
    call->instance = &office->instances[instance];
    assert_int_equal(authorize_is_covered(call, store_reader(office->house.store), &covered), OK);
    return covered;
}

static struct call *asking(struct office *office, const char *client_id, const char *scope)
{
    struct call *call = office_question(office, client_id, "code");
    call->parameters[PARAMETER_scope] = str_of(scope);
    return call;
}

static void consent_is_remembered_where_policy_says_so(void **state)
{
    struct office *office = *state;
    struct call *first = asking(office, "plain", "read me");
    assert_int_equal(office_ask(office, first), NOT_REFUSED);
    assert_int_equal(office_allow(office, first, ALICE, NORTH, "form"), NOT_REFUSED);
    assert_false(is_covered(office, asking(office, "plain", "read"), NORTH));
    office->realm.authorize.remembers_consent = true;
    assert_true(is_covered(office, asking(office, "plain", "read"), NORTH));
    assert_true(is_covered(office, asking(office, "plain", "me read"), NORTH));
    assert_false(is_covered(office, asking(office, "plain", "read write"), NORTH));
    assert_false(is_covered(office, asking(office, "plain", "read"), SOUTH));
    assert_false(is_covered(office, asking(office, "trusted", "read"), NORTH));
    struct call *call = asking(office, "plain", "read");
    call->parameters[PARAMETER_prompt] = STR("consent");
    assert_false(is_covered(office, call, NORTH));
    office_perform(office, withdraw_all);
    assert_false(is_covered(office, asking(office, "plain", "read"), NORTH));
}

/* [RFC8252 8.6] Whoever listens on the machine may call itself the client. */
static void consent_for_a_program_on_the_machine_is_not_remembered(void **state)
{
    struct office *office = *state;
    office->realm.authorize.remembers_consent = true;
    office->realm.authorize.pkce = PKCE_OPTIONAL;
    struct call *first = asking(office, "public", "read");
    first->parameters[PARAMETER_redirect_uri] = STR(PUBLIC_CALLBACK);
    assert_int_equal(office_ask(office, first), NOT_REFUSED);
    assert_int_equal(office_allow(office, first, ALICE, NORTH, "form"), NOT_REFUSED);
    struct call *again = asking(office, "public", "read");
    again->parameters[PARAMETER_redirect_uri] = STR(PUBLIC_CALLBACK);
    assert_false(is_covered(office, again, NORTH));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, office_setup, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_form_that_comes_twice_gets_the_same_code),
        TEST(a_form_that_comes_again_with_another_choice_is_refused),
        TEST(whoever_is_gone_by_the_answer_gives_nothing),
        TEST(the_instance_is_chosen_and_ones_own),
        TEST(a_yes_to_token_gives_tokens_at_once),
        TEST(consent_is_remembered_where_policy_says_so),
        TEST(consent_for_a_program_on_the_machine_is_not_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
