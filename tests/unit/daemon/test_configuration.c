/* jeton.yaml: a right file is read as it says, a wrong one is told in full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mistake.h"
#include "daemon/configuration.h"
#include "oauth/realm.h"
#include "store/people.h"

#define FRONT                                                                                                        \
    "listeners: [{address: '127.0.0.1:8080'}]\n"                                                                     \
    "realms:\n"                                                                                                      \
    "  main:\n"                                                                                                      \
    "    dialect: standard\n"                                                                                        \
    "    scopes: {read: {}, write: {level: write}, me: {needs_user: true}, 'org_*:read': {},\n"                      \
    "      'my_*:read': {needs_user: true}}\n"
#define GRANTS(grants) FRONT "    issuer: https://auth.example.com\n    grants: {" grants "}\n"
#define REALM          GRANTS("client_credentials: {}")

static struct mistakes mistakes;

static int set_up(void **state)
{
    *state = arena_create();
    mistakes_init(&mistakes, *state);
    return 0;
}

static int tear_down(void **state)
{
    arena_destroy(*state);
    return 0;
}

static const struct configuration *read_text(const char *text)
{
    mistakes_init(&mistakes, mistakes.arena);
    return configuration_read(STR("/etc/jeton/jeton.yaml"), str_of(text), &mistakes);
}

static void assert_str(struct str found, const char *expected)
{
    assert_true(str_is_present(found));
    assert_int_equal(found.len, strlen(expected));
    assert_memory_equal(found.ptr, expected, found.len);
}

static const char *told(void)
{
    struct buf out;
    buf_init(&out, mistakes.arena, 65536);
    mistakes_write(&mistakes, &out);
    buf_add_char(&out, '\0');
    return out.ptr;
}

static void assert_refused(const char *text, const char *key)
{
    assert_null(read_text(text));
    if (mistakes.count != 1)
        fail_msg("%s", told());
    assert_str(mistakes.first->key, key);
}

static void assert_accepted(const char *text)
{
    if (!read_text(text))
        fail_msg("%s", told());
}

static void test_defaults_of_a_short_file(void **state)
{
    (void)state;
    const struct configuration *configuration = read_text(REALM);
    assert_non_null(configuration);
    assert_str(configuration->data_directory, "/etc/jeton/.");
    assert_int_equal(configuration->listeners[0].serves, FACE_PUBLIC);
    assert_int_equal(configuration->limits.body_bytes, 65536);
    assert_int_equal(configuration->limits.header_bytes, 8192);
    assert_int_equal(configuration->limits.header_count, 64);
    assert_int_equal(configuration->limits.connections, 10000);
    assert_int_equal(configuration->limits.idle_seconds, 75);
    assert_int_equal(configuration->limits.request_seconds, 30);
    const struct realm *realm = configuration->realm_list[0];
    assert_str(realm->name, "main");
    assert_true(realm->grants[GRANT_CLIENT_CREDENTIALS].is_allowed);
    assert_false(realm->grants[GRANT_REFRESH_TOKEN].is_allowed);
    assert_int_equal(realm->access_token.lifetime_seconds, 3600);
    assert_int_equal(realm->access_token.format.length, 40);
    assert_int_equal(realm->refresh_rotation, REFRESH_ROTATE);
    assert_int_equal(realm->limited_lifetime_seconds, 0);
    assert_int_equal(configuration->face_realms[0].line, 3);
}

static void test_policy_is_read_as_it_says(void **state)
{
    (void)state;
    const struct configuration *configuration = read_text(
        REALM "    hosts: [a.example, b.example]\n    path: /sub\n    default_scope: read org_12:read\n"
              "    access_token: {format: hex, length: 64, prefix: t_, checksum: true, lifetime_seconds: never}\n"
              "    refresh: {rotation: keep, grace_seconds: 0}\n    limited: {lifetime_seconds: 1h, scope: read}\n");
    assert_non_null(configuration);
    const struct realm *realm = &configuration->realms[0];
    assert_int_equal(realm->host_count, 2);
    assert_str(realm->hosts[1], "b.example");
    assert_str(realm->path, "/sub");
    assert_int_equal(realm->access_token.format.alphabet, TOKEN_HEX);
    assert_true(realm->access_token.format.has_checksum);
    assert_str(realm->access_token.format.prefix, "t_");
    assert_int_equal(realm->access_token.lifetime_seconds, 0);
    assert_int_equal(realm->refresh_rotation, REFRESH_KEEP);
    assert_int_equal(realm->refresh_grace_seconds, 0);
    assert_int_equal(realm->limited_lifetime_seconds, 3600);
    assert_int_equal(realm->scope_count, 5);
    assert_true(realm->scopes[1].is_write);
    assert_true(realm->scopes[2].needs_user);
}

static void test_paths_are_relative_to_the_file(void **state)
{
    (void)state;
    const struct configuration *configuration =
        read_text("data_directory: data\ndialect_directory: /usr/share/dialects\n" REALM);
    assert_non_null(configuration);
    assert_str(configuration->data_directory, "/etc/jeton/data");
    assert_str(configuration->dialect_directory, "/usr/share/dialects");
}

static void test_ten_mistakes_are_told_at_once(void **state)
{
    (void)state;
    assert_null(read_text("log_level: loud\n"                                    /* 1 */
                          "workers: 1\n"                                         /* 2 */
                          "limits: {body_bytes: 1023}\n"                         /* 3 */
                          "trusted_proxies: [nobody]\n"                          /* 4 */
                          "listeners:\n"                                         /* */
                          "  - {address: 'localhost', serves: [public]}\n"       /* 5 */
                          "  - {address: '127.0.0.1:1', key_file: k}\n"          /* 6 */
                          "realms:\n"                                            /* */
                          "  main:\n"                                            /* 7: no dialect */
                          "    issuer: http://example.com\n"                     /* 8 */
                          "    grants: {client_credentials: {scope: nothing}}\n" /* 9 */
                          "    access_token: {format: hex, length: 39}\n"        /* 10 */
                          ));
    if (mistakes.count != 10)
        fail_msg("%s", told());
    static const char *const lines[] = {":1: log_level: ",
                                        ":2: workers: ",
                                        ":3: limits.body_bytes: found \"1023\", allowed is 1024 to",
                                        ":4: trusted_proxies[0]: ",
                                        ":6: listeners[0].address: ",
                                        ":7: listeners[1].certificate_file: missing",
                                        ":9: realms.main.dialect: missing",
                                        ":10: realms.main.issuer: ",
                                        ":11: realms.main.grants.client_credentials.scope: found \"nothing\"",
                                        ":12: realms.main.access_token.length: found \"39\", allowed is 40 to 255"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (!strstr(told(), lines[i]))
            fail_msg("no %s in\n%s", lines[i], told());
}

static void test_issuer_is_https_but_on_loopback(void **state)
{
    (void)state;
#define WITH_ISSUER(url) FRONT "    grants: {service_account: {}}\n    issuer: " url "\n"
    assert_accepted(WITH_ISSUER("http://localhost:8080"));
    assert_accepted(WITH_ISSUER("http://sandbox.localhost"));
    assert_accepted(WITH_ISSUER("'http://[::1]:8080'"));
    assert_accepted(WITH_ISSUER("https://example.com/tenant"));
    assert_refused(WITH_ISSUER("http://example.com"), "realms.main.issuer");
    assert_refused(WITH_ISSUER("http://127.0.0.1.example.com"), "realms.main.issuer");
    assert_refused(WITH_ISSUER("https://example.com/"), "realms.main.issuer");
    assert_refused(WITH_ISSUER("https://example.com?x"), "realms.main.issuer");
    assert_refused(WITH_ISSUER("ftp://example.com"), "realms.main.issuer");
}

static void test_token_length_fits_its_alphabet(void **state)
{
    (void)state;
    assert_accepted(REALM "    access_token: {format: hex, length: 40}\n");
    assert_refused(REALM "    access_token: {format: hex, length: 39}\n", "realms.main.access_token.length");
    assert_accepted(REALM "    access_token: {format: base62, length: 30}\n");
    assert_refused(REALM "    access_token: {format: base62, length: 29}\n", "realms.main.access_token.length");
    assert_accepted(REALM "    refresh_token: {length: 36, checksum: true}\n");
    assert_refused(REALM "    refresh_token: {length: 35, checksum: true}\n", "realms.main.refresh_token.length");
    assert_accepted(REALM "    access_token: {length: 255}\n");
    assert_refused(REALM "    access_token: {length: 256}\n", "realms.main.access_token.length");
}

static void test_credentials_cannot_be_guessed(void **state)
{
    (void)state;
    assert_accepted(REALM "    client_id: {format: hex, length: 28}\n");
    assert_refused(REALM "    client_id: {format: hex, length: 27}\n", "realms.main.client_id.length");
    assert_accepted(REALM "    client_secret: {format: hex, length: 40}\n");
    assert_refused(REALM "    client_secret: {format: hex, length: 39}\n", "realms.main.client_secret.length");
}

static void test_scopes_exist(void **state)
{
    (void)state;
    assert_accepted(REALM "    default_scope: read write org_77:read\n");
    assert_refused(REALM "    default_scope: read org_x:read\n", "realms.main.default_scope");
    assert_refused(REALM "    limited: {lifetime_seconds: 9, scope: nope}\n", "realms.main.limited.scope");
    assert_refused(REALM "    limited: {lifetime_seconds: 9}\n", "realms.main.limited.scope");
}

static void test_defaults_for_people(void **state)
{
    (void)state;
    const struct configuration *configuration = read_text(REALM);
    assert_non_null(configuration);
    const struct realm *realm = configuration->realm_list[0];
    assert_false(realm->grants[GRANT_AUTHORIZATION_CODE].is_allowed);
    assert_int_equal(realm->code.lifetime_seconds, 60);
    assert_int_equal(realm->code.format.alphabet, TOKEN_HEX);
    assert_int_equal(realm->code.format.length, 40);
    assert_int_equal(realm->authorize.redirect_match, REDIRECT_EXACT);
    assert_int_equal(realm->authorize.pkce, PKCE_PUBLIC);
    assert_false(realm->authorize.state_is_required);
    assert_false(realm->authorize.remembers_consent);
    assert_false(realm->authorize.tells_issuer);
    assert_false(realm->people.is_open);
    assert_int_equal(realm->people.second_factor, SECOND_FACTOR_OPTIONAL);
    assert_int_equal(realm->people.second_factor_roles, 0);
    assert_int_equal(realm->people.session_idle_seconds, 28800);
    assert_int_equal(realm->people.session_lifetime_seconds, 604800);
    assert_int_equal(realm->people.password_memory_bytes, 19 * 1024 * 1024);
    assert_int_equal(realm->people.password_iterations, 2);
    assert_int_equal(realm->people.password_length_min, 10);
    assert_false(str_is_present(realm->appearance.title));
    assert_str(realm->appearance.accent, "#2f5bd0");
}

static void test_policy_for_people_is_read_as_it_says(void **state)
{
    (void)state;
#define WITH_PEOPLE GRANTS("authorization_code: {}, implicit: {}, password: {for_trusted_clients: true}")
    static const char text[] =
        "mail: {from: a@a.example, directory: mail}\n" WITH_PEOPLE
        "    code: {format: base62, length: 60, lifetime_seconds: 10m}\n"
        "    authorize: {redirect_match: domain, pkce: always, state_required: true, remember_consent: true,\n"
        "      tell_issuer: true}\n"
        "    people: {registration: open, second_factor: required, second_factor_roles: [operator, developer],\n"
        "      session_idle_seconds: 15m, session_lifetime_seconds: 1d, password_memory: 64m,\n"
        "      password_iterations: 3, password_length_min: 12}\n"
        "    appearance: {title: An API, logo_uri: 'https://a.example/l.svg', accent: '#aBcDeF'}\n";
    const struct configuration *configuration = read_text(text);
    assert_non_null(configuration);
    const struct realm *realm = configuration->realm_list[0];
    assert_true(realm->grants[GRANT_AUTHORIZATION_CODE].is_allowed);
    assert_true(realm->grants[GRANT_IMPLICIT].is_allowed);
    assert_true(realm->grants[GRANT_PASSWORD].is_for_trusted_clients);
    assert_int_equal(realm->code.lifetime_seconds, 600);
    assert_int_equal(realm->code.format.length, 60);
    assert_int_equal(realm->authorize.redirect_match, REDIRECT_DOMAIN);
    assert_int_equal(realm->authorize.pkce, PKCE_ALWAYS);
    assert_true(realm->authorize.state_is_required);
    assert_true(realm->authorize.remembers_consent);
    assert_true(realm->authorize.tells_issuer);
    assert_true(realm->people.is_open);
    assert_int_equal(realm->people.second_factor, SECOND_FACTOR_REQUIRED);
    assert_int_equal(realm->people.second_factor_roles, USER_IS_OPERATOR | USER_IS_DEVELOPER);
    assert_int_equal(realm->people.session_idle_seconds, 900);
    assert_int_equal(realm->people.session_lifetime_seconds, 86400);
    assert_int_equal(realm->people.password_memory_bytes, 64 * 1024 * 1024);
    assert_int_equal(realm->people.password_iterations, 3);
    assert_int_equal(realm->people.password_length_min, 12);
    assert_str(realm->appearance.title, "An API");
    assert_str(realm->appearance.logo_uri, "https://a.example/l.svg");
    assert_str(realm->appearance.accent, "#aBcDeF");
}

/* [RFC6749 4.1.2] A lifetime of at most ten minutes is RECOMMENDED; a code is as hard to guess as a token. */
static void test_codes_are_short_lived_and_cannot_be_guessed(void **state)
{
    (void)state;
    assert_accepted(REALM "    code: {lifetime_seconds: 600}\n");
    assert_refused(REALM "    code: {lifetime_seconds: 601}\n", "realms.main.code.lifetime_seconds");
    assert_accepted(REALM "    code: {lifetime_seconds: 10}\n");
    assert_refused(REALM "    code: {lifetime_seconds: 9}\n", "realms.main.code.lifetime_seconds");
    assert_refused(REALM "    code: {lifetime_seconds: never}\n", "realms.main.code.lifetime_seconds");
    assert_accepted(REALM "    code: {format: hex, length: 40}\n");
    assert_refused(REALM "    code: {format: hex, length: 39}\n", "realms.main.code.length");
    assert_accepted(REALM "    code: {format: base62, length: 30}\n");
    assert_refused(REALM "    code: {format: base62, length: 29}\n", "realms.main.code.length");
}

static void test_limits_of_people_from_both_sides(void **state)
{
    (void)state;
#define PEOPLE(settings) REALM "    people: {" settings "}\n"
    assert_accepted(PEOPLE("password_memory: 8m, password_iterations: 1, password_length_min: 8"));
    assert_refused(PEOPLE("password_memory: 8191k"), "realms.main.people.password_memory");
    assert_accepted(PEOPLE("password_memory: 1024m, password_iterations: 10, password_length_min: 128"));
    assert_refused(PEOPLE("password_memory: 1025m"), "realms.main.people.password_memory");
    assert_refused(PEOPLE("password_iterations: 0"), "realms.main.people.password_iterations");
    assert_refused(PEOPLE("password_iterations: 11"), "realms.main.people.password_iterations");
    assert_refused(PEOPLE("password_length_min: 7"), "realms.main.people.password_length_min");
    assert_refused(PEOPLE("password_length_min: 129"), "realms.main.people.password_length_min");
    assert_accepted(PEOPLE("session_idle_seconds: 60, session_lifetime_seconds: 60"));
    assert_refused(PEOPLE("session_idle_seconds: 59"), "realms.main.people.session_idle_seconds");
    assert_refused(PEOPLE("session_lifetime_seconds: 366d"), "realms.main.people.session_lifetime_seconds");
    assert_refused(PEOPLE("second_factor_roles: [user]"), "realms.main.people.second_factor_roles[0]");
}

static void test_appearance_is_a_colour_and_an_image(void **state)
{
    (void)state;
#define LOOKS(settings) REALM "    appearance: {" settings "}\n"
    static const char accent[] = "realms.main.appearance.accent", logo_uri[] = "realms.main.appearance.logo_uri";
    assert_accepted(LOOKS("accent: '#012345'"));
    assert_refused(LOOKS("accent: '012345'"), accent);
    assert_refused(LOOKS("accent: '#01234'"), accent);
    assert_refused(LOOKS("accent: '#0123456'"), accent);
    assert_refused(LOOKS("accent: '#01234g'"), accent);
    assert_refused(LOOKS("accent: red"), accent);
    assert_refused(LOOKS("logo_uri: 'http://a.example/l.svg'"), logo_uri);
    assert_refused(LOOKS("logo_uri: 'https:///l.svg'"), logo_uri);
    assert_refused(LOOKS("logo_uri: 'https://a.example/l.svg; x'"), logo_uri);
    assert_refused(LOOKS("title: ''"), "realms.main.appearance.title");
}

static void test_what_a_user_gives_may_need_a_user(void **state)
{
    (void)state;
#define FOR_USERS(grants) GRANTS(grants) "    default_scope: read me\n"
    assert_accepted(FOR_USERS("authorization_code: {scope: me}, client_credentials: {}"));
    assert_accepted(FOR_USERS("implicit: {scope: 'my_7:read'}"));
    assert_accepted(FOR_USERS("password: {scope: me}"));
    assert_refused(FOR_USERS("authorization_code: {}, client_credentials: {scope: me}"),
                   "realms.main.grants.client_credentials.scope");
    assert_refused(FOR_USERS("refresh_token: {}, service_account: {}"), "realms.main.default_scope");
    assert_refused(GRANTS("authorization_code: {scope: nope}"), "realms.main.grants.authorization_code.scope");
    assert_refused(GRANTS("implicit: {refresh_token: true}"), "realms.main.grants.implicit.refresh_token");
}

static void test_client_alone_gets_nothing_that_needs_a_user(void **state)
{
    (void)state;
    assert_refused(GRANTS("client_credentials: {scope: me}"), "realms.main.grants.client_credentials.scope");
    assert_refused(GRANTS("service_account: {scope: read me}"), "realms.main.grants.service_account.scope");
    assert_refused(REALM "    default_scope: read me\n", "realms.main.default_scope");
    assert_refused(REALM "    limited: {lifetime_seconds: 9, scope: me}\n", "realms.main.limited.scope");
}

static void test_a_word_of_a_pattern_needs_a_user_as_the_pattern_does(void **state)
{
    (void)state;
    assert_refused(GRANTS("client_credentials: {scope: 'my_7:read'}"), "realms.main.grants.client_credentials.scope");
    assert_refused(REALM "    default_scope: my_7:read\n", "realms.main.default_scope");
}

static void test_a_realm_takes_a_grant_at_least(void **state)
{
    (void)state;
    assert_refused(GRANTS(""), "realms.main.grants");
    assert_refused(FRONT "    issuer: https://a.example\n", "realms.main.grants");
}

static void test_refresh_tokens_that_are_given_can_be_used(void **state)
{
    (void)state;
    assert_refused(GRANTS("client_credentials: {refresh_token: true}"),
                   "realms.main.grants.client_credentials.refresh_token");
    assert_accepted(GRANTS("client_credentials: {refresh_token: true}, refresh_token: {}"));
}

static void test_listeners_fit_together(void **state)
{
    (void)state;
#define REALMS "realms: {a: {dialect: d, issuer: 'https://a.example', grants: {service_account: {}}}}\n"
    assert_refused(REALMS "listeners: [{address: 'localhost:1', serves: [guard]}]\n", "listeners");
    assert_refused(REALMS "listeners: [{address: 'localhost:1'}, {address: 'localhost:1'}]\n",
                   "listeners[1].address");
    assert_accepted(REALMS "listeners: [{address: 'localhost:0'}, {address: 'localhost:0'}]\n");
    assert_refused(REALMS "listeners: [{address: 'localhost:1', certificate_file: c}]\n", "listeners[0].key_file");
    assert_refused(REALMS "listeners: []\n", "listeners");
    assert_refused(REALMS, "listeners");
}

static void test_there_is_a_realm_with_a_fit_name(void **state)
{
    (void)state;
#define LISTENERS "listeners: [{address: 'localhost:1'}]\n"
#define NAMED(name)                                                                                                  \
    LISTENERS "realms: {" name ": {dialect: d, issuer: 'https://a.example', grants: {service_account: {}}}}\n"
#define TEN "a123456789"
    assert_refused(LISTENERS, "realms");
    assert_refused(LISTENERS "realms: {}\n", "realms");
    assert_refused(NAMED("Main"), "realms.Main");
    assert_refused(NAMED("-a"), "realms.-a");
    assert_accepted(NAMED(TEN TEN TEN TEN TEN TEN "abc"));
    assert_refused(NAMED(TEN TEN TEN TEN TEN TEN "abcd"), "realms." TEN TEN TEN TEN TEN TEN "abcd");
}

static void test_missing_file_is_a_mistake(void **state)
{
    (void)state;
    assert_null(configuration_load("no-such-folder/jeton.yaml", &mistakes));
    assert_int_equal(mistakes.count, 1);
    assert_str(mistakes.first->problem, "cannot be read: No such file or directory");
}

static void test_reference_has_every_section(void **state)
{
    static const char *const keys[] = {
        "data_directory",          "listeners[]",  "limits", "realms.NAME.grants.client_credentials",
        "realms.NAME.scopes.NAME", "grace_seconds"};
    struct buf out;
    buf_init(&out, *state, 1024 * 1024);
    configuration_write_reference(&out, REFERENCE_MARKDOWN);
    assert_false(out.is_full);
    buf_add_char(&out, '\0');
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        assert_non_null(strstr(out.ptr, keys[i]));
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#define PLANS   REALM "    plans:\n      a: "
#define GUARD   "    guard: {rules: [{path: /x, limit: marked}]}\n"
#define ONE     "{name: hour, seconds: 1h, most: 5}"
#define MARKED  "[{name: hour, limit: marked, seconds: 1h, most: 5}]\n"
#define DEFAULT "    default_plan: {production: "

static void plans_are_held_to_what_can_be_counted(void **state)
{
    (void)state;
    assert_accepted(PLANS "[" ONE "]\n" DEFAULT "a}\n");
    assert_accepted(PLANS "[]\n");
    assert_refused(PLANS "[" ONE "]\n" DEFAULT "b}\n", "realms.main.default_plan.production");
    assert_refused(PLANS ONE "\n", "realms.main.plans.a");
    assert_refused(PLANS "[{name: hour, seconds: 0, most: 5}]\n", "realms.main.plans.a[0].seconds");
    assert_accepted(PLANS "[{name: hour, seconds: 366d, most: 0}]\n");
    assert_refused(PLANS "[{name: hour, seconds: 367d, most: 0}]\n", "realms.main.plans.a[0].seconds");
    assert_refused(PLANS "[{name: hour, seconds: 1h}]\n", "realms.main.plans.a[0].most");
    assert_refused(PLANS "[{name: hour, seconds: 1h, most: 1000000001}]\n", "realms.main.plans.a[0].most");
    assert_refused(PLANS "[{name: hour, seconds: 1h, most: 5, per: app}]\n", "realms.main.plans.a[0].per");
    /* Two of a name would be one count. */
    assert_refused(PLANS "[" ONE ", " ONE "]\n", "realms.main.plans.a[1]");
    /* No request would ever count in it. */
    assert_refused(PLANS MARKED, "realms.main.plans.a[0]");
    assert_accepted(PLANS MARKED GUARD);
}

/* As many as one step can charge. */
static void a_request_counts_in_eight_windows_at_most(void **state)
{
    (void)state;
    static const char eight[] = PLANS "[{name: a, seconds: 1, most: 1}, {name: b, seconds: 1, most: 1}, "
                                      "{name: c, seconds: 1, most: 1}, {name: d, seconds: 1, most: 1}, "
                                      "{name: e, seconds: 1, most: 1}, {name: f, seconds: 1, most: 1}, "
                                      "{name: g, seconds: 1, most: 1}, {name: h, seconds: 1, most: 1, limit: all}";
    char text[4000];
    snprintf(text, sizeof text, "%s]\n", eight);
    assert_accepted(text);
    snprintf(text, sizeof text, "%s, {name: i, seconds: 1, most: 1, limit: marked}]\n" GUARD, eight);
    assert_accepted(text);
    snprintf(text, sizeof text, "%s, {name: i, seconds: 1, most: 1}]\n", eight);
    assert_refused(text, "realms.main.plans.a[0]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(plans_are_held_to_what_can_be_counted),
        RULE(a_request_counts_in_eight_windows_at_most),
        RULE(test_defaults_of_a_short_file),
        RULE(test_policy_is_read_as_it_says),
        RULE(test_paths_are_relative_to_the_file),
        RULE(test_ten_mistakes_are_told_at_once),
        RULE(test_issuer_is_https_but_on_loopback),
        RULE(test_token_length_fits_its_alphabet),
        RULE(test_credentials_cannot_be_guessed),
        RULE(test_scopes_exist),
        RULE(test_defaults_for_people),
        RULE(test_policy_for_people_is_read_as_it_says),
        RULE(test_codes_are_short_lived_and_cannot_be_guessed),
        RULE(test_limits_of_people_from_both_sides),
        RULE(test_appearance_is_a_colour_and_an_image),
        RULE(test_what_a_user_gives_may_need_a_user),
        RULE(test_client_alone_gets_nothing_that_needs_a_user),
        RULE(test_a_word_of_a_pattern_needs_a_user_as_the_pattern_does),
        RULE(test_a_realm_takes_a_grant_at_least),
        RULE(test_refresh_tokens_that_are_given_can_be_used),
        RULE(test_listeners_fit_together),
        RULE(test_there_is_a_realm_with_a_fit_name),
        RULE(test_missing_file_is_a_mistake),
        RULE(test_reference_has_every_section),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
