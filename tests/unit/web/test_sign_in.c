/* Signing in and out, the second step, and forgotten passwords. */
#include "letters.h"

#include "crypto/totp.h"
#include "identity/factor.h"

static void whoever_is_wrong_hears_the_same_words(void **state)
{
    static const char *const typed[] = {"username=alice&password=wrong", "username=nobody&password=wrong",
                                        "username=nobody&password=correct+horse+battery"};
    struct browser browser = browser_of(*state);
    browser_get(&browser, SIGN_IN);
    for (size_t i = 0; i < 3; i++) {
        browser_submit(&browser, SIGN_IN, typed[i]);
        assert_int_equal(browser.status, 403);
        assert_page_has(&browser, "<a href=\"#password\">The user name or the password is wrong.</a>");
        assert_page_has(&browser, "aria-invalid=\"true\"");
        assert_page_has(&browser, i ? "value=\"nobody\"" : "value=\"alice\"");
        assert_false(page_has(&browser, "correct horse"));
    }
    browser_submit(&browser, SIGN_IN, "username=&password=");
    assert_int_equal(browser.status, 400);
    assert_page_has(&browser, "Enter your password.");
}

static void guessing_is_slowed_down(void **state)
{
    struct browser browser = browser_of(*state);
    browser_get(&browser, SIGN_IN);
    for (int i = 0; i < 20 && browser.status != 429; i++)
        browser_submit(&browser, SIGN_IN, "username=alice&password=wrong");
    assert_int_equal(browser.status, 429);
    assert_true(str_is_present(reply_header(&browser, "Retry-After")));
    assert_page_has(&browser, "There were too many wrong tries.");
    /* Even the right one is not compared; after the wait it opens. */
    browser_sign_in(&browser, "alice");
    assert_int_equal(browser.status, 429);
    browser.town->office->now += 120;
    browser_sign_in(&browser, "alice");
    assert_int_equal(browser.status, 303);
}

static void whoever_is_switched_off_is_told_so_after_the_password_only(void **state)
{
    struct town *town = *state;
    office_perform(town->office, disable_alice);
    struct browser browser = browser_of(town);
    browser_get(&browser, SIGN_IN);
    browser_submit(&browser, SIGN_IN, "username=alice&password=wrong");
    assert_page_has(&browser, "The user name or the password is wrong.");
    browser_sign_in(&browser, "alice");
    assert_int_equal(browser.status, 403);
    assert_page_has(&browser, "This account is switched off.");
}

static struct str session_of(struct browser *browser)
{
    return jar_find(browser, STR("jeton-first"))->value;
}

/* A cookie that somebody planted is worth nothing after the sign-in. */
static void signing_in_changes_the_cookie(void **state)
{
    struct browser browser = browser_of(*state);
    browser_get(&browser, SIGN_IN);
    struct str before = session_of(&browser);
    browser_sign_in(&browser, "alice");
    assert_false(str_equal(session_of(&browser), before));
    assert_true(str_equal(reply_header(&browser, "Location"), STR(ACCOUNT)));
    struct browser thief = browser_of(*state);
    jar_find(&thief, STR("jeton-first"))->value = before;
    browser_get(&thief, ACCOUNT);
    assert_page_has(&thief, "id=\"sign-in\"");
}

static void signing_out_ends_the_session_for_every_copy_of_the_cookie(void **state)
{
    struct browser browser = alice_at(*state, ACCOUNT), copy = browser;
    browser_submit(&browser, SIGN_OUT, "");
    browser_follow(&browser);
    assert_page_has(&browser, "You are signed out");
    browser_get(&copy, ACCOUNT);
    assert_page_has(&copy, "id=\"sign-in\"");
}

static void nobody_is_signed_out_by_a_link(void **state)
{
    struct browser browser = alice_at(*state, ACCOUNT);
    browser_get(&browser, SIGN_OUT);
    assert_page_has(&browser, "Do you want to sign out?");
    browser_send(&browser, "POST", STR(SIGN_OUT), STR("form=forged"));
    assert_int_equal(browser.status, 403);
    browser_get(&browser, ACCOUNT);
    assert_page_has(&browser, "Signed in as");
}

static void after_sign_in_one_goes_on_within_the_realm_only(void **state)
{
    static const char *const elsewhere[] = {
        "https://evil.example/",     "//evil.example/",  "/auth/first\\\\evil", "/auth/second/account",
        "/auth/firstly/x",           "/oauth/token?a=b", "javascript:alert(1)", "/auth/first/x%0d%0aSet-Cookie:",
        "/auth/first/%c3%a9account",
    };
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++) {
        struct browser browser = browser_of(*state);
        struct buf target;
        buf_init(&target, browser.town->arena, 1000);
        buf_add(&target, STR(SIGN_IN "?return_to="));
        struct str decoded;
        assert_true(form_decode(browser.town->arena, str_of(elsewhere[i]), &decoded));
        form_encode(&target, decoded);
        browser_send(&browser, "GET", buf_str(&target), STR(""));
        browser_sign_in(&browser, "alice");
        assert_true(str_equal(reply_header(&browser, "Location"), STR(ACCOUNT)));
    }
    struct browser browser = browser_of(*state);
    browser_get(&browser, SIGN_IN "?return_to=%2Fauth%2Ffirst%2Fsecurity");
    browser_sign_in(&browser, "alice");
    assert_true(str_equal(reply_header(&browser, "Location"), STR(SECURITY)));
}

static void a_second_tab_goes_on_where_the_first_signed_in(void **state)
{
    struct browser tab = browser_of(*state);
    browser_get(&tab, ASK);
    struct str old = fill_in(&tab, SIGN_IN, "username=alice&password=correct+horse+battery");
    browser_sign_in(&tab, "alice");
    browser_send(&tab, "POST", STR(SIGN_IN), old);
    assert_true(str_equal(reply_header(&tab, "Location"), STR(ASK)));
}

static void idle_sessions_end(void **state)
{
    struct browser browser = alice_at(*state, ACCOUNT);
    browser.town->office->now += 3000;
    browser_get(&browser, ACCOUNT);
    assert_page_has(&browser, "Signed in as");
    /* The visit has counted, once a later unit is through. */
    office_perform(browser.town->office, withdraw_all);
    browser.town->office->now += 3000;
    browser_get(&browser, ACCOUNT);
    assert_page_has(&browser, "Signed in as");
    browser.town->office->now += 3601;
    browser_get(&browser, ACCOUNT);
    assert_page_has(&browser, "id=\"sign-in\"");
}

/* The code of an authenticator app that has this key, as the page shows it. */
static const char *code_of(struct town *town, struct str key)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    char bytes[TOTP_KEY_LEN + 1] = "", code[TOTP_DIGITS];
    size_t bits = 0, len = 0;
    unsigned held = 0;
    for (size_t i = 0; i < key.len && len < TOTP_KEY_LEN; i++) {
        const char *digit = key.ptr[i] == ' ' ? NULL : strchr(alphabet, key.ptr[i]);
        if (!digit)
            continue;
        held = held << 5 | (unsigned)(digit - alphabet);
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            bytes[len++] = (char)(held >> bits);
        }
    }
    assert_int_equal(len, TOTP_KEY_LEN);
    totp_write((struct str){bytes, TOTP_KEY_LEN}, town->office->now / TOTP_STEP_SECONDS, code);
    return arena_printf(town->arena, "code=%.*s", TOTP_DIGITS, code).ptr;
}

static struct str key_of(struct browser *browser)
{
    size_t at = find_text(browser->body, 0, "key-text\">");
    struct str rest = str_slice(browser->body, at + strlen("key-text\">"), browser->body.len);
    return arena_str(browser->town->arena, str_slice(rest, 0, str_find(rest, '<')));
}

/* Sets the second step up; gives the key. */
static struct str set_up(struct browser *browser)
{
    browser_get(browser, SET_UP);
    struct str key = key_of(browser);
    assert_page_has(browser, "src=\"data:image/svg+xml;base64,");
    browser_submit(browser, SET_UP, code_of(browser->town, key));
    assert_int_equal(browser->status, 200);
    assert_page_has(browser, "Your recovery codes");
    return key;
}

static void a_second_step_is_asked_for_once_it_is_set_up(void **state)
{
    struct browser browser = alice_at(*state, ACCOUNT);
    struct str before = session_of(&browser), key = set_up(&browser);
    assert_false(str_equal(session_of(&browser), before));
    browser_get(&browser, ACCOUNT);
    assert_page_has(&browser, "Signed in as");

    browser = browser_of(*state);
    browser_get(&browser, ASK);
    browser_sign_in(&browser, "alice");
    browser_follow(&browser);
    assert_page_has(&browser, "id=\"verify\"");
    /* Nothing else is open to the password alone. */
    browser_get(&browser, ACCOUNT);
    assert_page_has(&browser, "id=\"verify\"");
    browser_get(&browser, ASK);
    browser_submit(&browser, FACTOR, "code=000000");
    assert_int_equal(browser.status, 403);
    assert_page_has(&browser, "The code is wrong or was used before.");
    browser.town->office->now += TOTP_STEP_SECONDS;
    struct str half = session_of(&browser);
    browser_submit(&browser, FACTOR, code_of(browser.town, key));
    assert_true(str_equal(reply_header(&browser, "Location"), STR(ASK)));
    assert_false(str_equal(session_of(&browser), half));
    browser_follow(&browser);
    assert_page_has(&browser, "id=\"allow\"");
}

static void a_recovery_code_opens_once(void **state)
{
    struct browser browser = alice_at(*state, ACCOUNT);
    set_up(&browser);
    size_t at = find_text(browser.body, 0, "<li><code>") + strlen("<li><code>");
    struct str typed = arena_printf(browser.town->arena, "code=%.*s", RECOVERY_CODE_LEN, browser.body.ptr + at);
    for (int i = 0; i < 2; i++) {
        struct browser again = browser_of(*state);
        browser_get(&again, ACCOUNT);
        browser_sign_in(&again, "alice");
        browser_follow(&again);
        browser_submit(&again, FACTOR, typed.ptr);
        assert_int_equal(again.status, i == 0 ? 303 : 403);
    }
}

static void a_wrong_first_code_keeps_the_key(void **state)
{
    struct browser browser = alice_at(*state, ACCOUNT);
    browser_get(&browser, SET_UP);
    struct str key = key_of(&browser);
    browser_submit(&browser, SET_UP, "code=123");
    assert_int_equal(browser.status, 403);
    assert_true(str_equal(key_of(&browser), key));
    browser_submit(&browser, SET_UP, "code=");
    assert_int_equal(browser.status, 400);
    browser_submit(&browser, SET_UP, code_of(browser.town, key));
    assert_page_has(&browser, "Your recovery codes");
}

/* Who has been at the account once knows a key that opens there; a link must not bring it in. */
static void no_link_chooses_the_key(void **state)
{
    struct browser browser = alice_at(*state, ACCOUNT);
    browser_get(&browser, SET_UP);
    struct str key = key_of(&browser), sealed = hidden_of(&browser, SET_UP, "key");
    browser_get(&browser, arena_printf(browser.town->arena, SET_UP "?key=%.*s", STR_ARGS(sealed)).ptr);
    assert_int_equal(browser.status, 200);
    assert_false(str_equal(key_of(&browser), key));
}

/* The password is from long ago: a code alone is no new sign-in. */
static void a_late_second_step_is_no_new_sign_in(void **state)
{
    struct browser browser = alice_at(*state, ACCOUNT);
    struct str key = set_up(&browser);
    browser = browser_of(*state);
    browser_get(&browser, ASK "&prompt=login");
    browser_sign_in(&browser, "alice");
    browser.town->office->now += 1000;
    browser_get(&browser, ASK "&prompt=login");
    browser_submit(&browser, FACTOR, code_of(browser.town, key));
    browser_follow(&browser);
    assert_page_has(&browser, "id=\"sign-in\"");
    browser_sign_in(&browser, "alice");
    browser_follow(&browser);
    browser.town->office->now += TOTP_STEP_SECONDS;
    browser_submit(&browser, FACTOR, code_of(browser.town, key));
    browser_follow(&browser);
    assert_page_has(&browser, "id=\"allow\"");
}

static void whoever_must_have_a_second_step_sets_it_up_first(void **state)
{
    struct town *town = *state;
    town->office->realm.people.second_factor = SECOND_FACTOR_REQUIRED;
    struct browser browser = browser_of(town);
    browser_get(&browser, ASK);
    browser_sign_in(&browser, "alice");
    browser_follow(&browser);
    assert_page_has(&browser, "Set up a second step");
    browser_get(&browser, ASK "&prompt=none");
    assert_true(str_equal(reply_header(&browser, "Location"), STR(CALLBACK "&error=login_required")));
    browser_get(&browser, ASK);
    browser_submit(&browser, SET_UP, code_of(town, key_of(&browser)));
    assert_page_has(&browser, "href=\"/oauth/authorize?client_id=plain&amp;response_type=code");
    browser_get(&browser, ASK);
    assert_page_has(&browser, "id=\"allow\"");
}

#define FORGOT   "/auth/first/forgot"
#define RESET    "/auth/first/reset"
#define REGISTER "/auth/first/register"
#define CONFIRM  "/auth/first/confirm"

static void a_forgotten_password_is_replaced_by_mail(void **state)
{
    struct town *town = *state;
    struct browser signed_in = alice_at(town, ACCOUNT), browser = browser_of(town);
    browser_get(&browser, FORGOT);
    browser_submit(&browser, FORGOT, "username=Alice@example.com");
    assert_page_has(&browser, "Look into your mail");
    const char *link = town_link(town, "A new password for First Radio");
    browser_get(&browser, link);
    assert_page_has(&browser, "Choose a new password");
    browser_submit(&browser, RESET, "password=short");
    assert_int_equal(browser.status, 400);
    assert_page_has(&browser, "at least 10 characters");
    browser_submit(&browser, RESET, "password=another+horse+battery");
    assert_page_has(&browser, "Your password is changed");
    /* Once, and it ends what was signed in. */
    browser_get(&browser, link);
    assert_int_equal(browser.status, 410);
    browser_get(&signed_in, ACCOUNT);
    assert_page_has(&signed_in, "id=\"sign-in\"");
    browser_sign_in(&signed_in, "alice");
    assert_int_equal(signed_in.status, 403);
    browser_submit(&signed_in, SIGN_IN, "username=alice&password=another+horse+battery");
    assert_int_equal(signed_in.status, 303);
    assert_non_null(town_link(town, "was changed"));
}

static void nobody_learns_who_has_an_account(void **state)
{
    struct browser known = browser_of(*state), unknown = browser_of(*state);
    browser_get(&known, FORGOT);
    browser_submit(&known, FORGOT, "username=alice");
    browser_get(&unknown, FORGOT);
    browser_submit(&unknown, FORGOT, "username=nobody");
    assert_int_equal(known.status, unknown.status);
    assert_true(str_equal(known.body, unknown.body));
    assert_non_null(town_link(*state, "A new password"));
    assert_null(town_letter(*state));
}

static void nobody_is_flooded_with_mail(void **state)
{
    struct browser browser = browser_of(*state);
    browser_get(&browser, FORGOT);
    for (int i = 0; i < 20 && browser.status != 429; i++) {
        browser_get(&browser, FORGOT);
        browser_submit(&browser, FORGOT, "username=bob");
    }
    assert_int_equal(browser.status, 429);
    assert_page_has(&browser, "enough mail");
}

/* The password is chosen behind the link: whoever does not read the mail has no account. */
static void a_newcomer_confirms_by_mail(void **state)
{
    struct town *town = *state;
    struct browser browser = browser_of(town);
    browser_get(&browser, REGISTER);
    browser_submit(&browser, REGISTER, "display_name=Dora&username=not+an+address");
    assert_int_equal(browser.status, 400);
    browser_submit(&browser, REGISTER, "display_name=Dora&username=Dora@Example.com");
    assert_page_has(&browser, "dora@example.com");
    const char *link = town_link(town, "Confirm your e-mail");
    browser_get(&browser, link);
    browser_submit(&browser, CONFIRM, "password=dora@example.com");
    assert_page_has(&browser, "not your name or address");
    browser_submit(&browser, CONFIRM, "password=correct+horse+battery");
    assert_page_has(&browser, "Your e-mail is confirmed");
    browser_get(&browser, link);
    assert_int_equal(browser.status, 410);
    browser_get(&browser, SIGN_IN);
    browser_sign_in(&browser, "dora@example.com");
    assert_int_equal(browser.status, 303);
}

/* Nobody has shown yet that the address is his: so the letter carries no words of his to it. */
static void a_letter_to_a_strangers_address_greets_that_only(void **state)
{
    struct browser browser = browser_of(*state);
    browser_get(&browser, REGISTER);
    browser_submit(&browser, REGISTER, "display_name=Win+at+http://evil.example&username=eve@example.com");
    struct str body = town_letter(*state)->body;
    assert_true(find_text(body, 0, "Hello eve@example.com,") < body.len);
    assert_int_equal(find_text(body, 0, "evil"), body.len);
}

static void an_address_that_is_taken_is_told_by_mail_only(void **state)
{
    struct town *town = *state;
    struct browser browser = browser_of(town);
    browser_get(&browser, REGISTER);
    browser_submit(&browser, REGISTER, "display_name=Eve&username=eve@example.com");
    struct str fresh = browser.body;
    town_link(town, "Confirm your e-mail");
    /* Again while nobody has confirmed: a new link. */
    browser_get(&browser, REGISTER);
    browser_submit(&browser, REGISTER, "display_name=Eve&username=eve@example.com");
    const char *link = town_link(town, "Confirm your e-mail");
    browser_get(&browser, link);
    browser_submit(&browser, CONFIRM, "password=correct+horse+battery");
    browser_get(&browser, REGISTER);
    browser_submit(&browser, REGISTER, "display_name=Mallory&username=eve@example.com");
    assert_true(str_equal(browser.body, fresh));
    assert_string_equal(town_link(town, "Your account at First Radio"), FORGOT);
}

static void a_realm_may_be_closed(void **state)
{
    struct town *town = *state;
    town->office->realm.people.is_open = false;
    town_open_site(town);
    struct browser browser = browser_of(town);
    browser_get(&browser, REGISTER);
    assert_int_equal(browser.status, 403);
    assert_page_has(&browser, "Accounts are given out by First Radio only");
    browser_get(&browser, SIGN_IN);
    assert_false(page_has(&browser, REGISTER "\">"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, town_setup, town_teardown)
    const struct CMUnitTest tests[] = {
        TEST(whoever_is_wrong_hears_the_same_words),
        TEST(guessing_is_slowed_down),
        TEST(whoever_is_switched_off_is_told_so_after_the_password_only),
        TEST(signing_in_changes_the_cookie),
        TEST(signing_out_ends_the_session_for_every_copy_of_the_cookie),
        TEST(nobody_is_signed_out_by_a_link),
        TEST(after_sign_in_one_goes_on_within_the_realm_only),
        TEST(a_second_tab_goes_on_where_the_first_signed_in),
        TEST(idle_sessions_end),
        TEST(a_second_step_is_asked_for_once_it_is_set_up),
        TEST(a_recovery_code_opens_once),
        TEST(a_wrong_first_code_keeps_the_key),
        TEST(no_link_chooses_the_key),
        TEST(a_late_second_step_is_no_new_sign_in),
        TEST(whoever_must_have_a_second_step_sets_it_up_first),
        TEST(a_forgotten_password_is_replaced_by_mail),
        TEST(nobody_learns_who_has_an_account),
        TEST(nobody_is_flooded_with_mail),
        TEST(a_newcomer_confirms_by_mail),
        TEST(a_letter_to_a_strangers_address_greets_that_only),
        TEST(an_address_that_is_taken_is_told_by_mail_only),
        TEST(a_realm_may_be_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
