/* From the client's request by sign-in and consent to the client's answer; and what must not happen on the way. */
#include "browser.h"

static bool sends_code(const struct browser *browser)
{
    return browser->status == 302 && str_has_prefix(reply_header(browser, "Location"), STR(CALLBACK "&code="));
}

static void a_person_signs_in_allows_and_the_client_has_a_code(void **state)
{
    struct browser browser = browser_of(*state);
    browser_get(&browser, ASK);
    assert_int_equal(browser.status, 200);
    assert_page_has(&browser, "to continue to <strong>A</strong>");
    assert_page_has(&browser, "id=\"sign-in\"");
    browser_sign_in(&browser, "bob");
    assert_true(str_equal(reply_header(&browser, "Location"), STR(ASK)));
    browser_follow(&browser);
    assert_page_has(&browser, "<strong>A</strong> would like to use your First Radio account");
    assert_page_has(&browser, "client.example");
    assert_page_has(&browser, "Not verified");
    assert_page_has(&browser, "Only in <strong>A station</strong>");
    assert_page_has(&browser, "Permission to change anything");
    browser_submit(&browser, CONSENT, "decision=allow");
    assert_true(sends_code(&browser));
}

static void whoever_denies_gives_nothing(void **state)
{
    struct browser browser = alice_at(*state, ASK);
    browser_submit(&browser, CONSENT, "decision=deny&instance=north");
    assert_true(str_equal(reply_header(&browser, "Location"), STR(CALLBACK "&error=access_denied")));
}

static void of_several_instances_one_is_chosen(void **state)
{
    struct browser browser = alice_at(*state, ASK);
    assert_page_has(&browser, "type=\"radio\" name=\"instance\" value=\"north\"");
    assert_page_has(&browser, "type=\"radio\" name=\"instance\" value=\"south\"");
    browser_submit(&browser, CONSENT, "decision=allow");
    assert_int_equal(browser.status, 400);
    assert_page_has(&browser, "role=\"alert\"");
    assert_page_has(&browser, "Choose one of these.");
    browser_submit(&browser, CONSENT, "decision=allow&instance=elsewhere");
    assert_int_equal(browser.status, 400);
    browser_submit(&browser, CONSENT, "decision=allow&instance=south");
    assert_true(sends_code(&browser));
}

/* Behaviour 14: [RFC6749 4.1.2.1] */
static void an_unknown_client_or_redirect_is_told_to_the_person(void **state)
{
    static const char *const targets[] = {
        "/oauth/authorize?client_id=nobody&response_type=code",
        "/oauth/authorize?client_id=plain&response_type=code&redirect_uri=https%3A%2F%2Fevil.example%2F",
    };
    for (size_t i = 0; i < 2; i++) {
        struct browser browser = browser_of(*state);
        browser_get(&browser, targets[i]);
        assert_int_equal(browser.status, 400);
        assert_false(str_is_present(reply_header(&browser, "Location")));
        assert_false(page_has(&browser, "client.example"));
        assert_false(page_has(&browser, "evil.example"));
        assert_page_has(&browser, "0123456789abcdef");
    }
}

/* Behaviour 27: [RFC9700 4.11.2] Whoever is not signed in is not sent to where a wrong request says. */
static void a_wrong_request_is_answered_after_sign_in_only(void **state)
{
    static const char target[] = "/oauth/authorize?client_id=plain&response_type=code&scope=nonsense";
    struct browser browser = browser_of(*state);
    browser_get(&browser, target);
    assert_int_equal(browser.status, 200);
    assert_page_has(&browser, "id=\"sign-in\"");
    browser_sign_in(&browser, "alice");
    browser_follow(&browser);
    assert_true(str_equal(reply_header(&browser, "Location"), STR(CALLBACK "&error=invalid_scope")));
}

/* Behaviour 26: [RFC6749 10.12] */
static void a_form_belongs_to_the_browser_that_it_was_shown_to(void **state)
{
    struct browser alice = alice_at(*state, ASK), bob = browser_of(*state);
    struct str stolen = fill_in(&alice, CONSENT, "decision=allow&instance=north");
    browser_get(&bob, ASK);
    browser_sign_in(&bob, "bob");
    browser_send(&bob, "POST", STR(CONSENT), stolen);
    assert_int_equal(bob.status, 403);
    assert_page_has(&bob, "not made for this browser");
    /* The page is the answer: what bob came for goes on. */
    browser_submit(&bob, CONSENT, "decision=allow");
    assert_true(sends_code(&bob));
}

static void a_form_is_about_the_request_that_it_was_shown_for(void **state)
{
    struct browser browser = alice_at(*state, ASK);
    struct str form = hidden_of(&browser, CONSENT, "form");
    struct str body = arena_printf(browser.town->arena,
                                   "form=%.*s&decision=allow&instance=north&return_to=%%2Foauth%%2Fauthorize%%3F"
                                   "client_id%%3Dtrusted%%26response_type%%3Dcode",
                                   STR_ARGS(form));
    browser_send(&browser, "POST", STR(CONSENT), body);
    assert_int_equal(browser.status, 403);
    body = arena_printf(browser.town->arena, "form=%.*s&decision=allow&return_to=%%2F%%2Fevil.example%%2F",
                        STR_ARGS(form));
    browser_send(&browser, "POST", STR(CONSENT), body);
    assert_int_equal(browser.status, 303);
    assert_true(str_equal(reply_header(&browser, "Location"), STR(APPLICATIONS)));
}

/* Behaviour 26 */
static void a_form_that_was_open_for_long_is_shown_again(void **state)
{
    struct browser browser = alice_at(*state, ASK);
    browser.town->office->now += 901;
    browser_submit(&browser, CONSENT, "decision=allow&instance=north");
    assert_int_equal(browser.status, 400);
    assert_page_has(&browser, "open for a long time");
    browser_submit(&browser, CONSENT, "decision=allow&instance=north");
    assert_true(sends_code(&browser));
}

/* Behaviour 26 */
static void a_form_that_is_sent_twice_gives_one_code(void **state)
{
    struct browser browser = alice_at(*state, ASK);
    struct str body = fill_in(&browser, CONSENT, "decision=allow&instance=north");
    browser_send(&browser, "POST", STR(CONSENT), body);
    struct str first = reply_header(&browser, "Location");
    assert_true(sends_code(&browser));
    browser_send(&browser, "POST", STR(CONSENT), body);
    assert_true(str_equal(reply_header(&browser, "Location"), first));

    struct str code = str_slice(first, STR(CALLBACK "&code=").len, first.len);
    office_redeem(browser.town->office, code);
    browser_send(&browser, "POST", STR(CONSENT), body);
    assert_int_equal(browser.status, 409);
    assert_page_has(&browser, "This was answered before");
}

static void whoever_is_signed_out_meanwhile_signs_in_and_goes_on(void **state)
{
    struct browser browser = alice_at(*state, ASK);
    struct str body = fill_in(&browser, CONSENT, "decision=allow&instance=north");
    browser_submit(&browser, SIGN_OUT, "");
    assert_true(str_equal(reply_header(&browser, "Location"), STR(ASK)));
    browser_send(&browser, "POST", STR(CONSENT), body);
    assert_int_equal(browser.status, 403);
    assert_page_has(&browser, "id=\"sign-in\"");
    browser_sign_in(&browser, "alice");
    assert_true(str_equal(reply_header(&browser, "Location"), STR(ASK)));
}

/* Behaviour 28: it came as a form, and no browser could go there by a link. */
static void a_very_long_request_is_asked_about_in_place(void **state)
{
    struct browser browser = browser_of(*state);
    struct buf target;
    buf_init(&target, browser.town->arena, 1 << 16);
    buf_add(&target, STR(ASK "&nonce="));
    for (int i = 0; i < 9000; i++)
        buf_add_char(&target, 'n');
    browser_send(&browser, "GET", buf_str(&target), STR(""));
    browser_sign_in(&browser, "alice");
    assert_int_equal(browser.status, 200);
    assert_page_has(&browser, "id=\"allow\"");
    browser_submit(&browser, SIGN_OUT, "");
    assert_page_has(&browser, "id=\"sign-in\"");
    browser_sign_in(&browser, "alice");
    browser_submit(&browser, CONSENT, "decision=allow&instance=north");
    assert_true(sends_code(&browser));
}

/* Browsers send no cookie with another site's form: one that came with the page would sign them out. */
static void another_sites_form_signs_nobody_out(void **state)
{
    struct browser browser = alice_at(*state, ACCOUNT);
    browser.site = "cross-site";
    browser_send(&browser, "POST", STR("/auth/first/sign-in"), STR("username=mallory&password=x&form=x"));
    assert_int_equal(browser.status, 403);
    assert_false(str_is_present(reply_header(&browser, "Set-Cookie")));
    /* A client's request that comes as a form goes on as a link. */
    browser_send(&browser, "POST", STR(ASK), STR("x=y"));
    assert_int_equal(browser.status, 303);
    browser_follow(&browser);
    assert_page_has(&browser, "id=\"allow\"");
}

/* Behaviour 24: [OIDC 3.1.2.1] */
static void prompt_none_shows_no_page(void **state)
{
    struct browser browser = browser_of(*state);
    browser_get(&browser, ASK "&prompt=none");
    assert_true(str_equal(reply_header(&browser, "Location"), STR(CALLBACK "&error=login_required")));
    browser = alice_at(*state, ASK);
    browser_get(&browser, ASK "&prompt=none");
    assert_true(str_equal(reply_header(&browser, "Location"), STR(CALLBACK "&error=consent_required")));
}

/* Behaviour 25: [OIDC 3.1.2.1] */
static void prompt_login_asks_whoever_is_signed_in(void **state)
{
    struct browser browser = alice_at(*state, ACCOUNT);
    browser_get(&browser, ASK "&prompt=login");
    assert_page_has(&browser, "id=\"sign-in\"");
    assert_page_has(&browser, "value=\"alice\"");
    browser_sign_in(&browser, "alice");
    browser_follow(&browser);
    assert_page_has(&browser, "id=\"allow\"");
    browser_submit(&browser, CONSENT, "decision=allow&instance=north");
    assert_true(sends_code(&browser));
    /* It was for that request, and for that browser. */
    browser_get(&browser, ASK "&prompt=login");
    assert_page_has(&browser, "id=\"sign-in\"");
    browser_get(&browser, ASK "&prompt=login&jeton_signed_in=0");
    assert_page_has(&browser, "id=\"sign-in\"");
}

/* Behaviour 25 */
static void max_age_asks_whoever_signed_in_long_ago(void **state)
{
    struct browser browser = alice_at(*state, ACCOUNT);
    browser.town->office->now += 100;
    browser_get(&browser, ASK "&max_age=60");
    assert_page_has(&browser, "id=\"sign-in\"");
    browser_get(&browser, ASK "&max_age=200");
    assert_page_has(&browser, "id=\"allow\"");
}

static void remembered_consent_is_not_asked_for_again(void **state)
{
    struct town *town = *state;
    town->office->realm.authorize.remembers_consent = true;
    struct browser browser = browser_of(town);
    browser_get(&browser, ASK);
    browser_sign_in(&browser, "bob");
    browser_follow(&browser);
    browser_submit(&browser, CONSENT, "decision=allow");
    assert_true(sends_code(&browser));
    browser_get(&browser, ASK);
    assert_true(sends_code(&browser));
    browser_get(&browser, ASK "&prompt=none");
    assert_true(sends_code(&browser));
    browser_get(&browser, ASK "&prompt=consent");
    assert_page_has(&browser, "id=\"allow\"");
}

static enum outcome dress_application(const struct office *office, struct store_tx *tx)
{
    const struct application_row row = {
        .id = office->application_rows[PLAIN],
        .realm_id = office->realm.id,
        .name = STR("<b>Planner</b>"),
        .owner = STR(""),
        .website = STR("https://planner.example/about"),
        .logo_uri = STR("https://cdn.example:8443/logo.png"),
        .verified_at = 5,
    };
    return application_update(tx, &row);
}

static void a_verified_application_is_shown_with_its_logo_and_domain(void **state)
{
    struct town *town = *state;
    office_perform(town->office, dress_application);
    struct browser browser = alice_at(town, ASK);
    assert_page_has(&browser, "&lt;b&gt;Planner&lt;/b&gt;");
    assert_page_has(&browser, "<span class=\"domain\">planner.example</span>");
    assert_page_has(&browser, "Verified by First Radio");
    assert_page_has(&browser, "src=\"https://cdn.example:8443/logo.png\"");
    struct str policy = reply_header(&browser, "Content-Security-Policy");
    assert_true(find_text(policy, 0, "img-src 'self' data: https://cdn.example:8443;") < policy.len);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, town_setup, town_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_person_signs_in_allows_and_the_client_has_a_code),
        TEST(whoever_denies_gives_nothing),
        TEST(of_several_instances_one_is_chosen),
        TEST(an_unknown_client_or_redirect_is_told_to_the_person),
        TEST(a_wrong_request_is_answered_after_sign_in_only),
        TEST(a_form_belongs_to_the_browser_that_it_was_shown_to),
        TEST(a_form_is_about_the_request_that_it_was_shown_for),
        TEST(a_form_that_was_open_for_long_is_shown_again),
        TEST(a_form_that_is_sent_twice_gives_one_code),
        TEST(whoever_is_signed_out_meanwhile_signs_in_and_goes_on),
        TEST(a_very_long_request_is_asked_about_in_place),
        TEST(another_sites_form_signs_nobody_out),
        TEST(prompt_none_shows_no_page),
        TEST(prompt_login_asks_whoever_is_signed_in),
        TEST(max_age_asks_whoever_signed_in_long_ago),
        TEST(remembered_consent_is_not_asked_for_again),
        TEST(a_verified_application_is_shown_with_its_logo_and_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
