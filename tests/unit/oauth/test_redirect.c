/* Which redirect_uri may be registered, and which one a client may ask for. Behaviours 15, 16 and 17. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "oauth/redirect.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void assert_may_be(const char *uri, bool expected)
{
    if (redirect_uri_may_be(str_of(uri)) != expected)
        fail_msg("%s %s", uri, expected ? "was refused" : "was taken");
}

static void assert_fits(const char *uri, const char *registered, enum redirect_match match, bool expected)
{
    if (redirect_uri_fits(str_of(uri), str_of(registered), match) != expected)
        fail_msg("%s %s %s", uri, expected ? "does not fit" : "fits", registered);
}

/* [RFC6749 3.1.2] [RFC8252 7.1, 7.3] */
static void absolute_uris_may_be_registered(void **state)
{
    static const char *const uris[] = {
        "https://client.example/cb",
        "https://client.example",
        "https://client.example/",
        "https://client.example?a=b",
        "https://client.example:8443/cb?x=1&y=%20z",
        "https://Client.EXAMPLE/Path",
        "https://xn--bcher-kva.example/cb",
        "https://client.example/cb?issuer=1&miss=2&iss2=3&is=4",
        "https://client.example/iss=1",
        "https://192.0.2.7/cb",
        "https://[2001:db8::7]:8443/cb",
        "http://localhost/cb",
        "http://LocalHost:8765/callback",
        "http://127.0.0.1/cb",
        "http://127.1.2.3:1/cb",
        "http://[::1]:65535/cb",
        "com.example.app:/cb",
        "com.example.app://cb?x=1",
        "com.example.app:/",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(uris); i++)
        assert_may_be(uris[i], true);
}

/* Behaviour 17: registration refuses fragment, relative, scheme-less, host-less, `iss` inside redirect_uri. */
static void what_is_no_callback_is_refused(void **state)
{
    static const char *const uris[] = {
        "",
        "/cb",
        "cb",
        "//client.example/cb",
        "client.example/cb",
        "client.example:8443/cb",
        "com.example.app:cb",
        ":/cb",
        "https:",
        "https:/cb",
        "https:client.example",
        "https://",
        "https:///cb",
        "https://?x",
        "https://:8443/cb",
        "https://client.example/cb#",
        "https://client.example/cb#top",
        "https://client.example/cb?iss=https://a.example",
        "https://client.example/cb?a=b&iss=1",
        "https://client.example/cb?iss",
        "https://client.example/cb?%69s%73=1",
        "com.example.app:/cb?iss=1",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(uris); i++)
        assert_may_be(uris[i], false);
    assert_false(redirect_uri_may_be(STR_NONE));
}

static void only_schemes_that_lead_to_a_client_are_taken(void **state)
{
    static const char *const uris[] = {
        "http://client.example/cb",
        "http://192.0.2.7/cb",
        "http://128.0.0.1/cb",
        "http://localhost.evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://[::2]/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "HTTPS://client.example/cb",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://client.example/cb",
        "blob:https://client.example/1",
        "vbscript:x",
        "myapp:/cb",
        "myapp://cb",
        "1com.example:/cb",
        "com.example.app:",
        "com.example.app://",
        "com.example_app:/cb",
        "Com.Example.App:/cb",
        "view-source:https://client.example",
        "intent://x",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(uris); i++)
        assert_may_be(uris[i], false);
}

/* What two readers of one URI could take for two hosts. */
static void tricks_with_hosts_are_refused(void **state)
{
    static const char *const uris[] = {
        "https://user@client.example/cb",
        "https://user:word@client.example/cb",
        "https://client.example@evil.example/cb",
        "https://@client.example/cb",
        "https://evil.example\\@client.example/cb",
        "https://client.example\\.evil.example/cb",
        "https:\\\\client.example/cb",
        "https://client.example%2f.evil.example/cb",
        "https://client.example%00.evil.example/cb",
        "https://%63lient.example/cb",
        "https://client.example./cb",
        "https://.client.example/cb",
        "https://client..example/cb",
        "https://-client.example/cb",
        "https://client-.example/cb",
        "https://cli_ent.example/cb",
        "https://client.example:/cb",
        "https://client.example:0/cb",
        "https://client.example:65536/cb",
        "https://client.example:-1/cb",
        "https://client.example:+1/cb",
        "https://client.example:443:443/cb",
        "https://client.example:44a/cb",
        "https://client.example:0000443/cb",
        "https://1/cb",
        "https://2130706433/cb",
        "https://127.1/cb",
        "https://0x7f.1/cb",
        "https://127.0.0.0x1/cb",
        "https://127.0.0.01/cb",
        "https://1.2.3.4.5/cb",
        "https://256.0.0.1/cb",
        "http://0177.0.0.1/cb",
        "http://127.0.0.1./cb",
        "https://[::1/cb",
        "https://::1]/cb",
        "https://[]/cb",
        "https://[::1]x/cb",
        "https://[::g]/cb",
        "https://[fe80::1%25eth0]/cb",
        "https://[v1.x]/cb",
        "https://[127.0.0.1]/cb",
        "https://client[.example/cb",
        "com.example.app://user@host/cb",
        "com.example.app://host:user@evil/cb",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(uris); i++)
        assert_may_be(uris[i], false);
}

/* [RFC3986 2] */
static void bytes_that_are_none_of_a_uri_are_refused(void **state)
{
    static const char *const uris[] = {
        "https://client.example/c b",
        " https://client.example/cb",
        "https://client.example/cb ",
        "https://client.example/\tcb",
        "https://client.example/cb\r\nSet-Cookie: a=b",
        "https://client.example/\x7f",
        "https://client.example/\x01",
        "https://b\xc3\xbc"
        "cher.example/cb",
        "https://client.example/\xc3\xbc",
        "https://client.example/\"cb",
        "https://client.example/<cb>",
        "https://client.example/{cb}",
        "https://client.example/c|b",
        "https://client.example/c^b",
        "https://client.example/c`b",
        "https://client.example/cb%",
        "https://client.example/cb%4",
        "https://client.example/cb%zz",
        "https://client.example/cb%0d%0aX:y",
        "https://client.example/cb%00",
        "https://client.example/cb%7F",
        "https://client.example/cb?x=%0A",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(uris); i++)
        assert_may_be(uris[i], false);
    assert_false(redirect_uri_may_be(STR("https://client.example/c\0b")));
    assert_false(redirect_uri_may_be(STR("https://client.example\0")));
}

static void lengths_have_two_sides(void **state)
{
    char uri[REDIRECT_URI_MAX + 1];
    const struct str start = STR("https://client.example/");
    (void)state;
    memset(uri, 'a', sizeof(uri));
    memcpy(uri, start.ptr, start.len);
    assert_true(redirect_uri_may_be((struct str){uri, REDIRECT_URI_MAX}));
    assert_false(redirect_uri_may_be((struct str){uri, REDIRECT_URI_MAX + 1}));

    /* Of a label: 63, of a host: 253. [RFC1035 2.3.4] */
    memset(uri, 'a', sizeof(uri));
    memcpy(uri, "https://", 8);
    assert_true(redirect_uri_may_be((struct str){uri, 8 + 63}));
    assert_false(redirect_uri_may_be((struct str){uri, 8 + 64}));
    for (size_t at = 8 + 1; at < sizeof(uri); at += 2)
        uri[at] = '.';
    assert_true(redirect_uri_may_be((struct str){uri, 8 + 253}));
    assert_false(redirect_uri_may_be((struct str){uri, 8 + 255}));
}

/* Behaviour 15: trailing slash, path case, host case, empty query, reordered, extra or missing query all fail.
 * [RFC9700 2.1] */
static void exact_is_byte_by_byte(void **state)
{
    static const char *const others[] = {
        "https://client.example/cb",
        "https://client.example/cb/?a=1&b=2",
        "https://client.example/Cb?a=1&b=2",
        "https://Client.example/cb?a=1&b=2",
        "https://client.example/cb?",
        "https://client.example/cb?b=2&a=1",
        "https://client.example/cb?a=1&b=2&c=3",
        "https://client.example/cb?a=1",
        "https://client.example/cb?a=1&b=2&",
        "https://client.example:443/cb?a=1&b=2",
        "https://client.example/cb?a=%31&b=2",
        "https://client.example/x/../cb?a=1&b=2",
        "https://client.example/./cb?a=1&b=2",
        "https://client.example//cb?a=1&b=2",
        "https://sub.client.example/cb?a=1&b=2",
        "https://user@client.example/cb?a=1&b=2",
        "https://client.example/cb?a=1&b=2#",
        "/cb?a=1&b=2",
        "",
    };
    const char *registered = "https://client.example/cb?a=1&b=2";
    (void)state;
    assert_fits(registered, registered, REDIRECT_EXACT, true);
    for (size_t i = 0; i < COUNT(others); i++)
        assert_fits(others[i], registered, REDIRECT_EXACT, false);
    assert_fits("https://client.example/cb", "https://client.example/cb?", REDIRECT_EXACT, false);
    assert_fits("com.example.app:/cb", "com.example.app:/cb", REDIRECT_EXACT, true);
    assert_fits("com.example.app:/cb/", "com.example.app:/cb", REDIRECT_EXACT, false);
    assert_false(redirect_uri_fits(STR_NONE, STR("https://client.example/cb"), REDIRECT_EXACT));
}

static void any_of_the_registered_ones_fits_and_no_part_of_the_list(void **state)
{
    const char *registered = "https://a.example/cb https://b.example/cb com.example.app:/cb";
    (void)state;
    assert_fits("https://a.example/cb", registered, REDIRECT_EXACT, true);
    assert_fits("https://b.example/cb", registered, REDIRECT_EXACT, true);
    assert_fits("com.example.app:/cb", registered, REDIRECT_EXACT, true);
    assert_fits("https://c.example/cb", registered, REDIRECT_EXACT, false);
    assert_fits("https://a.example/cb https://b.example/cb", registered, REDIRECT_EXACT, false);
    assert_fits("https://a.example/cb", "", REDIRECT_EXACT, false);
    assert_false(redirect_uri_fits(STR("https://a.example/cb"), STR_NONE, REDIRECT_DOMAIN));
}

/* Behaviour 16: only the port may vary; userinfo, path, query must match; one-sided loopback fails. [RFC8252 7.3] */
static void loopback_ports_vary_and_nothing_else(void **state)
{
    static const struct {
        const char *uri, *registered;
        bool fits;
    } cases[] = {
        {"http://127.0.0.1:51004/cb", "http://127.0.0.1/cb", true},
        {"http://127.0.0.1/cb", "http://127.0.0.1:8080/cb", true},
        {"http://127.0.0.1:1/cb?x=1", "http://127.0.0.1:2/cb?x=1", true},
        {"http://[::1]:51004/cb", "http://[::1]/cb", true},
        {"http://127.0.0.1:0/cb", "http://127.0.0.1/cb", false},
        {"http://127.0.0.1:/cb", "http://127.0.0.1/cb", false},
        {"http://127.0.0.1:99999/cb", "http://127.0.0.1/cb", false},
        {"http://127.0.0.1:51004/cb/", "http://127.0.0.1/cb", false},
        {"http://127.0.0.1:51004/Cb", "http://127.0.0.1/cb", false},
        {"http://127.0.0.1:51004/cb?x=1", "http://127.0.0.1/cb", false},
        {"http://127.0.0.1:51004/cb?", "http://127.0.0.1/cb", false},
        {"http://user@127.0.0.1:51004/cb", "http://127.0.0.1/cb", false},
        {"http://127.0.0.1:51004@evil.example/cb", "http://127.0.0.1/cb", false},
        {"https://127.0.0.1:51004/cb", "http://127.0.0.1/cb", false},
        {"http://127.0.0.1:51004/cb", "https://127.0.0.1/cb", false},
        {"https://127.0.0.1:51004/cb", "https://127.0.0.1/cb", false},
        {"http://[::1]:51004/cb", "http://127.0.0.1/cb", false},
        {"http://127.0.0.1:51004/cb", "http://[::1]/cb", false},
        {"http://[0:0:0:0:0:0:0:1]:51004/cb", "http://[::1]/cb", false},
        {"http://127.0.0.2:51004/cb", "http://127.0.0.1/cb", false},
        {"http://127.0.0.2:51004/cb", "http://127.0.0.2/cb", false},
        {"http://localhost:51004/cb", "http://127.0.0.1/cb", false},
        {"http://localhost:51004/cb", "http://localhost/cb", false},
        {"http://localhost:51004/cb", "http://localhost:51004/cb", true},
        {"http://127.0.0.1:51004/cb", "https://client.example/cb", false},
        {"https://client.example:51004/cb", "https://client.example/cb", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_fits(cases[i].uri, cases[i].registered, REDIRECT_EXACT, cases[i].fits);
}

/* The same host as the registered one; port, path and query are free. */
static void domain_compares_the_host_only(void **state)
{
    static const struct {
        const char *uri, *registered;
        bool fits;
    } cases[] = {
        {"https://client.example/any/path?redirect_state=1", "https://client.example/cb", true},
        {"https://CLIENT.example:8443", "https://client.example/cb", true},
        {"https://client.example", "https://Client.Example:8443/cb", true},
        {"http://localhost:8765/callback", "http://localhost/", true},
        {"https://localhost:8765/callback", "http://localhost/", true},
        {"http://[::1]:1/x", "http://[::1]/", true},
        {"com.example.app:/cb", "com.example.app:/cb", true},
        {"com.example.app:/other", "com.example.app:/cb", false},
        {"com.example.app://client.example/cb", "https://client.example/cb", false},
        {"http://client.example/cb", "https://client.example/cb", false},
        {"https://www.client.example/cb", "https://client.example/cb", false},
        {"https://client.example/cb", "https://www.client.example/cb", false},
        {"https://evilclient.example/cb", "https://client.example/cb", false},
        {"https://client.example.evil.example/cb", "https://client.example/cb", false},
        {"https://client.example./cb", "https://client.example/cb", false},
        {"https://user@client.example/cb", "https://client.example/cb", false},
        {"https://client.example@evil.example/cb", "https://client.example/cb", false},
        {"https://evil.example/client.example", "https://client.example/cb", false},
        {"https://evil.example?client.example", "https://client.example/cb", false},
        {"https://evil.example#client.example", "https://client.example/cb", false},
        {"https://evil.example\\client.example", "https://client.example/cb", false},
        {"https://client.example/cb#x", "https://client.example/cb", false},
        {"https://client.example/cb?iss=1", "https://client.example/cb", false},
        {"//client.example/cb", "https://client.example/cb", false},
        {"javascript://client.example/%0aalert(1)", "https://client.example/cb", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_fits(cases[i].uri, cases[i].registered, REDIRECT_DOMAIN, cases[i].fits);
}

static void one_registered_uri_needs_no_asking(void **state)
{
    (void)state;
    assert_true(str_equal(redirect_uri_only(STR("https://a.example/cb")), STR("https://a.example/cb")));
    assert_false(str_is_present(redirect_uri_only(STR("https://a.example/cb https://b.example/cb"))));
    assert_false(str_is_present(redirect_uri_only(STR(""))));
    assert_false(str_is_present(redirect_uri_only(STR_NONE)));
}

static void policies_and_people_are_told_the_host(void **state)
{
    static const struct {
        const char *uri, *source, *host;
    } cases[] = {
        {"https://client.example/cb?x=1", "https://client.example", "client.example"},
        {"https://client.example:8443/cb", "https://client.example:8443", "client.example"},
        {"https://client.example?x=1", "https://client.example", "client.example"},
        {"http://127.0.0.1:51004/cb", "http://127.0.0.1:51004", "127.0.0.1"},
        {"http://[::1]:51004/cb", "http:", "[::1]"},
        {"com.example.app:/cb", "com.example.app:", "com.example.app"},
        {"com.example.app://host:1/cb", "com.example.app:", "com.example.app"},
    };
    struct arena *arena = arena_create();
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(arena_cstr(arena, redirect_uri_source(arena, str_of(cases[i].uri))), cases[i].source);
        assert_string_equal(arena_cstr(arena, redirect_uri_host(str_of(cases[i].uri))), cases[i].host);
    }
    assert_false(str_is_present(redirect_uri_source(arena, STR("no uri"))));
    assert_false(str_is_present(redirect_uri_host(STR("no uri"))));
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute_uris_may_be_registered),
        cmocka_unit_test(what_is_no_callback_is_refused),
        cmocka_unit_test(only_schemes_that_lead_to_a_client_are_taken),
        cmocka_unit_test(tricks_with_hosts_are_refused),
        cmocka_unit_test(bytes_that_are_none_of_a_uri_are_refused),
        cmocka_unit_test(lengths_have_two_sides),
        cmocka_unit_test(exact_is_byte_by_byte),
        cmocka_unit_test(any_of_the_registered_ones_fits_and_no_part_of_the_list),
        cmocka_unit_test(loopback_ports_vary_and_nothing_else),
        cmocka_unit_test(domain_compares_the_host_only),
        cmocka_unit_test(one_registered_uri_needs_no_asking),
        cmocka_unit_test(policies_and_people_are_told_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
