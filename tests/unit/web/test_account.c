/* What a person sees and changes of an account: profile, connected applications, password, sessions. */
#include "letters.h"

#define EMAIL    "/auth/first/account/email"
#define PASSCODE "/auth/first/security/password"
#define FACTORS  "/auth/first/security/factor"
#define SESSIONS "/auth/first/security/sessions"

static struct browser alice_at_home(void **state)
{
    return alice_at(*state, ACCOUNT);
}

static void a_person_has_a_name(void **state)
{
    struct browser browser = alice_at_home(state);
    browser_submit(&browser, ACCOUNT, "display_name=Alice+%3Cb%3E");
    browser_follow(&browser);
    assert_page_has(&browser, "Saved.");
    assert_page_has(&browser, "Signed in as <strong>Alice &lt;b&gt;</strong>");
    browser_submit(&browser, ACCOUNT, "display_name=+");
    assert_int_equal(browser.status, 400);
    assert_page_has(&browser, "Enter a name.");
    browser_submit(&browser, ACCOUNT, "display_name=a%07b");
    assert_int_equal(browser.status, 400);
}

static void an_address_counts_when_its_link_is_opened(void **state)
{
    struct town *town = *state;
    struct browser browser = alice_at_home(state);
    browser_submit(&browser, EMAIL, "email=new@example.com&password=wrong");
    assert_int_equal(browser.status, 403);
    assert_page_has(&browser, "This is not your current password.");
    browser_submit(&browser, EMAIL, "email=nowhere&password=correct+horse+battery");
    assert_int_equal(browser.status, 400);
    browser_submit(&browser, EMAIL, "email=alice@example.com&password=correct+horse+battery");
    assert_page_has(&browser, "This is your address already.");
    browser_submit(&browser, EMAIL, "email=New@example.com&password=correct+horse+battery");
    browser_follow(&browser);
    assert_page_has(&browser, "We have sent a link");
    assert_page_has(&browser, "value=\"alice@example.com\"");

    assert_true(str_equal(town_letter(town)->recipient, STR("new@example.com")));
    browser_get(&browser, town_link(town, "Confirm your new e-mail"));
    assert_page_has(&browser, "<strong>new@example.com</strong>");
    assert_page_has(&browser, "the account <strong>alice</strong>");
    browser_submit(&browser, "/auth/first/confirm", "");
    browser_follow(&browser);
    assert_page_has(&browser, "value=\"new@example.com\"");
    assert_true(str_equal(town_letter(town)->recipient, STR("alice@example.com")));
    assert_string_equal(town_link(town, "Your e-mail for First Radio was changed"), SECURITY);
    assert_null(town_letter(town));
}

/* Whoever has stolen a password may have asked for his own address before it was changed. */
static void a_link_to_a_new_address_dies_with_the_password(void **state)
{
    struct town *town = *state;
    struct browser browser = alice_at_home(state);
    browser_submit(&browser, EMAIL, "email=mallory@example.com&password=correct+horse+battery");
    const char *link = town_link(town, "Confirm your new e-mail");
    browser_get(&browser, link);
    assert_int_equal(browser.status, 200);
    browser_get(&browser, SECURITY);
    browser_submit(&browser, PASSCODE, "password=correct+horse+battery&new_password=another+horse+battery");
    assert_int_equal(browser.status, 303);
    browser_get(&browser, link);
    assert_int_equal(browser.status, 410);
}

/* A signed-in browser is no way around what slows letters to one address down. */
static void nobody_floods_another_ones_mailbox(void **state)
{
    struct browser browser = alice_at_home(state);
    for (int i = 0; i < 3; i++) {
        browser_get(&browser, ACCOUNT);
        browser_submit(&browser, EMAIL, "email=flooded@example.com&password=correct+horse+battery");
        assert_int_equal(browser.status, 303);
    }
    browser_get(&browser, ACCOUNT);
    browser_submit(&browser, EMAIL, "email=flooded@example.com&password=correct+horse+battery");
    assert_int_equal(browser.status, 429);
    assert_page_has(&browser, "enough mail");
}

static const char *withdraw_of(struct browser *browser)
{
    size_t at = find_text(browser->body, 0, "name=\"withdraw\" value=\"");
    struct str rest = str_slice(browser->body, at + strlen("name=\"withdraw\" value=\""), browser->body.len);
    return arena_printf(browser->town->arena, "withdraw=%.*s", (int)str_find(rest, '"'), rest.ptr).ptr;
}

static void what_was_allowed_can_be_withdrawn(void **state)
{
    struct town *town = *state;
    struct browser browser = alice_at_home(state);
    browser_get(&browser, APPLICATIONS);
    assert_page_has(&browser, "No application can use your account.");
    struct call *tokens = office_redeem(town->office, office_code(town->office, "one"));
    office_redeem(town->office, office_code(town->office, "two"));
    struct str token = office_fact(tokens, FACT_access_token);
    browser_get(&browser, APPLICATIONS);
    assert_page_has(&browser, "client.example");
    assert_page_has(&browser, "In A station");
    browser_submit(&browser, APPLICATIONS, withdraw_of(&browser));
    browser_follow(&browser);
    assert_page_has(&browser, "The access is withdrawn.");
    assert_page_has(&browser, "No application can use your account.");
    assert_int_equal(office_guard(town->office, token), REFUSED_token_revoked);
    browser_send(&browser, "POST", STR(APPLICATIONS), STR("withdraw=1-1&form=forged"));
    assert_int_equal(browser.status, 403);
}

static void nobody_withdraws_what_another_one_allowed(void **state)
{
    struct town *town = *state;
    struct call *tokens = office_redeem(town->office, office_code(town->office, "one"));
    struct browser alice = alice_at_home(state), bob = browser_of(town);
    browser_get(&alice, APPLICATIONS);
    const char *typed = withdraw_of(&alice);
    browser_get(&bob, APPLICATIONS);
    browser_sign_in(&bob, "bob");
    browser_follow(&bob);
    struct call *call = office_question(town->office, "plain", "code");
    assert_int_equal(office_ask(town->office, call), NOT_REFUSED);
    assert_int_equal(office_allow(town->office, call, BOB, NORTH, "three"), NOT_REFUSED);
    browser_get(&bob, APPLICATIONS);
    browser_submit(&bob, APPLICATIONS, typed);
    assert_int_equal(bob.status, 303);
    assert_int_equal(office_guard(town->office, office_fact(tokens, FACT_access_token)), NOT_REFUSED);
}

static void a_new_password_needs_the_old_one(void **state)
{
    struct town *town = *state;
    struct browser browser = alice_at_home(state), elsewhere = alice_at_home(state);
    browser_get(&browser, SECURITY);
    browser_submit(&browser, PASSCODE, "password=wrong&new_password=another+horse+battery");
    assert_int_equal(browser.status, 403);
    assert_page_has(&browser, "This is not your current password.");
    browser_submit(&browser, PASSCODE, "password=correct+horse+battery&new_password=short");
    assert_page_has(&browser, "<a href=\"#new_password\">Choose a password of at least 10 characters.</a>");
    browser_submit(&browser, PASSCODE, "password=correct+horse+battery&new_password=another+horse+battery");
    browser_follow(&browser);
    assert_page_has(&browser, "Your password is changed.");
    browser_get(&elsewhere, ACCOUNT);
    assert_page_has(&elsewhere, "id=\"sign-in\"");
    browser_sign_in(&elsewhere, "alice");
    assert_int_equal(elsewhere.status, 403);
    assert_non_null(town_link(town, "was changed"));
}

static enum outcome give_alice_an_app(const struct office *office, struct store_tx *tx)
{
    struct user_row row = office->users[ALICE];
    const struct digest hash = digest_sha256(STR("code"));
    row.totp_key = STR("sealed");
    TRY(user_update(tx, &row));
    return recovery_codes_replace(tx, row.id, &hash, 1);
}

static enum outcome show_second_step(const struct office *office, struct store_tx *tx)
{
    struct session_row *rows;
    size_t count;
    struct store_reader *reader = store_tx_reader(tx);
    TRY(session_list(reader, office->house.arena, office->users[ALICE].id, office->now, 1, &rows, &count));
    TRY(session_delete(tx, rows[0].id));
    rows[0].factors |= FACTOR_TOTP;
    return session_insert(tx, &rows[0]);
}

static struct browser alice_with_an_app(struct town *town)
{
    struct browser browser = alice_at(town, ACCOUNT);
    office_perform(town->office, give_alice_an_app);
    office_perform(town->office, show_second_step);
    browser_get(&browser, SECURITY);
    return browser;
}

static void the_second_step_is_taken_away_by_password_only(void **state)
{
    struct browser browser = alice_with_an_app(*state);
    assert_page_has(&browser, "Recovery codes left: 1");
    browser_submit(&browser, FACTORS, "do=remove&password=wrong");
    assert_int_equal(browser.status, 403);
    assert_page_has(&browser, "href=\"#factor_password\"");
    browser_submit(&browser, FACTORS, "do=recovery_codes&password=correct+horse+battery");
    assert_page_has(&browser, "Your recovery codes");
    browser_get(&browser, SECURITY);
    assert_page_has(&browser, "Recovery codes left: 10");
    browser_submit(&browser, FACTORS, "do=remove&password=correct+horse+battery");
    browser_follow(&browser);
    assert_page_has(&browser, "The second step is off.");
    assert_page_has(&browser, "id=\"set-up-factor\"");
}

static void a_second_step_that_is_required_stays(void **state)
{
    struct town *town = *state;
    struct browser browser = alice_with_an_app(town);
    town->office->realm.people.second_factor = SECOND_FACTOR_REQUIRED;
    browser_get(&browser, SECURITY);
    assert_false(page_has(&browser, "id=\"remove-factor\""));
    browser_submit(&browser, FACTORS, "do=remove&password=correct+horse+battery");
    assert_page_has(&browser, "Recovery codes left: 1");
}

static void sessions_are_seen_and_ended(void **state)
{
    struct browser browser = alice_at_home(state), other = alice_at_home(state), third = alice_at_home(state);
    browser_get(&browser, SECURITY);
    assert_page_has(&browser, "Firefox on Linux");
    assert_page_has(&browser, "This browser");
    assert_page_has(&browser, "from 192.0.2.1");
    size_t at = find_text(browser.body, 0, "name=\"end\" value=\"") + strlen("name=\"end\" value=\"");
    struct str rest = str_slice(browser.body, at, browser.body.len);
    struct str typed = arena_printf(browser.town->arena, "end=%.*s", (int)str_find(rest, '"'), rest.ptr);
    browser_submit(&browser, SESSIONS, typed.ptr);
    browser_follow(&browser);
    assert_page_has(&browser, "Signed out there.");
    browser_submit(&browser, SESSIONS, "end=others");
    browser_follow(&browser);
    assert_page_has(&browser, "You are signed out everywhere else.");
    browser_get(&other, ACCOUNT);
    assert_page_has(&other, "id=\"sign-in\"");
    browser_get(&third, ACCOUNT);
    assert_page_has(&third, "id=\"sign-in\"");
    browser_submit(&browser, SESSIONS, "end=nonsense");
    assert_int_equal(browser.status, 200);
}

static void doors_are_opened_only_shortly_after_signing_in(void **state)
{
    struct browser browser = alice_at_home(state);
    browser.town->office->now += 1000;
    browser_get(&browser, SECURITY);
    assert_int_equal(browser.status, 200);
    browser_get(&browser, SET_UP);
    assert_page_has(&browser, "Please sign in again to go on.");
    browser_sign_in(&browser, "alice");
    assert_true(str_equal(reply_header(&browser, "Location"), STR(SET_UP)));
}

static void times_are_in_the_readers_words(void **state)
{
    struct town *town = *state;
    town->office->now = INT64_C(1800000000) + INT64_C(86400) * 365;
    struct browser browser = alice_at(town, SECURITY);
    assert_page_has(&browser, "15 January 2028, 08:00 UTC");
    browser.language = "fr";
    browser_get(&browser, SECURITY);
    assert_page_has(&browser, "15 janvier 2028 à 08:00 UTC");
    assert_page_has(&browser, "Firefox sur Linux");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, town_setup, town_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_person_has_a_name),
        TEST(an_address_counts_when_its_link_is_opened),
        TEST(a_link_to_a_new_address_dies_with_the_password),
        TEST(nobody_floods_another_ones_mailbox),
        TEST(what_was_allowed_can_be_withdrawn),
        TEST(nobody_withdraws_what_another_one_allowed),
        TEST(a_new_password_needs_the_old_one),
        TEST(the_second_step_is_taken_away_by_password_only),
        TEST(a_second_step_that_is_required_stays),
        TEST(sessions_are_seen_and_ended),
        TEST(doors_are_opened_only_shortly_after_signing_in),
        TEST(times_are_in_the_readers_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
