/* Paths, methods, headers and files of the site; and who may come in where. */
#include "browser.h"

static void assert_header(const struct browser *browser, const char *name, const char *value)
{
    struct str found = reply_header(browser, name);
    if (!str_equal(found, str_of(value)))
        print_error("%s: %.*s\n", name, STR_ARGS(found));
    assert_true(str_equal(found, str_of(value)));
}

static void assert_guarded(const struct browser *browser)
{
    struct str policy = reply_header(browser, "Content-Security-Policy");
    assert_header(browser, "Cache-Control", "no-store");
    assert_header(browser, "Vary", "Accept-Language, Cookie");
    assert_header(browser, "Referrer-Policy", "no-referrer");
    assert_header(browser, "X-Content-Type-Options", "nosniff");
    assert_header(browser, "X-Frame-Options", "DENY");
    assert_true(str_has_prefix(policy, STR("default-src 'none'; style-src 'self'; img-src 'self' data:")));
    assert_true(find_text(policy, 0, "; form-action 'self'") < policy.len);
    assert_true(find_text(policy, 0, "; frame-ancestors 'none'; base-uri 'none'") < policy.len);
    assert_true(find_text(policy, 0, "unsafe") == policy.len);
    bool has_script = page_has(browser, "<script ");
    assert_int_equal(find_text(policy, 0, "; script-src 'self'") < policy.len, has_script);
}

/* Behaviour 27: [RFC9700 4.16] */
static void every_page_is_guarded_against_frames_and_caches(void **state)
{
    static const char *const anybody[] = {SIGN_IN,
                                          SIGN_OUT,
                                          "/auth/first/register",
                                          "/auth/first/forgot",
                                          "/auth/first/no",
                                          ACCOUNT,
                                          "/auth/first/confirm",
                                          "/auth/first/reset",
                                          ASK};
    static const char *const users[] = {ACCOUNT, SECURITY, APPLICATIONS, SET_UP, ASK, SIGN_OUT};
    struct browser stranger = browser_of(*state);
    for (size_t i = 0; i < sizeof(anybody) / sizeof(*anybody); i++) {
        browser_get(&stranger, anybody[i]);
        assert_guarded(&stranger);
    }
    struct browser alice = alice_at(*state, ACCOUNT);
    for (size_t i = 0; i < sizeof(users) / sizeof(*users); i++) {
        browser_get(&alice, users[i]);
        assert_int_equal(alice.status, 200);
        assert_guarded(&alice);
    }
}

/* The browser must let the answer go to the client, and nowhere else. */
static void forms_of_a_request_may_lead_to_its_client(void **state)
{
    struct browser browser = browser_of(*state);
    browser_get(&browser, ASK);
    struct str policy = reply_header(&browser, "Content-Security-Policy");
    assert_true(find_text(policy, 0, "form-action 'self' https://client.example;") < policy.len);
    browser_get(&browser, "/oauth/authorize?client_id=public&response_type=code&redirect_uri=com.example.app:/cb&"
                          "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256");
    policy = reply_header(&browser, "Content-Security-Policy");
    assert_true(find_text(policy, 0, "form-action 'self' com.example.app:;") < policy.len);
}

static void a_form_post_page_sends_itself_to_the_client(void **state)
{
    struct town *town = *state;
    struct browser browser = browser_of(town);
    browser_get(&browser, SIGN_IN);
    struct exchange exchange = *browser.exchange;
    exchange.response = (struct response){0};
    struct call *call = town_read(town, &exchange, &town->office->realm, STR(ASK));
    const struct form_field fields[] = {{STR("code"), STR("abc")}, {STR("state"), STR("\"><b>")}};
    site_post(town->site, &exchange, call, fields, 2);
    browser.exchange = &exchange;
    browser.body = exchange.response.body;
    assert_page_has(&browser, "action=\"https://client.example/cb?kept=1\"");
    assert_page_has(&browser, "name=\"state\" value=\"&quot;&gt;&lt;b&gt;\"");
    struct str policy = reply_header(&browser, "Content-Security-Policy");
    assert_true(find_text(policy, 0, "form-action 'self' https://client.example;") < policy.len);
    assert_true(find_text(policy, 0, "; script-src 'self'") < policy.len);
}

static struct str link_of(const struct browser *browser, const char *begin)
{
    size_t at = find_text(browser->body, 0, begin);
    assert_true(at < browser->body.len);
    struct str rest = str_slice(browser->body, at, browser->body.len);
    return str_slice(rest, 0, str_find(rest, '"'));
}

static void styles_are_kept_for_good_and_named_by_what_they_say(void **state)
{
    struct browser browser = browser_of(*state);
    browser_get(&browser, SIGN_IN);
    struct str style = link_of(&browser, "/auth/style-"), colors = link_of(&browser, "/auth/first/colors-");
    browser_send(&browser, "GET", style, STR(""));
    assert_int_equal(browser.status, 200);
    assert_header(&browser, "Content-Type", "text/css; charset=utf-8");
    assert_header(&browser, "Cache-Control", "public, max-age=31536000, immutable");
    assert_page_has(&browser, "prefers-color-scheme: dark");
    browser_send(&browser, "HEAD", colors, STR(""));
    assert_int_equal(browser.status, 200);
    browser_send(&browser, "POST", colors, STR(""));
    assert_int_equal(browser.status, 405);
    browser_get(&browser, "/auth/style-0000000000000000.css");
    assert_int_equal(browser.status, 404);
}

static void methods_are_those_that_a_page_has(void **state)
{
    struct browser browser = browser_of(*state);
    browser_send(&browser, "HEAD", STR(SIGN_IN), STR(""));
    assert_int_equal(browser.status, 200);
    browser_send(&browser, "PUT", STR(SIGN_IN), STR(""));
    assert_int_equal(browser.status, 405);
    assert_header(&browser, "Allow", "GET, HEAD, POST");
    browser_send(&browser, "POST", STR(SECURITY), STR("a=b"));
    assert_int_equal(browser.status, 405);
    assert_header(&browser, "Allow", "GET, HEAD");
}

static void what_is_no_page_is_told_so(void **state)
{
    struct browser browser = browser_of(*state);
    browser_get(&browser, "/auth/first/nothing");
    assert_int_equal(browser.status, 404);
    assert_page_has(&browser, "There is nothing here");
    browser_get(&browser, "/auth/first");
    assert_header(&browser, "Location", ACCOUNT);
    browser_get(&browser, "/auth/first/");
    assert_header(&browser, "Location", ACCOUNT);
    browser_get(&browser, "/auth/firstly/sign-in");
    assert_true(str_equal(browser.body, STR("none of the site's")));
    browser_get(&browser, "/elsewhere");
    assert_true(str_equal(browser.body, STR("none of the site's")));
}

static void a_realm_with_hosts_has_its_pages_there_only(void **state)
{
    static struct str hosts[] = {STR_INIT("auth.example")};
    struct town *town = *state;
    town->office->realm.hosts = hosts;
    town->office->realm.host_count = 1;
    town_open_site(town);
    struct browser browser = browser_of(town);
    browser_get(&browser, SIGN_IN);
    assert_true(str_equal(browser.body, STR("none of the site's")));
    browser.host = "auth.example";
    browser_get(&browser, SIGN_IN);
    assert_int_equal(browser.status, 200);
    browser_get(&browser, "/auth/second/sign-in");
    assert_int_equal(browser.status, 200);
}

static void cookies_of_https_are_for_this_host_only(void **state)
{
    struct town *town = *state;
    struct browser browser = browser_of(town);
    browser_get(&browser, SIGN_IN);
    assert_true(str_has_prefix(reply_header(&browser, "Set-Cookie"), STR("jeton-first=a")));
    town->office->realm.issuer = STR("https://auth.example/first");
    town_open_site(town);
    browser = browser_of(town);
    browser_get(&browser, SIGN_IN);
    struct str cookie = reply_header(&browser, "Set-Cookie");
    assert_true(str_has_prefix(cookie, STR("__Host-jeton-first=a")));
    assert_true(str_has_suffix(cookie, STR("; Path=/; HttpOnly; SameSite=Lax; Secure")));
}

static void pages_speak_the_readers_language(void **state)
{
    struct browser browser = browser_of(*state);
    browser.language = "fr-CH, en;q=0.5";
    browser_get(&browser, SIGN_IN);
    assert_header(&browser, "Content-Language", "fr");
    assert_page_has(&browser, "<html lang=\"fr\">");
    assert_page_has(&browser, "Se connecter");
}

static void a_request_past_a_limit_is_told_on_a_page(void **state)
{
    static const struct {
        enum http_limit limit;
        unsigned status;
    } cases[] = {{BODY_TOO_LARGE, 413}, {HEADERS_TOO_LARGE, 431}, {URI_TOO_LONG, 414}, {REQUEST_MALFORMED, 400}};
    struct town *town = *state;
    struct browser browser = browser_of(town);
    for (size_t i = 0; i < 4; i++) {
        browser_get(&browser, SIGN_IN);
        struct exchange exchange = *browser.exchange;
        exchange.response = (struct response){0};
        exchange.limit = cases[i].limit;
        town_handle(town, &exchange);
        assert_int_equal(exchange.response.status, cases[i].status);
    }
}

static void forms_that_cannot_be_read_change_nothing(void **state)
{
    struct browser browser = browser_of(*state);
    browser_get(&browser, SIGN_IN);
    browser_submit(&browser, SIGN_IN, "username=alice&username=bob&password=x");
    assert_int_equal(browser.status, 400);
    assert_page_has(&browser, "This request cannot be read");
    browser_get(&browser, SIGN_IN);
    browser_submit(&browser, SIGN_IN, "username=%ff&password=x");
    assert_int_equal(browser.status, 400);
}

/* Two realms on one origin have nothing of each other. */
static void a_session_opens_its_own_realm_only(void **state)
{
    struct browser browser = alice_at(*state, ACCOUNT);
    browser_get(&browser, "/auth/second/account");
    assert_page_has(&browser, "id=\"sign-in\"");
    struct jar_cookie *own = jar_find(&browser, STR("jeton-first"));
    jar_find(&browser, STR("jeton-second"))->value = own->value;
    browser_get(&browser, "/auth/second/account");
    assert_page_has(&browser, "id=\"sign-in\"");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, town_setup, town_teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_page_is_guarded_against_frames_and_caches),
        TEST(forms_of_a_request_may_lead_to_its_client),
        TEST(a_form_post_page_sends_itself_to_the_client),
        TEST(styles_are_kept_for_good_and_named_by_what_they_say),
        TEST(methods_are_those_that_a_page_has),
        TEST(what_is_no_page_is_told_so),
        TEST(a_realm_with_hosts_has_its_pages_there_only),
        TEST(cookies_of_https_are_for_this_host_only),
        TEST(pages_speak_the_readers_language),
        TEST(a_request_past_a_limit_is_told_on_a_page),
        TEST(forms_that_cannot_be_read_change_nothing),
        TEST(a_session_opens_its_own_realm_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
