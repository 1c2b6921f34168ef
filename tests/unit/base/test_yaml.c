/* What a YAML file may be, and that every node knows its line and path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mistake.h"
#include "base/yaml.h"

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

static const struct yaml_node *read_text(const char *text)
{
    return yaml_read(STR("file.yaml"), str_of(text), &mistakes);
}

static void assert_str(struct str found, const char *expected)
{
    assert_true(str_is_present(found));
    assert_int_equal(found.len, strlen(expected));
    assert_memory_equal(found.ptr, expected, found.len);
}

static void assert_refused(const char *text, unsigned line, const char *found)
{
    assert_null(read_text(text));
    assert_int_equal(mistakes.count, 1);
    assert_int_equal(mistakes.first->line, line);
    assert_str(mistakes.first->file, "file.yaml");
    assert_str(mistakes.first->found, found);
}

static void test_nodes_know_line_and_path(void **state)
{
    (void)state;
    const struct yaml_node *root = read_text("a: 1\nlist:\n  - x\n  - path: /here\n");
    assert_non_null(root);
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(yaml_member(root, "a")->line, 1);
    const struct yaml_node *list = yaml_member(root, "list");
    assert_int_equal(list->kind, YAML_LIST);
    assert_int_equal(list->line, 2);
    const struct yaml_node *path = yaml_member(list->child->next, "path");
    assert_str(path->text, "/here");
    assert_str(path->path, "list[1].path");
    assert_int_equal(path->line, 4);
}

static void test_member_of_anything_else_is_null(void **state)
{
    (void)state;
    const struct yaml_node *root = read_text("[a]\n");
    assert_null(yaml_member(root, "a"));
    assert_null(yaml_member(NULL, "a"));
    assert_null(yaml_member(read_text("b: 1"), "a"));
}

static void test_only_plain_nothing_is_null(void **state)
{
    (void)state;
    const struct yaml_node *root = read_text("a: ~\nb: null\nc:\nd: '~'\ne: \"\"\nf: {}\n");
    assert_true(yaml_is_null(yaml_member(root, "a")));
    assert_true(yaml_is_null(yaml_member(root, "b")));
    assert_true(yaml_is_null(yaml_member(root, "c")));
    assert_false(yaml_is_null(yaml_member(root, "d")));
    assert_false(yaml_is_null(yaml_member(root, "e")));
    assert_false(yaml_is_null(yaml_member(root, "f")));
}

static void test_duplicate_key_is_refused(void **state)
{
    (void)state;
    assert_refused("a:\n  b: 1\n  c: 2\n  b: 3\n", 4, "the same key as in line 2");
    assert_str(mistakes.first->key, "a.b");
}

static void test_every_duplicate_is_told(void **state)
{
    (void)state;
    assert_null(read_text("a: 1\na: 2\nb: 1\nb: 2\n"));
    assert_int_equal(mistakes.count, 2);
}

static void test_alias_is_refused(void **state)
{
    (void)state;
    assert_refused("a: 1\nb: *a\n", 2, "an anchor or alias");
}

static void test_anchor_is_refused(void **state)
{
    (void)state;
    assert_refused("a: &x 1\n", 1, "an anchor or alias");
}

static void test_tag_is_refused(void **state)
{
    (void)state;
    assert_refused("a: 1\nb: !!int 2\n", 2, "a tag");
}

static void test_second_document_is_refused(void **state)
{
    (void)state;
    assert_refused("a: 1\n---\nb: 2\n", 2, "a second document");
}

static void test_empty_file_is_refused(void **state)
{
    (void)state;
    assert_refused("# nothing here\n", 1, "an empty file");
}

static void test_key_that_is_no_scalar_is_refused(void **state)
{
    (void)state;
    assert_refused("[a, b]: 1\n", 1, "something else in the place of a key");
}

static void test_broken_yaml_names_the_line(void **state)
{
    (void)state;
    assert_null(read_text("a: 1\nb: [1, 2\nc: 3\n"));
    assert_int_equal(mistakes.count, 1);
    assert_int_equal(mistakes.first->line, 3);
}

static void test_bytes_that_are_no_utf8_are_refused(void **state)
{
    (void)state;
    assert_refused("a: \xff\n", 0, "bytes that are no UTF-8 text");
}

static const struct yaml_node *read_nested(struct arena *arena, unsigned depth)
{
    struct buf text;
    buf_init(&text, arena, 1024);
    for (unsigned i = 1; i < depth; i++)
        buf_add_char(&text, '[');
    buf_add_char(&text, 'x');
    for (unsigned i = 1; i < depth; i++)
        buf_add_char(&text, ']');
    return yaml_read(STR("file.yaml"), buf_str(&text), &mistakes);
}

static void test_depth_ends_at_16(void **state)
{
    assert_non_null(read_nested(*state, 16));
    assert_null(read_nested(*state, 17));
    assert_str(mistakes.first->found, "nesting deeper than 16");
}

static const struct yaml_node *read_long_list(struct arena *arena, unsigned item_count)
{
    struct buf text;
    buf_init(&text, arena, 1024 * 1024);
    for (unsigned i = 0; i < item_count; i++)
        buf_add(&text, STR("- x\n"));
    return yaml_read(STR("file.yaml"), buf_str(&text), &mistakes);
}

static void test_nodes_end_at_100000(void **state)
{
    assert_non_null(read_long_list(*state, 99999)); /* and the list itself */
    assert_null(read_long_list(*state, 100000));
    assert_str(mistakes.first->found, "more than 100,000 nodes");
}

static const struct yaml_node *read_long_key(struct arena *arena, int len)
{
    return yaml_read(STR("file.yaml"), arena_printf(arena, "%0*d: 1\n", len, 0), &mistakes);
}

static void test_keys_end_at_128_bytes(void **state)
{
    assert_non_null(read_long_key(*state, 128));
    assert_null(read_long_key(*state, 129));
}

static void test_mistake_is_one_line(void **state)
{
    struct buf out;
    buf_init(&out, *state, 1024);
    mistake_add(&mistakes, STR("f.yaml"), 3, STR("a.b"), STR("x\ny\x1b"), STR("1 to 2"));
    mistake_add(&mistakes, STR("f.yaml"), 4, STR("c"), STR_NONE, STR("text"));
    mistake_add(&mistakes, STR("g.yaml"), 0, STR_NONE, STR("nothing"), STR("a file"));
    mistakes_write(&mistakes, &out);
    assert_str(buf_str(&out), "f.yaml:3: a.b: found x?y?, allowed is 1 to 2\n"
                              "f.yaml:4: c: missing, allowed is text\n"
                              "g.yaml: found nothing, allowed is a file\n");
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(test_nodes_know_line_and_path),
        RULE(test_member_of_anything_else_is_null),
        RULE(test_only_plain_nothing_is_null),
        RULE(test_duplicate_key_is_refused),
        RULE(test_every_duplicate_is_told),
        RULE(test_alias_is_refused),
        RULE(test_anchor_is_refused),
        RULE(test_tag_is_refused),
        RULE(test_second_document_is_refused),
        RULE(test_empty_file_is_refused),
        RULE(test_key_that_is_no_scalar_is_refused),
        RULE(test_broken_yaml_names_the_line),
        RULE(test_bytes_that_are_no_utf8_are_refused),
        RULE(test_depth_ends_at_16),
        RULE(test_nodes_end_at_100000),
        RULE(test_keys_end_at_128_bytes),
        RULE(test_mistake_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
