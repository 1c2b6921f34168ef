#include "daemon/demo_api.h"

#include <pthread.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mistake.h"
#include "base/yaml.h"
#include "daemon/demo_seed.h"
#include "daemon/shipped.h"
#include "dialect/question.h"
#include "graphql/graphql.h"
#include "http/message.h"
#include "oauth/call.h"

#define ROOT      STR("/sample/")
#define REPLY_MAX 65536
#define STARS_MAX 8

/* One realm's. */
struct sample {
    struct sample *next;
    const struct yaml_node *node;
    const struct graphql_schema *schema; /* NULL: it has no GraphQL */
};

struct demo_api {
    struct arena *arena;
    pthread_mutex_t lock;
    bool is_read;
    struct sample *samples; /* guarded by the lock until it is read */
};

/* One request at one of them. */
struct visit {
    struct exchange *exchange;
    const struct sample *sample;
    struct str path;
    json_t *values; /* of the holes */
};

struct demo_api *demo_api_create(void)
{
    struct demo_api *api = memory_alloc(sizeof(*api));
    pthread_mutex_init(&api->lock, NULL);
    return api;
}

void demo_api_destroy(struct demo_api *api)
{
    arena_destroy(api->arena);
    pthread_mutex_destroy(&api->lock);
    memory_free(api);
}

static struct str text_of(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *member = yaml_member(map, key);
    return member ? member->text : STR_NONE;
}

static void read_all(struct demo_api *api)
{
    struct mistakes mistakes;
    struct str error;
    unsigned line;
    api->is_read = true;
    api->arena = arena_create();
    mistakes_init(&mistakes, api->arena);
    const struct yaml_node *root = yaml_read(STR("sample.yaml"), shipped_sample(), &mistakes);
    for (const struct yaml_node *node = root ? root->child : NULL; node; node = node->next) {
        struct sample *sample = arena_new(api->arena, struct sample);
        struct str schema = text_of(yaml_member(node, "graphql"), "schema");
        sample->node = node;
        if (str_is_present(schema))
            sample->schema = graphql_schema_parse(api->arena, schema, &error, &line);
        sample->next = api->samples;
        api->samples = sample;
    }
}

static const struct sample *find_sample(struct demo_api *api, struct str name)
{
    pthread_mutex_lock(&api->lock);
    if (!api->is_read)
        read_all(api);
    const struct sample *sample = api->samples;
    pthread_mutex_unlock(&api->lock);
    while (sample && !str_equal(sample->node->key, name))
        sample = sample->next;
    return sample;
}

/* --- holes --- */

/* Under its name as the inside of a JSON string, and with a # behind it as a number, or null when it is none. */
static void set_value(const struct visit *visit, struct str name, struct str value)
{
    struct arena *arena = visit->exchange->arena;
    struct buf escaped;
    int64_t number;
    if (!str_is_utf8(value))
        return;
    buf_init(&escaped, arena, REPLY_MAX);
    buf_add_json(&escaped, value);
    json_object_setn_new(visit->values, name.ptr, name.len, json_of_str(buf_str(&escaped)));
    struct str key = arena_printf(arena, "%.*s#", STR_ARGS(name));
    json_object_setn_new(visit->values, key.ptr, key.len,
                         json_of_str(str_parse_int(value, &number) ? value : STR("null")));
}

static void set_identity(const struct visit *visit)
{
    static const char *const names[] = {"client",   "application", "environment", "subject",
                                        "instance", "scope",       "token-id"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct str header = arena_printf(visit->exchange->arena, "X-Jeton-%s", names[i]);
        struct str value = request_header(visit->exchange, header.ptr);
        set_value(visit, str_of(names[i]), str_is_present(value) ? value : STR("-"));
    }
}

/* A browser asks whether it may send these. [Fetch 4.8] */
static void set_asked_headers(const struct visit *visit)
{
    struct str asked = request_header(visit->exchange, "Access-Control-Request-Headers");
    set_value(visit, STR("asked-headers"), str_is_present(asked) ? asked : STR(""));
}

static struct str fill(const struct visit *visit, struct str text)
{
    struct str filled, unknown;
    return fill_holes(visit->exchange->arena, text, visit->values, NULL, &filled, &unknown) ? filled : STR("null");
}

static bool is_told(const struct visit *visit, struct str name)
{
    const json_t *value = json_object_getn(visit->values, name.ptr, name.len);
    return json_is_string(value) && strcmp(json_string_value(value), "-") != 0;
}

/* Those of `map`, but none that its holes leave empty. */
static void add_headers(const struct visit *visit, const struct yaml_node *map)
{
    for (const struct yaml_node *header = map ? map->child : NULL; header; header = header->next) {
        struct str value = fill(visit, header->text);
        if (value.len)
            response_header_add(visit->exchange, header->key, value);
    }
}

/* An answer without a body has no type. */
static void answer(const struct visit *visit, int64_t status, struct str body)
{
    struct str type = text_of(visit->sample->node, "content_type");
    if (!body.len)
        type = STR_NONE;
    else if (!str_is_present(type))
        type = STR("application/json");
    add_headers(visit, yaml_member(visit->sample->node, "headers"));
    response_answer(visit->exchange, (unsigned)status, type, body);
}

/* --- plain answers --- */

static bool fits_path(const struct visit *visit, struct str pattern)
{
    struct str path = visit->path, segment, wanted;
    unsigned stars = 0;
    while (str_next(&pattern, '/', &wanted)) {
        if (!str_next(&path, '/', &segment))
            return false;
        if (!str_equal(wanted, STR("*")) && !str_equal(wanted, segment))
            return false;
        if (str_equal(wanted, STR("*")) && stars < STARS_MAX)
            set_value(visit, arena_printf(visit->exchange->arena, "%u", ++stars), segment);
    }
    return !str_next(&path, '/', &segment);
}

/* `paths` is one or a list. */
static bool fits_any_path(const struct visit *visit, const struct yaml_node *paths)
{
    if (!paths || !paths->child)
        return paths && fits_path(visit, paths->text);
    for (const struct yaml_node *path = paths->child; path; path = path->next)
        if (fits_path(visit, path->text))
            return true;
    return false;
}

static bool fits(const struct visit *visit, const struct yaml_node *answer)
{
    struct str instance = text_of(answer, "instance");
    return str_equal(text_of(answer, "method"), visit->exchange->request.method) &&
           fits_any_path(visit, yaml_member(answer, "path")) &&
           (!str_is_present(instance) || str_equal(instance, request_header(visit->exchange, "X-Jeton-Instance")));
}

static bool answer_plainly(const struct visit *visit)
{
    const struct yaml_node *answers = yaml_member(visit->sample->node, "answers");
    int64_t status;
    for (const struct yaml_node *node = answers ? answers->child : NULL; node; node = node->next) {
        if (!fits(visit, node))
            continue;
        if (!str_parse_int(text_of(node, "status"), &status))
            status = 200;
        add_headers(visit, yaml_member(node, "headers"));
        answer(visit, status, fill(visit, text_of(node, "body")));
        return true;
    }
    return false;
}

/* --- GraphQL --- */

static void resolve(const struct visit *visit, struct graphql_field *field)
{
    struct arena *arena = visit->exchange->arena;
    const struct yaml_node *fields = yaml_member(yaml_member(visit->sample->node, "graphql"), "fields");
    struct str key = arena_printf(arena, "%.*s.%.*s", STR_ARGS(field->parent_type), STR_ARGS(field->name));
    const struct yaml_node *shape = yaml_member(fields, key.ptr);
    struct str needs = text_of(shape, "needs");
    if (shape && (!str_is_present(needs) || is_told(visit, needs)))
        field->result = json_read(arena, fill(visit, text_of(shape, "body")));
}

static bool answer_graphql(const struct visit *visit)
{
    struct exchange *exchange = visit->exchange;
    struct call reading = {.arena = exchange->arena};
    struct question question;
    struct buf body;
    if (!visit->sample->schema ||
        !str_equal(visit->path, text_of(yaml_member(visit->sample->node, "graphql"), "path")))
        return false;
    buf_init(&body, exchange->arena, REPLY_MAX);
    if (question_read(&reading, &exchange->request, &question) != OK) {
        graphql_error_write(STR("The request has no query that can be read."), NULL, &body);
        answer(visit, 400, buf_str(&body));
        return true;
    }
    struct graphql_request *request =
        graphql_request_read(visit->sample->schema, exchange->arena, question.query, question.operation_name,
                             question.variables, &graphql_default_limits);
    for (size_t i = 0; i < request->field_count && !request->errors; i++)
        resolve(visit, &request->fields[i]);
    graphql_request_write(request, &body);
    answer(visit, 200, buf_str(&body));
    return true;
}

bool demo_api_answer(struct demo_api *api, struct exchange *exchange)
{
    struct str path = exchange->request.path;
    if (exchange->limit != WITHIN_LIMITS || !str_has_prefix(path, ROOT))
        return false;
    path = str_slice(path, ROOT.len, path.len);
    size_t slash = str_find(path, '/');
    struct visit visit = {.exchange = exchange,
                          .sample = find_sample(api, str_slice(path, 0, slash)),
                          .path = str_slice(path, slash, path.len),
                          .values = json_keep(exchange->arena, json_object())};
    set_identity(&visit);
    set_asked_headers(&visit);
    if (!visit.sample || (!answer_plainly(&visit) && !answer_graphql(&visit)))
        response_answer(exchange, 404, STR("application/json"),
                        STR("{\"error\":\"not_found\",\"error_description\":\"The sample API has nothing here.\"}"));
    return true;
}
