/* What the texts of jeton.yaml must look like: some that do, some that just do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/syntax.h"

#define assert_fit(is_fit, ...)   check_all(is_fit, true, (const char *const[]){__VA_ARGS__, NULL})
#define assert_unfit(is_fit, ...) check_all(is_fit, false, (const char *const[]){__VA_ARGS__, NULL})

static void check_all(bool (*is_fit)(struct str text), bool expected, const char *const *texts)
{
    for (; *texts; texts++)
        if (is_fit(str_of(*texts)) != expected)
            fail_msg("'%s' should %s", *texts, expected ? "fit" : "not fit");
}

static void test_addresses(void **state)
{
    (void)state;
    assert_fit(syntax_is_address, "127.0.0.1:8080", "localhost:0", "[::1]:65535", "a-b.example:1");
    assert_unfit(syntax_is_address, "", ":80", "localhost", "localhost:", "localhost:65536", "localhost:-1",
                 "localhost:8x", "::1:80", "[::1]", "[zz]:80", "Host:80", "a b:80", "localhost:000080");
}

static void test_hosts(void **state)
{
    (void)state;
    assert_fit(syntax_is_host, "localhost", "a.b-c.example", "10.0.0.1", "[::1]");
    assert_unfit(syntax_is_host, "", "A.example", "a.example:80", ".a", "-a", "[]", "[1.2.3.4]", "a/b");
}

static void test_proxies(void **state)
{
    (void)state;
    assert_fit(syntax_is_proxy, "127.0.0.1", "10.0.0.0/8", "::1", "fd00::/8", "0.0.0.0/0", "::/128", "1.2.3.4/32");
    assert_unfit(syntax_is_proxy, "", "unix", "localhost", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/",
                 "10.0.0.0/-1");
}

/* [RFC6749 3.3] scope-token, and a list of them with one blank between. */
static void test_scopes(void **state)
{
    (void)state;
    assert_fit(syntax_is_scope, "read", "org_*:read", "!", "~");
    assert_unfit(syntax_is_scope, "", "a b", "a\"", "a\\", "\x7f", "\xc3\xa9");
    assert_fit(syntax_is_scope_list, "", "read", "read write");
    assert_unfit(syntax_is_scope_list, " ", "read ", " read", "read  write", "a\tb");
}

static void test_path_prefixes(void **state)
{
    (void)state;
    assert_fit(syntax_is_path_prefix, "", "/a", "/a/b");
    assert_unfit(syntax_is_path_prefix, "/", "a", "/a/", "/a//b", "/a?b", "/a#b", "/a b");
}

static void test_prefixes_and_files(void **state)
{
    (void)state;
    assert_fit(syntax_is_prefix, "", "jtn_", "A-9");
    assert_unfit(syntax_is_prefix, "a b", "a.");
    assert_fit(syntax_is_file, "a", "/a b/c");
    assert_unfit(syntax_is_file, "", "a\nb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),     cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_proxies),       cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_path_prefixes), cmocka_unit_test(test_prefixes_and_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
