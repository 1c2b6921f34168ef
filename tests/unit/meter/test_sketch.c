/* How many different ones: exact while they are few, within the stated error beyond. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "meter/sketch.h"

#define STANDARD_ERROR 0.0325

/* Row ids of users: they grow by one; `round` makes other users. */
static void add_users(struct sketch *sketch, uint64_t round, uint64_t count)
{
    for (uint64_t i = 1; i <= count; i++)
        sketch_add(sketch, round * 100000000 + i);
}

static struct str written(struct arena *arena, const struct sketch *sketch)
{
    struct buf out;
    buf_init(&out, arena, SKETCH_BYTES_MAX);
    sketch_write(sketch, &out);
    assert_false(out.is_full);
    return buf_str(&out);
}

static void test_few_are_counted_exactly(void **state)
{
    (void)state;
    struct sketch sketch = {0};
    assert_int_equal(sketch_count(&sketch), 0);
    for (uint64_t i = 1; i <= SKETCH_EXACT_MAX; i++) {
        sketch_clear(&sketch);
        add_users(&sketch, 3, i);
        add_users(&sketch, 3, i);
        assert_int_equal(sketch_count(&sketch), i);
    }
    sketch_clear(&sketch);
    assert_int_equal(sketch_count(&sketch), 0);
}

/* Over many rounds the root of the mean square is the standard error, and the mean is not off to one side. */
static void test_many_are_counted_within_the_stated_error(void **state)
{
    (void)state;
    static const uint64_t counts[] = {65, 100, 300, 1000, 2600, 5000, 20000, 100000};
    for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++) {
        unsigned rounds = counts[c] > 20000 ? 40 : 200;
        double squares = 0, sum = 0, worst = 0;
        for (unsigned round = 1; round <= rounds; round++) {
            struct sketch sketch = {0};
            add_users(&sketch, round, counts[c]);
            double error = (double)sketch_count(&sketch) / (double)counts[c] - 1;
            squares += error * error;
            sum += error;
            worst = fabs(error) > worst ? fabs(error) : worst;
            sketch_clear(&sketch);
        }
        assert_true(sqrt(squares / rounds) < STANDARD_ERROR * 1.25);
        assert_true(fabs(sum / rounds) < STANDARD_ERROR * 4 / sqrt(rounds));
        assert_true(worst < STANDARD_ERROR * 5);
    }
}

static void test_merged_is_as_if_counted_together(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 10, 60, 64, 65, 4000};
    struct arena *arena = arena_create();
    for (size_t a = 0; a < 6; a++) {
        for (size_t b = 0; b < 6; b++) {
            struct sketch one = {0}, other = {0}, both = {0};
            add_users(&one, 1, sizes[a]);
            add_users(&other, 2, sizes[b]);
            sketch_add(&other, 100000001); /* that the first has too, when it has any */
            add_users(&both, 1, sizes[a]);
            add_users(&both, 2, sizes[b]);
            sketch_add(&both, 100000001);
            sketch_merge(&one, &other);
            assert_int_equal(sketch_count(&one), sketch_count(&both));
            if (one.registers)
                assert_true(str_equal(written(arena, &one), written(arena, &both)));
            sketch_clear(&one);
            sketch_clear(&other);
            sketch_clear(&both);
        }
    }
    arena_destroy(arena);
}

static void test_what_was_written_is_read(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, 64, 65, 4000};
    struct arena *arena = arena_create();
    for (size_t i = 0; i < 5; i++) {
        struct sketch sketch = {0}, again = {0};
        add_users(&sketch, 1, sizes[i]);
        struct str bytes = written(arena, &sketch);
        assert_int_equal(bytes.len, sizes[i] <= 64 ? sizes[i] * 8 : SKETCH_BYTES_MAX);
        assert_true(sketch_read(&again, bytes));
        assert_true(sketch_read(&again, bytes));
        assert_true(str_equal(written(arena, &again), bytes));
        sketch_clear(&sketch);
        sketch_clear(&again);
    }
    arena_destroy(arena);
}

/* The same rows must be read by the next version and on other machines. */
static void test_bytes_stay_the_same(void **state)
{
    (void)state;
    struct arena *arena = arena_create();
    struct sketch sketch = {0};
    sketch_add(&sketch, 1);
    assert_memory_equal(written(arena, &sketch).ptr, "\x91\x0a\x2d\xec\x89\x02\x5c\xc1", 8);
    sketch_clear(&sketch);
    arena_destroy(arena);
}

static void test_damaged_bytes_add_nothing(void **state)
{
    (void)state;
    char bytes[SKETCH_BYTES_MAX] = {0};
    struct sketch sketch = {0};
    bytes[1000] = 56; /* no hash of 64 bits has so long a run behind its register's number */
    assert_false(sketch_read(&sketch, (struct str){bytes, sizeof(bytes)}));
    assert_false(sketch_read(&sketch, (struct str){bytes, 7}));
    assert_false(sketch_read(&sketch, (struct str){bytes, 65 * 8}));
    assert_false(sketch_read(&sketch, (struct str){bytes, 1025}));
    assert_int_equal(sketch_count(&sketch), 0);
    assert_true(sketch_read(&sketch, STR_NONE));
    bytes[1000] = 55;
    assert_true(sketch_read(&sketch, (struct str){bytes, sizeof(bytes)}));
    assert_int_equal(sketch_count(&sketch), 1);
    memset(bytes, 55, sizeof(bytes));
    assert_true(
        sketch_read(&sketch, (struct str){bytes, sizeof(bytes)})); /* full to the brim: some number, no crash */
    (void)sketch_count(&sketch);
    sketch_clear(&sketch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_are_counted_exactly),
        cmocka_unit_test(test_many_are_counted_within_the_stated_error),
        cmocka_unit_test(test_merged_is_as_if_counted_together),
        cmocka_unit_test(test_what_was_written_is_read),
        cmocka_unit_test(test_bytes_stay_the_same),
        cmocka_unit_test(test_damaged_bytes_add_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
