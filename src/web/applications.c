/*
 * applications.c — what a person has allowed, and taking it back.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "http/message.h"
#include "identity/session.h"
#include "oauth/realm.h"
#include "oauth/redirect.h"
#include "oauth/scope.h"
#include "store/applications.h"
#include "store/tokens.h"
#include "web/describe.h"
#include "web/errand.h"
#include "web/say.h"
#include "web/site_parts.h"
#include "web/tally.h"

/* Newer grants of one person that are looked at: many of them are one connection. */
#define GRANTS_MAX 500
/* Of all grants of a connection together, in bytes. */
#define SCOPE_MAX 8192

/* An application in one instance: what people know as one connection. */
struct connection {
    int64_t application_id;
    int64_t instance_id;
    int64_t since; /* the oldest grant */
    int64_t client_id;
    struct buf scope; /* words of all grants */
};

struct connections {
    struct connection *items;
    size_t count;
};

static struct connection *find_connection(struct connections *connections, struct arena *arena,
                                          const struct user_grant *grant)
{
    for (size_t i = 0; i < connections->count; i++) {
        struct connection *connection = &connections->items[i];
        if (connection->application_id == grant->application_id &&
            connection->instance_id == grant->grant.instance_id)
            return connection;
    }
    struct connection *connection = &connections->items[connections->count++];
    connection->application_id = grant->application_id;
    connection->instance_id = grant->grant.instance_id;
    connection->client_id = grant->grant.client_id;
    buf_init(&connection->scope, arena, SCOPE_MAX);
    return connection;
}

static void add_scope(struct connection *connection, struct str scope)
{
    struct str rest = scope, word;
    while (str_next_word(&rest, &word)) {
        if (scope_contains(buf_str(&connection->scope), word))
            continue;
        if (connection->scope.len)
            buf_add_char(&connection->scope, ' ');
        buf_add(&connection->scope, word);
    }
}

static STEP load_connections(struct visit *visit, struct connections *connections)
{
    struct user_grant *grants;
    size_t count;
    struct str scope;
    struct store_reader *reader = visit_reader(visit);
    TRY(grant_list_of_user(reader, visit->arena, visit->session->user->id, GRANTS_MAX, &grants, &count));
    connections->items = arena_array(visit->arena, struct connection, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct connection *connection = find_connection(connections, visit->arena, &grants[i]);
        connection->since = grants[i].grant.created_at; /* newest first: the last one stays */
        TRY(scope_set_text(reader, visit->arena, grants[i].grant.scope_set, &scope));
        add_scope(connection, scope);
    }
    return OK;
}

/* As on the consent page; of several places where answers go, the first that was registered. */
static struct str find_domain(const struct application_row *application, const struct client_row *client)
{
    struct str rest = client ? client->redirect_uris : STR(""), uri = STR("");
    if (application->verified_at && application->website.len)
        return redirect_uri_host(application->website);
    (void)str_next_word(&rest, &uri);
    return redirect_uri_host(uri);
}

static STEP describe_connection(struct visit *visit, const struct connection *connection, json_t *list)
{
    struct application_row *application;
    struct instance_row *instance = NULL;
    struct client_row *client;
    struct store_reader *reader = visit_reader(visit);
    TRY(application_find(reader, visit->arena, connection->application_id, &application));
    TRY(client_find_row(reader, visit->arena, connection->client_id, &client));
    if (connection->instance_id)
        TRY(instance_find_row(reader, visit->arena, connection->instance_id, &instance));
    if (!application)
        return OK;
    struct str id = arena_printf(visit->arena, "%lld-%lld", (long long)connection->application_id,
                                 (long long)connection->instance_id);
    json_t *model = json_object();
    json_object_set_new(model, "id", json_of_str(id));
    json_object_set_new(model, "name", json_of_str(application->name));
    json_object_set_new(model, "since", json_of_str(say_day(visit, connection->since)));
    json_object_set_new(model, "is_suspended", json_boolean(application->suspended_at));
    if (instance)
        json_object_set_new(model, "instance", json_of_str(instance->title));
    json_object_set_new(model, "client", describe_application(visit, application, find_domain(application, client)));
    json_object_set_new(model, "scopes",
                        describe_scopes(visit->place->realm, visit->arena, buf_str(&connection->scope)));
    return json_array_append_new(list, model) == 0 ? OK : FAILED;
}

static STEP list_connections(struct visit *visit, json_t *list)
{
    struct connections connections = {NULL, 0};
    TRY(load_connections(visit, &connections));
    for (size_t i = 0; i < connections.count; i++)
        TRY(describe_connection(visit, &connections.items[i], list));
    return OK;
}

static void show_applications(struct visit *visit)
{
    static const struct done done[] = {{"withdrawn", WORD_applications_withdrawn}, {0}};
    json_t *list = json_array();
    visit_set(visit, "applications", list);
    visit_set(visit, "at", json_pack("{s:b}", "applications", 1));
    visit_set_done(visit, done);
    if (list_connections(visit, list) != OK) {
        visit_fail_for_now(visit);
        return;
    }
    visit_set_form(visit, "applications");
    visit_show(visit, "applications");
}

static bool read_id(struct str text, struct connection *ret_connection)
{
    size_t dash = str_find(text, '-');
    return str_parse_int(str_slice(text, 0, dash), &ret_connection->application_id) &&
           str_parse_int(str_slice(text, dash + 1, text.len), &ret_connection->instance_id) &&
           ret_connection->application_id > 0 && ret_connection->instance_id >= 0;
}

/* Everything that hangs on it is dead with the commit. */
static enum outcome withdraw(struct visit *visit, struct store_tx *tx)
{
    const struct connection *connection = visit->own;
    return grant_revoke_of_user(tx, visit->session->user->id, connection->application_id, connection->instance_id,
                                visit->exchange->now);
}

static void answer_withdraw(struct visit *visit, enum outcome outcome)
{
    const struct connection *connection = visit->own;
    if (outcome != OK) {
        visit_fail_for_now(visit);
        return;
    }
    log_event(LOG_INFO, "consent_withdrawn", log_text("exchange", visit->exchange->id),
              log_text("realm", visit->place->realm->name), log_text("username", visit->session->user->username),
              log_number("application", connection->application_id), log_number("instance", connection->instance_id),
              log_text("client_address", visit->exchange->request.client_address));
    tally_add(visit->place->tally, TALLY_CONSENT_WITHDRAWN);
    visit_go_done(visit, "applications", "withdrawn");
}

static void take_applications(struct visit *visit)
{
    static const struct errand_steps steps = {NULL, withdraw, answer_withdraw};
    struct connection *connection = arena_new(visit->arena, struct connection);
    if (!read_id(visit_field(visit, "withdraw"), connection)) {
        show_applications(visit);
        return;
    }
    visit->own = connection;
    errand_begin(visit, &steps);
}

const struct page application_pages[] = {
    {"applications", "applications", NEEDS_USER, show_applications, take_applications},
    {0},
};
