/* A configuration lives exactly as long as somebody holds it, however often it is replaced meanwhile. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "daemon/configuration.h"
#include "daemon/snapshot.h"

#define THREADS      4
#define REPLACEMENTS 2000
#define LIVE         0x11fe

static _Atomic unsigned destroyed;

/* Its arena is wiped as it ends, so a holder of a destroyed one would not read LIVE. */
static void note_end(void *subject)
{
    ((struct configuration *)subject)->workers = 0;
    atomic_fetch_add(&destroyed, 1);
}

static struct configuration *create_configuration(void)
{
    struct arena *arena = arena_create();
    struct configuration *configuration = arena_new(arena, struct configuration);
    configuration->arena = arena;
    configuration->workers = LIVE;
    arena_defer(arena, note_end, configuration);
    return configuration;
}

static void test_nothing_is_held_before_the_first(void **state)
{
    (void)state;
    struct snapshot *snapshot = snapshot_create();
    struct snapshot_hold *hold;
    assert_null(snapshot_hold(snapshot, &hold));
    snapshot_destroy(snapshot);
}

static void test_replaced_one_ends_with_its_last_holder(void **state)
{
    (void)state;
    struct snapshot *snapshot = snapshot_create();
    struct snapshot_hold *first;
    struct snapshot_hold *second;
    atomic_store(&destroyed, 0);
    snapshot_replace(snapshot, create_configuration());
    const struct configuration *old = snapshot_hold(snapshot, &first);
    snapshot_hold(snapshot, &second);
    snapshot_replace(snapshot, create_configuration());
    assert_int_equal(old->workers, LIVE);
    snapshot_release(first);
    assert_int_equal(snapshot_sweep(snapshot), 1);
    assert_int_equal(destroyed, 0);
    snapshot_release(second);
    assert_int_equal(snapshot_sweep(snapshot), 0);
    assert_int_equal(destroyed, 1);
    snapshot_destroy(snapshot);
    assert_int_equal(destroyed, 2);
}

static void test_replacing_gives_the_new_one(void **state)
{
    (void)state;
    struct snapshot *snapshot = snapshot_create();
    struct configuration *fresh = create_configuration();
    struct snapshot_hold *hold;
    snapshot_replace(snapshot, create_configuration());
    snapshot_replace(snapshot, fresh);
    assert_ptr_equal(snapshot_hold(snapshot, &hold), fresh);
    snapshot_release(hold);
    snapshot_destroy(snapshot);
}

struct racing {
    struct snapshot *snapshot;
    _Atomic bool is_over;
    _Atomic unsigned dead_seen;
};

static void *take_and_look(void *arg)
{
    struct racing *racing = arg;
    while (!atomic_load(&racing->is_over)) {
        struct snapshot_hold *hold;
        const struct configuration *configuration = snapshot_hold(racing->snapshot, &hold);
        if (configuration->workers != LIVE)
            atomic_fetch_add(&racing->dead_seen, 1);
        snapshot_release(hold);
    }
    return NULL;
}

static void test_holders_never_see_a_destroyed_one(void **state)
{
    (void)state;
    struct racing racing = {.snapshot = snapshot_create()};
    pthread_t threads[THREADS];
    atomic_store(&destroyed, 0);
    snapshot_replace(racing.snapshot, create_configuration());
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_look, &racing), 0);
    for (size_t i = 0; i < REPLACEMENTS; i++)
        snapshot_replace(racing.snapshot, create_configuration());
    atomic_store(&racing.is_over, true);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(racing.dead_seen, 0);
    snapshot_destroy(racing.snapshot);
    assert_int_equal(destroyed, REPLACEMENTS + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_held_before_the_first),
        cmocka_unit_test(test_replaced_one_ends_with_its_last_holder),
        cmocka_unit_test(test_replacing_gives_the_new_one),
        cmocka_unit_test(test_holders_never_see_a_destroyed_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
