/*
 * A system without another thread or semaphore: the store does not open, and says what it lacks.
 */
#include "fixture.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                          void *argument);
int __real_sem_init(sem_t *semaphore, int is_shared, unsigned value);
int __wrap_sem_init(sem_t *semaphore, int is_shared, unsigned value);

static int threads_left = -1; /* -1: as many as the system has */
static bool is_without_semaphores;

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument)
{
    if (threads_left == 0)
        return EAGAIN;
    threads_left -= threads_left > 0;
    return __real_pthread_create(thread, attributes, start, argument);
}

int __wrap_sem_init(sem_t *semaphore, int is_shared, unsigned value)
{
    if (!is_without_semaphores)
        return __real_sem_init(semaphore, is_shared, value);
    errno = ENOSYS;
    return -1;
}

/* Opening fails with this reason and leaves nothing behind that a second attempt would meet. */
static void assert_opens_only_later(struct fixture *fixture, const char *reason)
{
    struct str error = STR_NONE;
    fixture->store = store_open(&fixture->options, fixture->arena, &error);
    threads_left = -1;
    is_without_semaphores = false;
    assert_null(fixture->store);
    assert_non_null(memmem(error.ptr, error.len, reason, strlen(reason)));
    fixture->store = store_open(&fixture->options, fixture->arena, &error);
    assert_non_null(fixture->store);
    assert_true(add_token(fixture, 1790000000, 1, 0, 0) > 0);
}

static void not_open_without_each_of_its_threads(void **state)
{
    struct fixture *fixture = *state;
    for (int count = 0; count < 2; count++) {
        store_close(fixture->store);
        threads_left = count;
        assert_opens_only_later(fixture, "no thread for ");
    }
}

static void not_open_without_a_semaphore(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store);
    is_without_semaphores = true;
    assert_opens_only_later(fixture, "no thread for the writer");
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(not_open_without_each_of_its_threads),
        IN_STORE(not_open_without_a_semaphore),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
