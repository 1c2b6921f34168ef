/* Colours: whatever the accent is, people can read it. [WCAG 2.1 1.4.3] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "web/colors.h"

static struct color color_of(const char *text)
{
    struct color color = {0};
    assert_true(color_parse(str_of(text), &color));
    return color;
}

static void only_six_digits_are_a_colour(void **state)
{
    struct color color;
    (void)state;
    static const char *const wrong[] = {"", "#", "#fff", "123456", "#12345g", "#1234567", "red"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_false(color_parse(str_of(wrong[i]), &color));
    color = color_of("#0a8fFF");
    assert_int_equal(color.red, 0x0a);
    assert_int_equal(color.green, 0x8f);
    assert_int_equal(color.blue, 0xff);
}

static void contrast_is_what_the_guidelines_say(void **state)
{
    (void)state;
    assert_true(color_contrast(color_of("#000000"), color_of("#ffffff")) == 21);
    assert_true(color_contrast(color_of("#777777"), color_of("#777777")) == 1);
    double grey = color_contrast(color_of("#767676"), color_of("#ffffff"));
    assert_true(grey > 4.5 && grey < 4.6);
}

static struct color read_variable(struct str sheet, const char *name, int scheme)
{
    const char *at = sheet.ptr;
    for (int i = 0; i <= scheme; i++)
        at = strstr(at + 1, name);
    struct color color = {0};
    assert_true(color_parse((struct str){at + strlen(name), 7}, &color));
    return color;
}

static void assert_readable(struct color accent)
{
    /* Of style.css: by day, by night. */
    static const char *const cards[] = {"#ffffff", "#1a1d22"}, *const pages[] = {"#f4f5f7", "#111317"};
    struct arena *arena = arena_create();
    struct str sheet = colors_write(arena, accent);
    for (int scheme = 0; scheme < 2; scheme++) {
        struct color card = color_of(cards[scheme]);
        struct color shape = read_variable(sheet, "--accent:", scheme);
        struct color text = read_variable(sheet, "--accent-text:", scheme);
        assert_true(color_contrast(shape, read_variable(sheet, "--on-accent:", scheme)) >= 4.5);
        assert_true(color_contrast(text, card) >= 4.5);
        assert_true(color_contrast(text, color_of(pages[scheme])) >= 4.5);
        assert_true(color_contrast(text, read_variable(sheet, "--accent-soft:", scheme)) >= 4.5);
        assert_true(color_contrast(shape, card) >= 1.6);
    }
    arena_destroy(arena);
}

static void every_accent_can_be_read(void **state)
{
    (void)state;
    for (unsigned red = 0; red < 256; red += 51)
        for (unsigned green = 0; green < 256; green += 51)
            for (unsigned blue = 0; blue < 256; blue += 51)
                assert_readable((struct color){(unsigned char)red, (unsigned char)green, (unsigned char)blue});
}

static void a_readable_accent_stays_as_it_is(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    struct str sheet = colors_write(arena, color_of("#3654d6"));
    assert_true(str_has_prefix(sheet, STR(":root{--accent:#3654d6;--on-accent:#ffffff;--accent-text:#3654d6;")));
    arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_six_digits_are_a_colour),
        cmocka_unit_test(contrast_is_what_the_guidelines_say),
        cmocka_unit_test(every_accent_can_be_read),
        cmocka_unit_test(a_readable_accent_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
