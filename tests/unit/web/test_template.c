/* Templates: hostile values are harmless in every place, and templates in which they would not be do not compile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/embedded.h"
#include "base/mistake.h"
#include "web/catalogue.h"
#include "web/template.h"

static const struct embedded_file texts[] = {
    {"en.yaml", "hello: Hello **{name}**, welcome\nplain: A \"plain\" text\n", 0},
    {NULL, NULL, 0},
};

static struct {
    struct arena *arena;
    struct mistakes mistakes;
    struct catalogue *catalogue;
} shop;

static int open_shop(void **state)
{
    struct embedded_file files[2] = {texts[0], texts[1]};
    (void)state;
    files[0].len = strlen(files[0].text);
    shop.arena = arena_create();
    mistakes_init(&shop.mistakes, shop.arena);
    shop.catalogue = catalogue_read(shop.arena, files, &shop.mistakes);
    return shop.catalogue ? 0 : -1;
}

static int close_shop(void **state)
{
    (void)state;
    arena_destroy(shop.arena);
    return 0;
}

/* The page is "{{> body}}", so that a body may begin with anything. */
static struct templates *compile(const char *body, const char *partial)
{
    const struct embedded_file files[] = {{"page.html", "{{> body}}", 10},
                                          {"body.html", body, strlen(body)},
                                          {"partial.html", partial, strlen(partial)},
                                          {NULL, NULL, 0}};
    mistakes_init(&shop.mistakes, shop.arena);
    return templates_read(shop.arena, files, shop.catalogue, &shop.mistakes);
}

static struct str fill(const struct templates *templates, const char *json)
{
    struct buf out;
    const json_t *model = json_read(shop.arena, str_of(json));
    assert_non_null(model);
    buf_init(&out, shop.arena, 1 << 16);
    template_write(template_find(templates, STR("page")), &(struct scope){NULL, model},
                   catalogue_choose(shop.catalogue, STR_NONE), &out);
    return buf_str(&out);
}

static void assert_page(const char *body, const char *json, const char *expected)
{
    const struct templates *templates = compile(body, "");
    if (!templates)
        print_error("%s: %.*s\n", body, STR_ARGS(shop.mistakes.first->allowed));
    assert_non_null(templates);
    struct str page = fill(templates, json);
    if (!str_equal(page, str_of(expected)))
        print_error("%s: %.*s\n", body, STR_ARGS(page));
    assert_true(str_equal(page, str_of(expected)));
}

static void values_are_escaped_by_their_place(void **state)
{
    (void)state;
    const char *hostile = "{\"x\":\"</title><script>a('\\\"&\\\")\"}";
    const char *harmless = "&lt;/title&gt;&lt;script&gt;a(&#39;&quot;&amp;&quot;)";
    struct buf expected;
    static const char *const places[][2] = {
        {"<p>", "</p>"},
        {"<title>", "</title>"},
        {"<textarea>", "</textarea>"},
        {"<p title=\"", "\"></p>"},
        {"<input value=\"a ", " b\">"},
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        struct str body = arena_printf(shop.arena, "%s{{x}}%s", places[i][0], places[i][1]);
        buf_init(&expected, shop.arena, 1000);
        buf_printf(&expected, "%s%s%s", places[i][0], harmless, places[i][1]);
        assert_page(body.ptr, hostile, arena_cstr(shop.arena, buf_str(&expected)));
    }
}

static void a_url_goes_nowhere_but_to_the_web_or_this_server(void **state)
{
    static const struct {
        const char *url;
        const char *written;
    } cases[] = {
        {"https://a.example/?b=1&c=2", "https://a.example/?b=1&amp;c=2"},
        {"HTTP://a.example", "HTTP://a.example"},
        {"/auth/x", "/auth/x"},
        {"/", "/"},
        {"https://a.example/\\\"onclick=", "https://a.example/&quot;onclick="},
        {"javascript:alert(1)", "#"},
        {"JavaScript:alert(1)", "#"},
        {" javascript:alert(1)", "#"},
        {"java\\tscript:alert(1)", "#"},
        {"data:text/html,a", "#"},
        {"data:image/svg+xml;base64,QQ==", "#"},
        {"vbscript:a", "#"},
        {"com.example.app:/x", "#"},
        {"//evil.example", "#"},
        {"/\\\\evil.example", "#"},
        {"/\\t/evil.example", "#"},
        {"\\u0001https://a", "#"},
        {"relative", "#"},
        {"", "#"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct str json = arena_printf(shop.arena, "{\"x\":\"%s\"}", cases[i].url);
        struct str expected = arena_printf(shop.arena, "<a href=\"%s\">a</a>", cases[i].written);
        assert_page("<a href=\"{{x}}\">a</a>", json.ptr, expected.ptr);
    }
}

static void a_part_of_a_url_stays_a_part(void **state)
{
    (void)state;
    assert_page("<a href=\"/a?x={{x}}\">a</a>", "{\"x\":\"/b?c&d=\\\"e#f\\u00e9\"}",
                "<a href=\"/a?x=%2Fb%3Fc%26d%3D%22e%23f%C3%A9\">a</a>");
    assert_page("<a href=\"{{x}}{{y}}\">a</a>", "{\"x\":\"/a\",\"y\":\"//b\"}", "<a href=\"/a%2F%2Fb\">a</a>");
}

static void apps_and_pictures_are_let_through_where_the_template_says_so(void **state)
{
    (void)state;
    assert_page("<form action=\"{{x:app}}\"></form>", "{\"x\":\"com.example.app:/x\"}",
                "<form action=\"com.example.app:/x\"></form>");
    assert_page("<form action=\"{{x:app}}\"></form>", "{\"x\":\"javascript:a.b\"}", "<form action=\"#\"></form>");
    assert_page("<form action=\"{{x:app}}\"></form>", "{\"x\":\"data:text/html,a.b\"}", "<form action=\"#\"></form>");
    assert_page("<form action=\"{{x:app}}\"></form>", "{\"x\":\".a:b\"}", "<form action=\"#\"></form>");
    assert_page("<img src=\"{{x:image}}\">", "{\"x\":\"data:image/svg+xml;base64,QQ==\"}",
                "<img src=\"data:image/svg+xml;base64,QQ==\">");
    assert_page("<img src=\"{{x:image}}\">", "{\"x\":\"data:image/svg+xml;base64,Q<\"}", "<img src=\"#\">");
    assert_page("<img src=\"{{x:image}}\">", "{\"x\":\"data:text/html;base64,QQ==\"}", "<img src=\"#\">");
}

static void a_name_cannot_turn_the_text_around_it(void **state)
{
    (void)state;
    assert_page("<p>{{x}}</p>", "{\"x\":\"a\\u202eb\\u2066c\\u2069d\\u0007\\u2026\"}",
                "<p>abcd\xef\xbf\xbd\xe2\x80\xa6</p>");
}

static void texts_take_their_parameters_escaped(void **state)
{
    (void)state;
    assert_page("<p>{{t hello}}</p>", "{\"name\":\"<b>\"}", "<p>Hello <strong>&lt;b&gt;</strong>, welcome</p>");
    assert_page("<p title=\"{{t hello}}\"></p>", "{\"name\":\"\\\"\"}", "<p title=\"Hello &quot;, welcome\"></p>");
    assert_page("<title>{{t hello}}</title>", "{\"name\":\"<\"}", "<title>Hello &lt;, welcome</title>");
    assert_page("{{t plain}}", "{}", "A &quot;plain&quot; text");
}

static void sections_follow_the_model(void **state)
{
    (void)state;
    assert_page("{{#if a}}yes{{else}}no{{/if}}", "{\"a\":true}", "yes");
    static const char *const empty[] = {"{}",         "{\"a\":false}", "{\"a\":null}", "{\"a\":\"\"}",
                                        "{\"a\":[]}", "{\"a\":0}",     "{\"a\":{}}"};
    for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++)
        assert_page("{{#if a}}yes{{else}}no{{/if}}", empty[i], "no");
    assert_page("{{#each l}}[{{n}}{{o}}{{#each m}}{{this}},{{/each}}]{{/each}}",
                "{\"o\":\"!\",\"l\":[{\"n\":1,\"m\":[\"a\",\"b\"]},{\"n\":2,\"o\":\"?\"}]}", "[1!a,b,][2?]");
    assert_page("{{#each l}}x{{/each}}", "{\"l\":\"no list\"}", "");
    assert_page("{{a.b.c}}{{a.x.c}}{{! nothing }}", "{\"a\":{\"b\":{\"c\":\"deep\"}}}", "deep");
    assert_page("<input {{#if a}}checked {{/if}}name=\"x\">", "{\"a\":1}", "<input checked name=\"x\">");
}

static void partials_stand_in_their_place(void **state)
{
    (void)state;
    const struct templates *templates = compile("<a href=\"{{> partial}}\">{{> partial}}</a>", "{{x}}");
    assert_non_null(templates);
    assert_true(str_equal(fill(templates, "{\"x\":\"a:<\"}"), STR("<a href=\"#\">a:&lt;</a>")));
}

static void whatever_escaping_cannot_help_does_not_compile(void **state)
{
    static const char *const bodies[] = {
        "<{{x}}>",
        "<p {{x}}>",
        "<p {{x}}=\"a\">",
        "<p id={{x}}>",
        "<p onclick=\"{{x}}\">",
        "<p style=\"{{x}}\">",
        "<style>{{x}}</style>",
        "<script>{{x}}</script>",
        "<script>var a = 1;</script>",
        "<!-- {{x}} -->",
        "<a target=\"{{x}}\">",
        "<meta content=\"{{x}}\">",
        "<p>{{x:app}}</p>",
        "<p id=\"{{x:image}}\">",
        "<a href=\"/{{x:app}}\">",
        "<a href=\"{{x:raw}}\">",
        "<a href=\"{{t plain}}\">",
        "{{t unknown}}",
        "{{x",
        "{{}}",
        "{{X}}",
        "{{{x}}}",
        "{{x.}}",
        "{{a.b.c.d.e}}",
        "{{#if x}}",
        "{{#if x}}{{/each}}",
        "{{#if x}}{{else}}{{else}}{{/if}}",
        "{{/if}}",
        "{{else}}",
        "{{#if}}{{/if}}",
        "{{#while x}}{{/while}}",
        "{{#if x}}<p{{/if}}>",
        "{{#if x}}<p>{{else}}<p id=\"{{/if}}",
        "{{#if x}}<a href=\"{{else}}<a id=\"{{/if}}\">",
        "{{#each x}}<p {{/each}}>",
        "<a href=\"{{#if x}}/y{{/if}}\">",
        "{{> nobody}}",
        "{{> body}}",
        "<p",
        "<p id=\"a",
        "<title>",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        const struct templates *templates = compile(bodies[i], "");
        if (templates)
            print_error("compiles: %s\n", bodies[i]);
        assert_null(templates);
        assert_true(shop.mistakes.count > 0);
    }
}

static void a_mistake_names_file_and_line(void **state)
{
    (void)state;
    assert_null(compile("<p>\n{{x}}\n{{> partial}}</p>", "\n\n<p onclick=\"\">"));
    assert_true(str_equal(shop.mistakes.first->file, STR("partial.html")));
    assert_int_equal(shop.mistakes.first->line, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_escaped_by_their_place),
        cmocka_unit_test(a_url_goes_nowhere_but_to_the_web_or_this_server),
        cmocka_unit_test(a_part_of_a_url_stays_a_part),
        cmocka_unit_test(apps_and_pictures_are_let_through_where_the_template_says_so),
        cmocka_unit_test(a_name_cannot_turn_the_text_around_it),
        cmocka_unit_test(texts_take_their_parameters_escaped),
        cmocka_unit_test(sections_follow_the_model),
        cmocka_unit_test(partials_stand_in_their_place),
        cmocka_unit_test(whatever_escaping_cannot_help_does_not_compile),
        cmocka_unit_test(a_mistake_names_file_and_line),
    };
    return cmocka_run_group_tests(tests, open_shop, close_shop);
}
