#include "daemon/operations.h"

#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/crew.h"
#include "base/metric.h"
#include "daemon/listeners.h"
#include "daemon/shipped.h"
#include "http/message.h"
#include "http/server.h"
#include "meter/limit.h"
#include "meter/meter.h"
#include "store/store.h"

/* A few hundred metrics of some hundred bytes; past it the scrape is answered with 500. */
#define METRICS_MAX_BYTES (8 * 1024 * 1024)

static const struct str plain_text = {"text/plain; charset=utf-8", 25};
static const struct str metrics_text = {"text/plain; version=0.0.4; charset=utf-8", 40};

int64_t operations_resident_bytes(void)
{
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    int found = fscanf(file, "%*s %lld", &pages);
    fclose(file);
    return found == 1 ? (int64_t)pages * sysconf(_SC_PAGESIZE) : 0;
}

static void set_gauge(const char *name, const char *help, uint64_t value)
{
    metric_set(metric_gauge(name, help, NULL), (int64_t)value);
}

/* Counted by the store; told here. */
static void set_counter(const char *name, const char *help, uint64_t value)
{
    metric_set(metric_counter(name, help, NULL), (int64_t)value);
}

static void fill_store(struct store *store)
{
    struct store_stats stats = store_stats(store);
    set_gauge("jeton_store_ready", "1 when the last write to the store worked.", store_is_ready(store));
    set_counter("jeton_store_units_total", "Units that the store ran.", stats.unit_count);
    set_counter("jeton_store_batches_total", "Transactions of the store.", stats.batch_count);
    set_counter("jeton_store_failures_total", "Transactions that failed.", stats.failure_count);
    set_gauge("jeton_store_queue_length", "Units that wait.", stats.queue_len);
    set_gauge("jeton_store_batch_length", "Units in the last transaction.", stats.batch_last_len);
    set_counter("jeton_store_cache_hits_total", "Rows that a reader's cache had.", stats.cache_hit_count);
    set_counter("jeton_store_cache_misses_total", "Rows that a reader's cache had not.", stats.cache_miss_count);
    set_gauge("jeton_store_file_bytes", "Size of the database file.", stats.file_bytes);
    set_gauge("jeton_store_log_bytes", "Size of the write-ahead log.", stats.log_bytes);
}

static void fill_meter(const struct meter *meter)
{
    struct limits_stats clients = limits_stats(meter->limits), addresses = limits_stats(meter->addresses);
    set_gauge("jeton_limit_windows", "Windows of rate limits, of clients and their users.", clients.entry_count);
    set_gauge("jeton_limit_networks", "Networks that wrong credentials came from.", addresses.entry_count);
    set_gauge("jeton_limit_bytes", "Memory of both.", clients.byte_count + addresses.byte_count);
}

static void fill_process(const struct operations *operations)
{
    struct server_load load = listeners_load(operations->listeners);
    set_gauge("jeton_connections", "Open connections.", load.connection_count);
    set_gauge("jeton_exchanges", "Requests being served.", load.exchange_count);
    set_gauge("jeton_crew_load", "Passwords that are hashed or wait for it.", crew_load(operations->crew));
    set_gauge("process_resident_memory_bytes", "Resident memory.", (uint64_t)operations_resident_bytes());
    set_gauge("process_start_time_seconds", "When the process started.", (uint64_t)operations->started_at);
    metric_set(metric_gauge("jeton_build_info", "1, labelled with the version.",
                            METRIC_LABELS({"version", shipped_version()})),
               1);
}

static void answer_metrics(const struct operations *operations, struct exchange *exchange)
{
    fill_process(operations);
    fill_store(operations->store);
    fill_meter(operations->meter);
    struct buf text;
    buf_init(&text, exchange->arena, METRICS_MAX_BYTES);
    metrics_write(&text);
    if (text.is_full)
        response_answer(exchange, 500, plain_text, STR("too many metrics\n"));
    else
        response_answer(exchange, 200, metrics_text, buf_str(&text));
}

static void answer_health(const struct operations *operations, struct exchange *exchange)
{
    (void)operations;
    response_answer(exchange, 200, plain_text, STR("ok\n"));
}

static void answer_readiness(const struct operations *operations, struct exchange *exchange)
{
    const char *reason = operations->not_ready;
    if (!reason && !store_is_ready(operations->store))
        reason = "the store cannot be written\n";
    if (reason)
        response_answer(exchange, 503, plain_text, str_of(reason));
    else
        response_answer(exchange, 200, plain_text, STR("ready\n"));
}

static const struct {
    const char *path;
    void (*answer)(const struct operations *operations, struct exchange *exchange);
} pages[] = {
    {"/healthz", answer_health},
    {"/readyz", answer_readiness},
    {"/metrics", answer_metrics},
};

bool operations_handle(const struct operations *operations, struct exchange *exchange)
{
    struct str method = exchange->request.method;
    if (exchange->limit != WITHIN_LIMITS)
        return false;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (!str_equal(exchange->request.path, str_of(pages[i].path)))
            continue;
        response_header_add(exchange, STR("Cache-Control"), STR("no-store"));
        if (str_equal(method, STR("GET")) || str_equal(method, STR("HEAD"))) {
            pages[i].answer(operations, exchange);
            return true;
        }
        response_header_add(exchange, STR("Allow"), STR("GET, HEAD"));
        response_answer(exchange, 405, plain_text, STR("method not allowed\n"));
        return true;
    }
    return false;
}

void operations_refuse(struct exchange *exchange)
{
    static const unsigned statuses[] = {
        [WITHIN_LIMITS] = 404, [BODY_TOO_LARGE] = 413,      [HEADERS_TOO_LARGE] = 431,
        [URI_TOO_LONG] = 414,  [VERSION_UNSUPPORTED] = 505, [REQUEST_MALFORMED] = 400,
    };
    response_answer(exchange, statuses[exchange->limit], plain_text, STR("not here\n"));
}
