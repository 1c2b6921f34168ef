/*
 * How far limits are used up is written over, read in pages, and leaves when it is over.
 */
#include "fixture.h"

#include "store/windows.h"

#define NOW INT64_C(1790000000)

struct writing {
    const struct window_row *rows;
    size_t count;
};

static enum outcome write_all(struct store_tx *tx, void *subject)
{
    const struct writing *writing = subject;
    for (size_t i = 0; i < writing->count; i++)
        TRY(window_write(tx, &writing->rows[i]));
    return OK;
}

static enum outcome sweep(struct store_tx *tx, void *subject)
{
    return windows_sweep(tx, NOW, 2, subject);
}

static void rows_are_written_over_and_listed_in_pages(void **state)
{
    struct fixture *fixture = *state;
    /* A digest may have its first bit, a service account's number is below 0. */
    const struct window_row rows[] = {{1, -3, 7, NOW + 1, 5}, {1, 0, UINT64_MAX, NOW + 9, 6}, {1, 0, 2, NOW, 7},
                                      {1, 0, 5, NOW + 9, 1},  {2, 4, 5, NOW + 9, -1},         {1, 0, 5, NOW + 10, 8}};
    struct writing writing = {rows, 6};
    struct window_row after = {0}, *page;
    size_t count, total = 0;
    assert_int_equal(write_rows(fixture->store, write_all, &writing), OK);
    do {
        assert_int_equal(window_list(fixture->reader, fixture->arena, NOW, &after, 2, &page, &count), OK);
        for (size_t i = 0; i < count; i++, total++) {
            after = page[i];
            const struct window_row *want =
                (const struct window_row *[]){&rows[0], &rows[1], &rows[5], &rows[4]}[total];
            assert_memory_equal(&page[i], want, sizeof(*want));
        }
    } while (count == 2);
    assert_int_equal(total, 4);
}

static void what_is_over_leaves_in_slices(void **state)
{
    struct fixture *fixture = *state;
    const struct window_row rows[] = {
        {1, 0, 1, NOW - 5, 1}, {1, 0, 2, NOW, 1}, {2, 0, 1, NOW - 1, 1}, {3, 0, 1, NOW + 1, 1}};
    struct writing writing = {rows, 4};
    size_t count;
    assert_int_equal(write_rows(fixture->store, write_all, &writing), OK);
    assert_int_equal(write_rows(fixture->store, sweep, &count), OK);
    assert_int_equal(count, 2);
    assert_int_equal(write_rows(fixture->store, sweep, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(write_rows(fixture->store, sweep, &count), OK);
    assert_int_equal(count, 0);
    assert_int_equal(ask(fixture->path, "SELECT owner FROM windows"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_are_written_over_and_listed_in_pages, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(what_is_over_leaves_in_slices, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
