/* Errands: prove on the crew, apply in the store, answer on the worker; the exchange is parked once. */
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "dialect/desk_errand.h"
#include "dialect/face.h"
#include "http/message.h"
#include "../scratch.h"

/* The exchange of these tests has no server: what it would be told is counted. */
static sem_t resumed;
static int park_count;

void __wrap_exchange_park(struct exchange *exchange);
void __wrap_exchange_resume(struct exchange *exchange);

void __wrap_exchange_park(struct exchange *exchange)
{
    (void)exchange;
    park_count++;
}

void __wrap_exchange_resume(struct exchange *exchange)
{
    (void)exchange;
    sem_post(&resumed);
}

struct errand_test {
    const char *folder;
    struct arena *arena;
    struct face_means means;
};

struct steps {
    struct desk_errand errand;
    enum outcome proves;
    enum outcome applies;
    char order[16]; /* p, a and A(nswer), as they came */
    size_t count;
    enum refusal failure;
    sem_t *gate; /* proving waits for it */
};

static enum outcome prove(struct desk_errand *errand)
{
    struct steps *steps = (struct steps *)errand;
    if (steps->gate)
        sem_wait(steps->gate);
    steps->order[steps->count++] = 'p';
    return steps->proves;
}

static enum outcome apply(struct desk_errand *errand, struct store_tx *tx)
{
    struct steps *steps = (struct steps *)errand;
    (void)tx;
    steps->order[steps->count++] = 'a';
    return steps->applies;
}

static void answer(struct desk_errand *errand, enum refusal failure)
{
    struct steps *steps = (struct steps *)errand;
    steps->order[steps->count++] = 'A';
    steps->failure = failure;
}

static int setup(void **state)
{
    struct errand_test *test = memory_alloc(sizeof(*test));
    struct str error;
    test->arena = arena_create();
    test->folder = scratch_create(test->arena, "errand");
    assert_non_null(test->folder);
    const struct crew_options crew = {.thread_count = 1, .queue_max = 1};
    const struct store_options store = {
        .path = arena_printf(test->arena, "%s/jeton.db", test->folder).ptr,
        .is_without_sync = true,
    };
    test->means.store = store_open(&store, test->arena, &error);
    test->means.crew = crew_start(&crew);
    assert_non_null(test->means.store);
    assert_non_null(test->means.crew);
    sem_init(&resumed, 0, 0);
    park_count = 0;
    *state = test;
    return 0;
}

static int teardown(void **state)
{
    struct errand_test *test = *state;
    crew_stop(test->means.crew);
    store_close(test->means.store);
    static const char *const files[] = {"jeton.db", "jeton.db-wal", "jeton.db-shm"};
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        unlink(arena_printf(test->arena, "%s/%s", test->folder, files[i]).ptr);
    int result = rmdir(test->folder);
    arena_destroy(test->arena);
    sem_destroy(&resumed);
    memory_free(test);
    return result;
}

static struct steps *create(struct errand_test *test, enum outcome proves, enum outcome applies)
{
    struct steps *steps = arena_new(test->arena, struct steps);
    struct exchange *exchange = arena_new(test->arena, struct exchange);
    steps->errand = (struct desk_errand){.exchange = exchange, .prove = prove, .apply = apply, .answer = answer};
    steps->proves = proves;
    steps->applies = applies;
    return steps;
}

/* The worker takes the exchange back, on this thread. */
static void take_back(struct steps *steps)
{
    sem_wait(&resumed);
    steps->errand.exchange->resumed(steps->errand.exchange);
}

static void see_through(struct errand_test *test, struct steps *steps, const char *order, enum refusal failure)
{
    desk_errand_begin(&steps->errand, &test->means);
    take_back(steps);
    assert_string_equal(steps->order, order);
    assert_int_equal(steps->failure, failure);
    assert_int_equal(park_count, 1);
}

static void what_is_not_slow_is_applied_at_once(void **state)
{
    struct steps *steps = create(*state, OK, OK);
    steps->errand.prove = NULL;
    see_through(*state, steps, "aA", NOT_REFUSED);
}

static void what_is_slow_is_proved_first(void **state)
{
    see_through(*state, create(*state, OK, OK), "paA", NOT_REFUSED);
}

/* The refusal is the call's; nothing is written for it. */
static void what_is_not_proved_is_not_applied(void **state)
{
    see_through(*state, create(*state, REFUSED, OK), "pA", NOT_REFUSED);
}

static void who_cannot_prove_is_busy(void **state)
{
    see_through(*state, create(*state, FAILED, OK), "pA", REFUSED_busy);
}

static void a_store_that_fails_is_unavailable(void **state)
{
    struct steps *steps = create(*state, OK, FAILED);
    steps->errand.prove = NULL;
    desk_errand_begin(&steps->errand, &((struct errand_test *)*state)->means);
    take_back(steps);
    assert_int_equal(steps->failure, REFUSED_store_unavailable);
}

static void without_a_crew_nothing_slow_is_done(void **state)
{
    struct errand_test test = *(struct errand_test *)*state;
    test.means.crew = NULL;
    see_through(&test, create(&test, OK, OK), "A", REFUSED_busy);
}

/* More than may wait are turned away at once: hashing must not pile up. */
static void a_crowd_is_turned_away(void **state)
{
    struct errand_test *test = *state;
    struct steps *crowd[4];
    size_t busy_count = 0;
    sem_t gate;
    sem_init(&gate, 0, 0);
    for (size_t i = 0; i < 4; i++) {
        crowd[i] = create(test, OK, OK);
        crowd[i]->gate = &gate;
        desk_errand_begin(&crowd[i]->errand, &test->means);
    }
    for (size_t i = 0; i < 4; i++)
        sem_post(&gate);
    for (size_t i = 0; i < 4; i++)
        sem_wait(&resumed);
    for (size_t i = 0; i < 4; i++) {
        crowd[i]->errand.exchange->resumed(crowd[i]->errand.exchange);
        busy_count += crowd[i]->failure == REFUSED_busy;
        assert_string_equal(crowd[i]->order, crowd[i]->failure ? "A" : "paA");
    }
    assert_in_range(busy_count, 2, 3); /* one runs, or has not begun yet; one waits */
    sem_destroy(&gate);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_not_slow_is_applied_at_once),
        TEST(what_is_slow_is_proved_first),
        TEST(what_is_not_proved_is_not_applied),
        TEST(who_cannot_prove_is_busy),
        TEST(a_store_that_fails_is_unavailable),
        TEST(without_a_crew_nothing_slow_is_done),
        TEST(a_crowd_is_turned_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
