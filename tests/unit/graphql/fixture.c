#include "fixture.h"

static const char sdl[] =
    "schema { query: Query mutation: Mutation }\n"
    "\"What can be asked.\" type Query {\n"
    "  viewer: Viewer  podcast(identifier: Identifier!): Podcast  node: Node  search(first: Int = 10): [Result!]!\n"
    "  echo(i: Int, f: Float, s: String, b: Boolean, id: ID, e: OAuthGrantType, l: [Int!], ll: [[Int]],\n"
    "    d: Defaulted, any: Any): String\n"
    "  strict: Strict!  lists: [Strict]  texts: [String!]  number: Int\n"
    "}\n"
    "scalar Any @specifiedBy(url: \"https://example.org/any\")\n"
    "input Defaulted { a: Int! = 1 b: String = \"x\" c: [OAuthGrantType!] = [CLIENT_CREDENTIALS] d: Defaulted }\n"
    "interface Node { id: ID! }\n"
    "type Viewer implements Node { id: ID! name: String email: String @deprecated(reason: \"private\") self: Viewer "
    "}\n"
    "type Podcast implements Node { id: ID! title: String! tags: [String!]! rate(of: Int!): Int }\n"
    "type Strict { must: String! may: String deep: Strict! }\n"
    "union Result = Viewer | Podcast\n"
    "input Identifier { id: String! type: PodcastIdentifier! }\n"
    "enum PodcastIdentifier { FEED \"By number.\" NUMBER OLD @deprecated }\n"
    "type AccessToken { access_token: String!  expires_in: Int!  token_type: String! }\n"
    "input AccessTokenRequest { grant_type: OAuthGrantType!  client_id: String!  client_secret: String!\n"
    "  code: String  redirect_uri: String  limited_scope: Boolean }\n"
    "enum OAuthGrantType { CLIENT_CREDENTIALS AUTHORIZATION_CODE }\n"
    "type Mutation { requestAccessToken(input: AccessTokenRequest!): AccessToken }\n";

struct arena *arena;

static struct graphql_schema *schema;

int fixture_open(void **state)
{
    struct str error = STR_NONE;
    unsigned line = 0;
    (void)state;
    arena = arena_create();
    schema = graphql_schema_parse(arena, str_of(sdl), &error, &line);
    if (!schema)
        print_message("schema, line %u: %.*s\n", line, STR_ARGS(error));
    return schema ? 0 : -1;
}

int fixture_close(void **state)
{
    (void)state;
    arena_destroy(arena);
    return 0;
}

static json_t *json_of(const char *text)
{
    if (!text)
        return NULL;
    json_t *json = json_read(arena, str_of(text));
    assert_non_null(json);
    return json;
}

struct graphql_request *read_query(const char *query, const char *variables)
{
    return graphql_request_read(schema, arena, str_of(query), STR_NONE, json_of(variables), &graphql_default_limits);
}

const char *write_response(struct graphql_request *request)
{
    struct buf out;
    buf_init(&out, arena, 1 << 20);
    graphql_request_write(request, &out);
    assert_false(out.is_full);
    return arena_cstr(arena, buf_str(&out));
}

const char *respond(const char *query, const char *variables, const char *results)
{
    struct graphql_request *request = read_query(query, variables);
    json_t *json = json_of(results);
    for (size_t i = 0; i < request->field_count; i++)
        request->fields[i].result = json_object_get(json, arena_cstr(arena, request->fields[i].name));
    return write_response(request);
}

const char *first_error(const char *query, const char *variables)
{
    struct graphql_request *request = read_query(query, variables);
    return request->errors ? arena_cstr(arena, request->errors->message) : "";
}

const char *arguments_of(const char *query, const char *variables)
{
    struct graphql_request *request = read_query(query, variables);
    if (request->errors)
        fail_msg("%.*s", STR_ARGS(request->errors->message));
    assert_true(request->field_count > 0);
    return arena_cstr(arena, json_text(arena, request->fields[0].arguments));
}

void assert_messages(const struct case_of_message *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_string_equal(first_error(cases[i].query, NULL), cases[i].message);
}
