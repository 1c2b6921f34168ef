#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "http/inside.h"

/* For the reply's headers. All of a connection's memory is wiped between two requests, so more of it costs time:
 * 47 KiB took a fifth of a worker's time, 20 KiB take a tenth. */
#define REPLY_ROOM 6144
#define PEM_MAX    (1024 * 1024)
#define TLS_RULES  "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
/* Rounds with work already at hand before the inbox is looked at. */
#define BUSY_ROUND_MAX 16
/* libmicrohttpd 0.9.75 asks to be called again at once as long as a handshake waits for its client, or a line of a
 * chunk's size has filled its memory. When rounds like that have come to nothing, this long is waited instead; what
 * comes meanwhile ends the wait. */
#define IDLE_WAIT_MS   10
#define NEWCOMER_BATCH 16
/* poll takes an int. */
#define WAIT_MAX_MS 60000

/* How libmicrohttpd 0.9.75 begins to say that it answers a request by itself; a status follows. */
#define REFUSES STR("Error processing request (HTTP response code is %u ")

static void hold_refused(struct worker *worker, va_list list)
{
    va_list copy;
    va_copy(copy, list);
    reject_hold(worker, va_arg(copy, unsigned));
    va_end(copy);
}

/* Clients can make libmicrohttpd talk as often as they like: only for those who look for it. */
__attribute__((format(printf, 2, 0))) static void note(void *cls, const char *format, va_list list)
{
    struct worker *worker = cls;
    struct pool *pool = worker->pool;
    if (!pool->is_starting && str_has_prefix(str_of(format), REFUSES))
        hold_refused(worker, list);
    char text[sizeof(pool->startup_error)];
    vsnprintf(text, sizeof(text), format, list);
    text[strcspn(text, "\r\n")] = 0;
    if (pool->is_starting)
        memcpy(pool->startup_error, text, sizeof(text));
    else
        log_event(LOG_DEBUG, "http_library", log_text("text", str_of(text)));
}

/* Above our own limits, so that the handler is the one to refuse. */
size_t connection_memory(const struct server_options *options)
{
    return options->header_max + options->header_count_max * FIELD_ROOM + REPLY_ROOM;
}

static size_t leave_escaped(void *cls, struct MHD_Connection *mhd, char *text)
{
    (void)cls;
    (void)mhd;
    return strlen(text);
}

/* `certificate` and `key` are NULL for plain HTTP; both are read here and not again. */
static struct MHD_Daemon *start_daemon(struct worker *worker, const char *certificate, const char *key)
{
    const struct server_options *options = &worker->pool->server->options;
    struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_RULES},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG;
    return MHD_start_daemon(flags | (certificate ? MHD_USE_TLS : 0), 0, NULL, NULL, connection_handle, worker,
                            MHD_OPTION_EXTERNAL_LOGGER, note, worker, MHD_OPTION_CONNECTION_LIMIT,
                            options->connection_max, MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_seconds,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory(options),
                            MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_URI_LOG_CALLBACK, connection_see_target,
                            worker, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, worker, MHD_OPTION_NOTIFY_COMPLETED,
                            connection_complete, worker, MHD_OPTION_NOTIFY_CONNECTION, connection_notify, worker,
                            MHD_OPTION_ARRAY, certificate ? tls : plain, MHD_OPTION_END);
}

/* False when the pool ends: nobody writes to the inbox any more. */
static bool take_newcomers(struct worker *worker)
{
    struct newcomer newcomers[NEWCOMER_BATCH];
    ssize_t len = read(worker->inbox, newcomers, sizeof(newcomers));
    if (len < 0)
        return true;
    for (size_t i = 0; i < (size_t)len / sizeof(newcomers[0]); i++) {
        const struct newcomer *newcomer = &newcomers[i];
        if (MHD_add_connection(worker->daemon, newcomer->fd, (const struct sockaddr *)&newcomer->peer,
                               newcomer->peer_len) != MHD_YES)
            connection_forget(worker); /* the descriptor is closed already */
    }
    if (atomic_load(&worker->pool->server->is_full))
        watch_wake(worker->pool->server);
    return len > 0;
}

/* Until something comes or `wait_ms` have passed. Says that it sleeps before it looks for the last time, so that
 * worker_resume need not wake a worker that is awake. */
static void sleep_until_event(struct worker *worker, struct pollfd *polled, unsigned seen_count, int wait_ms)
{
    const struct server_options *options = &worker->pool->server->options;
    uint64_t wakes;
    if (options->rest)
        options->rest(options->arg);
    atomic_store(&worker->is_sleeping, true);
    poll(polled, 3, atomic_load(&worker->resume_count) == seen_count ? wait_ms : 0);
    atomic_store(&worker->is_sleeping, false);
    ssize_t got = polled[2].revents != 0 ? read(worker->wake_fd, &wakes, sizeof(wakes)) : 0;
    (void)got;
}

/*
 * libmicrohttpd's own threads gather ready connections 128 at a time and, after a full 128, wait for more before
 * they serve any: when exactly 128 clients wait for their answers, that is until the idle timeout. So the waiting
 * is done here, and it is only ever asked for what is ready now.
 *
 * The pool's end closes the inbox. What is parked then is still waited for: libmicrohttpd aborts the process when it
 * is stopped with a suspended connection.
 */
static void *run_worker(void *arg)
{
    struct worker *worker = arg;
    struct pollfd polled[] = {
        {.fd = MHD_get_daemon_info(worker->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .events = POLLIN},
        {.fd = worker->inbox, .events = POLLIN},
        {.fd = worker->wake_fd, .events = POLLIN},
    };
    bool has_ended = false;
    unsigned call_count = 0;
    for (unsigned busy_rounds = 0;;) {
        MHD_UNSIGNED_LONG_LONG wait_ms;
        unsigned seen_count = atomic_load(&worker->resume_count);
        MHD_run(worker->daemon);
        if (reject_release(worker))
            continue;
        if (has_ended && worker->parked_count == 0)
            return NULL;
        bool has_deadline = MHD_get_timeout(worker->daemon, &wait_ms) == MHD_YES;
        if (has_deadline && wait_ms == 0 && ++busy_rounds < BUSY_ROUND_MAX)
            continue;
        if (busy_rounds == BUSY_ROUND_MAX && worker->call_count == call_count)
            wait_ms = IDLE_WAIT_MS;
        busy_rounds = 0;
        call_count = worker->call_count;
        sleep_until_event(worker, polled, seen_count,
                          has_deadline ? (int)(wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS) : -1);
        if (polled[1].revents == 0 || take_newcomers(worker))
            continue;
        has_ended = true;
        polled[1].fd = -1; /* poll leaves it alone */
        forward_abort_all(worker);
    }
}

void worker_resume(struct worker *worker, struct MHD_Connection *mhd)
{
    const uint64_t one = 1;
    atomic_fetch_add(&worker->resumer_count, 1);
    MHD_resume_connection(mhd);
    atomic_fetch_add(&worker->resume_count, 1);
    if (atomic_exchange(&worker->is_sleeping, false)) {
        ssize_t written = write(worker->wake_fd, &one, sizeof(one));
        (void)written; /* full is awake too */
    }
    atomic_fetch_sub(&worker->resumer_count, 1);
}

bool thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure == 0;
}

static void close_worker(struct worker *worker)
{
    close(worker->inbox);
    close(worker->wake_fd);
    MHD_stop_daemon(worker->daemon);
}

static bool worker_start(struct worker *worker, const char *certificate, const char *key)
{
    int ends[2] = {-1, -1};
    worker->daemon = start_daemon(worker, certificate, key);
    if (!worker->daemon)
        return false;
    worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool has_inbox = pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0;
    worker->inbox = ends[0];
    worker->inbox_in = ends[1];
    if (has_inbox && worker->wake_fd >= 0 && thread_start(&worker->thread, run_worker, worker))
        return true;
    close(worker->inbox_in);
    close_worker(worker);
    return false;
}

/* The last to resume an exchange may still be on the way out of worker_resume. */
static void worker_end(struct worker *worker)
{
    close(worker->inbox_in);
    pthread_join(worker->thread, NULL);
    while (atomic_load(&worker->resumer_count) != 0)
        sched_yield();
    close_worker(worker);
}

static bool read_pem(struct arena *arena, struct str path, const char **ret_text, struct str *ret_error)
{
    struct str text;
    if (file_read(arena, arena_cstr(arena, path), PEM_MAX, &text)) {
        *ret_text = text.ptr;
        return true;
    }
    *ret_error = arena_printf(arena, "cannot read %.*s: %s", STR_ARGS(path), strerror(errno));
    return false;
}

static unsigned count_workers(const struct server_options *options)
{
    if (options->worker_count != 0)
        return options->worker_count < 2 ? 2 : options->worker_count;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 2 ? 2 : (unsigned)processors;
}

struct pool *pool_start(struct server *server, struct arena *arena, struct str *ret_error)
{
    const struct server_options *options = &server->options;
    const char *certificate = NULL;
    const char *key = NULL;
    if (str_is_present(options->certificate_file) &&
        (!read_pem(arena, options->certificate_file, &certificate, ret_error) ||
         !read_pem(arena, options->key_file, &key, ret_error)))
        return NULL;
    unsigned worker_count = count_workers(options);
    struct pool *pool = memory_alloc(sizeof(*pool) + worker_count * sizeof(pool->workers[0]));
    pool->server = server;
    pool->is_starting = true;
    for (; pool->worker_count < worker_count; pool->worker_count++) {
        struct worker *worker = &pool->workers[pool->worker_count];
        worker->pool = pool;
        if (worker_start(worker, certificate, key))
            continue;
        *ret_error = arena_printf(arena, "cannot start the HTTP workers: %s", pool->startup_error);
        pool_end(pool);
        return NULL;
    }
    pool->is_starting = false;
    return pool;
}

void pool_end(struct pool *pool)
{
    for (unsigned i = 0; i < pool->worker_count; i++)
        worker_end(&pool->workers[i]);
    memory_free(pool);
}

static unsigned find_fewest(struct pool *pool)
{
    unsigned fewest = 0;
    for (unsigned i = 1; i < pool->worker_count; i++) {
        if (atomic_load(&pool->workers[i].connection_count) < atomic_load(&pool->workers[fewest].connection_count))
            fewest = i;
    }
    return fewest;
}

/* Counted first: the worker may have ended the connection before this returns. */
static bool put_into_inbox(struct worker *worker, const struct newcomer *newcomer)
{
    atomic_fetch_add(&worker->connection_count, 1);
    if (write(worker->inbox_in, newcomer, sizeof(*newcomer)) == (ssize_t)sizeof(*newcomer))
        return true;
    atomic_fetch_sub(&worker->connection_count, 1);
    return false;
}

bool pool_hand_over(struct pool *pool, const struct newcomer *newcomer)
{
    unsigned fewest = find_fewest(pool);
    for (unsigned i = 0; i < pool->worker_count; i++) {
        if (put_into_inbox(&pool->workers[(fewest + i) % pool->worker_count], newcomer))
            return true;
    }
    return false;
}
