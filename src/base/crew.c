#include "base/crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"

struct crew {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct job *first;
    struct job **last;
    size_t waiting_count;
    size_t queue_max;
    bool is_stopping;
    int nice;
    _Atomic size_t load;
    pthread_t *threads;
    unsigned thread_count;
};

/* The next job, as soon as there is one; NULL when the crew stops and nothing waits any more. */
static struct job *take_job(struct crew *crew)
{
    pthread_mutex_lock(&crew->mutex);
    while (!crew->first && !crew->is_stopping)
        pthread_cond_wait(&crew->wake, &crew->mutex);
    struct job *job = crew->first;
    if (job) {
        crew->first = job->next;
        if (!crew->first)
            crew->last = &crew->first;
        crew->waiting_count--;
    }
    pthread_mutex_unlock(&crew->mutex);
    return job;
}

static void *run_jobs(void *subject)
{
    struct crew *crew = subject;
    struct job *job;
    /* Linux keeps a nice value per thread. Where it is refused, the work is done all the same. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), crew->nice);
    while ((job = take_job(crew))) {
        job->run(job); /* the job may be gone after it */
        atomic_fetch_sub_explicit(&crew->load, 1, memory_order_relaxed);
    }
    return NULL;
}

/* Signals are the main thread's: whoever is born while all are blocked keeps them blocked. */
static void start_threads(struct crew *crew, unsigned count)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (crew->thread_count < count &&
           pthread_create(&crew->threads[crew->thread_count], NULL, run_jobs, crew) == 0)
        crew->thread_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct crew *crew_start(const struct crew_options *options)
{
    struct crew *crew = memory_alloc(sizeof(*crew));
    pthread_mutex_init(&crew->mutex, NULL);
    pthread_cond_init(&crew->wake, NULL);
    crew->last = &crew->first;
    crew->queue_max = options->queue_max;
    crew->nice = options->nice;
    crew->threads = memory_alloc(options->thread_count * sizeof(*crew->threads));
    start_threads(crew, options->thread_count);
    if (crew->thread_count == options->thread_count)
        return crew;
    crew_stop(crew);
    return NULL;
}

bool crew_submit(struct crew *crew, struct job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&crew->mutex);
    bool is_taken = !crew->is_stopping && crew->waiting_count < crew->queue_max;
    if (is_taken) {
        *crew->last = job;
        crew->last = &job->next;
        crew->waiting_count++;
        atomic_fetch_add_explicit(&crew->load, 1, memory_order_relaxed);
        pthread_cond_signal(&crew->wake);
    }
    pthread_mutex_unlock(&crew->mutex);
    return is_taken;
}

size_t crew_load(const struct crew *crew)
{
    return atomic_load_explicit(&crew->load, memory_order_relaxed);
}

void crew_stop(struct crew *crew)
{
    if (!crew)
        return;
    pthread_mutex_lock(&crew->mutex);
    crew->is_stopping = true;
    pthread_cond_broadcast(&crew->wake);
    pthread_mutex_unlock(&crew->mutex);
    for (unsigned i = 0; i < crew->thread_count; i++)
        pthread_join(crew->threads[i], NULL);
    pthread_cond_destroy(&crew->wake);
    pthread_mutex_destroy(&crew->mutex);
    memory_free(crew->threads);
    memory_free(crew);
}
