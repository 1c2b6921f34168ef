#include "meter/summary_json.h"

#include "base/arena.h"
#include "meter/summary.h"
#include "store/applications.h"

static void add_counts(json_t *object, const struct summary_line *line)
{
    static const char *const names[] = {
#define COUNT_NAME(name) #name,
        USAGE_COUNTS(COUNT_NAME)
#undef COUNT_NAME
    };
    bool has_times = line->p50_ns > 0;
    for (int i = 0; i < USAGE_COUNT_COUNT; i++)
        json_object_set_new(object, names[i], json_integer(line->counts[i]));
    json_object_set_new(object, "subjects", json_integer((json_int_t)line->subject_count));
    json_object_set_new(object, "p50_ns", has_times ? json_integer(line->p50_ns) : json_null());
    json_object_set_new(object, "p99_ns", has_times ? json_integer(line->p99_ns) : json_null());
}

/* Usage outlives its client. */
static STEP add_client(struct store_reader *reader, struct arena *arena, int64_t id, json_t *object)
{
    struct client_row *row = NULL;
    if (id)
        TRY(client_find_row(reader, arena, id, &row));
    struct str name = row ? row->client_id : id ? arena_printf(arena, "(deleted %lld)", (long long)id) : STR_NONE;
    json_object_set_new(object, "client_id", json_of_str(name));
    json_object_set_new(object, "environment", json_of_str(row ? row->environment : STR_NONE));
    return OK;
}

/* What the line is about. */
static STEP add_key(struct store_reader *reader, struct arena *arena, enum summary_by by,
                    const struct summary_line *line, json_t *object)
{
    if (by == SUMMARY_BY_CLIENT)
        return add_client(reader, arena, line->key.client_id, object);
    if (by == SUMMARY_BY_RULE)
        json_object_set_new(object, "rule", json_of_str(line->key.rule.len ? line->key.rule : STR_NONE));
    else
        json_object_set_new(object, "begins_at", json_integer(line->key.begins_at));
    return OK;
}

STEP summary_json(struct store_reader *reader, struct arena *arena, const struct summary_query *query,
                  const struct summary *summary, json_t **ret_object)
{
    json_t *list = json_array(), *total = json_object();
    json_t *until_at = query->until_at == INT64_MAX ? json_null() : json_integer(query->until_at);
    json_t *object = json_keep(
        arena, json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:b, s:o, s:o}", "realm", json_of_str(query->realm),
                         "client_id", json_of_str(query->client ? query->client->client_id : STR_NONE), "rule",
                         json_of_str(query->rule), "environment", json_of_str(query->environment), "by",
                         json_of_str(summary_by_name(query->by)), "since_at", (json_int_t)query->since_at, "until_at",
                         until_at, "is_cut", summary->is_cut, "usage", list, "total", total));
    for (size_t i = 0; i < summary->line_count; i++) {
        json_t *line = json_object();
        json_array_append_new(list, line);
        TRY(add_key(reader, arena, query->by, &summary->lines[i], line));
        add_counts(line, &summary->lines[i]);
    }
    add_counts(total, &summary->total);
    *ret_object = object;
    return OK;
}
