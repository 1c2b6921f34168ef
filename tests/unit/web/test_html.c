/* Reading HTML: what kind of place a hole is in, and what no template may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "web/html.h"

static enum html_hole hole_behind(const char *text)
{
    struct html html = HTML_START;
    size_t len;
    const char *error = html_read(&html, str_of(text), &len);
    if (error)
        print_error("%s: %s\n", text, error);
    assert_null(error);
    return html_find_hole(&html);
}

static bool is_refused(const char *text)
{
    struct html html = HTML_START;
    size_t len;
    return html_read(&html, str_of(text), &len) != NULL;
}

static void a_hole_knows_its_place(void **state)
{
    static const struct {
        const char *text;
        enum html_hole hole;
    } cases[] = {
        {"", HTML_HOLE_TEXT},
        {"<!doctype html><p class=\"a\">", HTML_HOLE_TEXT},
        {"<input disabled>", HTML_HOLE_TEXT},
        {"<br/>", HTML_HOLE_TEXT},
        {"<title>", HTML_HOLE_PLAIN_TEXT},
        {"<textarea name=\"a\">", HTML_HOLE_PLAIN_TEXT},
        {"<title>a</title>", HTML_HOLE_TEXT},
        {"<script src=\"/a.js\">", HTML_HOLE_NONE},
        {"<script src=\"/a.js\"></script>", HTML_HOLE_TEXT},
        {"<", HTML_HOLE_NONE},
        {"<p", HTML_HOLE_NONE},
        {"<p ", HTML_HOLE_NONE},
        {"<p id", HTML_HOLE_NONE},
        {"<p id=", HTML_HOLE_NONE},
        {"<p id=\"", HTML_HOLE_ATTRIBUTE},
        {"<p id=\"a\"", HTML_HOLE_NONE},
        {"<p aria-label=\"", HTML_HOLE_ATTRIBUTE},
        {"<p data-x=\"", HTML_HOLE_ATTRIBUTE},
        {"<a href=\"", HTML_HOLE_URL},
        {"<a href=\"/", HTML_HOLE_URL_PART},
        {"<a href=\"\" id=\"", HTML_HOLE_ATTRIBUTE},
        {"<img src=\"", HTML_HOLE_URL},
        {"<form action=\"", HTML_HOLE_URL},
        /* Nobody has looked at what a value does there. */
        {"<a ping=\"", HTML_HOLE_NONE},
        {"<a target=\"", HTML_HOLE_NONE},
        {"<input type=\"", HTML_HOLE_NONE},
        {"<meta content=\"", HTML_HOLE_NONE},
        {"<img srcset=\"", HTML_HOLE_NONE},
        {"<a HREF=\"", HTML_HOLE_NONE},
        {"</p", HTML_HOLE_NONE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(hole_behind(cases[i].text), cases[i].hole);
}

static void there_is_one_reading_of_every_template(void **state)
{
    static const char *const cases[] = {
        "<p id=a>",
        "<p id='a'>",
        "<p id =\"a\">",
        "<p id= \"a\">",
        "<p onclick=\"a\">",
        "<p ONCLICK=\"a\">",
        "<p onclick>",
        "<p style=\"\">",
        "<p sTyle=\"\">",
        "<iframe srcdoc=\"",
        "<p srcdoc=\"",
        "<button formaction=\"",
        "<style>",
        "<base href=\"/\">",
        "<object>",
        "<embed ",
        "<template>",
        "<meta http-equiv=\"refresh\">",
        "<!-- a -->",
        "a < b",
        "<P>",
        "<script>alert(1)",
        "<script><p>",
        "<script/>",
        "<title><b>",
        "<title></textarea>",
        "<textarea><b",
        "<p \"a\">",
        "<p id=\"a\"id=\"b\">",
        "<p id=\"<\">",
        "</p >",
        "</>",
        "<p/ >",
        "<![CDATA[",
        "<?xml",
        "<averyveryverylongelementname>",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        bool refused = is_refused(cases[i]);
        if (!refused)
            print_error("%s\n", cases[i]);
        assert_true(refused);
    }
}

static void states_are_equal_when_what_follows_reads_alike(void **state)
{
    struct html a = HTML_START, b = HTML_START;
    size_t len;
    (void)state;
    assert_null(html_read(&a, STR("<p id=\"a\">x"), &len));
    assert_true(html_equal(&a, &b));
    assert_null(html_read(&a, STR("<a href=\""), &len));
    assert_null(html_read(&b, STR("<a href=\"/"), &len));
    assert_false(html_equal(&a, &b));
    html_pass_hole(&a);
    assert_true(html_equal(&a, &b));
    a = b = HTML_START;
    assert_null(html_read(&a, STR("<title>"), &len));
    assert_null(html_read(&b, STR("<p>"), &len));
    assert_false(html_equal(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hole_knows_its_place),
        cmocka_unit_test(there_is_one_reading_of_every_template),
        cmocka_unit_test(states_are_equal_when_what_follows_reads_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
