#include "graphql/graphql.h"

#include "base/arena.h"
#include "graphql/parser.h"
#include "graphql/plan.h"
#include "graphql/sdl.h"
#include "graphql/validate.h"

const struct graphql_limits graphql_default_limits = {
    .token_max = 2000,
    .depth_max = 15,
    .field_max = 1000,
    .root_field_max = 8,
    .schema_max = 2,
    .type_max = 16,
};

/*
 * Introspection may take so many bytes: tools asking for everything get some 20 KB for what every schema has, and
 * at most 40 bytes for one of SDL. Aliases could ask for a thousand times that.
 */
#define INTROSPECTION_LEN_BASE   32768
#define INTROSPECTION_LEN_FACTOR 48

/* Offsets in a document have 32 bits. */
#define SOURCE_LEN_MAX (UINT32_MAX / 2)

struct graphql_schema *graphql_schema_parse(struct arena *arena, struct str sdl, struct str *ret_error,
                                            unsigned *ret_line)
{
    struct graphql_schema *schema = arena_new(arena, struct graphql_schema);
    struct schema_mistake mistake = {0};
    unsigned column;
    schema->arena = arena;
    schema->introspection_len_max = INTROSPECTION_LEN_BASE + INTROSPECTION_LEN_FACTOR * sdl.len;
    bool is_good =
        sdl_read(schema, sdl_builtin, &mistake) && sdl_read(schema, sdl, &mistake) && schema_check(schema, &mistake);
    if (is_good)
        return schema;
    *ret_error = mistake.message;
    source_locate(sdl, mistake.at, ret_line, &column);
    return NULL;
}

/* NULL after a problem. */
static struct document *read_document(const struct graphql_schema *schema, struct arena *arena, struct str query,
                                      const struct graphql_limits *limits, struct problems *problems)
{
    struct parser parser;
    parser_init(&parser, arena, query, limits->token_max, limits->depth_max);
    struct document *document = parse_document(&parser);
    if (str_is_present(parser.lexer.message)) {
        problem_add(problems, parser.lexer.failed_at, "%.*s", STR_ARGS(parser.lexer.message));
        return NULL;
    }
    struct validation validation = {.problems = problems, .schema = schema, .document = document, .limits = limits};
    document_validate(&validation);
    return problems->first ? NULL : document;
}

struct graphql_request *graphql_request_read(const struct graphql_schema *schema, struct arena *arena,
                                             struct str query, struct str operation_name, const json_t *variables,
                                             const struct graphql_limits *limits)
{
    struct graphql_request *request = arena_new(arena, struct graphql_request);
    struct plan *plan = arena_new(arena, struct plan);
    struct problems problems;
    problems_init(&problems, arena, query);
    *plan = (struct plan){.schema = schema, .arena = arena, .source = query};
    request->plan = plan;
    if (query.len > SOURCE_LEN_MAX)
        problem_add_general(&problems, "Document is too long.");
    else
        plan->document = read_document(schema, arena, query, limits, &problems);
    if (plan->document)
        plan_request(plan, &problems, operation_name, variables, limits, request);
    if (problems.first)
        request->field_count = 0;
    request->errors = problems.first;
    request->last_error = problems.first ? problems.last : &request->errors;
    return request;
}
