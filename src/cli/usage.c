#include "cli/usage.h"

#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "cli/command.h"
#include "cli/print.h"

#define SECONDS_PER_HOUR 3600
#define SECONDS_PER_DAY  86400
/* Of a full bar, in columns; each has eight steps. */
#define BAR_COLUMNS 40
#define STEPS       8
#define LABEL_MAX   64
/* Hours or days without a request that still are a line each. */
#define GAP_MAX 23

static int64_t number_of(const json_t *line, const char *name)
{
    return json_integer_value(json_object_get(line, name));
}

static int64_t refused_of(const json_t *line)
{
    static const char *const kinds[] = {"refused_token", "refused_scope", "refused_limit", "refused_rule",
                                        "refused_other"};
    int64_t count = 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        count += number_of(line, kinds[i]);
    return count;
}

/* The sum is the last line: where the others tell what they are about, it says so. */
static json_t *line_of_total(const json_t *first, const json_t *total)
{
    json_t *line = json_object(), *value;
    const char *key;
    json_object_foreach((json_t *)(uintptr_t)first, key, value)
    {
        json_t *sum = json_object_get(total, key);
        bool is_name = !sum && json_object_size(line) == 0;
        json_object_set_new(line, key, sum ? json_incref(sum) : is_name ? json_string("total") : json_null());
    }
    return line;
}

static void print_table(const json_t *result, struct buf *out)
{
    const json_t *lines = json_object_get(result, "usage");
    json_t *table = json_keep(out->arena, json_copy((json_t *)(uintptr_t)lines));
    if (json_array_size(lines))
        json_array_append_new(table, line_of_total(json_array_get(lines, 0), json_object_get(result, "total")));
    print_result(out, table);
    if (json_is_true(json_object_get(result, "is_cut")))
        buf_printf(out, "(%zu lines at most; the total counts all)\n", json_array_size(lines));
}

struct chart {
    struct buf *out;
    const char *by;
    int64_t span_seconds; /* of a line; 0: it is not by time */
    int64_t most;         /* requests of the greatest line */
    size_t label_columns;
};

/* How long the bar of so many is: one step at least, for what is little is not nothing. */
static int steps_of(const struct chart *chart, int64_t count)
{
    if (count <= 0)
        return 0;
    int steps = (int)((double)(BAR_COLUMNS * STEPS) * (double)count / (double)chart->most + 0.5);
    return steps ? steps : 1;
}

static void add_bar(const struct chart *chart, int64_t requests, int64_t refused)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int all = steps_of(chart, requests), passed = steps_of(chart, requests - refused);
    int columns = (passed + STEPS - 1) / STEPS;
    for (int i = 0; i < passed / STEPS; i++)
        buf_add(chart->out, STR("█"));
    buf_add(chart->out, str_of(parts[passed % STEPS]));
    for (; refused > 0 && columns < (all + STEPS - 1) / STEPS; columns++)
        buf_add(chart->out, STR("░"));
}

static void add_line(const struct chart *chart, const char *label, int64_t requests, int64_t refused)
{
    size_t columns = 0;
    for (const char *at = label; *at; at++) {
        bool is_control = (unsigned char)*at < ' ' || *at == 0x7f;
        buf_add_char(chart->out, is_control ? '?' : *at);
        columns += ((unsigned char)*at & 0xc0) != 0x80;
    }
    for (; columns < chart->label_columns; columns++)
        buf_add_char(chart->out, ' ');
    buf_add(chart->out, STR("  "));
    add_bar(chart, requests, refused);
    buf_printf(chart->out, "%s%lld", requests ? " " : "", (long long)requests);
    if (refused)
        buf_printf(chart->out, " (%lld refused)", (long long)refused);
    buf_add_char(chart->out, '\n');
}

static void write_time(const struct chart *chart, int64_t at, char *room, size_t size)
{
    time_t seconds = at;
    struct tm utc;
    const char *format = chart->span_seconds == SECONDS_PER_DAY ? "%Y-%m-%d" : "%Y-%m-%d %H:%M";
    if (!gmtime_r(&seconds, &utc) || !strftime(room, size, format, &utc))
        room[0] = '\0';
}

/* Time goes on where nothing was asked; where that is long, three dots stand for it. */
static void add_gap(const struct chart *chart, int64_t from, int64_t until)
{
    char label[LABEL_MAX];
    if ((until - from) / chart->span_seconds > GAP_MAX) {
        buf_add(chart->out, STR("⋮\n"));
        return;
    }
    for (int64_t at = from; at < until; at += chart->span_seconds) {
        write_time(chart, at, label, sizeof(label));
        add_line(chart, label, 0, 0);
    }
}

static const char *name_of(const struct chart *chart, const json_t *line)
{
    bool is_by_client = strcmp(chart->by, "client") == 0;
    const char *name = json_string_value(json_object_get(line, is_by_client ? "client_id" : "rule"));
    return name ? name : "-";
}

static size_t count_columns(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void measure(struct chart *chart, const json_t *lines)
{
    const json_t *line;
    size_t index;
    json_array_foreach(lines, index, line)
    {
        int64_t requests = number_of(line, "requests");
        size_t columns = chart->span_seconds ? 0 : count_columns(name_of(chart, line));
        chart->most = requests > chart->most ? requests : chart->most;
        chart->label_columns = columns > chart->label_columns ? columns : chart->label_columns;
    }
}

void usage_print_chart(const json_t *result, struct buf *out)
{
    const json_t *lines = json_object_get(result, "usage"), *line;
    const char *by = json_string_value(json_object_get(result, "by"));
    struct chart chart = {.out = out, .by = by ? by : ""};
    chart.span_seconds = strcmp(chart.by, "hour") == 0  ? SECONDS_PER_HOUR
                         : strcmp(chart.by, "day") == 0 ? SECONDS_PER_DAY
                                                        : 0;
    char label[LABEL_MAX];
    int64_t next_at = 0;
    size_t index;
    measure(&chart, lines);
    json_array_foreach(lines, index, line)
    {
        int64_t begins_at = number_of(line, "begins_at");
        if (chart.span_seconds && index)
            add_gap(&chart, next_at, begins_at);
        if (chart.span_seconds)
            write_time(&chart, begins_at, label, sizeof(label));
        add_line(&chart, chart.span_seconds ? label : name_of(&chart, line), number_of(line, "requests"),
                 refused_of(line));
        next_at = begins_at + chart.span_seconds;
    }
    if (json_array_size(lines))
        buf_add(out, STR("█ passed  ░ refused\n"));
    else
        buf_add(out, STR("none\n"));
}

void usage_print(const struct cli_call *call, const json_t *result, struct buf *out)
{
    if (cli_value(call, "chart"))
        usage_print_chart(result, out);
    else
        print_table(result, out);
}
