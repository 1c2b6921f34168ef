#include "meter/summary.h"

#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "meter/cells.h"
#include "meter/ledger.h"
#include "store/rows.h"

#define PAGE_ROWS        1000
#define SECONDS_PER_HOUR INT64_C(3600)
#define SECONDS_PER_DAY  INT64_C(86400)
#define SINCE_DEFAULT    STR("24h")
/* Older usage is gone. */
#define SPAN_MAX (LEDGER_DAYS_DAYS * SECONDS_PER_DAY)

static const struct str by_names[] = {STR_INIT("hour"), STR_INIT("day"), STR_INIT("client"), STR_INIT("rule")};

struct str summary_by_name(enum summary_by by)
{
    return by_names[by];
}

static bool read_by(struct str text, enum summary_by *ret_by)
{
    if (!str_is_present(text)) {
        *ret_by = SUMMARY_BY_HOUR;
        return true;
    }
    for (int by = SUMMARY_BY_HOUR; by <= SUMMARY_BY_RULE; by++)
        if (str_equal(text, by_names[by])) {
            *ret_by = (enum summary_by)by;
            return true;
        }
    return false;
}

/* "24h", "30d": how long ago, in seconds. */
static bool read_span(struct str text, int64_t *ret_seconds)
{
    int64_t number;
    int64_t unit = str_has_suffix(text, STR("h")) ? SECONDS_PER_HOUR : SECONDS_PER_DAY;
    if (text.len < 2 || !(str_has_suffix(text, STR("h")) || str_has_suffix(text, STR("d"))) ||
        !str_parse_int(str_slice(text, 0, text.len - 1), &number) || number < 1 || number > SPAN_MAX / unit)
        return false;
    *ret_seconds = number * unit;
    return true;
}

/* "2026-11-01": a day that there is, and nothing that strptime would be lenient about. */
static bool read_date(struct str text, int64_t *ret_at)
{
    char room[sizeof("2026-11-01")] = {0}, again[sizeof(room)];
    struct tm date = {0};
    if (text.len != sizeof(room) - 1)
        return false;
    memcpy(room, text.ptr, text.len);
    if (!strptime(room, "%Y-%m-%d", &date))
        return false;
    time_t at = timegm(&date); /* makes March of the 30th of February */
    if (!strftime(again, sizeof(again), "%Y-%m-%d", &date) || strcmp(room, again) != 0)
        return false;
    *ret_at = at;
    return true;
}

/* The beginning of the hour or day: what is kept of it is all or nothing. */
static bool read_time(struct str text, int64_t now, int64_t *ret_at)
{
    int64_t at, seconds;
    if (read_span(text, &seconds))
        at = now - seconds;
    else if (!read_date(text, &at))
        return false;
    bool is_by_day = at < ledger_day_before(now, LEDGER_HOURS_DAYS);
    *ret_at = at - at % (is_by_day ? SECONDS_PER_DAY : SECONDS_PER_HOUR);
    return true;
}

static bool read_since(struct str text, int64_t now, int64_t *ret_since_at)
{
    return read_time(str_is_present(text) ? text : SINCE_DEFAULT, now, ret_since_at) && *ret_since_at <= now;
}

static bool read_until(struct str text, int64_t now, int64_t *ret_until_at)
{
    *ret_until_at = INT64_MAX;
    return !str_is_present(text) || read_time(text, now, ret_until_at);
}

static bool is_environment(struct str text)
{
    return str_equal(text, STR("production")) || str_equal(text, STR("development"));
}

enum summary_mistake summary_read(const struct summary_question *question, int64_t now, struct summary_query *query)
{
    if (!read_since(question->since, now, &query->since_at))
        return SUMMARY_SINCE_WRONG;
    if (!read_until(question->until, now, &query->until_at))
        return SUMMARY_UNTIL_WRONG;
    if (query->until_at <= query->since_at)
        return SUMMARY_SPAN_EMPTY;
    if (!read_by(question->by, &query->by))
        return SUMMARY_BY_WRONG;
    if (str_is_present(question->rule) && str_is_empty(question->rule))
        return SUMMARY_RULE_WRONG;
    if (str_is_present(question->environment) && !is_environment(question->environment))
        return SUMMARY_ENVIRONMENT_WRONG;
    query->rule = question->rule;
    query->environment = question->environment;
    return SUMMARY_UNDERSTOOD;
}

/* One summary at work. */
struct summing {
    const struct summary_query *query;
    struct cells groups;
    struct cell total;
    size_t row_count; /* that were looked at */
};

static struct usage_key group_of(enum summary_by by, const struct usage_key *key)
{
    struct usage_key group = {.rule = STR("")};
    switch (by) {
    case SUMMARY_BY_HOUR:
        group.begins_at = key->begins_at;
        break;
    case SUMMARY_BY_DAY:
        group.begins_at = key->begins_at - key->begins_at % SECONDS_PER_DAY;
        break;
    case SUMMARY_BY_CLIENT:
        group.client_id = key->client_id;
        break;
    case SUMMARY_BY_RULE:
        group.rule = key->rule;
        break;
    }
    return group;
}

/* No rule has no name; where people read it, a dash stands for it. */
static bool is_rule_asked(struct str asked, struct str rule)
{
    return !str_is_present(asked) || str_equal(asked, rule) || (str_is_empty(rule) && str_equal(asked, STR("-")));
}

static bool is_asked(const struct summary_query *query, const struct usage_row *row)
{
    return is_rule_asked(query->rule, row->key.rule) &&
           (!str_is_present(query->environment) || str_equal(query->environment, row->environment));
}

static void add_row(struct summing *summing, const struct usage_row *row)
{
    summing->row_count++;
    if (!is_asked(summing->query, row))
        return;
    const struct usage_key group = group_of(summing->query->by, &row->key);
    cell_read(cells_get(&summing->groups, &group), row);
    cell_read(&summing->total, row);
}

/* A page at a time, each in memory of its own: no read stands in the way of the log for long. */
static STEP add_table(struct summing *summing, struct store_reader *reader, enum usage_table table)
{
    const struct summary_query *query = summing->query;
    const struct usage_filter filter = {
        .since_at = query->since_at,
        .until_at = query->until_at,
        .realm_id = query->realm_id,
        .client_id = query->client ? query->client->id : USAGE_ALL_CLIENTS,
        .tells_environment = str_is_present(query->environment),
    };
    struct arena *arena = NULL;
    const struct usage_key *after = NULL;
    enum outcome outcome = OK;
    size_t count = PAGE_ROWS;
    while (outcome == OK && count == PAGE_ROWS && summing->row_count <= query->row_max) {
        struct arena *page = arena_create();
        struct usage_row *rows;
        outcome = usage_list(reader, table, page, &filter, after, PAGE_ROWS, &rows, &count);
        for (size_t i = 0; outcome == OK && i < count; i++)
            add_row(summing, &rows[i]);
        after = outcome == OK && count ? &rows[count - 1].key : NULL;
        arena_destroy(arena);
        arena = page;
    }
    arena_destroy(arena);
    return outcome;
}

static struct summary_line line_of(const struct cell *cell, struct arena *arena)
{
    struct summary_line line = {
        .key = cell->key,
        .subject_count = sketch_count(&cell->subjects),
        .p50_ns = times_quantile(&cell->times, 500),
        .p99_ns = times_quantile(&cell->times, 990),
    };
    line.key.rule = arena_str(arena, cell->key.rule);
    memcpy(line.counts, cell->counts, sizeof(line.counts));
    return line;
}

static int order_of(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* The most requests first; then whatever tells them apart, so that the order is always the same. */
static int compare_size(const void *a, const void *b)
{
    const struct summary_line *one = a, *other = b;
    int order = order_of(other->counts[USAGE_requests], one->counts[USAGE_requests]);
    if (!order)
        order = order_of(other->counts[USAGE_tokens_issued], one->counts[USAGE_tokens_issued]);
    if (!order)
        order = order_of(one->key.client_id, other->key.client_id);
    return order ? order : strcmp(one->key.rule.ptr, other->key.rule.ptr);
}

static int compare_time(const void *a, const void *b)
{
    const struct summary_line *one = a, *other = b;
    return order_of(one->key.begins_at, other->key.begins_at);
}

static void tell(const struct summing *summing, struct arena *arena, struct summary *ret_summary)
{
    bool is_by_time = summing->query->by == SUMMARY_BY_HOUR || summing->query->by == SUMMARY_BY_DAY;
    struct summary_line *lines = arena_array(arena, struct summary_line, summing->groups.count + 1);
    size_t count = 0, at = 0;
    for (const struct cell *cell; (cell = cells_next(&summing->groups, &at));)
        lines[count++] = line_of(cell, arena);
    qsort(lines, count, sizeof(*lines), is_by_time ? compare_time : compare_size);
    size_t left_out = count > SUMMARY_LINES_MAX ? count - SUMMARY_LINES_MAX : 0;
    *ret_summary = (struct summary){
        .lines = is_by_time ? lines + left_out : lines,
        .line_count = count - left_out,
        .total = line_of(&summing->total, arena),
        .is_cut = left_out > 0,
    };
}

STEP summary_make(struct store_reader *reader, struct arena *arena, const struct summary_query *query,
                  struct summary *ret_summary)
{
    struct summing summing = {.query = query};
    enum outcome outcome = add_table(&summing, reader, USAGE_DAYS);
    if (outcome == OK)
        outcome = add_table(&summing, reader, USAGE_HOURS);
    if (outcome == OK && summing.row_count > query->row_max)
        *ret_summary = (struct summary){.is_too_much = true};
    else if (outcome == OK)
        tell(&summing, arena, ret_summary);
    cells_clear(&summing.groups);
    cell_clear(&summing.total);
    return outcome;
}
