#include "base/metric.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"

#define LABEL_MAX       4
#define LABEL_TEXT_MAX  1024
#define CACHE_LINE      64
#define NS_PER_SECOND   UINT64_C(1000000000)
#define BUCKET_COUNT    16
#define array_len(list) (sizeof(list) / sizeof((list)[0]))

enum metric_kind { COUNTER, GAUGE, HISTOGRAM };

static const char *const kind_names[] = {"counter", "gauge", "histogram"};

static const struct {
    int64_t ns;
    const char *seconds;
} bounds[] = {
    {100000, "0.0001"},  {250000, "0.00025"}, {500000, "0.0005"},  {1000000, "0.001"},
    {2500000, "0.0025"}, {5000000, "0.005"},  {10000000, "0.01"},  {25000000, "0.025"},
    {50000000, "0.05"},  {100000000, "0.1"},  {250000000, "0.25"}, {500000000, "0.5"},
    {1000000000, "1"},   {2500000000, "2.5"}, {5000000000, "5"},   {10000000000, "10"},
};
_Static_assert(array_len(bounds) == BUCKET_COUNT, "one bucket for each bound");

struct metric {
    /* A counter's or gauge's value, or a histogram's sum in ns; alone on its cache line, so that workers which add to
     * different metrics do not slow each other. */
    _Alignas(CACHE_LINE) _Atomic uint64_t value;
    _Atomic uint64_t *buckets; /* of a histogram; the last one is what lies above every bound */
    struct metric *next;
    struct str labels; /* as written: `realm="a",grant="b"` */
};

struct family {
    struct family *next;
    const char *name;
    const char *help;
    enum metric_kind kind;
    struct metric *members;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct family *families;

static void write_escaped(struct buf *out, struct str text, bool is_label)
{
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte == '\n')
            buf_add(out, STR("\\n"));
        else if (byte == '\\' || (is_label && byte == '"'))
            buf_printf(out, "\\%c", byte);
        else
            buf_add_char(out, byte);
    }
}

static struct str label_text(struct arena *arena, const struct metric_label *labels)
{
    struct buf text;
    buf_init(&text, arena, LABEL_TEXT_MAX);
    for (size_t i = 0; labels && labels[i].name; i++) {
        assert(i < LABEL_MAX);
        buf_printf(&text, "%s%s=\"", i ? "," : "", labels[i].name);
        write_escaped(&text, labels[i].value, true);
        buf_add_char(&text, '"');
    }
    assert(!text.is_full); /* label values are names of ours */
    return buf_str(&text);
}

static struct family *get_family(enum metric_kind kind, const char *name, const char *help)
{
    struct family **at = &families;
    while (*at && strcmp((*at)->name, name) < 0)
        at = &(*at)->next;
    if (*at && strcmp((*at)->name, name) == 0) {
        assert((*at)->kind == kind);
        return *at;
    }
    struct family *family = memory_alloc(sizeof(*family));
    *family = (struct family){.next = *at, .name = name, .help = help, .kind = kind};
    *at = family;
    return family;
}

static int compare_text(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.ptr, b.ptr, len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Zeroed and on a cache line of its own; metrics are never given back. */
static void *alloc_aligned(size_t size)
{
    uintptr_t memory = (uintptr_t)memory_alloc(size + CACHE_LINE);
    return (void *)((memory + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
}

static struct metric *get_member(struct family *family, struct str labels)
{
    struct metric **at = &family->members;
    while (*at && compare_text((*at)->labels, labels) < 0)
        at = &(*at)->next;
    if (*at && str_equal((*at)->labels, labels))
        return *at;
    struct metric *metric = alloc_aligned(sizeof(*metric));
    char *text = memory_alloc(labels.len + 1);
    memcpy(text, labels.ptr, labels.len);
    metric->labels = (struct str){text, labels.len};
    if (family->kind == HISTOGRAM)
        metric->buckets = alloc_aligned(sizeof(*metric->buckets) * (BUCKET_COUNT + 1));
    metric->next = *at;
    *at = metric;
    return metric;
}

static struct metric *get_metric(enum metric_kind kind, const char *name, const char *help,
                                 const struct metric_label *labels)
{
    struct arena *arena = arena_create();
    struct str text = label_text(arena, labels);
    pthread_mutex_lock(&lock);
    struct metric *metric = get_member(get_family(kind, name, help), text);
    pthread_mutex_unlock(&lock);
    arena_destroy(arena);
    return metric;
}

struct metric *metric_counter(const char *name, const char *help, const struct metric_label *labels)
{
    return get_metric(COUNTER, name, help, labels);
}

struct metric *metric_gauge(const char *name, const char *help, const struct metric_label *labels)
{
    return get_metric(GAUGE, name, help, labels);
}

struct metric *metric_histogram(const char *name, const char *help, const struct metric_label *labels)
{
    return get_metric(HISTOGRAM, name, help, labels);
}

void metric_add(struct metric *metric, uint64_t count)
{
    atomic_fetch_add_explicit(&metric->value, count, memory_order_relaxed);
}

void metric_set(struct metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, (uint64_t)value, memory_order_relaxed);
}

void metric_observe_ns(struct metric *histogram, int64_t ns)
{
    if (ns < 0)
        ns = 0;
    size_t bucket = 0;
    while (bucket < BUCKET_COUNT && ns > bounds[bucket].ns)
        bucket++;
    atomic_fetch_add_explicit(&histogram->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->value, (uint64_t)ns, memory_order_relaxed);
}

static uint64_t read_value(_Atomic uint64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

/* `name_suffix{labels,more} ` up to the value. */
static void write_name(struct buf *out, const char *name, const char *suffix, struct str labels, const char *le)
{
    buf_printf(out, "%s%s", name, suffix);
    if (labels.len || le) {
        buf_printf(out, "{%.*s", STR_ARGS(labels));
        if (le)
            buf_printf(out, "%sle=\"%s\"", labels.len ? "," : "", le);
        buf_add_char(out, '}');
    }
    buf_add_char(out, ' ');
}

/* The count is the sum of what was read here, so a scrape amid additions still agrees with itself. */
static void write_histogram(const char *name, struct metric *metric, struct buf *out)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= BUCKET_COUNT; i++) {
        count += read_value(&metric->buckets[i]);
        write_name(out, name, "_bucket", metric->labels, i < BUCKET_COUNT ? bounds[i].seconds : "+Inf");
        buf_printf(out, "%" PRIu64 "\n", count);
    }
    uint64_t sum = read_value(&metric->value);
    write_name(out, name, "_sum", metric->labels, NULL);
    buf_printf(out, "%" PRIu64 ".%09" PRIu64 "\n", sum / NS_PER_SECOND, sum % NS_PER_SECOND);
    write_name(out, name, "_count", metric->labels, NULL);
    buf_printf(out, "%" PRIu64 "\n", count);
}

static void write_member(const struct family *family, struct metric *metric, struct buf *out)
{
    if (family->kind == HISTOGRAM) {
        write_histogram(family->name, metric, out);
        return;
    }
    write_name(out, family->name, "", metric->labels, NULL);
    uint64_t value = read_value(&metric->value);
    if (family->kind == GAUGE)
        buf_printf(out, "%" PRId64 "\n", (int64_t)value);
    else
        buf_printf(out, "%" PRIu64 "\n", value);
}

void metrics_write(struct buf *out)
{
    pthread_mutex_lock(&lock);
    for (const struct family *family = families; family; family = family->next) {
        buf_printf(out, "# HELP %s ", family->name);
        write_escaped(out, str_of(family->help), false);
        buf_printf(out, "\n# TYPE %s %s\n", family->name, kind_names[family->kind]);
        for (struct metric *member = family->members; member; member = member->next)
            write_member(family, member, out);
    }
    pthread_mutex_unlock(&lock);
}
