/* The crew: jobs run once, in order, within the queue's limit, at a low priority, deaf to signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/crew.h"

#define JOB_COUNT 1000

static _Atomic int run_count;
static _Atomic int disorder_count;

struct numbered_job {
    struct job job;
    int number;
};

static void count_in_order(struct job *job)
{
    if (atomic_fetch_add(&run_count, 1) != ((struct numbered_job *)job)->number)
        atomic_fetch_add(&disorder_count, 1);
}

static void each_job_runs_once_in_the_order_of_submission(void **state)
{
    static struct numbered_job jobs[JOB_COUNT];
    struct crew *crew = crew_start(&(struct crew_options){.thread_count = 1, .queue_max = JOB_COUNT});
    (void)state;
    assert_non_null(crew);
    run_count = disorder_count = 0;
    for (int i = 0; i < JOB_COUNT; i++) {
        jobs[i] = (struct numbered_job){{.run = count_in_order}, i};
        assert_true(crew_submit(crew, &jobs[i].job));
    }
    crew_stop(crew); /* runs what waits */
    assert_int_equal(run_count, JOB_COUNT);
    assert_int_equal(disorder_count, 0);
}

struct gate_job {
    struct job job;
    sem_t entered;
    sem_t may_leave;
};

static void wait_at_gate(struct job *job)
{
    struct gate_job *gate = (struct gate_job *)job;
    sem_post(&gate->entered);
    sem_wait(&gate->may_leave);
}

static void open_gate(struct gate_job *gate)
{
    gate->job.run = wait_at_gate;
    sem_init(&gate->entered, 0, 0);
    sem_init(&gate->may_leave, 0, 0);
}

static void what_passes_the_queues_limit_is_refused(void **state)
{
    struct gate_job gate;
    struct numbered_job jobs[3] = {
        {{.run = count_in_order}, 0}, {{.run = count_in_order}, 1}, {{.run = count_in_order}, 2}};
    struct crew *crew = crew_start(&(struct crew_options){.thread_count = 1, .queue_max = 2});
    (void)state;
    run_count = 0;
    open_gate(&gate);
    assert_int_equal(crew_load(crew), 0);
    assert_true(crew_submit(crew, &gate.job));
    sem_wait(&gate.entered); /* it runs and waits no more */
    assert_true(crew_submit(crew, &jobs[0].job));
    assert_true(crew_submit(crew, &jobs[1].job));
    assert_false(crew_submit(crew, &jobs[2].job));
    assert_int_equal(crew_load(crew), 3);
    sem_post(&gate.may_leave);
    crew_stop(crew);
    assert_int_equal(run_count, 2);
}

static void threads_work_side_by_side(void **state)
{
    struct gate_job gates[3];
    struct crew *crew = crew_start(&(struct crew_options){.thread_count = 3, .queue_max = 3});
    (void)state;
    for (int i = 0; i < 3; i++) {
        open_gate(&gates[i]);
        assert_true(crew_submit(crew, &gates[i].job));
    }
    for (int i = 0; i < 3; i++)
        sem_wait(&gates[i].entered);
    for (int i = 0; i < 3; i++)
        sem_post(&gates[i].may_leave);
    crew_stop(crew);
}

struct look_job {
    struct job job;
    int nice;
    bool is_deaf;
};

static void look_around(struct job *job)
{
    struct look_job *look = (struct look_job *)job;
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    look->is_deaf = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGHUP) == 1;
    look->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
}

static void its_threads_are_nice_and_deaf_and_nobody_else_is(void **state)
{
    struct look_job look = {.job = {.run = look_around}};
    struct look_job own = look;
    (void)state;
    look_around(&own.job);
    int nice = own.nice > 9 ? 19 : 10;
    struct crew *crew = crew_start(&(struct crew_options){.thread_count = 1, .queue_max = 1, .nice = nice});
    assert_true(crew_submit(crew, &look.job));
    crew_stop(crew);
    assert_int_equal(look.nice, nice);
    assert_true(look.is_deaf);
    struct look_job after = {.job = {.run = look_around}};
    look_around(&after.job);
    assert_int_equal(after.nice, own.nice);
    assert_false(after.is_deaf);
}

static void count_run(struct job *job)
{
    (void)job;
    atomic_fetch_add(&run_count, 1);
}

struct crowd {
    struct crew *crew;
    struct job jobs[JOB_COUNT];
    int taken_count;
};

static void *submit_many(void *subject)
{
    struct crowd *crowd = subject;
    for (int i = 0; i < JOB_COUNT; i++) {
        crowd->jobs[i].run = count_run;
        crowd->taken_count += crew_submit(crowd->crew, &crowd->jobs[i]);
    }
    return NULL;
}

static void whatever_was_taken_of_a_crowd_is_run(void **state)
{
    static struct crowd crowds[4];
    pthread_t threads[4];
    struct crew *crew = crew_start(&(struct crew_options){.thread_count = 2, .queue_max = 50});
    (void)state;
    run_count = 0;
    int taken_count = 0;
    for (int i = 0; i < 4; i++) {
        crowds[i].crew = crew;
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &crowds[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        taken_count += crowds[i].taken_count;
    }
    crew_stop(crew);
    assert_true(taken_count > 0);
    assert_int_equal(run_count, taken_count);
}

static void nothing_is_stopped_where_nothing_was_started(void **state)
{
    (void)state;
    crew_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_job_runs_once_in_the_order_of_submission),
        cmocka_unit_test(what_passes_the_queues_limit_is_refused),
        cmocka_unit_test(threads_work_side_by_side),
        cmocka_unit_test(its_threads_are_nice_and_deaf_and_nobody_else_is),
        cmocka_unit_test(whatever_was_taken_of_a_crowd_is_run),
        cmocka_unit_test(nothing_is_stopped_where_nothing_was_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
