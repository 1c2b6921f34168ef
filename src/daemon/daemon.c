#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "admin/control.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/control_socket.h"
#include "base/crew.h"
#include "base/log.h"
#include "base/mistake.h"
#include "crypto/digest.h"
#include "daemon/configuration.h"
#include "daemon/faces.h"
#include "daemon/folder.h"
#include "daemon/janitor.h"
#include "daemon/listeners.h"
#include "daemon/mailer.h"
#include "daemon/meter_keeper.h"
#include "daemon/notify.h"
#include "daemon/operations.h"
#include "daemon/realms.h"
#include "daemon/shipped.h"
#include "daemon/snapshot.h"
#include "http/message.h"
#include "http/server.h"
#include "http/upstream.h"
#include "meter/meter.h"
#include "store/store.h"

#define MISTAKES_MAX_BYTES (256 * 1024)
#define DRAIN_MS           10000
#define SWEEP_EVERY_MS     100
#define LOOK_EVERY_MS      60000
#define NOBODY             -1
/* Passwords that may wait to be hashed: about half a minute's; whoever comes later is told to come again. */
#define CREW_QUEUE_MAX 1000
#define CREW_NICE      10

/* Everything is absent until it was started, so stopping takes down whatever there is. */
struct daemon {
    const struct daemon_options *options;
    struct arena *arena; /* as long as the daemon */
    struct str data_directory;
    int claim;
    struct digest key; /* of the data folder */
    struct store *store;
    struct crew *crew;
    struct meter *meter;
    struct upstreams *upstreams;
    struct snapshot *snapshot;
    struct listeners *listeners;
    struct operations operations;
    struct control_host host;
    struct control *control;
    struct janitor *janitor;
    struct mailer *mailer;
    struct meter_keeper *meter_keeper;
};

/* Blocked in every thread, taken by the main one. */
static sigset_t awaited_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

static void handle_exchange(struct exchange *exchange, unsigned serves, void *arg)
{
    struct daemon *daemon = arg;
    const struct daemon_options *options = daemon->options;
    if ((serves & SERVES_OPERATIONS) && (operations_handle(&daemon->operations, exchange) ||
                                         (options->answer && options->answer(exchange, options->arg))))
        return;
    if (!(serves & ~SERVES_OPERATIONS)) {
        operations_refuse(exchange);
        return;
    }
    struct snapshot_hold *hold;
    const struct configuration *configuration = snapshot_hold(daemon->snapshot, &hold);
    arena_defer(exchange->arena, snapshot_release, hold);
    faces_handle(configuration, exchange, serves & ~SERVES_OPERATIONS);
}

/* The configuration may be another when the handler is called a moment later. */
static bool stream_exchange(struct exchange *exchange, unsigned serves, void *arg)
{
    struct daemon *daemon = arg;
    struct snapshot_hold *hold;
    const struct configuration *configuration = snapshot_hold(daemon->snapshot, &hold);
    bool may_stream = faces_stream(configuration, exchange, serves & ~SERVES_OPERATIONS);
    snapshot_release(hold);
    return may_stream;
}

static void rest(void *arg)
{
    store_rest(((struct daemon *)arg)->store);
}

static const struct realm *const *hold_realms(void *arg, size_t *ret_count, void **ret_hold)
{
    struct daemon *daemon = arg;
    struct snapshot_hold *hold;
    const struct configuration *configuration = snapshot_hold(daemon->snapshot, &hold);
    *ret_hold = hold;
    *ret_count = configuration->realm_count;
    return configuration->realm_list;
}

static void release_realms(void *arg, void *hold)
{
    (void)arg;
    snapshot_release(hold);
}

static void add_stats(void *arg, json_t *object)
{
    struct daemon *daemon = arg;
    struct server_load load = {0};
    if (daemon->listeners)
        load = listeners_load(daemon->listeners);
    json_object_set_new(object, "version", json_of_str(shipped_version()));
    json_object_set_new(object, "started_at", json_integer(daemon->operations.started_at));
    json_object_set_new(object, "connections", json_integer(load.connection_count));
    json_object_set_new(object, "exchanges", json_integer(load.exchange_count));
    json_object_set_new(object, "resident_bytes", json_integer(operations_resident_bytes()));
}

/* One line each on stderr for who starts the daemon. */
static void print_mistakes(struct mistakes *mistakes)
{
    struct buf text;
    mistakes_sort(mistakes);
    buf_init(&text, mistakes->arena, MISTAKES_MAX_BYTES);
    mistakes_write(mistakes, &text);
    fwrite(buf_str(&text).ptr, 1, text.len, stderr);
}

static bool fail_to_start(struct str reason)
{
    fprintf(stderr, "jeton: %.*s\n", STR_ARGS(reason));
    return false;
}

static bool open_faces(struct daemon *daemon, struct configuration *configuration, struct mistakes *mistakes)
{
    const struct faces_means means = {
        .store = daemon->store, .crew = daemon->crew, .meter = daemon->meter, .upstreams = daemon->upstreams};
    return faces_open(configuration, &means, mistakes);
}

/* Ids, keys and routes; after it the configuration can be published. */
static bool complete(struct daemon *daemon, struct configuration *configuration, struct mistakes *mistakes)
{
    if (realms_resolve(configuration, daemon->store, &daemon->key) != OK) {
        mistake_tell(mistakes, configuration->file, 0, STR("realms"),
                     STR("the store cannot be written, and the log says why"));
        return false;
    }
    return open_faces(daemon, configuration, mistakes);
}

/* NULL after its mistakes were printed. */
static struct configuration *load_first(struct daemon *daemon)
{
    struct mistakes mistakes;
    struct arena *arena = arena_create();
    mistakes_init(&mistakes, arena);
    struct configuration *configuration = configuration_load(daemon->options->configuration_path, &mistakes);
    if (configuration)
        return configuration;
    print_mistakes(&mistakes);
    arena_destroy(arena);
    return NULL;
}

/* store_open found nothing wrong: a page is damaged, or nothing can be written. The store's event has the words of
 * the database. */
static bool fail_to_use_store(struct daemon *daemon)
{
    const char *file = folder_file(daemon->data_directory, "jeton.db", daemon->arena);
    return fail_to_start(arena_printf(daemon->arena,
                                      "%s: the database cannot be used; the event store_failed says why. When the "
                                      "file is damaged, put a backup in its place",
                                      file));
}

static bool publish_first(struct daemon *daemon, struct configuration *configuration)
{
    struct mistakes mistakes;
    mistakes_init(&mistakes, configuration->arena);
    if (realms_resolve(configuration, daemon->store, &daemon->key) != OK) {
        configuration_destroy(configuration);
        return fail_to_use_store(daemon);
    }
    if (!open_faces(daemon, configuration, &mistakes)) {
        print_mistakes(&mistakes);
        configuration_destroy(configuration);
        return false;
    }
    snapshot_replace(daemon->snapshot, configuration);
    return true;
}

static bool claim_folder(struct daemon *daemon)
{
    const char *claimed = daemon->options->claimed_directory;
    struct str error;
    if (claimed && str_equal(str_of(claimed), daemon->data_directory))
        return true;
    daemon->claim = folder_claim(daemon->data_directory, daemon->arena, &error);
    return daemon->claim != NOBODY || fail_to_start(error);
}

static bool open_store(struct daemon *daemon)
{
    struct str error;
    if (!claim_folder(daemon))
        return false;
    if (!folder_key(daemon->data_directory, daemon->arena, &daemon->key, &error))
        return fail_to_start(error);
    const struct store_options options = {.path = folder_file(daemon->data_directory, "jeton.db", daemon->arena)};
    daemon->store = store_open(&options, daemon->arena, &error);
    return daemon->store || fail_to_start(error);
}

/* Half of the machine at most, and only what the others leave of it. */
static bool start_crew(struct daemon *daemon)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const struct crew_options options = {
        .thread_count = processors > 3 ? (unsigned)(processors / 2) : 1,
        .queue_max = CREW_QUEUE_MAX,
        .nice = CREW_NICE,
    };
    daemon->crew = crew_start(&options);
    return daemon->crew || fail_to_start(STR("no threads for slow work"));
}

static void make_host(struct daemon *daemon)
{
    daemon->operations.store = daemon->store;
    daemon->operations.crew = daemon->crew;
    daemon->operations.meter = daemon->meter;
    daemon->operations.started_at = clock_now();
    daemon->host = (struct control_host){.store = daemon->store,
                                         .meter = daemon->meter,
                                         .hold_realms = hold_realms,
                                         .release_realms = release_realms,
                                         .add_stats = add_stats,
                                         .arg = daemon};
}

static bool open_configuration(struct daemon *daemon)
{
    struct configuration *configuration = load_first(daemon);
    if (!configuration)
        return false;
    log_set_level(configuration->log_level);
    daemon->data_directory = arena_str(daemon->arena, configuration->data_directory);
    if (!open_store(daemon) || !start_crew(daemon)) {
        configuration_destroy(configuration);
        return false;
    }
    daemon->meter = meter_create();
    daemon->upstreams = upstreams_create();
    daemon->snapshot = snapshot_create();
    if (!publish_first(daemon, configuration))
        return false;
    make_host(daemon);
    return true;
}

static bool start_helpers(struct daemon *daemon)
{
    struct str error;
    const char *socket_path = folder_file(daemon->data_directory, CONTROL_SOCKET_NAME, daemon->arena);
    daemon->control = control_start(&daemon->host, socket_path, daemon->arena, &error);
    if (!daemon->control)
        return fail_to_start(error);
    daemon->janitor = janitor_start(daemon->store);
    daemon->mailer = mailer_start(daemon->store, daemon->snapshot);
    daemon->meter_keeper = meter_keeper_start(daemon->meter, daemon->store);
    return (daemon->janitor && daemon->mailer && daemon->meter_keeper) ||
           fail_to_start(STR("no threads for janitor, mailer and meter, or no store to read"));
}

static bool start_listeners(struct daemon *daemon)
{
    struct snapshot_hold *hold;
    struct str error = STR_NONE;
    const struct configuration *configuration = snapshot_hold(daemon->snapshot, &hold);
    daemon->listeners = listeners_create(handle_exchange, stream_exchange, rest, daemon);
    daemon->operations.listeners = daemon->listeners;
    bool is_complete = listeners_apply(daemon->listeners, configuration, daemon->arena, &error);
    snapshot_release(hold);
    return is_complete || fail_to_start(error);
}

static bool start(struct daemon *daemon)
{
    const struct daemon_options *options = daemon->options;
    if (!open_configuration(daemon))
        return false;
    if (options->before_serve && !options->before_serve(&daemon->host, options->arg))
        return false;
    if (!start_helpers(daemon) || !start_listeners(daemon))
        return false;
    log_event(LOG_INFO, "serving", log_text("version", shipped_version()));
    notify_ready();
    if (options->after_serve)
        options->after_serve(options->arg);
    return true;
}

/* Listeners first, so that nobody needs the rest any more; the store last, so that everything waiting is written. */
static void stop(struct daemon *daemon)
{
    if (daemon->listeners)
        listeners_drain(daemon->listeners, DRAIN_MS);
    if (daemon->control)
        control_stop(daemon->control);
    janitor_stop(daemon->janitor);
    mailer_stop(daemon->mailer);
    if (daemon->listeners)
        listeners_destroy(daemon->listeners);
    upstreams_destroy(daemon->upstreams);
    crew_stop(daemon->crew);
    meter_keeper_stop(daemon->meter_keeper);
    if (daemon->store)
        store_close(daemon->store);
    if (daemon->snapshot)
        snapshot_destroy(daemon->snapshot);
    meter_destroy(daemon->meter);
    if (daemon->claim != NOBODY)
        folder_release(daemon->claim);
}

static void log_mistake(const struct mistake *mistake)
{
    struct log_detail file = log_text("file", mistake->file), line = log_number("line", mistake->line);
    struct log_detail key = log_text("key", str_is_present(mistake->key) ? mistake->key : STR(""));
    struct str found = str_is_present(mistake->found) ? mistake->found : STR("nothing");
    if (str_is_present(mistake->problem))
        log_event(LOG_ERROR, "configuration_mistake", file, line, key, log_text("problem", mistake->problem));
    else
        log_event(LOG_ERROR, "configuration_mistake", file, line, key, log_text("found", found),
                  log_text("allowed", mistake->allowed));
}

static void log_mistakes(struct mistakes *mistakes)
{
    mistakes_sort(mistakes);
    for (const struct mistake *mistake = mistakes->first; mistake; mistake = mistake->next)
        log_mistake(mistake);
    log_event(LOG_ERROR, "configuration_refused", log_number("mistakes", (int64_t)mistakes->count));
}

/* What cannot listen is in the log; the others run. */
static void apply_listeners(struct daemon *daemon, const struct configuration *fresh)
{
    struct str error;
    struct arena *arena = arena_create();
    (void)listeners_apply(daemon->listeners, fresh, arena, &error);
    arena_destroy(arena);
}

static void apply_fresh(struct daemon *daemon, struct configuration *fresh)
{
    if (!str_equal(fresh->data_directory, daemon->data_directory))
        log_event(LOG_WARNING, "data_directory_needs_restart", log_text("data_directory", fresh->data_directory));
    log_set_level(fresh->log_level);
    snapshot_replace(daemon->snapshot, fresh);
    apply_listeners(daemon, fresh);
    log_event(LOG_INFO, "configuration_reloaded", log_number("realms", (int64_t)fresh->realm_count));
}

/* All or nothing: whatever is wrong with the file, the configuration that serves stays. */
static void reload(struct daemon *daemon)
{
    struct mistakes mistakes;
    struct arena *arena = arena_create();
    notify_reloading();
    mistakes_init(&mistakes, arena);
    struct configuration *fresh = configuration_load(daemon->options->configuration_path, &mistakes);
    if (fresh && complete(daemon, fresh, &mistakes)) {
        apply_fresh(daemon, fresh);
    } else {
        log_mistakes(&mistakes);
        arena_destroy(arena);
    }
    notify_ready();
}

/* Until the next thing that must be done without a signal: let go of old configurations and removed listeners, feed
 * the watchdog. */
static int64_t find_wait_ms(struct daemon *daemon)
{
    bool are_listeners_left = listeners_sweep(daemon->listeners);
    int64_t wait_ms = snapshot_sweep(daemon->snapshot) || are_listeners_left ? SWEEP_EVERY_MS : LOOK_EVERY_MS;
    int64_t watchdog_ms = notify_watchdog_ms();
    if (watchdog_ms && watchdog_ms / 2 < wait_ms)
        wait_ms = watchdog_ms / 2;
    return wait_ms;
}

static void serve(struct daemon *daemon)
{
    const sigset_t signals = awaited_signals();
    for (;;) {
        int64_t wait_ms = find_wait_ms(daemon);
        const struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000};
        int signal = sigtimedwait(&signals, NULL, &wait);
        if (signal == SIGHUP)
            reload(daemon);
        else if (signal > 0)
            return;
        if (notify_watchdog_ms())
            notify_watchdog();
    }
}

int daemon_serve(const struct daemon_options *options)
{
    memory_prepare();
    const sigset_t signals = awaited_signals();
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is a full disk: the write says so */
    struct daemon daemon = {.options = options, .arena = arena_create(), .claim = NOBODY};
    bool has_started = start(&daemon);
    if (has_started) {
        serve(&daemon);
        log_event(LOG_INFO, "stopping");
        daemon.operations.not_ready = "stopping\n";
        notify_stopping();
    }
    stop(&daemon);
    arena_destroy(daemon.arena);
    return has_started ? 0 : 1;
}
