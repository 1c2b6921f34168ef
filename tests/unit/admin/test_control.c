#include "house.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "oauth/token.h"
#include "store/tokens.h"

static const json_t *ask(struct house *house, const char *request)
{
    const json_t *parsed = json_read(house->arena, str_of(request));
    assert_non_null(parsed);
    return control_run(&house->host, house->arena, parsed);
}

static const json_t *ask_ok(struct house *house, const char *request)
{
    const json_t *answer = ask(house, request);
    if (!json_is_true(json_object_get(answer, "ok")))
        fail_msg("%s: %s", request, json_string_value(json_object_get(answer, "error")));
    return json_object_get(answer, "result");
}

static void assert_error(struct house *house, const char *request, const char *error)
{
    const json_t *answer = ask(house, request);
    assert_true(json_is_false(json_object_get(answer, "ok")));
    assert_string_equal(json_string_value(json_object_get(answer, "error")), error);
}

#define MEMBER(object, name) json_string_value(json_object_get((object), (name)))

static const json_t *create_application(struct house *house)
{
    return ask_ok(house, "{\"command\":\"app create\",\"arguments\":{\"realm\":\"first\",\"name\":\"One\","
                         "\"development\":true}}");
}

static const char *first_client_id(const json_t *application)
{
    return MEMBER(json_array_get(json_object_get(application, "clients"), 0), "client_id");
}

static void commands_and_arguments_are_checked(void **state)
{
    assert_error(*state, "{\"command\":\"app\"}", "there is no such command");
    assert_error(*state, "{\"arguments\":{}}", "there is no such command");
    assert_error(*state, "{\"command\":\"stats\",\"arguments\":[]}", "arguments must be an object");
    assert_error(*state, "{\"command\":\"stats\",\"arguments\":{\"x\":1}}", "stats takes no argument x");
    assert_error(*state, "{\"command\":\"app show\"}", "argument application_id is missing");
    assert_error(*state, "{\"command\":\"app show\",\"arguments\":{\"application_id\":\"1\"}}",
                 "argument application_id is of another kind");
}

static void a_realm_must_be_named_where_there_are_several(void **state)
{
    assert_error(*state, "{\"command\":\"app create\",\"arguments\":{\"name\":\"One\"}}",
                 "there are several realms: say which one of first, second");
    assert_error(*state, "{\"command\":\"app create\",\"arguments\":{\"name\":\"One\",\"realm\":\"third\"}}",
                 "there is no such realm");
}

static void realms_are_listed(void **state)
{
    const json_t *list = ask_ok(*state, "{\"command\":\"realm list\"}");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(MEMBER(json_array_get(list, 1), "name"), "second");
}

static void a_created_application_is_shown_without_secrets(void **state)
{
    struct house *house = *state;
    const json_t *created = create_application(house);
    const json_t *clients = json_object_get(created, "clients");
    assert_int_equal(json_array_size(clients), 2);
    const char *secret = MEMBER(json_array_get(clients, 1), "client_secret");
    assert_int_equal(strlen(secret), 4 + 49);
    const json_t *shown = ask_ok(house, "{\"command\":\"app show\",\"arguments\":{\"application_id\":1}}");
    struct str text = json_text(house->arena, shown);
    assert_non_null(strstr(text.ptr, first_client_id(created)));
    assert_null(strstr(text.ptr, secret));
    assert_string_equal(MEMBER(shown, "realm"), "first");
}

static void refusals_of_the_rules_are_told(void **state)
{
    assert_error(*state, "{\"command\":\"app create\",\"arguments\":{\"realm\":\"first\",\"name\":\"\"}}",
                 "name must be 1 to 100 bytes of UTF-8 without control characters");
    assert_error(*state, "{\"command\":\"app suspend\",\"arguments\":{\"application_id\":99}}",
                 "there is no such application");
}

static void applications_are_listed_by_pages(void **state)
{
    struct house *house = *state;
    create_application(house);
    create_application(house);
    const json_t *page = ask_ok(house, "{\"command\":\"app list\",\"arguments\":{\"realm\":\"first\",\"max\":1}}");
    assert_int_equal(json_array_size(page), 1);
    page = ask_ok(house, "{\"command\":\"app list\",\"arguments\":{\"after\":1}}");
    assert_int_equal(json_array_size(page), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(page, 0), "application_id")), 2);
    page = ask_ok(house, "{\"command\":\"app list\",\"arguments\":{\"realm\":\"second\"}}");
    assert_int_equal(json_array_size(page), 0);
    assert_error(house, "{\"command\":\"app list\",\"arguments\":{\"max\":1001}}", "max must be 1 to 1000");
}

static void suspension_and_deletion_reach_the_clients(void **state)
{
    struct house *house = *state;
    const char *client_id = first_client_id(create_application(house));
    const char *show =
        arena_printf(house->arena, "{\"command\":\"client show\",\"arguments\":{\"client_id\":\"%s\"}}", client_id)
            .ptr;
    assert_true(json_is_null(json_object_get(ask_ok(house, show), "suspended_at")));
    ask_ok(house, "{\"command\":\"app suspend\",\"arguments\":{\"application_id\":1}}");
    assert_true(json_is_integer(json_object_get(ask_ok(house, show), "suspended_at")));
    ask_ok(house, "{\"command\":\"app resume\",\"arguments\":{\"application_id\":1}}");
    assert_true(json_is_null(json_object_get(ask_ok(house, show), "suspended_at")));
    ask_ok(house, "{\"command\":\"app delete\",\"arguments\":{\"application_id\":1}}");
    assert_error(house, show, "there is no such client");
}

static const char *secret_request(struct house *house, const char *verb, const char *client_id, const char *more)
{
    return arena_printf(house->arena, "{\"command\":\"client secret %s\",\"arguments\":{\"client_id\":\"%s\"%s}}",
                        verb, client_id, more)
        .ptr;
}

static void secrets_are_added_listed_and_revoked(void **state)
{
    struct house *house = *state;
    const char *client_id = first_client_id(create_application(house));
    const json_t *added =
        ask_ok(house, secret_request(house, "add", client_id, ",\"label\":\"summer\",\"expires_in\":60"));
    assert_int_equal(strlen(MEMBER(added, "client_secret")), 4 + 49);
    const json_t *list = ask_ok(house, secret_request(house, "list", client_id, ""));
    assert_int_equal(json_array_size(list), 2);
    assert_null(strstr(json_text(house->arena, list).ptr, MEMBER(added, "client_secret")));
    const char *number =
        arena_printf(house->arena, ",\"secret_id\":%lld", json_integer_value(json_object_get(added, "secret_id")))
            .ptr;
    ask_ok(house, secret_request(house, "revoke", client_id, number));
    assert_int_equal(json_array_size(ask_ok(house, secret_request(house, "list", client_id, ""))), 1);
    const char *const wrong[] = {",\"expires_in\":-1", ",\"expires_in\":0", ",\"expires_in\":4294967296"};
    for (size_t i = 0; i < 3; i++)
        assert_error(house, secret_request(house, "add", client_id, wrong[i]),
                     "expires_in must be 1 to 4294967295 seconds");
    ask_ok(house, secret_request(house, "add", client_id, ",\"expires_in\":4294967295"));
}

static void an_account_gets_the_id_that_was_asked(void **state)
{
    const json_t *account = ask_ok(*state, "{\"command\":\"account create\",\"arguments\":{\"realm\":\"second\","
                                           "\"account_id\":\"22342\",\"name\":\"Machine\"}}");
    assert_string_equal(MEMBER(account, "account_id"), "22342");
    assert_int_equal(strlen(MEMBER(account, "account_secret")), 4 + 49);
}

/* A token of either kind, as the token endpoint would make it. */
struct mint {
    struct unit unit;
    struct house *house;
    int64_t client_id;
    bool is_refresh;
    struct token_draft draft;
    int64_t grant_id;
};

static enum outcome apply_mint(struct unit *unit, struct store_tx *tx)
{
    struct mint *mint = (struct mint *)unit;
    int64_t now = clock_now();
    int64_t scope_set;
    TRY(scope_set_intern(tx, STR("read"), &scope_set));
    mint->draft.id = store_tx_token_id(tx, now);
    if (!mint->is_refresh) {
        const struct access_token_row row = {
            .id = mint->draft.id,
            .secret_hash = mint->draft.secret_hash,
            .client_id = mint->client_id,
            .scope_set = scope_set,
            .expires_at = now + 3600,
        };
        return access_token_insert(tx, &row);
    }
    const struct grant_row grant = {.client_id = mint->client_id, .scope_set = scope_set, .created_at = now};
    TRY(grant_insert(tx, &grant, &mint->grant_id));
    const struct refresh_token_row row = {
        .id = mint->draft.id,
        .secret_hash = mint->draft.secret_hash,
        .client_id = mint->client_id,
        .grant_id = mint->grant_id,
        .scope_set = scope_set,
        .expires_at = now + 3600,
    };
    return refresh_token_insert(tx, &row);
}

/* The token's text; `ret_id` its id. */
static const char *mint_token(struct house *house, bool is_refresh, int64_t *ret_id)
{
    struct client_row *client;
    struct str client_id = str_of(first_client_id(create_application(house)));
    const struct realm *realm = &house->realms[0];
    const struct token_format *format = is_refresh ? &realm->refresh_token.format : &realm->access_token.format;
    assert_int_equal(client_find(store_reader(house->store), house->arena, realm->id, client_id, &client), OK);
    struct mint mint = {.unit.apply = apply_mint, .house = house, .client_id = client->id, .is_refresh = is_refresh};
    token_draft_random(house->arena, format, &mint.draft);
    assert_int_equal(store_run(house->store, &mint.unit), OK);
    *ret_id = mint.draft.id;
    return arena_cstr(house->arena, token_write(house->arena, format, &mint.draft));
}

static const char *token_request(struct house *house, const char *verb, const char *token)
{
    return arena_printf(house->arena, "{\"command\":\"token %s\",\"arguments\":{\"token\":\"%s\"}}", verb, token).ptr;
}

static void a_token_is_found_by_its_text_and_by_its_id(void **state)
{
    struct house *house = *state;
    int64_t id;
    const char *token = mint_token(house, false, &id);
    const json_t *shown = ask_ok(house, token_request(house, "inspect", token));
    assert_int_equal(json_integer_value(json_object_get(shown, "token_id")), id);
    assert_true(json_is_true(json_object_get(shown, "active")));
    assert_string_equal(MEMBER(shown, "scope"), "read");
    assert_string_equal(MEMBER(shown, "token_kind"), "access_token");
    const char *number = arena_printf(house->arena, "%lld", (long long)id).ptr;
    const json_t *by_id = ask_ok(house, token_request(house, "inspect", number));
    assert_true(json_equal(shown, by_id));
}

static void the_id_alone_in_a_forged_token_shows_nothing(void **state)
{
    struct house *house = *state;
    int64_t id;
    char *token = (char *)(uintptr_t)mint_token(house, false, &id);
    char *last = token + strlen(token) - 1;
    *last = *last == '0' ? '1' : '0';
    assert_error(house, token_request(house, "inspect", token), "there is no such token");
    assert_error(house, token_request(house, "revoke", token), "there is no such token");
}

static void a_revoked_access_token_is_gone(void **state)
{
    struct house *house = *state;
    int64_t id;
    const char *token = mint_token(house, false, &id);
    ask_ok(house, token_request(house, "revoke", token));
    assert_error(house, token_request(house, "inspect", token), "there is no such token");
}

static void revoking_a_refresh_token_revokes_its_grant(void **state)
{
    struct house *house = *state;
    int64_t id;
    const char *token = mint_token(house, true, &id);
    assert_true(json_is_true(json_object_get(ask_ok(house, token_request(house, "inspect", token)), "active")));
    ask_ok(house, token_request(house, "revoke", token));
    const json_t *shown = ask_ok(house, token_request(house, "inspect", token));
    assert_true(json_is_false(json_object_get(shown, "active")));
    assert_string_equal(MEMBER(shown, "reason"), "revoked");
}

static void a_token_of_a_suspended_client_is_not_active(void **state)
{
    struct house *house = *state;
    int64_t id;
    const char *token = mint_token(house, false, &id);
    ask_ok(house, "{\"command\":\"app suspend\",\"arguments\":{\"application_id\":1}}");
    const json_t *shown = ask_ok(house, token_request(house, "inspect", token));
    assert_string_equal(MEMBER(shown, "reason"), "its client is suspended");
}

static void a_backup_needs_an_absolute_path_and_overwrites_nothing(void **state)
{
    struct house *house = *state;
    assert_error(house, "{\"command\":\"backup\",\"arguments\":{\"path\":\"copy.db\"}}",
                 "path must start with a slash: the daemon stands in another folder");
    const char *path = arena_printf(house->arena, "%s/copy.db", house->folder).ptr;
    const char *request =
        arena_printf(house->arena, "{\"command\":\"backup\",\"arguments\":{\"path\":\"%s\"}}", path).ptr;
    ask_ok(house, request);
    assert_int_equal(access(path, R_OK), 0);
    assert_true(json_is_false(json_object_get(ask(house, request), "ok")));
}

static void stats_tell_of_the_store(void **state)
{
    const json_t *stats = ask_ok(*state, "{\"command\":\"stats\"}");
    assert_true(json_is_true(json_object_get(stats, "store_is_ready")));
    assert_true(json_integer_value(json_object_get(stats, "unit_count")) > 0);
}

/* --- the socket --- */

static struct sockaddr_un socket_address(const struct house *house)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.sock", house->folder);
    return address;
}

static struct control *start(struct house *house)
{
    struct str error = STR_NONE;
    struct control *control = control_start(&house->host, socket_address(house).sun_path, house->arena, &error);
    if (!control)
        print_message("%.*s\n", STR_ARGS(error));
    return control;
}

static int connect_to(const struct house *house)
{
    struct sockaddr_un address = socket_address(house);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Until `count` lines have come or the other side closes. */
static struct str read_lines(struct house *house, int fd, size_t count)
{
    size_t room = 65536, len = 0;
    char *text = arena_alloc(house->arena, room + 1);
    ssize_t got;
    while (count && (got = read(fd, text + len, room - len)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            count -= text[len + (size_t)i] == '\n';
        len += (size_t)got;
    }
    return (struct str){text, len};
}

static void send_text(int fd, struct str text)
{
    while (text.len) {
        ssize_t put = send(fd, text.ptr, text.len, MSG_NOSIGNAL);
        assert_true(put > 0);
        text = str_slice(text, (size_t)put, text.len);
    }
}

static void the_socket_is_for_its_owner_only_and_leaves_with_the_daemon(void **state)
{
    struct house *house = *state;
    struct stat status;
    struct sockaddr_un address = socket_address(house);
    struct control *control = start(house);
    assert_non_null(control);
    assert_int_equal(stat(address.sun_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    control_stop(control);
    assert_int_equal(stat(address.sun_path, &status), -1);
}

static void a_connection_may_ask_again_and_again(void **state)
{
    struct house *house = *state;
    struct control *control = start(house);
    int fd = connect_to(house);
    send_text(fd, STR("{\"command\":\"realm list\"}\n{\"command\":\"nothing\"}\nno JSON\n"));
    struct str answers = read_lines(house, fd, 3);
    struct str line;
    assert_true(str_next(&answers, '\n', &line) && str_has_prefix(line, STR("{\"ok\":true,\"result\":[")));
    assert_true(str_next(&answers, '\n', &line));
    assert_true(str_equal(line, STR("{\"ok\":false,\"error\":\"there is no such command\"}")));
    assert_true(str_next(&answers, '\n', &line));
    assert_true(str_equal(line, STR("{\"ok\":false,\"error\":\"a command is one JSON object on one line\"}")));
    close(fd);
    control_stop(control);
}

/* A line of `len` bytes that is no JSON. */
static struct str answer_to_line_of(struct house *house, size_t len)
{
    char *line = arena_alloc(house->arena, len + 1);
    memset(line, 'x', len);
    line[len] = '\n';
    int fd = connect_to(house);
    send_text(fd, (struct str){line, len + (len <= 65536)});
    struct str answer = read_lines(house, fd, 1);
    close(fd);
    return answer;
}

static void a_line_has_65536_bytes_at_most(void **state)
{
    struct house *house = *state;
    struct control *control = start(house);
    struct str answer = answer_to_line_of(house, 65536);
    assert_true(str_equal(answer, STR("{\"ok\":false,\"error\":\"a command is one JSON object on one line\"}\n")));
    answer = answer_to_line_of(house, 65537);
    assert_true(str_equal(answer, STR("{\"ok\":false,\"error\":\"the line is longer than 65536 bytes\"}\n")));
    control_stop(control);
}

static void a_stale_socket_is_replaced_a_live_one_is_not(void **state)
{
    struct house *house = *state;
    struct sockaddr_un address = socket_address(house);
    int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
    close(dead);
    struct control *control = start(house);
    assert_non_null(control);
    assert_null(start(house));
    close(connect_to(house));
    control_stop(control);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    struct house *house = *state;
    struct sockaddr_un address = socket_address(house);
    FILE *file = fopen(address.sun_path, "w");
    assert_non_null(file);
    fclose(file);
    assert_null(start(house));
    assert_int_equal(access(address.sun_path, F_OK), 0);
}

static void a_path_that_no_socket_can_have_is_told(void **state)
{
    struct house *house = *state;
    char path[200];
    struct str error;
    memset(path, 'p', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    assert_null(control_start(&house->host, path, house->arena, &error));
    assert_true(str_has_suffix(error, STR(": a socket's path has at most 107 bytes")));
}

static void stopping_does_not_wait_for_idle_connections(void **state)
{
    struct house *house = *state;
    struct control *control = start(house);
    int fd = connect_to(house);
    send_text(fd, STR("{\"command\":\"stats\"}\n"));
    read_lines(house, fd, 1);
    int64_t before = clock_monotonic_ns();
    control_stop(control);
    /* far less than the ten seconds after which an idle connection is given up */
    assert_true(clock_monotonic_ns() - before < INT64_C(5000000000));
    close(fd);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(commands_and_arguments_are_checked),
        RULE(a_realm_must_be_named_where_there_are_several),
        RULE(realms_are_listed),
        RULE(a_created_application_is_shown_without_secrets),
        RULE(refusals_of_the_rules_are_told),
        RULE(applications_are_listed_by_pages),
        RULE(suspension_and_deletion_reach_the_clients),
        RULE(secrets_are_added_listed_and_revoked),
        RULE(an_account_gets_the_id_that_was_asked),
        RULE(a_token_is_found_by_its_text_and_by_its_id),
        RULE(the_id_alone_in_a_forged_token_shows_nothing),
        RULE(a_revoked_access_token_is_gone),
        RULE(revoking_a_refresh_token_revokes_its_grant),
        RULE(a_token_of_a_suspended_client_is_not_active),
        RULE(a_backup_needs_an_absolute_path_and_overwrites_nothing),
        RULE(stats_tell_of_the_store),
        RULE(the_socket_is_for_its_owner_only_and_leaves_with_the_daemon),
        RULE(a_connection_may_ask_again_and_again),
        RULE(a_line_has_65536_bytes_at_most),
        RULE(a_stale_socket_is_replaced_a_live_one_is_not),
        RULE(a_file_that_is_no_socket_is_left_alone),
        RULE(a_path_that_no_socket_can_have_is_told),
        RULE(stopping_does_not_wait_for_idle_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
