/* Bytes come out as they went in, and never more than fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "http/ring.h"

static unsigned char byte_at(size_t position)
{
    return (unsigned char)(position * 31 + position / 251);
}

static size_t put(struct ring *ring, size_t position, size_t len)
{
    char room[RING_ROOM + 100];
    for (size_t i = 0; i < len; i++)
        room[i] = (char)byte_at(position + i);
    return ring_put(ring, (struct str){room, len});
}

static size_t take(struct ring *ring, size_t position, size_t max)
{
    char room[RING_ROOM + 100];
    size_t len = ring_take(ring, room, max);
    for (size_t i = 0; i < len; i++)
        assert_int_equal((unsigned char)room[i], byte_at(position + i));
    return len;
}

static void nothing_is_there_at_first(void **state)
{
    (void)state;
    struct ring ring = {0};
    assert_int_equal(ring_free_len(&ring), RING_ROOM);
    assert_int_equal(take(&ring, 0, 10), 0);
    assert_int_equal(ring_put(&ring, STR("")), 0);
    assert_null(ring.bytes);
    ring_end(&ring);
}

static void what_does_not_fit_stays_with_its_owner(void **state)
{
    (void)state;
    struct ring ring = {0};
    assert_int_equal(put(&ring, 0, RING_ROOM + 100), RING_ROOM);
    assert_int_equal(ring_free_len(&ring), 0);
    assert_int_equal(put(&ring, 0, 1), 0);
    assert_int_equal(take(&ring, 0, 7), 7);
    assert_int_equal(put(&ring, RING_ROOM, 100), 7);
    assert_int_equal(take(&ring, 7, RING_ROOM + 100), RING_ROOM);
    assert_int_equal(take(&ring, 0, 1), 0);
    ring_end(&ring);
}

/* Over the end of the room, in every position, with steps that share no divisor with it. */
static void order_is_kept_over_the_end(void **state)
{
    (void)state;
    struct ring ring = {0};
    size_t in = 0;
    size_t out = 0;
    for (unsigned i = 0; i < 2000; i++) {
        in += put(&ring, in, 7919 * (i % 9));
        out += take(&ring, out, 5231 * (i % 11));
        assert_int_equal(RING_ROOM - ring_free_len(&ring), in - out);
    }
    assert_true(in > 10 * RING_ROOM);
    ring_end(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_there_at_first),
        cmocka_unit_test(what_does_not_fit_stays_with_its_owner),
        cmocka_unit_test(order_is_kept_over_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
