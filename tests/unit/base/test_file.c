/* Whole files: read within a limit, replaced as a whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"

#include "../scratch.h"

static struct arena *arena;
static const char *folder;

static const char *in_folder(const char *name)
{
    return arena_printf(arena, "%s/%s", folder, name).ptr;
}

static int setup(void **state)
{
    (void)state;
    arena = arena_create();
    folder = scratch_create(arena, "file");
    return folder ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    unlink(in_folder("file"));
    unlink(in_folder("file.new"));
    rmdir(in_folder("inner"));
    int left = rmdir(folder);
    arena_destroy(arena);
    return left;
}

static void test_reads_what_was_written(void **state)
{
    struct str bytes, large = arena_printf(arena, "%0*d", 300000, 7);
    (void)state;
    assert_true(file_write(in_folder("file"), STR("a\0b\n"), 0600));
    assert_true(file_read(arena, in_folder("file"), 100, &bytes));
    assert_true(str_equal(bytes, STR("a\0b\n")));
    assert_int_equal(bytes.ptr[bytes.len], '\0');
    assert_true(file_write(in_folder("file"), large, 0600));
    assert_true(file_read(arena, in_folder("file"), large.len, &bytes));
    assert_true(str_equal(bytes, large));
}

static void test_an_empty_file_is_present(void **state)
{
    struct str bytes = STR_NONE;
    (void)state;
    assert_true(file_write(in_folder("file"), STR(""), 0600));
    assert_true(file_read(arena, in_folder("file"), 0, &bytes));
    assert_true(str_is_present(bytes));
    assert_int_equal(bytes.len, 0);
}

static void test_the_limit_is_kept_from_both_sides(void **state)
{
    struct str bytes = STR_NONE;
    (void)state;
    assert_true(file_write(in_folder("file"), STR("12345"), 0600));
    assert_true(file_read(arena, in_folder("file"), 5, &bytes));
    assert_int_equal(bytes.len, 5);
    bytes = STR_NONE;
    assert_false(file_read(arena, in_folder("file"), 4, &bytes));
    assert_int_equal(errno, EFBIG);
    assert_false(str_is_present(bytes));
}

static void test_what_cannot_be_read_says_why(void **state)
{
    struct str bytes;
    (void)state;
    assert_false(file_read(arena, in_folder("file"), 100, &bytes));
    assert_int_equal(errno, ENOENT);
    assert_false(file_read(arena, folder, 1000000, &bytes));
    assert_int_equal(errno, EISDIR);
}

/* Neither the umask nor the file that stood there before decides who may read. */
static void test_the_mode_is_exactly_the_one_asked_for(void **state)
{
    struct stat status;
    (void)state;
    mode_t before = umask(0077);
    assert_true(file_write(in_folder("file"), STR("a"), 0644));
    umask(before);
    assert_int_equal(stat(in_folder("file"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
    assert_true(file_write(in_folder("file"), STR("b"), 0600));
    assert_int_equal(stat(in_folder("file"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

/* Who has the old file open goes on reading it: the new one is another file under the same name. */
static void test_the_file_is_replaced_not_overwritten(void **state)
{
    struct stat old, new;
    struct str bytes;
    (void)state;
    assert_true(file_write(in_folder("file"), STR("a longer text"), 0600));
    assert_int_equal(link(in_folder("file"), in_folder("old")), 0);
    assert_true(file_write(in_folder("file"), STR("b"), 0600));
    assert_true(file_read(arena, in_folder("old"), 100, &bytes));
    assert_true(str_equal(bytes, STR("a longer text")));
    assert_true(file_read(arena, in_folder("file"), 100, &bytes));
    assert_true(str_equal(bytes, STR("b")));
    assert_int_equal(stat(in_folder("old"), &old) | stat(in_folder("file"), &new), 0);
    assert_int_not_equal(old.st_ino, new.st_ino);
    assert_int_equal(unlink(in_folder("old")), 0);
    assert_int_not_equal(access(in_folder("file.new"), F_OK), 0);
}

/* A folder cannot be replaced by a file: it stays, and no half-made file (perhaps a secret) is left beside it. */
static void test_a_failed_write_leaves_nothing_beside(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("inner"), 0700), 0);
    assert_false(file_write(in_folder("inner"), STR("secret"), 0600));
    assert_int_equal(errno, EISDIR);
    assert_int_equal(access(in_folder("inner"), F_OK), 0);
    assert_int_not_equal(access(in_folder("inner.new"), F_OK), 0);
    unlink(in_folder("inner.new"));
}

static void test_no_folder_no_file(void **state)
{
    (void)state;
    assert_false(file_write(in_folder("missing/file"), STR("a"), 0600));
    assert_int_equal(errno, ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reads_what_was_written),
        TEST(test_an_empty_file_is_present),
        TEST(test_the_limit_is_kept_from_both_sides),
        TEST(test_what_cannot_be_read_says_why),
        TEST(test_the_mode_is_exactly_the_one_asked_for),
        TEST(test_the_file_is_replaced_not_overwritten),
        TEST(test_a_failed_write_leaves_nothing_beside),
        TEST(test_no_folder_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
