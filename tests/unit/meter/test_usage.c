/* Counting among threads; every count arrives, once, where it belongs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/clock.h"
#include "meter/cells.h"
#include "meter/usage.h"

#define NOW        INT64_C(1800000123)
#define HOUR       INT64_C(1800000000)
#define THREADS    6
#define PER_THREAD 20000

static struct usage_request request_of(int64_t client_id, const char *rule)
{
    return (struct usage_request){
        .owner = {.realm_id = 1, .client_id = client_id, .rule = str_of(rule)}, .points = 2, .ns = 5000};
}

static const struct cell *find_cell(const struct cells *cells, int64_t client_id, const char *rule)
{
    size_t at = 0;
    for (const struct cell *cell; (cell = cells_next(cells, &at));)
        if (cell->key.client_id == client_id && str_equal(cell->key.rule, str_of(rule)))
            return cell;
    return NULL;
}

static void test_counts_are_kept_by_client_rule_and_hour(void **state)
{
    (void)state;
    struct usage *usage = usage_create();
    struct cells cells = {0};
    struct usage_request request = request_of(7, "podcasts");
    request.subject = 42;
    usage_add_request(usage, &request, NOW);
    request.refused = USAGE_refused_limit;
    request.points = 0;
    usage_add_request(usage, &request, NOW + 3000);
    request.subject = -42; /* a service account is nobody's user */
    usage_add_request(usage, &request, NOW + 3000);
    usage_add_request(usage, &request, NOW + 3600);
    usage_add(usage, &(struct usage_owner){1, 7, STR_NONE}, USAGE_tokens_issued, 3, NOW);
    usage_collect(usage, &cells);
    assert_int_equal(cells.count, 3);
    const struct cell *cell = find_cell(&cells, 7, "");
    assert_int_equal(cell->counts[USAGE_tokens_issued], 3);
    assert_int_equal(cell->counts[USAGE_requests], 0);
    const struct usage_key key = {HOUR, 1, 7, STR("podcasts")};
    cell = cells_get(&cells, &key);
    assert_int_equal(cell->counts[USAGE_requests], 3);
    assert_int_equal(cell->counts[USAGE_refused_limit], 2);
    assert_int_equal(cell->counts[USAGE_points], 2);
    assert_int_equal(sketch_count(&cell->subjects), 2);
    assert_int_equal(cells.count, 3);
    /* What was collected is not counted again. */
    struct cells none = {0};
    usage_collect(usage, &none);
    assert_int_equal(none.count, 0);
    cells_clear(&cells);
    usage_destroy(usage);
}

struct counting {
    struct usage *usage;
    unsigned number;
};

static void *count(void *arg)
{
    const struct counting *counting = arg;
    static const char *const rules[] = {"a", "b", "c"};
    for (int i = 0; i < PER_THREAD; i++) {
        struct usage_request request = request_of(i % 50, rules[i % 3]);
        request.subject = (int64_t)counting->number * PER_THREAD + i + 1;
        request.refused = i % 10 == 0 ? USAGE_refused_scope : USAGE_requests;
        usage_add_request(counting->usage, &request, NOW);
    }
    return NULL;
}

static void test_no_count_is_lost_among_threads(void **state)
{
    (void)state;
    struct usage *usage = usage_create();
    struct counting countings[THREADS];
    pthread_t threads[THREADS];
    struct cells cells = {0};
    for (unsigned i = 0; i < THREADS; i++) {
        countings[i] = (struct counting){usage, i};
        assert_int_equal(pthread_create(&threads[i], NULL, count, &countings[i]), 0);
    }
    for (int i = 0; i < 200; i++) /* while they count */
        usage_collect(usage, &cells);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    usage_collect(usage, &cells);
    int64_t sums[USAGE_COUNT_COUNT] = {0};
    size_t at = 0;
    for (const struct cell *cell; (cell = cells_next(&cells, &at));)
        for (int i = 0; i < USAGE_COUNT_COUNT; i++)
            sums[i] += cell->counts[i];
    assert_int_equal(cells.count, 150);
    assert_int_equal(sums[USAGE_requests], THREADS * PER_THREAD);
    assert_int_equal(sums[USAGE_refused_scope], THREADS * PER_THREAD / 10);
    assert_int_equal(sums[USAGE_points], 2 * THREADS * PER_THREAD);
    cells_clear(&cells);
    usage_destroy(usage);
}

/* Told, not judged: the machine may be busy with something else. */
static void test_price_of_a_count(void **state)
{
    (void)state;
    enum { ROUNDS = 200000 };
    static const int64_t clients[] = {1, 20, 5000};
    for (size_t c = 0; c < 3; c++) {
        struct usage *usage = usage_create();
        struct cells cells = {0};
        int64_t began_ns = clock_monotonic_ns();
        for (int i = 0; i < ROUNDS; i++) {
            struct usage_request request = request_of(i % clients[c], "GET /podcasts/*");
            request.subject = i % 1000 + 1;
            request.ns = 4000 + i % 4000;
            usage_add_request(usage, &request, NOW);
        }
        int64_t ns = (clock_monotonic_ns() - began_ns) / ROUNDS;
        print_message("%d ns a request of %d clients\n", (int)ns, (int)clients[c]);
        usage_collect(usage, &cells);
        assert_int_equal(cells.count, clients[c]);
        cells_clear(&cells);
        usage_destroy(usage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_are_kept_by_client_rule_and_hour),
        cmocka_unit_test(test_no_count_is_lost_among_threads),
        cmocka_unit_test(test_price_of_a_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
