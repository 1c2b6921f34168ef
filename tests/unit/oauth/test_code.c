/* Codes: who can make tokens of one, and how often. */
#include "office.h"

#include "identity/form.h"

#include <pthread.h>

/* [RFC7636 B] */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static enum refusal redeem_refusal(struct office *office, const char *credentials, struct str code)
{
    return office_run(office, office_redemption(office, credentials, code), "token");
}

static struct str access_of(const struct call *call)
{
    return office_fact(call, FACT_access_token);
}

/* [RFC6749 4.1, 4.1.2, 4.1.4] [RFC9207 2] Behaviour 22. */
static void a_yes_gives_a_code_and_the_code_tokens(void **state)
{
    struct office *office = *state;
    struct call *call = office_question(office, "plain", "code");
    call->parameters[PARAMETER_scope] = STR("read me");
    call->parameters[PARAMETER_state] = STR("a state");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_int_equal(office_allow(office, call, ALICE, SOUTH, "form"), NOT_REFUSED);
    assert_true(str_equal(call->authorize.redirect_uri, STR(CALLBACK)));
    assert_true(str_equal(office_fact(call, FACT_state), STR("a state")));
    assert_true(str_equal(office_fact(call, FACT_issuer), office->realm.issuer));
    assert_int_equal(office_fact(call, FACT_code).len, 40);
    assert_false(str_is_present(office_fact(call, FACT_access_token)));

    struct call *tokens = office_redeem(office, office_fact(call, FACT_code));
    assert_int_equal(office_guard(office, access_of(tokens)), NOT_REFUSED);
    assert_true(str_equal(office_fact(tokens, FACT_scope), STR("read me")));
    assert_int_equal(tokens->facts.values[FACT_expires_in].number, 3600);
    assert_true(str_is_present(office_fact(tokens, FACT_refresh_token)));
    assert_true(str_equal(office_fact(tokens, FACT_instance), STR("south")));
    assert_true(str_equal(office_fact(tokens, FACT_subject_type), STR("user")));
    assert_true(str_equal(office_fact(tokens, FACT_username), STR("alice")));
    assert_true(str_equal(office_fact(tokens, FACT_subject), arena_decimal(call->arena, office->users[ALICE].id)));
}

/* Behaviour 28: a very long state survives unchanged. */
static void state_comes_back_untouched(void **state)
{
    struct office *office = *state;
    char *text = arena_alloc(office->house.arena, PARAMETER_MAX);
    for (size_t i = 0; i < PARAMETER_MAX; i++)
        text[i] = "+& %=#\"<>\n"[i % 10];
    struct call *call = office_question(office, "plain", "code");
    call->parameters[PARAMETER_state] = (struct str){text, PARAMETER_MAX};
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_int_equal(office_allow(office, call, BOB, NORTH, "form"), NOT_REFUSED);
    assert_true(str_equal(office_fact(call, FACT_state), call->parameters[PARAMETER_state]));
}

static void no_issuer_is_told_where_policy_is_silent(void **state)
{
    struct office *office = *state;
    office->realm.authorize.tells_issuer = false;
    struct call *call = office_question(office, "plain", "code");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_int_equal(office_allow(office, call, BOB, NORTH, "form"), NOT_REFUSED);
    assert_false(str_is_present(office_fact(call, FACT_issuer)));
    assert_false(str_is_present(office_fact(call, FACT_state)));
}

/* Behaviour 29: single use; a second exchange (also 30 s later) fails and kills the tokens of the first.
 * [RFC6749 4.1.2, 10.5] */
static void a_second_use_revokes_what_the_first_one_gave(void **state)
{
    struct office *office = *state;
    struct str code = office_code(office, "form");
    struct call *tokens = office_redeem(office, code);
    office->now += 30;
    assert_int_equal(redeem_refusal(office, "plain:secret", code), REFUSED_code_reused);
    assert_int_equal(office_guard(office, access_of(tokens)), REFUSED_token_revoked);
    struct call *refresh = office_refresh(office, "plain:secret", office_fact(tokens, FACT_refresh_token));
    assert_int_equal(office_run(office, refresh, "token"), REFUSED_grant_revoked);
}

/* Long after the code itself has expired, too. */
static void a_late_second_use_is_noticed(void **state)
{
    struct office *office = *state;
    struct str code = office_code(office, "form");
    struct call *tokens = office_redeem(office, code);
    office->now += FORM_SECONDS;
    assert_int_equal(redeem_refusal(office, "plain:secret", code), REFUSED_code_reused);
    assert_int_equal(office_guard(office, access_of(tokens)), REFUSED_token_revoked);
}

struct contest {
    struct office *office;
    struct str code;
    struct call *call;
    enum refusal refusal;
};

static void *contend(void *arg)
{
    struct contest *contest = arg;
    contest->refusal = office_apply(contest->office, contest->call, token_apply);
    return NULL;
}

/* Behaviour 30: parallel exchange of one code has one winner. */
static void parallel_uses_have_one_winner(void **state)
{
    enum { CONTESTANTS = 32 };
    struct office *office = *state;
    struct str code = office_code(office, "form");
    struct contest contests[CONTESTANTS];
    pthread_t threads[CONTESTANTS];
    size_t winners = 0;
    for (size_t i = 0; i < CONTESTANTS; i++) {
        struct call *call = office_redemption(office, "plain:secret", code);
        call->arena = arena_create();
        assert_int_equal(token_check(call), OK);
        assert_int_equal(token_prepare(call, store_reader(office->house.store)), OK);
        contests[i] = (struct contest){office, code, call, NOT_REFUSED};
    }
    for (size_t i = 0; i < CONTESTANTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, contend, &contests[i]), 0);
    for (size_t i = 0; i < CONTESTANTS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < CONTESTANTS; i++) {
        winners += contests[i].refusal == NOT_REFUSED;
        assert_true(contests[i].refusal == NOT_REFUSED || contests[i].refusal == REFUSED_code_reused);
        arena_destroy(contests[i].call->arena);
    }
    assert_int_equal(winners, 1);
}

/* Behaviour 31: bound to the client. A stranger changes nothing. [RFC6749 4.1.3] */
static void a_code_is_its_clients_alone(void **state)
{
    struct office *office = *state;
    struct str code = office_code(office, "form");
    assert_int_equal(redeem_refusal(office, "trusted:secret", code), REFUSED_code_foreign);
    assert_int_equal(redeem_refusal(office, "plain:wrong", code), REFUSED_secret_wrong);
    struct call *tokens = office_redeem(office, code);
    assert_int_equal(redeem_refusal(office, "trusted:secret", code), REFUSED_code_foreign);
    assert_int_equal(office_guard(office, access_of(tokens)), NOT_REFUSED);
}

static void what_is_no_code_is_refused(void **state)
{
    struct office *office = *state;
    char *forged = (char *)arena_cstr(office->house.arena, office_code(office, "form"));
    assert_int_equal(redeem_refusal(office, "plain:secret", STR_NONE), REFUSED_code_missing);
    assert_int_equal(redeem_refusal(office, "plain:secret", STR("garbage")), REFUSED_code_unknown);
    forged[39] = forged[39] == '0' ? '1' : '0';
    assert_int_equal(redeem_refusal(office, "plain:secret", str_of(forged)), REFUSED_code_unknown);
    /* An access token is no code. */
    struct call *call = office_token(office, "plain:secret", "client_credentials");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    assert_int_equal(redeem_refusal(office, "plain:secret", access_of(call)), REFUSED_code_unknown);
    /* And a code is no access token. */
    assert_int_equal(office_guard(office, office_code(office, "another")), REFUSED_token_unknown);
}

/* Behaviour 31: expiry, from both sides. */
static void a_code_dies_at_its_second(void **state)
{
    struct office *office = *state;
    struct str one = office_code(office, "one"), other = office_code(office, "other");
    office->now += 59;
    office_redeem(office, one);
    office->now += 1;
    assert_int_equal(redeem_refusal(office, "plain:secret", other), REFUSED_code_expired);
}

/* Behaviour 31: redirect_uri as sent; the refusal is a constant and tells nothing of it. [RFC6749 4.1.3] */
static void the_redirect_uri_is_said_again_as_it_was(void **state)
{
    static const struct {
        const char *asked, *redeemed;
        enum refusal refusal;
    } cases[] = {
        {CALLBACK, CALLBACK, NOT_REFUSED},
        {CALLBACK, NULL, REFUSED_redirect_uri_differs},
        {CALLBACK, "https://client.example/cb", REFUSED_redirect_uri_differs},
        {CALLBACK, "https://client.example/cb?kept=1&more=2", REFUSED_redirect_uri_differs},
        {NULL, NULL, NOT_REFUSED},
        {NULL, CALLBACK, NOT_REFUSED},
        {NULL, "https://client.example/cb", REFUSED_redirect_uri_differs},
    };
    struct office *office = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct call *call = office_question(office, "plain", "code");
        call->parameters[PARAMETER_redirect_uri] = str_of(cases[i].asked);
        assert_int_equal(office_ask(office, call), NOT_REFUSED);
        const char *form = arena_printf(office->house.arena, "form %zu", i).ptr;
        assert_int_equal(office_allow(office, call, ALICE, NORTH, form), NOT_REFUSED);
        struct call *redeemed = office_redemption(office, "plain:secret", office_fact(call, FACT_code));
        redeemed->parameters[PARAMETER_redirect_uri] = str_of(cases[i].redeemed);
        assert_int_equal(office_run(office, redeemed, "token"), cases[i].refusal);
        if (!cases[i].refusal)
            continue;
        /* It does not burn the code. */
        redeemed->parameters[PARAMETER_redirect_uri] = str_of(cases[i].asked);
        assert_int_equal(office_run(office, redeemed, "token"), NOT_REFUSED);
    }
}

static struct str bound_code(struct office *office, const char *challenge, const char *form)
{
    struct call *call = office_question(office, "plain", "code");
    call->parameters[PARAMETER_code_challenge] = str_of(challenge);
    if (challenge)
        call->parameters[PARAMETER_code_challenge_method] = STR("S256");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_int_equal(office_allow(office, call, ALICE, NORTH, form), NOT_REFUSED);
    return office_fact(call, FACT_code);
}

static enum refusal verify_refusal(struct office *office, struct str code, const char *verifier)
{
    struct call *call = office_redemption(office, "plain:secret", code);
    call->parameters[PARAMETER_code_verifier] = str_of(verifier);
    return office_run(office, call, "token");
}

/* [RFC7636 4.5, 4.6] A wrong verifier does not burn the code. */
static void whoever_began_redeems(void **state)
{
    struct office *office = *state;
    struct str code = bound_code(office, CHALLENGE, "form");
    assert_int_equal(verify_refusal(office, code, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl"),
                     REFUSED_verifier_wrong);
    assert_int_equal(verify_refusal(office, code, CHALLENGE), REFUSED_verifier_wrong);
    assert_int_equal(verify_refusal(office, code, VERIFIER), NOT_REFUSED);
}

/* Behaviour 34: a verifier though no challenge is stored, and none though one is, both fail. [RFC9700 4.8.2] */
static void pkce_cannot_be_taken_out_on_the_way(void **state)
{
    struct office *office = *state;
    struct str bound = bound_code(office, CHALLENGE, "bound"), free_code = bound_code(office, NULL, "free");
    assert_int_equal(verify_refusal(office, bound, NULL), REFUSED_verifier_missing);
    assert_int_equal(verify_refusal(office, free_code, VERIFIER), REFUSED_verifier_wrong);
    assert_int_equal(verify_refusal(office, free_code, NULL), NOT_REFUSED);
}

/* Behaviour 32: 43 to 128 characters of [A-Za-z0-9-._~]. [RFC7636 4.1] */
static void verifiers_have_a_form(void **state)
{
    struct office *office = *state;
    char text[130];
    struct str code = bound_code(office, CHALLENGE, "form");
    for (size_t len = 42; len <= 129; len++) {
        struct call *call = office_redemption(office, "plain:secret", code);
        memset(text, 'a', sizeof(text));
        call->parameters[PARAMETER_code_verifier] = (struct str){text, len};
        assert_int_equal(office_run(office, call, "token"), REFUSED_verifier_wrong);
        bool is_whole = len >= 43 && len <= 128;
        call->grant_kind = grant_kind_find(STR("authorization_code"));
        assert_int_equal(authorization_code_check(call), is_whole ? OK : REFUSED);
    }
    assert_int_equal(verify_refusal(office, code, VERIFIER " "), REFUSED_verifier_wrong);
    assert_int_equal(verify_refusal(office, code, "dBjftJeZ4CVP+mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
                     REFUSED_verifier_wrong);
}

/* Behaviour 35: code_challenge_method at the token endpoint has no effect. Behaviour 36: nor has scope. */
static void nothing_is_changed_at_the_exchange(void **state)
{
    struct office *office = *state;
    struct call *call = office_redemption(office, "plain:secret", bound_code(office, CHALLENGE, "form"));
    call->parameters[PARAMETER_code_challenge_method] = STR("plain");
    call->parameters[PARAMETER_code_verifier] = STR(VERIFIER);
    call->parameters[PARAMETER_scope] = STR("read write me nonsense");
    assert_int_equal(office_run(office, call, "token"), NOT_REFUSED);
    assert_true(str_equal(office_fact(call, FACT_scope), STR("read")));
}

/* Behaviour 38: what has ended between code and token gives no token. The code is not burnt by it. */
static void whoever_is_gone_by_then_gives_nothing(void **state)
{
    static const struct {
        enum outcome (*act)(const struct office *, struct store_tx *);
        enum refusal refusal;
    } cases[] = {{disable_alice, REFUSED_user_disabled},
                 {take_alice_from_north, REFUSED_grant_revoked},
                 {take_membership_only, REFUSED_instance_gone},
                 {withdraw_all, REFUSED_grant_revoked},
                 {suspend_plain, REFUSED_client_suspended}};
    struct office *office = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        void *own = NULL;
        office_setup(&own);
        office = own;
        struct str code = office_code(office, "form");
        office_perform(office, cases[i].act);
        assert_int_equal(redeem_refusal(office, "plain:secret", code), cases[i].refusal);
        office_teardown(&own);
    }
}

/* Behaviours 5 and 37: a public client says its name and has the verifier; a secret is refused. [RFC6749 3.2.1] */
static void a_public_client_redeems_by_its_name(void **state)
{
    struct office *office = *state;
    struct call *call = office_question(office, "public", "code");
    call->parameters[PARAMETER_redirect_uri] = STR("http://127.0.0.1:51004/cb");
    call->parameters[PARAMETER_code_challenge] = STR(CHALLENGE);
    call->parameters[PARAMETER_code_challenge_method] = STR("S256");
    assert_int_equal(office_ask(office, call), NOT_REFUSED);
    assert_int_equal(office_allow(office, call, ALICE, NORTH, "form"), NOT_REFUSED);

    struct call *redeemed = office_public(office, "authorization_code");
    redeemed->parameters[PARAMETER_code] = office_fact(call, FACT_code);
    redeemed->parameters[PARAMETER_redirect_uri] = STR("http://127.0.0.1:51004/cb");
    redeemed->parameters[PARAMETER_code_verifier] = STR(VERIFIER);
    redeemed->parameters[PARAMETER_client_secret] = STR("secret");
    assert_int_equal(office_run(office, redeemed, "token"), REFUSED_client_is_public);
    redeemed->parameters[PARAMETER_client_secret] = STR_NONE;
    redeemed->parameters[PARAMETER_code_verifier] = STR_NONE;
    assert_int_equal(office_run(office, redeemed, "token"), REFUSED_verifier_missing);
    redeemed->parameters[PARAMETER_code_verifier] = STR(VERIFIER);
    assert_int_equal(office_run(office, redeemed, "token"), NOT_REFUSED);

    struct call *refresh = office_public(office, "refresh_token");
    refresh->parameters[PARAMETER_refresh_token] = office_fact(redeemed, FACT_refresh_token);
    assert_int_equal(office_run(office, refresh, "token"), NOT_REFUSED);
    assert_int_equal(office_guard(office, access_of(refresh)), NOT_REFUSED);
    /* Behaviour 49: on its own it has nothing. */
    assert_int_equal(office_run(office, office_public(office, "client_credentials"), "token"),
                     REFUSED_client_is_public);

    struct call *back = office_public(office, "");
    back->parameters[PARAMETER_token] = office_fact(refresh, FACT_refresh_token);
    assert_int_equal(office_run(office, back, "revoke"), NOT_REFUSED);
    assert_int_equal(office_guard(office, access_of(refresh)), REFUSED_token_revoked);
}

/* A confidential client proves itself, whatever it presents. */
static void a_confidential_clients_name_is_not_enough(void **state)
{
    struct office *office = *state;
    struct call *call = office_redemption(office, NULL, office_code(office, "form"));
    call->parameters[PARAMETER_client_id] = STR("plain");
    assert_int_equal(office_run(office, call, "token"), REFUSED_credentials_missing);
    call->parameters[PARAMETER_client_secret] = STR("");
    assert_int_equal(office_run(office, call, "token"), REFUSED_secret_wrong);
}

/* Behaviour 50: unknown, not allowed and malformed are kept apart; implicit is none of this endpoint's.
 * [RFC6749 4.2] */
static void implicit_is_no_grant_of_the_token_endpoint(void **state)
{
    struct office *office = *state;
    struct call *call = office_token(office, "plain:secret", "implicit");
    assert_int_equal(office_run(office, call, "token"), REFUSED_grant_type_unknown);
    office->realm.grants[GRANT_AUTHORIZATION_CODE].is_allowed = false;
    assert_int_equal(redeem_refusal(office, "plain:secret", STR("x")), REFUSED_grant_type_unknown);
    office->realm.grants[GRANT_AUTHORIZATION_CODE].is_allowed = true;
    office->realm.grants[GRANT_AUTHORIZATION_CODE].is_for_trusted_clients = true;
    assert_int_equal(redeem_refusal(office, "plain:secret", STR("x")), REFUSED_grant_not_allowed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, office_setup, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_yes_gives_a_code_and_the_code_tokens),
        TEST(state_comes_back_untouched),
        TEST(no_issuer_is_told_where_policy_is_silent),
        TEST(a_second_use_revokes_what_the_first_one_gave),
        TEST(a_late_second_use_is_noticed),
        TEST(parallel_uses_have_one_winner),
        TEST(a_code_is_its_clients_alone),
        TEST(what_is_no_code_is_refused),
        TEST(a_code_dies_at_its_second),
        TEST(the_redirect_uri_is_said_again_as_it_was),
        TEST(whoever_began_redeems),
        TEST(pkce_cannot_be_taken_out_on_the_way),
        TEST(verifiers_have_a_form),
        TEST(nothing_is_changed_at_the_exchange),
        TEST(whoever_is_gone_by_then_gives_nothing),
        TEST(a_public_client_redeems_by_its_name),
        TEST(a_confidential_clients_name_is_not_enough),
        TEST(implicit_is_no_grant_of_the_token_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
