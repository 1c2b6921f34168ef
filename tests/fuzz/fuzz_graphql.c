/*
 * fuzz_graphql.c — any bytes as a GraphQL query: read against a fixed schema, answered with fixed results.
 *
 * Whatever comes in, the response is one JSON object with `data` or `errors`, unless it passed the limit.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "graphql/graphql.h"

#define RESPONSE_LIMIT 65536

static const char sdl[] =
    "schema { query: Query mutation: Mutation }\n"
    "type Query { viewer: Viewer node: Node search(first: Int = 10): [Result!]! strict: Strict!\n"
    "  echo(i: Int, f: Float, s: String, b: Boolean, id: ID, e: Grant, l: [Int!], d: Deep = {a: 2}, any: Any): "
    "String }\n"
    "scalar Any @specifiedBy(url: \"https://example.org/any\")\n"
    "input Deep { a: Int! = 1 b: String = \"x\" c: [Grant!] = [CODE] d: Deep }\n"
    "interface Node { id: ID! self: Node }\n"
    "type Viewer implements Node { id: ID! self: Viewer name: String mail: String @deprecated(reason: \"private\") "
    "}\n"
    "type Podcast implements Node { id: ID! self: Podcast title: String! tags: [String!]! }\n"
    "type Strict { must: String! may: String deep: Strict! }\n"
    "union Result = Viewer | Podcast\n"
    "enum Grant { CLIENT_CREDENTIALS CODE }\n"
    "input TokenRequest { grant_type: Grant! client_id: String! client_secret: String! limited_scope: Boolean }\n"
    "type Token { access_token: String! expires_in: Int! token_type: String! }\n"
    "type Mutation { requestAccessToken(input: TokenRequest!): Token }\n";

static const char variables_text[] =
    "{\"a\":1,\"s\":\"text\",\"b\":true,\"e\":\"CODE\",\"l\":[1,2],\"n\":null,\"d\":{\"a\":3,\"d\":{\"b\":\"y\"}},"
    "\"in\":{\"grant_type\":\"CODE\",\"client_id\":\"a\",\"client_secret\":\"b\"}}";

static const char results_text[] =
    "{\"viewer\":{\"id\":\"7\",\"name\":\"V\",\"self\":{\"id\":8}},\"strict\":{\"must\":null,\"may\":\"x\"},"
    "\"node\":{\"__typename\":\"Podcast\",\"id\":\"3\",\"title\":null},\"echo\":\"e\\n\\\"\","
    "\"search\":[{\"__typename\":\"Viewer\",\"id\":\"1\"},{\"__typename\":\"Podcast\",\"id\":\"2\",\"title\":\"P\","
    "\"tags\":[\"a\",null]},{\"__typename\":\"Nothing\"}],"
    "\"requestAccessToken\":{\"access_token\":\"T\",\"token_type\":\"Bearer\",\"expires_in\":3600}}";

static struct graphql_schema *schema;
static json_t *variables;
static json_t *results;

static void prepare(void)
{
    struct str error;
    unsigned line;
    struct arena *arena = arena_create();
    schema = graphql_schema_parse(arena, str_of(sdl), &error, &line);
    variables = json_read(arena, str_of(variables_text));
    results = json_read(arena, str_of(results_text));
    if (!schema || !variables || !results)
        abort();
}

static void check_response(const struct buf *out)
{
    json_t *response = json_loadb(out->ptr, out->len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (!json_object_get(response, "data") && json_array_size(json_object_get(response, "errors")) == 0)
        abort();
    json_decref(response);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (!schema)
        prepare();
    struct arena *arena = arena_create();
    /* A copy of just that size, so that reading past the end is seen. */
    char *query = malloc(len ? len : 1);
    if (len)
        memcpy(query, bytes, len);
    struct graphql_request *request =
        graphql_request_read(schema, arena, (struct str){query, len}, STR_NONE, variables, &graphql_default_limits);
    for (size_t i = 0; i < request->field_count; i++) {
        struct graphql_field *field = &request->fields[i];
        field->result = json_object_get(results, arena_cstr(arena, field->name));
    }
    struct buf out;
    buf_init(&out, arena, RESPONSE_LIMIT);
    graphql_request_write(request, &out);
    if (!out.is_full)
        check_response(&out);
    arena_destroy(arena);
    free(query);
    return 0;
}
