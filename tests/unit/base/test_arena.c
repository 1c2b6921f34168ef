/* Memory of an exchange: zeroed, aligned, wiped, given back by who ends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/arena.h"

/* More than a thread keeps for its next arenas. */
#define ARENA_COUNT 300

static bool is_zero(const char *memory, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (memory[i])
            return false;
    return true;
}

static void test_memory_is_zeroed_and_aligned(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    for (size_t size = 0; size < 3000; size += 7) {
        char *memory = arena_alloc(arena, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        assert_true(is_zero(memory, size));
        memset(memory, 0xaa, size);
    }
    arena_destroy(arena);
}

/* Sizes around every block's end: no piece lies over another one. */
static void test_pieces_do_not_overlap(void **state)
{
    static const size_t sizes[] = {1, 8175, 8176, 8177, 8191, 8192, 8193, 1, 1 << 20, 16, 4096, 4096, 4097};
    const size_t count = sizeof(sizes) / sizeof(*sizes);
    struct arena *arena = arena_create();
    unsigned char *pieces[sizeof(sizes) / sizeof(*sizes)];
    (void)state;
    for (size_t i = 0; i < count; i++) {
        pieces[i] = arena_alloc(arena, sizes[i]);
        assert_true(is_zero((char *)pieces[i], sizes[i]));
        memset(pieces[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(pieces[i][k], i + 1);
    arena_destroy(arena);
}

/* Recycled blocks are wiped: the next exchange finds no secret of the last one. */
static void test_the_next_arena_finds_nothing_of_the_last(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct arena *arenas[ARENA_COUNT];
        for (size_t i = 0; i < ARENA_COUNT; i++) {
            arenas[i] = arena_create();
            for (int piece = 0; piece < 5; piece++) {
                char *memory = arena_alloc(arenas[i], 3000);
                assert_true(is_zero(memory, 3000));
                memset(memory, 0xaa, 3000);
            }
        }
        for (size_t i = 0; i < ARENA_COUNT; i++)
            arena_destroy(arenas[i]);
    }
}

static void *use_an_arena(void *unused)
{
    struct arena *arena = arena_create();
    memset(arena_alloc(arena, 100000), 1, 100000);
    arena_destroy(arena);
    return unused;
}

/* The blocks that a thread keeps are its own, and leave with it: the leak check of a sanitized build sees others. */
static void test_blocks_leave_with_their_thread(void **state)
{
    pthread_t threads[4];
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_an_arena, NULL), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

/* An exchange may begin on one thread and end on another. */
static void *end_arena(void *arena)
{
    arena_destroy(arena);
    return NULL;
}

static void test_another_thread_may_end_it(void **state)
{
    struct arena *arena = arena_create();
    pthread_t thread;
    (void)state;
    memset(arena_alloc(arena, 20000), 1, 20000);
    assert_int_equal(pthread_create(&thread, NULL, end_arena, arena), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_copies_have_a_nul_behind_them(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    struct str copy = arena_str(arena, str_slice(STR("abcdef"), 0, 3));
    assert_int_equal(copy.len, 3);
    assert_string_equal(copy.ptr, "abc");
    assert_string_equal(arena_cstr(arena, STR("")), "");
    assert_int_equal(arena_str(arena, STR("a\0b")).len, 3);
    arena_destroy(arena);
}

static void test_a_copy_of_the_absent_is_absent(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    assert_false(str_is_present(arena_str(arena, STR_NONE)));
    assert_null(arena_cstr(arena, STR_NONE));
    assert_true(str_is_present(arena_str(arena, STR(""))));
    arena_destroy(arena);
}

/* Lengths around the room in which a text is tried first. */
static void test_formatted_texts_are_whole_at_every_length(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    for (int len = 0; len < 300; len++) {
        struct str text = arena_printf(arena, "%0*d", len, 0);
        assert_int_equal(text.len, len ? len : 1);
        assert_int_equal(strlen(text.ptr), text.len);
        assert_int_equal(strspn(text.ptr, "0"), text.len);
    }
    assert_string_equal(arena_printf(arena, "%s", "").ptr, "");
    arena_destroy(arena);
}

static void test_decimals_are_written_up_to_both_ends(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    assert_string_equal(arena_decimal(arena, INT64_MAX).ptr, "9223372036854775807");
    assert_string_equal(arena_decimal(arena, INT64_MIN).ptr, "-9223372036854775808");
    assert_string_equal(arena_decimal(arena, 0).ptr, "0");
    arena_destroy(arena);
}

static char ended[8];

static void note_end(void *subject)
{
    strcat(ended, subject);
}

static void test_deferred_calls_run_last_first(void **state)
{
    static char first[] = "a", second[] = "b", third[] = "c";
    struct arena *arena = arena_create();
    (void)state;
    ended[0] = '\0';
    arena_defer(arena, note_end, first);
    arena_defer(arena, note_end, second);
    arena_defer(arena, note_end, third);
    assert_string_equal(ended, "");
    arena_destroy(arena);
    assert_string_equal(ended, "cba");
}

struct nest {
    struct arena *arena;
    const char *text; /* in the arena */
};

static void use_while_ending(void *subject)
{
    struct nest *nest = subject;
    char *text = arena_alloc(nest->arena, 2);
    strcat(ended, nest->text);
    text[0] = 'z';
    arena_defer(nest->arena, note_end, text);
}

/* What is deferred may still read the arena, and defer in turn. */
static void test_the_arena_is_whole_while_deferred_calls_run(void **state)
{
    struct arena *arena = arena_create();
    (void)state;
    struct nest *nest = arena_new(arena, struct nest);
    *nest = (struct nest){arena, arena_cstr(arena, STR("a"))};
    ended[0] = '\0';
    arena_defer(arena, use_while_ending, nest);
    arena_destroy(arena);
    assert_string_equal(ended, "az");
}

static void test_no_arena_is_ended_in_peace(void **state)
{
    (void)state;
    arena_destroy(NULL);
}

static void test_process_memory_is_never_null(void **state)
{
    (void)state;
    char *memory = memory_alloc(0);
    assert_non_null(memory);
    memory = memory_resize(memory, 1000);
    memset(memory, 1, 1000);
    memory = memory_resize(memory, 100000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(memory[i], 1);
    memory = memory_resize(memory, 0);
    assert_non_null(memory);
    memory_free(memory);
    memory = memory_alloc(5000);
    assert_true(is_zero(memory, 5000));
    memory_free(memory);
    memory_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_and_aligned),
        cmocka_unit_test(test_pieces_do_not_overlap),
        cmocka_unit_test(test_the_next_arena_finds_nothing_of_the_last),
        cmocka_unit_test(test_blocks_leave_with_their_thread),
        cmocka_unit_test(test_another_thread_may_end_it),
        cmocka_unit_test(test_copies_have_a_nul_behind_them),
        cmocka_unit_test(test_a_copy_of_the_absent_is_absent),
        cmocka_unit_test(test_formatted_texts_are_whole_at_every_length),
        cmocka_unit_test(test_decimals_are_written_up_to_both_ends),
        cmocka_unit_test(test_deferred_calls_run_last_first),
        cmocka_unit_test(test_the_arena_is_whole_while_deferred_calls_run),
        cmocka_unit_test(test_no_arena_is_ended_in_peace),
        cmocka_unit_test(test_process_memory_is_never_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
