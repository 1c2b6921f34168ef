/* The catalogue: languages agree, and the reader gets the one that was asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/embedded.h"
#include "base/mistake.h"
#include "web/catalogue.h"

static struct arena *arena;
static struct mistakes mistakes;

static struct catalogue *read_two(const char *en, const char *fr)
{
    const struct embedded_file files[] = {{"en.yaml", en, strlen(en)}, {"fr.yaml", fr, strlen(fr)}, {NULL, NULL, 0}};
    mistakes_init(&mistakes, arena);
    return catalogue_read(arena, files, &mistakes);
}

static int set_up(void **state)
{
    (void)state;
    arena = arena_create();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

static void keys_are_paths_and_parameters_are_filled(void **state)
{
    (void)state;
    const struct catalogue *catalogue = read_two("a: {b: \"Hi {x.y}, **{n}** times\"}\n", "a: {b: \"{n} {x.y}\"}\n");
    assert_non_null(catalogue);
    size_t key = catalogue_find(catalogue, STR("a.b"));
    assert_int_equal(key, 0);
    assert_int_equal(catalogue_count(catalogue), 1);
    assert_true(str_equal(catalogue_key(catalogue, 0), STR("a.b")));
    assert_int_equal(catalogue_find(catalogue, STR("a")), PHRASE_NONE);
    struct scope scope = {NULL, json_read(arena, STR("{\"x\":{\"y\":\"<Ann>\"},\"n\":3}"))};
    const struct language *english = catalogue_choose(catalogue, STR_NONE);
    assert_true(str_equal(phrase_text(arena, english->phrases[key], &scope), STR("Hi <Ann>, 3 times")));
}

static void languages_must_agree(void **state)
{
    static const struct {
        const char *en;
        const char *fr;
    } cases[] = {
        {"a: x\nb: y\n", "a: x\n"}, /* one is missing */
        {"a: x\n", "a: x\nb: y\n"}, /* one too many */
        {"a: \"{x}\"\n", "a: x\n"}, /* a parameter is missing */
        {"a: x\n", "a: \"{x}\"\n"}, /* one too many */
        {"a: \"{x\"\n", "a: x\n"},  /* not closed */
        {"a: \"{}\"\n", "a: x\n"},  /* no name */
        {"a: \"**x\"\n", "a: x\n"}, /* strong to the end */
        {"a: [x]\n", "a: x\n"},     /* no text */
        {"a: \"\"\n", "a: x\n"},    /* empty */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_null(read_two(cases[i].en, cases[i].fr));
        assert_true(mistakes.count > 0);
    }
}

static void a_reader_gets_the_language_that_is_wanted_most(void **state)
{
    static const struct {
        const char *accepted;
        const char *tag;
    } cases[] = {
        {NULL, "en"},
        {"", "en"},
        {"fr", "fr"},
        {"FR-ca", "fr"},
        {"de", "en"},
        {"de, fr;q=0.3", "fr"},
        {"en;q=0.8, fr;q=0.9", "fr"},
        {"en;q=0.9, fr;q=0.8", "en"},
        {"fr, en", "fr"},
        {"en, fr", "en"},
        {"fr;q=0, *", "en"},
        {"en;q=0, *;q=0.5", "fr"},
        {"*", "en"},
        {"fr;q=0", "en"},
        {"fr;q=1.5, en;q=0.1", "en"},
        {"fr;q=abc", "en"},
        {"fr ; q=0.5 , en;q=0.4", "fr"},
        {"fr-CH;q=0.2, fr;q=0.9, en;q=0.5", "fr"},
        {"frr", "en"},
        {",,;;q=,fr", "fr"},
    };
    (void)state;
    const struct catalogue *catalogue = read_two("a: x\n", "a: y\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct language *language = catalogue_choose(catalogue, str_of(cases[i].accepted));
        if (!str_equal(language->tag, str_of(cases[i].tag)))
            print_error("%s\n", cases[i].accepted);
        assert_true(str_equal(language->tag, str_of(cases[i].tag)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_paths_and_parameters_are_filled),
        cmocka_unit_test(languages_must_agree),
        cmocka_unit_test(a_reader_gets_the_language_that_is_wanted_most),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
