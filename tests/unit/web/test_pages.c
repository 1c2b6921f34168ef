/*
 * Every page of the program: it compiles, in every language, and is whole whatever its model is.
 *
 * The first argument is the file with the models. A second one is a folder: the pages are written there, to be looked
 * at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mistake.h"
#include "web/catalogue.h"
#include "web/colors.h"
#include "web/files.h"
#include "web/html.h"
#include "web/template.h"
#include "web/words.h"

static const char *models_path, *written_folder;

static struct {
    struct arena *arena;
    struct catalogue *catalogue;
    struct templates *templates;
    json_t *everywhere;
    json_t *pages;
} shop;

static int open_shop(void **state)
{
    struct mistakes mistakes;
    struct str text;
    (void)state;
    shop.arena = arena_create();
    mistakes_init(&mistakes, shop.arena);
    shop.catalogue = catalogue_read(shop.arena, web_texts, &mistakes);
    if (shop.catalogue)
        shop.templates = templates_read(shop.arena, web_pages, shop.catalogue, &mistakes);
    struct buf out;
    buf_init(&out, shop.arena, 1 << 16);
    mistakes_write(&mistakes, &out);
    print_error("%.*s", STR_ARGS(buf_str(&out)));
    if (!shop.templates || !file_read(shop.arena, models_path, 1 << 20, &text))
        return -1;
    json_t *models = json_read(shop.arena, text);
    shop.everywhere = json_object_get(models, "everywhere");
    shop.pages = json_object_get(models, "pages");
    return shop.pages ? 0 : -1;
}

static int close_shop(void **state)
{
    (void)state;
    arena_destroy(shop.arena);
    return 0;
}

static json_t *model_of(const json_t *page)
{
    json_t *model = json_keep(shop.arena, json_copy(shop.everywhere));
    json_object_update(model, json_object_get(page, "model"));
    return model;
}

static struct str fill(struct str name, const json_t *model, const char *language)
{
    struct buf out;
    const struct template *template = template_find(shop.templates, name);
    if (!template)
        print_error("%.*s\n", STR_ARGS(name));
    assert_non_null(template);
    buf_init(&out, shop.arena, 1 << 20);
    template_write(template, &(struct scope){NULL, model}, catalogue_choose(shop.catalogue, str_of(language)), &out);
    assert_false(out.is_full);
    return buf_str(&out);
}

static void write_page(const json_t *page, struct str text, const char *language)
{
    char path[512];
    if (!written_folder)
        return;
    snprintf(path, sizeof(path), "%s/%s-%s.html", written_folder, json_string_value(json_object_get(page, "name")),
             language);
    assert_true(file_write(path, text, 0644));
}

static void pages_are_whole_in_every_language(void **state)
{
    static const char *const languages[] = {"en", "fr"};
    size_t index;
    json_t *page;
    (void)state;
    json_array_foreach(shop.pages, index, page)
    {
        for (size_t i = 0; i < 2; i++) {
            struct str text = fill(json_member(page, "template"), model_of(page), languages[i]);
            struct html html = HTML_START;
            size_t len;
            assert_null(html_read(&html, text, &len));
            assert_true(html_equal(&html, &HTML_START));
            assert_true(str_has_suffix(text, STR("</html>\n")));
            write_page(page, text, languages[i]);
        }
    }
}

static bool has_sample(struct str name)
{
    size_t index;
    json_t *page;
    json_array_foreach(shop.pages, index, page)
    {
        if (str_equal(json_member(page, "template"), name))
            return true;
    }
    return false;
}

static void every_page_has_a_sample_here(void **state)
{
    (void)state;
    for (size_t i = 0; web_pages[i].name; i++) {
        struct str name = str_slice(str_of(web_pages[i].name), 0, str_find(str_of(web_pages[i].name), '.'));
        assert_true(!template_find(shop.templates, name) || has_sample(name));
    }
}

static void an_empty_model_breaks_no_page(void **state)
{
    const json_t *nothing = json_keep(shop.arena, json_object());
    (void)state;
    for (size_t i = 0; web_pages[i].name; i++) {
        struct str name = str_slice(str_of(web_pages[i].name), 0, str_find(str_of(web_pages[i].name), '.'));
        if (template_find(shop.templates, name))
            assert_true(str_has_suffix(fill(name, nothing, "en"), STR("</html>\n")));
    }
}

#define WORD_KEY(section, name) #section "." #name,
static const char *const words[] = {WORDS(WORD_KEY) NULL};

static bool is_used(struct str key)
{
    struct str tag = arena_printf(shop.arena, "{{t %.*s}}", STR_ARGS(key));
    for (size_t i = 0; words[i]; i++)
        if (str_equal(str_of(words[i]), key))
            return true;
    for (size_t i = 0; web_pages[i].name; i++)
        if (strstr(web_pages[i].text, tag.ptr))
            return true;
    return false;
}

static void code_and_catalogue_name_the_same_texts(void **state)
{
    (void)state;
    for (size_t i = 0; words[i]; i++) {
        if (catalogue_find(shop.catalogue, str_of(words[i])) == PHRASE_NONE)
            print_error("no text: %s\n", words[i]);
        assert_int_not_equal(catalogue_find(shop.catalogue, str_of(words[i])), PHRASE_NONE);
    }
    for (size_t i = 0; i < catalogue_count(shop.catalogue); i++) {
        struct str key = catalogue_key(shop.catalogue, i);
        if (!is_used(key))
            print_error("nobody says %.*s\n", STR_ARGS(key));
        assert_true(is_used(key));
    }
}

static void the_stylesheets_are_written_to_be_looked_at(void **state)
{
    char path[512];
    struct color accent;
    (void)state;
    assert_true(color_parse(STR("#0f766e"), &accent));
    struct str colors = colors_write(shop.arena, accent);
    if (!written_folder)
        return;
    snprintf(path, sizeof(path), "%s/colors.css", written_folder);
    assert_true(file_write(path, colors, 0644));
    for (size_t i = 0; web_static[i].name; i++) {
        snprintf(path, sizeof(path), "%s/%s", written_folder, web_static[i].name);
        assert_true(file_write(path, (struct str){web_static[i].text, web_static[i].len}, 0644));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_whole_in_every_language),
        cmocka_unit_test(every_page_has_a_sample_here),
        cmocka_unit_test(an_empty_model_breaks_no_page),
        cmocka_unit_test(code_and_catalogue_name_the_same_texts),
        cmocka_unit_test(the_stylesheets_are_written_to_be_looked_at),
    };
    models_path = argc > 1 ? argv[1] : "pages.json";
    written_folder = argc > 2 ? argv[2] : NULL;
    return cmocka_run_group_tests(tests, open_shop, close_shop);
}
