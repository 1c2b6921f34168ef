/* The data folder's key: made once, private, the same after a restart, and never made anew over one that is broken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/file.h"
#include "crypto/digest.h"
#include "daemon/folder.h"

#include "../scratch.h"

struct place {
    struct arena *arena;
    struct str folder;
    const char *key_file;
};

static int open_place(void **state)
{
    struct arena *arena = arena_create();
    struct place *place = arena_new(arena, struct place);
    const char *folder = scratch_create(arena, "folder");
    assert_non_null(folder);
    place->arena = arena;
    place->folder = str_of(folder);
    place->key_file = folder_file(place->folder, "jeton.key", arena);
    *state = place;
    return 0;
}

static int close_place(void **state)
{
    struct place *place = *state;
    (void)!remove(place->key_file);
    int result = rmdir(place->folder.ptr); /* fails when anything else was left */
    arena_destroy(place->arena);
    return result;
}

static struct digest key_of(struct place *place)
{
    struct digest key;
    struct str error = STR_NONE;
    if (!folder_key(place->folder, place->arena, &key, &error))
        fail_msg("%.*s", STR_ARGS(error));
    return key;
}

static void make_a_private_key_once(void **state)
{
    struct place *place = *state;
    struct stat status;
    struct str text, again;
    struct digest first = key_of(place);
    assert_true(file_read(place->arena, place->key_file, 100, &text));
    assert_int_equal(text.len, 2 * DIGEST_LEN + 1);
    assert_int_equal(stat(place->key_file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    struct digest second = key_of(place);
    assert_true(digest_equal(&first, &second));
    assert_true(file_read(place->arena, place->key_file, 100, &again));
    assert_true(str_equal(text, again));
}

static void make_another_when_it_is_lost(void **state)
{
    struct place *place = *state;
    struct digest first = key_of(place);
    assert_int_equal(unlink(place->key_file), 0);
    struct digest second = key_of(place);
    assert_false(digest_equal(&first, &second));
}

static void take_a_key_that_an_editor_has_saved(void **state)
{
    struct place *place = *state;
    struct digest first = key_of(place);
    struct str text;
    assert_true(file_read(place->arena, place->key_file, 100, &text));
    assert_true(file_write(place->key_file, str_slice(text, 0, 2 * DIGEST_LEN), 0600));
    struct digest second = key_of(place);
    assert_true(digest_equal(&first, &second));
}

static void assert_refused(struct place *place)
{
    struct digest key = {{1, 2, 3}}, before = key;
    struct str error = STR_NONE;
    assert_false(folder_key(place->folder, place->arena, &key, &error));
    assert_true(digest_equal(&key, &before));
    assert_non_null(memmem(error.ptr, error.len, "jeton.key: ", 11));
}

static void refuse_a_malformed_key_and_leave_it_alone(void **state)
{
    struct place *place = *state;
    static const char digits[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const struct str texts[] = {
        STR(""),
        STR("\n"),
        str_of(digits + 1),
        arena_printf(place->arena, "%s0", digits),
        arena_printf(place->arena, "%s\n\n", digits),
        arena_printf(place->arena, "g%s", digits + 1),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct str found;
        assert_true(file_write(place->key_file, texts[i], 0600));
        assert_refused(place);
        assert_true(file_read(place->arena, place->key_file, 100, &found));
        assert_true(str_equal(found, texts[i]));
    }
}

static void refuse_a_key_that_cannot_be_read(void **state)
{
    struct place *place = *state;
    assert_int_equal(mkdir(place->key_file, 0700), 0);
    assert_refused(place);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, open_place, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(make_a_private_key_once),
        IN_PLACE(make_another_when_it_is_lost),
        IN_PLACE(take_a_key_that_an_editor_has_saved),
        IN_PLACE(refuse_a_malformed_key_and_leave_it_alone),
        IN_PLACE(refuse_a_key_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
