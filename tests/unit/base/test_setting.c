/* A table of settings: each kind, both sides of each limit, and what is said of anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mistake.h"
#include "base/reference.h"
#include "base/setting.h"
#include "base/yaml.h"

enum colour { RED, GREEN };

struct inner {
    struct str name;
    unsigned number;
};

struct record {
    bool flag;
    unsigned small;
    int64_t large;
    struct str text;
    enum colour colour;
    int64_t span_seconds;
    int64_t end_seconds;
    size_t size;
    struct str *texts;
    size_t text_count;
    unsigned bits;
    struct inner section;
    bool has_section;
    struct inner *list;
    size_t list_count;
    struct inner *map;
    size_t map_count;
};

static bool has_no_x(struct str text)
{
    return str_find(text, 'x') == text.len;
}

static const struct setting_choice colours[] = {{"red", RED}, {"green", GREEN}, {0}};
static const struct setting_choice flags[] = {{"one", 1}, {"two", 2}, {"four", 4}, {0}};

#define PLACE(member) SETTING_PLACE(struct record, member)

static const struct setting inner_rows[] = {
    {.key = "number",
     .kind = SETTING_INTEGER,
     .is_required = true,
     .place = SETTING_PLACE(struct inner, number),
     .least = 1,
     .most = 9,
     .default_text = "5",
     .help = "A number."},
    {0},
};

static const struct setting rows[] = {
    {.key = "flag", .kind = SETTING_BOOL, .place = PLACE(flag), .default_text = "true", .help = "A flag."},
    {.key = "small", .kind = SETTING_INTEGER, .place = PLACE(small), .least = 3, .most = 7, .help = "Small."},
    {.key = "large",
     .kind = SETTING_INTEGER,
     .place = PLACE(large),
     .least = -5,
     .most = INT64_MAX,
     .help = "Large."},
    {.key = "text",
     .kind = SETTING_TEXT,
     .place = PLACE(text),
     .least = 2,
     .most = 4,
     .is_fit = has_no_x,
     .allowed = "2 to 4 letters but x",
     .default_text = "none",
     .help = "Text."},
    {.key = "colour",
     .kind = SETTING_CHOICE,
     .place = PLACE(colour),
     .choices = colours,
     .default_text = "green",
     .help = "Colour."},
    {.key = "span",
     .kind = SETTING_SECONDS,
     .place = PLACE(span_seconds),
     .least = 1,
     .most = 172800,
     .help = "Span."},
    {.key = "end",
     .kind = SETTING_SECONDS,
     .place = PLACE(end_seconds),
     .may_be_never = true,
     .least = 10,
     .most = 100,
     .default_text = "50",
     .help = "End."},
    {.key = "size", .kind = SETTING_BYTES, .place = PLACE(size), .least = 1, .most = 2 << 20, .help = "Size."},
    {.key = "texts",
     .kind = SETTING_TEXTS,
     .place = PLACE(texts),
     .beside = PLACE(text_count),
     .least = 1,
     .most = 3,
     .is_fit = has_no_x,
     .allowed = "words without x",
     .default_text = "a b",
     .help = "Texts."},
    {.key = "bits",
     .kind = SETTING_CHOICES,
     .place = PLACE(bits),
     .choices = flags,
     .default_text = "one four",
     .help = "Bits | and pieces."},
    {.key = "section",
     .kind = SETTING_SECTION,
     .place = PLACE(section),
     .beside = PLACE(has_section),
     .rows = inner_rows,
     .help = "Section."},
    {.key = "list",
     .kind = SETTING_LIST,
     .place = PLACE(list),
     .beside = PLACE(list_count),
     .least = 1,
     .most = 2,
     .rows = inner_rows,
     .element_size = sizeof(struct inner),
     .help = "List."},
    {.key = "map",
     .kind = SETTING_MAP,
     .place = PLACE(map),
     .beside = PLACE(map_count),
     .rows = inner_rows,
     .element_size = sizeof(struct inner),
     .name = SETTING_PLACE(struct inner, name),
     .is_fit = has_no_x,
     .allowed = "names without x",
     .help = "Map."},
    {0},
};

static struct mistakes mistakes;
static struct record record;

static int set_up(void **state)
{
    *state = arena_create();
    mistakes_init(&mistakes, *state);
    record = (struct record){0};
    return 0;
}

static int tear_down(void **state)
{
    arena_destroy(*state);
    return 0;
}

/* How many mistakes it has. */
static size_t read_text(const char *text)
{
    size_t before = mistakes.count;
    const struct yaml_node *map = yaml_read(STR("f"), str_of(text), &mistakes);
    assert_non_null(map);
    settings_read(rows, map, STR("f"), &mistakes, &record);
    return mistakes.count - before;
}

static void assert_str(struct str found, const char *expected)
{
    assert_int_equal(found.len, strlen(expected));
    assert_memory_equal(found.ptr, expected, found.len);
}

static void assert_mistake(const char *text, const char *key, const char *found, const char *allowed)
{
    mistakes_init(&mistakes, mistakes.arena);
    assert_int_equal(read_text(text), 1);
    assert_str(mistakes.first->key, key);
    if (found)
        assert_str(mistakes.first->found, found);
    else
        assert_false(str_is_present(mistakes.first->found));
    assert_str(mistakes.first->allowed, allowed);
}

static void test_defaults_fill_what_the_file_leaves_out(void **state)
{
    (void)state;
    assert_int_equal(read_text("{}"), 0);
    assert_true(record.flag);
    assert_str(record.text, "none");
    assert_int_equal(record.colour, GREEN);
    assert_int_equal(record.end_seconds, 50);
    assert_int_equal(record.text_count, 2);
    assert_str(record.texts[1], "b");
    assert_int_equal(record.bits, 5);
    assert_int_equal(record.section.number, 5);
    assert_false(record.has_section);
    assert_int_equal(record.small, 0);
}

static void test_no_map_is_an_empty_one(void **state)
{
    (void)state;
    settings_read(rows, NULL, STR("f"), &mistakes, &record);
    assert_int_equal(mistakes.count, 0);
    assert_true(record.flag);
}

static void test_bool_is_true_or_false(void **state)
{
    (void)state;
    assert_int_equal(read_text("flag: false"), 0);
    assert_false(record.flag);
    assert_int_equal(read_text("flag: true"), 0);
    assert_true(record.flag);
    assert_mistake("flag: yes", "flag", "\"yes\"", "true or false");
}

static void test_integer_stays_within_its_limits(void **state)
{
    (void)state;
    assert_int_equal(read_text("small: 3"), 0);
    assert_int_equal(record.small, 3);
    assert_int_equal(read_text("small: 7"), 0);
    assert_int_equal(record.small, 7);
    assert_mistake("small: 2", "small", "\"2\"", "a whole number, 3 to 7");
    assert_mistake("small: 8", "small", "\"8\"", "a whole number, 3 to 7");
    assert_mistake("small: 3.5", "small", "\"3.5\"", "a whole number, 3 to 7");
    assert_mistake("small:", "small", "nothing", "a whole number, 3 to 7");
    assert_mistake("small: [3]", "small", "a list", "a whole number, 3 to 7");
    assert_mistake("small: {a: 3}", "small", "a section", "a whole number, 3 to 7");
}

static void test_integer_reaches_64_bits_and_not_beyond(void **state)
{
    (void)state;
    assert_int_equal(read_text("large: 9223372036854775807"), 0);
    assert_true(record.large == INT64_MAX);
    assert_int_equal(read_text("large: -5"), 0);
    assert_int_equal(record.large, -5);
    assert_int_equal(read_text("large: 9223372036854775808"), 1);
    assert_int_equal(read_text("large: -6"), 1);
}

static void test_text_stays_within_its_limits(void **state)
{
    (void)state;
    assert_int_equal(read_text("text: ab"), 0);
    assert_int_equal(read_text("text: abcd"), 0);
    assert_str(record.text, "abcd");
    assert_mistake("text: a", "text", "\"a\"", "2 to 4 letters but x");
    assert_mistake("text: abcde", "text", "\"abcde\"", "2 to 4 letters but x");
    assert_mistake("text: ax", "text", "\"ax\"", "2 to 4 letters but x");
    assert_str(record.text, "none");
}

static void test_choice_is_one_of_its_names(void **state)
{
    (void)state;
    assert_int_equal(read_text("colour: red"), 0);
    assert_int_equal(record.colour, RED);
    assert_mistake("colour: blue", "colour", "\"blue\"", "red or green");
}

static void test_span_takes_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {{"span: 1", 1},      {"span: 90s", 90},    {"span: 15m", 900},
                 {"span: 8h", 28800}, {"span: 2d", 172800}, {"span: 172800", 172800}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(read_text(cases[i].text), 0);
        assert_int_equal(record.span_seconds, cases[i].seconds);
    }
    const char *allowed = "1 to 172800 seconds (also as 90s, 15m, 8h, 28d)";
    assert_mistake("span: 0", "span", "\"0\"", allowed);
    assert_mistake("span: 172801", "span", "\"172801\"", allowed);
    assert_mistake("span: 1w", "span", "\"1w\"", allowed);
    assert_mistake("span: s", "span", "\"s\"", allowed);
    assert_mistake("span: ''", "span", "\"\"", allowed);
    assert_mistake("span: never", "span", "\"never\"", allowed);
    assert_mistake("span: 9223372036854775807d", "span", "\"9223372036854775807d\"", allowed);
}

static void test_span_that_may_be_never_takes_0(void **state)
{
    (void)state;
    assert_int_equal(read_text("end: never"), 0);
    assert_int_equal(record.end_seconds, 0);
    record.end_seconds = 1;
    assert_int_equal(read_text("end: 0"), 0);
    assert_int_equal(record.end_seconds, 0);
    assert_int_equal(read_text("end: 10"), 0);
    assert_int_equal(read_text("end: 9"), 1);
    assert_int_equal(read_text("end: 101"), 1);
}

static void test_size_takes_units(void **state)
{
    (void)state;
    assert_int_equal(read_text("size: 64k"), 0);
    assert_int_equal(record.size, 65536);
    assert_int_equal(read_text("size: 2m"), 0);
    assert_int_equal(record.size, 2097152);
    assert_int_equal(read_text("size: 3m"), 1);
    assert_int_equal(read_text("size: 0"), 1);
    assert_int_equal(read_text("size: 1g"), 1);
}

static void test_texts_stay_within_their_limits(void **state)
{
    (void)state;
    assert_int_equal(read_text("texts: [p, q, r]"), 0);
    assert_int_equal(record.text_count, 3);
    assert_str(record.texts[2], "r");
    const char *allowed = "a list of 1 to 3 words without x";
    assert_mistake("texts: [a, b, c, d]", "texts", "a list", allowed);
    assert_mistake("texts: []", "texts", "a list", allowed);
    assert_mistake("texts: a", "texts", "\"a\"", allowed);
    assert_mistake("texts: [a, x]", "texts[1]", "\"x\"", allowed);
    assert_mistake("texts: [[a]]", "texts[0]", "a list", allowed);
}

static void test_choices_are_or_ed(void **state)
{
    (void)state;
    assert_int_equal(read_text("bits: [two, four]"), 0);
    assert_int_equal(record.bits, 6);
    assert_mistake("bits: [two, three]", "bits[1]", "\"three\"", "a list of one, two or four");
}

static void test_section_is_noted(void **state)
{
    (void)state;
    assert_int_equal(read_text("section: {number: 9}"), 0);
    assert_true(record.has_section);
    assert_int_equal(record.section.number, 9);
    assert_mistake("section: 3", "section", "\"3\"", "a section of keys");
    assert_mistake("section: {number: 10}", "section.number", "\"10\"", "a whole number, 1 to 9");
}

static void test_missing_key_is_told_where_its_section_is(void **state)
{
    (void)state;
    assert_mistake("flag: true\nsection: {}", "section.number", NULL, "a whole number, 1 to 9");
    assert_int_equal(mistakes.first->line, 2);
    assert_mistake("section:", "section.number", NULL, "a whole number, 1 to 9");
}

static void test_list_fills_elements_in_order(void **state)
{
    (void)state;
    assert_int_equal(read_text("list: [{number: 1}, {number: 2}]"), 0);
    assert_int_equal(record.list_count, 2);
    assert_int_equal(record.list[0].number, 1);
    assert_int_equal(record.list[1].number, 2);
    assert_int_equal(read_text("list: [{number: 1}, {number: 2}, {number: 3}]"), 1);
    assert_mistake("list: [{number: 1}, 7]", "list[1]", "\"7\"", "a section of keys");
}

static void test_map_names_its_elements(void **state)
{
    (void)state;
    assert_int_equal(read_text("map: {a: {number: 1}, b: {number: 2}}"), 0);
    assert_int_equal(record.map_count, 2);
    assert_str(record.map[1].name, "b");
    assert_int_equal(record.map[1].number, 2);
    assert_mistake("map: {ax: {number: 1}}", "map.ax", "\"ax\"", "sections by name: names without x");
}

static void test_unknown_key_is_told_with_the_nearest(void **state)
{
    (void)state;
    assert_mistake("section: {number: 1, nmber: 2}", "section.nmber", "an unknown key", "number, or one of: number");
    assert_mistake("section: {number: 1, zzzzzz: 2}", "section.zzzzzz", "an unknown key", "number");
}

static void test_every_mistake_is_told_at_once(void **state)
{
    (void)state;
    assert_int_equal(read_text("flag: 1\nsmall: 9\ncolour: 2\nsize: x\nlist: 3\nnope: 4\n"), 6);
}

static void test_reference_names_every_key(void **state)
{
    static const char *const keys[] = {"flag", "small", "text", "colour", "span", "size", "texts", "section", "map"};
    static const enum reference_kind kinds[] = {REFERENCE_TEXT, REFERENCE_MARKDOWN, REFERENCE_MAN};
    for (size_t k = 0; k < 3; k++) {
        struct buf out;
        buf_init(&out, *state, 65536);
        reference_write(rows, &out, kinds[k]);
        buf_add_char(&out, '\0');
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
            assert_non_null(strstr(out.ptr, keys[i]));
    }
}

static void test_reference_escapes_what_its_format_means(void **state)
{
    struct buf out;
    buf_init(&out, *state, 65536);
    reference_write(rows, &out, REFERENCE_MARKDOWN);
    reference_write(rows, &out, REFERENCE_MAN);
    buf_add_char(&out, '\0');
    assert_non_null(strstr(out.ptr, "| `bits` | a list of one, two or four | `one four` | Bits \\| and pieces. |"));
    assert_non_null(strstr(out.ptr, "\n## `map.NAME`\n"));
    assert_non_null(strstr(out.ptr, "\\-5 to"));
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(test_defaults_fill_what_the_file_leaves_out),
        RULE(test_no_map_is_an_empty_one),
        RULE(test_bool_is_true_or_false),
        RULE(test_integer_stays_within_its_limits),
        RULE(test_integer_reaches_64_bits_and_not_beyond),
        RULE(test_text_stays_within_its_limits),
        RULE(test_choice_is_one_of_its_names),
        RULE(test_span_takes_units),
        RULE(test_span_that_may_be_never_takes_0),
        RULE(test_size_takes_units),
        RULE(test_texts_stay_within_their_limits),
        RULE(test_choices_are_or_ed),
        RULE(test_section_is_noted),
        RULE(test_missing_key_is_told_where_its_section_is),
        RULE(test_list_fills_elements_in_order),
        RULE(test_map_names_its_elements),
        RULE(test_unknown_key_is_told_with_the_nearest),
        RULE(test_every_mistake_is_told_at_once),
        RULE(test_reference_names_every_key),
        RULE(test_reference_escapes_what_its_format_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
