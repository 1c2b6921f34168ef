/*
 * main.c — the commands, in one table that also prints the help.
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mistake.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/manual.h"
#include "cli/operator.h"
#include "cli/usage.h"
#include "daemon/configuration.h"
#include "daemon/daemon.h"
#include "daemon/demo.h"
#include "daemon/faces.h"
#include "daemon/init.h"
#include "daemon/shipped.h"
#include "daemon/syntax.h"

#define REFERENCE_MAX (1024 * 1024)
#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))

static int run_demo(struct cli_call *call)
{
    const struct demo_options options = {
        .folder = cli_text(call, "dir", "demo"),
        .listen = cli_text(call, "listen", "localhost:8080"),
    };
    if (!syntax_is_address(str_of(options.listen))) {
        cli_fail(call, STR("--listen wants HOST:PORT, in lower case and with a port of 0 to 65535"));
        return EXIT_USAGE;
    }
    return demo_serve(&options);
}

static int run_serve(struct cli_call *call)
{
    const struct daemon_options options = {.configuration_path = cli_text(call, "config", NULL)};
    return daemon_serve(&options);
}

static int run_init(struct cli_call *call)
{
    struct str path, error;
    if (!init_folder(call->arena, cli_text(call, "dir", NULL), &path, &error))
        return cli_fail(call, error);
    if (!call->wants_json)
        return cli_print(arena_printf(call->arena,
                                      "Wrote %.*s.\nEdit it, then: jeton check --config %.*s && "
                                      "jeton serve --config %.*s\n",
                                      STR_ARGS(path), STR_ARGS(path), STR_ARGS(path)));
    json_t *result = json_keep(call->arena, json_pack("{s:o}", "configuration", json_of_str(path)));
    struct str text = json_text(call->arena, result);
    return cli_print(arena_printf(call->arena, "%.*s\n", STR_ARGS(text)));
}

static int print_mistakes_json(struct cli_call *call, const struct mistakes *mistakes)
{
    json_t *list = json_array();
    for (const struct mistake *mistake = mistakes->first; mistake; mistake = mistake->next)
        json_array_append_new(list,
                              json_pack("{s:o, s:I, s:o, s:o, s:o, s:o}", "file", json_of_str(mistake->file), "line",
                                        (json_int_t)mistake->line, "key", json_of_str(mistake->key), "found",
                                        json_of_str(mistake->found), "allowed", json_of_str(mistake->allowed),
                                        "problem", json_of_str(mistake->problem)));
    json_t *result = json_keep(call->arena, json_pack("{s:b, s:o}", "ok", mistakes->count == 0, "mistakes", list));
    struct str text = json_text(call->arena, result);
    return cli_print(arena_printf(call->arena, "%.*s\n", STR_ARGS(text)));
}

static int run_check(struct cli_call *call)
{
    struct mistakes mistakes;
    struct buf out;
    const char *path = cli_text(call, "config", NULL);
    mistakes_init(&mistakes, call->arena);
    buf_init(&out, call->arena, REFERENCE_MAX);
    bool is_right = faces_check(path, &mistakes);
    mistakes_sort(&mistakes);
    int status;
    if (call->wants_json) {
        status = print_mistakes_json(call, &mistakes);
    } else {
        if (is_right)
            buf_printf(&out, "%s: ok\n", path);
        else
            mistakes_write(&mistakes, &out);
        status = cli_print(buf_str(&out));
    }
    return is_right ? status : EXIT_FAILED;
}

static enum reference_kind reference_kind(const struct cli_call *call)
{
    if (cli_value(call, "man"))
        return REFERENCE_MAN;
    return cli_value(call, "markdown") ? REFERENCE_MARKDOWN : REFERENCE_TEXT;
}

static int run_help(struct cli_call *call)
{
    struct buf out;
    buf_init(&out, call->arena, REFERENCE_MAX);
    if (str_equal(call->words, STR("configuration"))) {
        configuration_write_reference(&out, reference_kind(call));
    } else if (!str_is_empty(call->words)) {
        if (!help_write_topic(call->commands, call->command_count, call->words, &out)) {
            cli_fail(call, STR("there is no such command; `jeton help` lists them"));
            return EXIT_USAGE;
        }
    } else if (cli_value(call, "man")) {
        manual_write_commands(call->commands, call->command_count, &out);
    } else {
        help_write_all(call->commands, call->command_count, &out);
    }
    return cli_print(buf_str(&out));
}

static int run_version(struct cli_call *call)
{
    struct str version = shipped_version();
    if (call->wants_json)
        return cli_print(arena_printf(call->arena, "{\"version\":\"%.*s\"}\n", STR_ARGS(version)));
    return cli_print(arena_printf(call->arena, "jeton %.*s\n", STR_ARGS(version)));
}

#define APPLICATION_ID                                                                                               \
    {                                                                                                                \
        "application_id", OPERAND_NUMBER, "the application's number", true                                           \
    }
#define CLIENT_ID                                                                                                    \
    {                                                                                                                \
        "client_id", OPERAND_TEXT, "the client's name on the wire", true                                             \
    }
#define TOKEN                                                                                                        \
    {                                                                                                                \
        "token", OPERAND_SECRET, "the token, its id, or - to read it from stdin", true                               \
    }
#define REALM                                                                                                        \
    {                                                                                                                \
        "realm", OPERAND_TEXT, "its realm; without it the first that knows it", false                                \
    }
#define IN_REALM                                                                                                     \
    {                                                                                                                \
        "realm", OPERAND_TEXT, "the realm; may be left out when there is only one", false                            \
    }
#define REDIRECT_URI(is_required)                                                                                    \
    {                                                                                                                \
        "redirect_uri", OPERAND_WORDS, "where users may be sent back to; may come several times", is_required        \
    }
#define USERNAME                                                                                                     \
    {                                                                                                                \
        "username", OPERAND_TEXT, "the user's name", true                                                            \
    }
#define ACCOUNT_ID                                                                                                   \
    {                                                                                                                \
        "account_id", OPERAND_TEXT, "the service account's name on the wire", true                                   \
    }
#define INSTANCE                                                                                                     \
    {                                                                                                                \
        "instance", OPERAND_TEXT, "the instance's name", true                                                        \
    }
#define AFTER                                                                                                        \
    {                                                                                                                \
        "after", OPERAND_NUMBER, "only those with a greater number", false                                           \
    }
#define MAX                                                                                                          \
    {                                                                                                                \
        "max", OPERAND_NUMBER, "at most so many, 1 to 1000 (1000)", false                                            \
    }
#define CONFIGURATION                                                                                                \
    {                                                                                                                \
        "config", OPERAND_TEXT, "the configuration, a YAML file", true                                               \
    }

/* One that the daemon runs. */
#define OPERATOR(words, what, ...)                                                                                   \
    {                                                                                                                \
        .name = words, .summary = what, .run = operator_run, .is_operator = true, __VA_ARGS__                        \
    }

static const struct cli_command commands[] = {
    {
        .name = "demo",
        .summary = "Serve five API companies and a standard server on one origin",
        .help = "Makes DIR with configuration, data and keys when it is empty or missing, else serves it again with\n"
                "the same credentials. DIR/demo.json tells programs the origin and the credentials. Prints one line\n"
                "for each service that gets a token, and `ready` when it serves. Ctrl-C ends it.",
        .run = run_demo,
        .has_no_json = true,
        .options = {{"dir", OPERAND_TEXT, "the demo's folder (./demo)", false},
                    {"listen", OPERAND_TEXT, "HOST:PORT (localhost:8080); port 0: any free one", false}},
    },
    {
        .name = "init",
        .summary = "Make a folder with a commented configuration to start from",
        .help = "Writes DIR/jeton.yaml with one realm and makes DIR/data. Overwrites nothing.",
        .run = run_init,
        .operands = {{"dir", OPERAND_TEXT, "the folder; made when it is missing", true}},
    },
    {
        .name = "serve",
        .summary = "Serve what a configuration says",
        .help =
            "SIGHUP reads the configuration again; a wrong one changes nothing. SIGTERM answers what is under way\n"
            "and ends.",
        .run = run_serve,
        .has_no_json = true,
        .options = {CONFIGURATION},
    },
    {
        .name = "check",
        .summary = "Tell all mistakes of a configuration at once",
        .help = "Each with file, line, key, what was found and what is allowed, or with what the system says of a "
                "file that\n"
                "cannot be read. Exit status 1 when there is any.",
        .run = run_check,
        .options = {CONFIGURATION},
    },
    OPERATOR("realm list", "List the realms"),
    OPERATOR(
        "app create", "Register an application and its clients",
        .help =
            "It gets a client for production, and with --development one more. Each client's secret is shown once.",
        .options = {IN_REALM,
                    {"name", OPERAND_TEXT, "what people call it", true},
                    {"owner", OPERAND_TEXT, "the developer's e-mail address", false},
                    {"scope", OPERAND_TEXT, "all that its clients may have; else all of the realm's", false},
                    {"development", OPERAND_FLAG, "make a client for development too", false},
                    {"trusted", OPERAND_FLAG, "reviewed: may use grants that are kept for trusted clients", false},
                    {"may_introspect", OPERAND_FLAG, "a resource server: may introspect every token", false},
                    {"public", OPERAND_FLAG, "its clients cannot keep a secret and have none", false},
                    {"website", OPERAND_TEXT, "https URL of whoever makes it; people are shown the host", false},
                    {"logo_uri", OPERAND_TEXT, "https URL of its logo", false},
                    REDIRECT_URI(false),
                    {"verified", OPERAND_FLAG, "you have looked at it: people are told so", false}}),
    OPERATOR("app list", "List applications",
             .options = {{"realm", OPERAND_TEXT, "only this realm's", false}, AFTER, MAX}),
    OPERATOR("app show", "Show an application and its clients", .operands = {APPLICATION_ID}),
    OPERATOR("app suspend", "Suspend an application: its clients and tokens are refused until it is resumed",
             .operands = {APPLICATION_ID}),
    OPERATOR("app resume", "Lift the suspension of an application", .operands = {APPLICATION_ID}),
    OPERATOR("app delete", "Delete an application with its clients, secrets, grants and tokens",
             .operands = {APPLICATION_ID}),
    OPERATOR("app verify", "Say that you have looked at an application: people are told so when it asks them",
             .operands = {APPLICATION_ID}),
    OPERATOR("app unverify", "Take that back", .operands = {APPLICATION_ID}),
    OPERATOR("client show", "Show a client and its secrets' labels", .operands = {CLIENT_ID}, .options = {REALM}),
    OPERATOR("client suspend", "Suspend one client: it and its tokens are refused until it is resumed",
             .operands = {CLIENT_ID}, .options = {REALM}),
    OPERATOR("client resume", "Lift a client's own suspension; its application's stays", .operands = {CLIENT_ID},
             .options = {REALM}),
    OPERATOR(
        "client set", "Change what the operator allows a client", .operands = {CLIENT_ID},
        .options = {REALM,
                    {"trusted", OPERAND_TEXT, "yes or no: may use grants that are kept for trusted clients", false},
                    {"may_introspect", OPERAND_TEXT, "yes or no: a resource server that introspects every token",
                     false}}),
    OPERATOR(
        "client plan show", "Show the plan that limits a client, and how far it is used up", .operands = {CLIENT_ID},
        .options = {REALM, {"subject", OPERAND_TEXT, "with the windows of this user or service account", false}}),
    OPERATOR("client plan clear", "Forget what a client has used up of its windows",
             .help = "They end when they would have ended, with all of it left until then.", .operands = {CLIENT_ID},
             .options = {REALM, {"subject", OPERAND_TEXT, "of this user or service account only", false}}),
    OPERATOR("client plan set", "Give a client a plan of its realm: its next request counts by it",
             .operands = {CLIENT_ID, {"plan", OPERAND_TEXT, "one of the realm's plans", true}}, .options = {REALM}),
    OPERATOR("client plan reset", "Let the realm's default plan hold for a client again", .operands = {CLIENT_ID},
             .options = {REALM}),
    OPERATOR("client redirect-uris set",
             "Set where a client's users may be sent back to, in place of what was set before",
             .help = "Absolute URLs: https, http for this machine, or a scheme of its own with a dot, like "
                     "com.example:/back.\n"
                     "An empty one takes them all away.",
             .operands = {CLIENT_ID}, .options = {REALM, REDIRECT_URI(true)}),
    OPERATOR("client secret add", "Give a client one more secret, shown once",
             .help = "A client has up to five live secrets, so that one can follow another without a gap.",
             .operands = {CLIENT_ID},
             .options = {REALM,
                         {"label", OPERAND_TEXT, "to tell it from the others", false},
                         {"expires_in", OPERAND_NUMBER, "seconds until it is refused; else never", false}}),
    OPERATOR("client secret list", "List a client's secrets, without the secrets themselves", .operands = {CLIENT_ID},
             .options = {REALM}),
    OPERATOR("client secret revoke", "Revoke one secret of a client",
             .operands = {CLIENT_ID, {"secret_id", OPERAND_NUMBER, "the secret's number in the list", true}},
             .options = {REALM}),
    OPERATOR("account create", "Make a service account; its secret is shown once",
             .options = {IN_REALM,
                         {"account_id", OPERAND_TEXT, "its name on the wire; else one is made up", false},
                         {"name", OPERAND_TEXT, "what people call it", false}}),
    OPERATOR("account list", "List service accounts",
             .options = {{"realm", OPERAND_TEXT, "only this realm's", false}, AFTER, MAX}),
    OPERATOR("account suspend", "Suspend a service account: its tokens are refused until it is resumed",
             .operands = {ACCOUNT_ID}, .options = {IN_REALM}),
    OPERATOR("account resume", "Lift the suspension of a service account", .operands = {ACCOUNT_ID},
             .options = {IN_REALM}),
    OPERATOR("user add", "Make a user; without --password one is made up and shown once",
             .help =
                 "Names are compared in lower case. --password - reads the password from stdin; --password-hash - "
                 "reads a hash\n"
                 "of another system's, as crypt(5) writes it.",
             .operands = {USERNAME},
             .options = {IN_REALM,
                         {"display_name", OPERAND_TEXT, "what people call the user", false},
                         {"email", OPERAND_TEXT, "the address; else the name, when it is one", false},
                         {"roles", OPERAND_WORDS, "developer, operator", false},
                         {"instance", OPERAND_TEXT, "the instance that the user belongs to", false},
                         {"password", OPERAND_STDIN, "- to read it from stdin", false},
                         {"password_hash", OPERAND_STDIN, "- to read it from stdin", false}}),
    OPERATOR("user list", "List users", .options = {IN_REALM, AFTER, MAX}),
    OPERATOR("user show", "Show a user, the instances and how many browsers are signed in", .operands = {USERNAME},
             .options = {IN_REALM}),
    OPERATOR("user disable", "Switch a user off: sessions end, tokens are refused until the user is enabled",
             .operands = {USERNAME}, .options = {IN_REALM}),
    OPERATOR("user enable", "Lift that", .operands = {USERNAME}, .options = {IN_REALM}),
    OPERATOR("user roles", "Set a user's roles, in place of what was set before", .operands = {USERNAME},
             .options = {IN_REALM, {"roles", OPERAND_WORDS, "developer, operator; empty: none", true}}),
    OPERATOR("user reset-password", "Give a user another password; sessions end",
             .help = "One is made up and shown once, unless it comes from stdin.", .operands = {USERNAME},
             .options = {IN_REALM, {"password", OPERAND_STDIN, "- to read it from stdin", false}}),
    OPERATOR("user reset-factors", "Take away a user's authenticator app, recovery codes and passkeys",
             .help = "For whoever has lost them. Make sure who asks.", .operands = {USERNAME}, .options = {IN_REALM}),
    OPERATOR("instance add", "Make an instance: one customer's data space",
             .operands = {{"name", OPERAND_TEXT, "what tokens carry: 1 to 63 of a-z, 0-9 and -", true}},
             .options = {IN_REALM, {"title", OPERAND_TEXT, "what people read; else the name", false}}),
    OPERATOR("instance list", "List instances", .options = {IN_REALM, AFTER, MAX}),
    OPERATOR("member add", "Let a user into an instance, or change the role there", .operands = {USERNAME, INSTANCE},
             .options = {IN_REALM, {"role", OPERAND_TEXT, "1 to 63 of a-z, 0-9 and - (member)", false}}),
    OPERATOR("member remove", "Take a user out of an instance; what was allowed there is revoked",
             .operands = {USERNAME, INSTANCE}, .options = {IN_REALM}),
    OPERATOR("member list", "List a user's instances", .operands = {USERNAME}, .options = {IN_REALM}),
    OPERATOR("token inspect", "Show whose a token is, what it may do and whether it lives", .operands = {TOKEN},
             .options = {REALM}),
    OPERATOR("token revoke", "Revoke an access token, or a refresh token with all that its grant gave",
             .operands = {TOKEN}, .options = {REALM}),
    OPERATOR("guard test", "Tell which rule decides about an API request, and why",
             .help =
                 "The running server is asked. Nothing is charged or counted. Exit status 1 when the request would "
                 "not pass.",
             .verdict = "passes",
             .operands = {{"method", OPERAND_TEXT, "GET, POST …", true},
                          {"uri", OPERAND_TEXT, "/path, or a whole URL; its query does not matter", true}},
             .options = {IN_REALM, {"token", OPERAND_SECRET, "an access token, or - to read it from stdin", false}}),
    OPERATOR(
        "mail test", "Send a mail, to see whether mail arrives",
        .help =
            "It goes by way of the outbox, as every mail does. When the relay refuses it, the daemon's log says why.",
        .operands = {{"recipient", OPERAND_TEXT, "the address that it goes to", true}}, .options = {IN_REALM}),
    OPERATOR(
        "usage", "Show what clients did: requests, refusals, points, tokens, users, times of the guard",
        .help = "Counted each second, by UTC's hours; older than 30 days by the day, and not at all after 400 days.",
        .print = usage_print,
        .options = {IN_REALM,
                    {"client", OPERAND_TEXT, "only this client, by its name on the wire", false},
                    {"rule", OPERAND_TEXT, "only this rule, as --by rule prints it; -: what none was for", false},
                    {"environment", OPERAND_TEXT, "only its clients: production or development", false},
                    {"since", OPERAND_TEXT, "a time ago (24h, 30d) or a day (2026-11-01); else 24h", false},
                    {"until", OPERAND_TEXT, "the end, which is left out, said in the same way; else now", false},
                    {"by", OPERAND_TEXT, "hour, day, client or rule: what a line is about; else hour", false},
                    {"chart", OPERAND_VIEW, "bars instead of a table", false}}),
    OPERATOR("backup", "Copy the database, consistent, while serving",
             .help = "The daemon writes the file, with the rights of its own user; it must not be there yet.",
             .operands = {{"path", OPERAND_PATH, "the file to write", true}}),
    OPERATOR("stats", "Show what the daemon has done since it started"),
    {
        .name = "help",
        .summary = "Tell about a command, or about every setting: help configuration",
        .run = run_help,
        .has_no_json = true,
        .takes_words = true,
        .options = {{"man", OPERAND_FLAG, "as a manual page: jeton(1), jeton.yaml(5)", false},
                    {"markdown", OPERAND_FLAG, "of the configuration: as Markdown", false}},
    },
    {.name = "version", .summary = "Tell the version", .run = run_version},
};

int main(int argc, char **argv)
{
    return cli_run(commands, COUNT(commands), argc, argv);
}
