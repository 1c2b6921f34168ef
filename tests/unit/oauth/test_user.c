/* Tokens that a user gave: what they tell, and when they end. */
#include "office.h"

static struct call *signed_in(struct office *office)
{
    return office_redeem(office, office_code(office, "form"));
}

static struct str access_of(const struct call *call)
{
    return office_fact(call, FACT_access_token);
}

static struct str refresh_of(const struct call *call)
{
    return office_fact(call, FACT_refresh_token);
}

static struct call *whoami(struct office *office, struct str token)
{
    struct call *call = office_call(office, NULL);
    call->authorization = (struct authorization){.is_present = true, .token = token};
    assert_int_equal(office_run(office, call, "whoami"), NOT_REFUSED);
    return call;
}

static struct call *introspected(struct office *office, struct str token)
{
    struct call *call = office_call(office, "server:secret");
    call->parameters[PARAMETER_token] = token;
    assert_int_equal(office_run(office, call, "introspect"), NOT_REFUSED);
    return call;
}

static void assert_tells_alice(struct office *office, const struct call *call)
{
    assert_true(str_equal(office_fact(call, FACT_subject), arena_decimal(call->arena, office->users[ALICE].id)));
    assert_true(str_equal(office_fact(call, FACT_subject_type), STR("user")));
    assert_true(str_equal(office_fact(call, FACT_username), STR("alice")));
    assert_true(str_equal(office_fact(call, FACT_display_name), STR("A person")));
    assert_true(str_equal(office_fact(call, FACT_instance), STR("north")));
    assert_true(str_equal(office_fact(call, FACT_client_id), STR("plain")));
}

/* [RFC7662 2.2] Whoami, introspection and the token endpoint say the same. */
static void everybody_tells_whose_it_is(void **state)
{
    struct office *office = *state;
    struct call *first = signed_in(office);
    assert_tells_alice(office, first);
    assert_tells_alice(office, whoami(office, access_of(first)));
    assert_tells_alice(office, introspected(office, access_of(first)));
    assert_tells_alice(office, introspected(office, refresh_of(first)));
    struct call *second = office_refresh(office, "plain:secret", refresh_of(first));
    assert_int_equal(office_run(office, second, "token"), NOT_REFUSED);
    assert_tells_alice(office, second);
    assert_tells_alice(office, whoami(office, access_of(second)));
}

static void a_clients_own_token_is_nobodys(void **state)
{
    struct office *office = *state;
    struct call *own = office_token(office, "plain:secret", "client_credentials");
    assert_int_equal(office_run(office, own, "token"), NOT_REFUSED);
    struct call *call = whoami(office, access_of(own));
    assert_false(str_is_present(office_fact(call, FACT_subject)));
    assert_false(str_is_present(office_fact(call, FACT_username)));
    assert_false(str_is_present(office_fact(call, FACT_instance)));
}

static bool is_active(struct office *office, struct str token)
{
    return introspected(office, token)->facts.values[FACT_active].number;
}

/* Whatever ends: the next request hears it. Behaviour 51. */
static void tokens_end_with_what_they_hang_on(void **state)
{
    static const struct {
        enum outcome (*act)(const struct office *, struct store_tx *);
        enum refusal refresh;
    } cases[] = {{disable_alice, REFUSED_user_disabled},
                 {take_alice_from_north, REFUSED_grant_revoked},
                 {withdraw_all, REFUSED_grant_revoked},
                 {suspend_plain, REFUSED_client_suspended}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        void *own = NULL;
        office_setup(&own);
        struct office *office = own;
        struct call *first = signed_in(office);
        assert_int_equal(office_guard(office, access_of(first)), NOT_REFUSED);
        assert_true(is_active(office, access_of(first)));
        office_perform(office, cases[i].act);
        assert_int_equal(office_guard(office, access_of(first)), REFUSED_token_revoked);
        assert_false(is_active(office, access_of(first)));
        assert_false(is_active(office, refresh_of(first)));
        struct call *refresh = office_refresh(office, "plain:secret", refresh_of(first));
        assert_int_equal(office_run(office, refresh, "token"), cases[i].refresh);
        office_teardown(&own);
    }
}

static enum outcome enable_alice(const struct office *office, struct store_tx *tx)
{
    return user_update(tx, &office->users[ALICE]);
}

/* A user who comes back finds what was allowed: only the user was stopped. */
static void disabling_is_not_revoking(void **state)
{
    struct office *office = *state;
    struct call *first = signed_in(office);
    office_perform(office, disable_alice);
    assert_int_equal(office_guard(office, access_of(first)), REFUSED_token_revoked);
    office_perform(office, enable_alice);
    assert_int_equal(office_guard(office, access_of(first)), NOT_REFUSED);
}

/* Leaving one instance leaves the other alone, and other people. */
static void other_instances_and_people_are_left_alone(void **state)
{
    struct office *office = *state;
    struct call *south = office_question(office, "plain", "code"), *bob = office_question(office, "plain", "code");
    assert_int_equal(office_ask(office, south), NOT_REFUSED);
    assert_int_equal(office_allow(office, south, ALICE, SOUTH, "south"), NOT_REFUSED);
    assert_int_equal(office_ask(office, bob), NOT_REFUSED);
    assert_int_equal(office_allow(office, bob, BOB, NORTH, "bob"), NOT_REFUSED);
    struct str in_south = access_of(office_redeem(office, office_fact(south, FACT_code)));
    struct str of_bob = access_of(office_redeem(office, office_fact(bob, FACT_code)));
    office_perform(office, take_alice_from_north);
    assert_int_equal(office_guard(office, in_south), NOT_REFUSED);
    assert_int_equal(office_guard(office, of_bob), NOT_REFUSED);
}

static enum outcome take_membership_back(const struct office *office, struct store_tx *tx)
{
    return membership_put(tx, office->users[ALICE].id, office->instances[NORTH].id, STR("owner"));
}

/* Even if nobody has revoked anything: no new token without the membership. Behaviour 38. */
static void a_refresh_wants_the_membership(void **state)
{
    struct office *office = *state;
    struct call *first = signed_in(office);
    office_perform(office, take_membership_only);
    struct call *refresh = office_refresh(office, "plain:secret", refresh_of(first));
    assert_int_equal(office_run(office, refresh, "token"), REFUSED_instance_gone);
    office_perform(office, take_membership_back);
    assert_int_equal(office_run(office, refresh, "token"), NOT_REFUSED);
}

static enum refusal guard_of(struct office *office, struct str token, struct str instance)
{
    struct call *call = office_call(office, NULL);
    call->authorization = (struct authorization){.is_present = true, .token = token};
    call->needed_instance = instance;
    return office_run(office, call, "guard");
}

/* Nothing issued in one instance works in another. */
static void a_token_is_of_one_instance(void **state)
{
    struct office *office = *state;
    struct str token = access_of(signed_in(office));
    assert_int_equal(guard_of(office, token, STR_NONE), NOT_REFUSED);
    assert_int_equal(guard_of(office, token, STR("north")), NOT_REFUSED);
    assert_int_equal(guard_of(office, token, STR("south")), REFUSED_instance_differs);
    assert_int_equal(guard_of(office, token, STR("")), REFUSED_instance_differs);
    assert_int_equal(guard_of(office, token, STR("North")), REFUSED_instance_differs);
    struct call *own = office_token(office, "plain:secret", "client_credentials");
    assert_int_equal(office_run(office, own, "token"), NOT_REFUSED);
    assert_int_equal(guard_of(office, access_of(own), STR("north")), REFUSED_instance_differs);
}

/* Behaviour 43, and the instance stays. [RFC6749 6] */
static void a_refresh_narrows_and_never_grows(void **state)
{
    struct office *office = *state;
    struct call *call = office_question(office, "plain", "code");
    call->parameters[PARAMETER_scope] = STR("read me");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_int_equal(office_allow(office, call, ALICE, SOUTH, "form"), NOT_REFUSED);
    struct call *first = office_redeem(office, office_fact(call, FACT_code));

    struct call *narrow = office_refresh(office, "plain:secret", refresh_of(first));
    narrow->parameters[PARAMETER_scope] = STR("me");
    assert_int_equal(office_run(office, narrow, "token"), NOT_REFUSED);
    assert_true(str_equal(office_fact(narrow, FACT_scope), STR("me")));
    struct call *grown = office_refresh(office, "plain:secret", refresh_of(narrow));
    grown->parameters[PARAMETER_scope] = STR("read me write");
    assert_int_equal(office_run(office, grown, "token"), REFUSED_scope_grows);
    struct call *wide = office_refresh(office, "plain:secret", refresh_of(narrow));
    assert_int_equal(office_run(office, wide, "token"), NOT_REFUSED);
    assert_true(str_equal(office_fact(wide, FACT_scope), STR("read me")));
    assert_true(str_equal(office_fact(whoami(office, access_of(wide)), FACT_instance), STR("south")));
}

/* Behaviours 39 and 44: another client changes nothing, and a thief's use ends the family. [RFC6749 10.4] */
static void a_refresh_token_is_its_clients_and_good_once(void **state)
{
    struct office *office = *state;
    struct call *first = signed_in(office);
    struct call *stranger = office_refresh(office, "trusted:secret", refresh_of(first));
    assert_int_equal(office_run(office, stranger, "token"), REFUSED_refresh_token_foreign);
    struct call *public = office_public(office, "refresh_token");
    public->parameters[PARAMETER_refresh_token] = refresh_of(first);
    assert_int_equal(office_run(office, public, "token"), REFUSED_refresh_token_foreign);
    struct call *second = office_refresh(office, "plain:secret", refresh_of(first));
    assert_int_equal(office_run(office, second, "token"), NOT_REFUSED);
    office->now += 31;
    struct call *late = office_refresh(office, "plain:secret", refresh_of(first));
    assert_int_equal(office_run(office, late, "token"), REFUSED_refresh_token_reused);
    assert_int_equal(office_guard(office, access_of(second)), REFUSED_token_revoked);
}

/* Two consents are two grants: the end of one is not the end of the other. */
static void a_replayed_code_ends_its_own_grant_only(void **state)
{
    struct office *office = *state;
    struct str code = office_code(office, "one");
    struct call *one = office_redeem(office, code);
    struct call *other = office_redeem(office, office_code(office, "other"));
    assert_int_equal(office_run(office, office_redemption(office, "plain:secret", code), "token"),
                     REFUSED_code_reused);
    assert_int_equal(office_guard(office, access_of(one)), REFUSED_token_revoked);
    assert_int_equal(office_guard(office, access_of(other)), NOT_REFUSED);
}

/* [RFC8414 2] [RFC9207 3] */
static void the_realm_tells_what_may_be_asked(void **state)
{
    struct office *office = *state;
    struct call *call = office_call(office, NULL);
    assert_int_equal(office_run(office, call, "metadata"), NOT_REFUSED);
    assert_true(str_equal(office_fact(call, FACT_response_types), STR("code token")));
    assert_true(str_equal(office_fact(call, FACT_response_modes), STR("query fragment form_post")));
    assert_true(str_equal(office_fact(call, FACT_code_challenge_methods), STR("S256")));
    assert_int_equal(call->facts.values[FACT_tells_issuer].number, 1);
    assert_true(str_equal(office_fact(call, FACT_grant_types),
                          STR("client_credentials refresh_token service_account authorization_code implicit")));

    office->realm.grants[GRANT_AUTHORIZATION_CODE].is_allowed = office->realm.grants[GRANT_IMPLICIT].is_allowed =
        false;
    struct call *none = office_call(office, NULL);
    assert_int_equal(office_run(office, none, "metadata"), NOT_REFUSED);
    assert_true(str_is_present(office_fact(none, FACT_response_types)));
    assert_int_equal(office_fact(none, FACT_response_types).len, 0);
    assert_false(str_is_present(office_fact(none, FACT_response_modes)));
    assert_false(str_is_present(office_fact(none, FACT_code_challenge_methods)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, office_setup, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everybody_tells_whose_it_is),
        TEST(a_clients_own_token_is_nobodys),
        TEST(tokens_end_with_what_they_hang_on),
        TEST(disabling_is_not_revoking),
        TEST(other_instances_and_people_are_left_alone),
        TEST(a_refresh_wants_the_membership),
        TEST(a_token_is_of_one_instance),
        TEST(a_refresh_narrows_and_never_grows),
        TEST(a_refresh_token_is_its_clients_and_good_once),
        TEST(a_replayed_code_ends_its_own_grant_only),
        TEST(the_realm_tells_what_may_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
