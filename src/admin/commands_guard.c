/*
 * commands_guard.c — what would the guard say, and why?
 */
#include "admin/commands.h"

#include "base/arena.h"
#include "oauth/call.h"
#include "store/rows.h"
#include "store/store.h"

#define WHY(call, ...) arena_printf((call)->arena, __VA_ARGS__)

/* "https://api.example.com/a?b" and "/a?b" are asked about /a. */
static struct str path_of(struct str uri)
{
    static const struct str schemes[] = {STR_INIT("http://"), STR_INIT("https://")};
    for (size_t i = 0; i < 2; i++) {
        if (!str_has_prefix_nocase(uri, schemes[i]))
            continue;
        uri = str_slice(uri, schemes[i].len, uri.len);
        uri = str_slice(uri, str_find(uri, '/'), uri.len);
    }
    return str_slice(uri, 0, str_find(uri, '?'));
}

static struct str explain_passage(const struct call *call)
{
    if (!call->realm->guard.is_there)
        return STR("the realm has no rules: whatever has a live token passes");
    return call->rule ? STR("the token has what the rule needs")
                      : STR("no rule fits, and the realm lets such requests pass");
}

static struct str explain_wait(const struct call *call)
{
    const struct fact *wait = &call->facts.values[FACT_retry_after];
    return WHY(call, "the client has used up what its plan allows, for another %lld seconds",
               (long long)wait->number);
}

/* The first of what makes it unreadable, as the guard itself looks. */
static struct str explain_unreadable(const struct call *call)
{
    struct str method = call->guarded.method, path = call->guarded.path;
    if (!rule_method_is_fit(method))
        return WHY(call, "methods are written in capitals, and \"%.*s\" is not", STR_ARGS(method));
    if (!str_has_prefix(path, STR("/")))
        return WHY(call, "a path begins with \"/\", and \"%.*s\" does not", STR_ARGS(path));
    return STR("the path can be read in more than one way");
}

static struct str explain_refusal(const struct call *call)
{
    const struct guard_rule *rule = call->rule;
    switch (call->refusal) {
    case REFUSED_scope_insufficient:
        return WHY(call, "the rule needs the scope \"%.*s\", the token has \"%.*s\"", STR_ARGS(rule->scope),
                   STR_ARGS(call->scope));
    case REFUSED_user_needed:
        return WHY(call, "the rule needs a user's token, this one is %s",
                   call->account ? "a service account's" : "the client's own");
    case REFUSED_environment_wrong:
        return WHY(call, "the rule is for %.*s, the client is for %.*s", STR_ARGS(rule->environment),
                   STR_ARGS(call->client->environment));
    case REFUSED_limited_refused:
        return STR("the token is limited, and such tokens pass only where a rule takes them");
    case REFUSED_request_unmatched:
        return STR("no rule fits, and the realm denies such requests");
    case REFUSED_request_unreadable:
        return explain_unreadable(call);
    case REFUSED_rate_limited:
    case REFUSED_points_used_up:
        return explain_wait(call);
    default:
        return refusal_words(call->refusal)->error_description;
    }
}

static json_t *methods_json(const struct guard_rule *rule)
{
    json_t *list = json_array();
    for (size_t i = 0; i < rule->method_count; i++)
        json_array_append_new(list, json_of_str(rule->methods[i]));
    return list;
}

static json_t *cost_json(const struct guard_rule *rule)
{
    return rule->cost_is_estimated ? json_of_str(rule->cost_text) : json_integer(rule->cost);
}

/* As the file has it, counted from 0 as its mistakes are. */
static void add_rule(json_t *verdict, const struct guard_rule *rule)
{
    json_object_update_new(verdict, json_pack("{s:I, s:o, s:o, s:o, s:s, s:o, s:b, s:o, s:o}", "rule_number",
                                              (json_int_t)rule->index, "path", json_of_str(rule->path), "method",
                                              methods_json(rule), "needed_scope", json_of_str(rule->scope), "level",
                                              rule->needs_user ? "user" : "client", "needed_environment",
                                              json_of_str(rule->environment), "limited_tokens", rule->takes_limited,
                                              "cost", cost_json(rule), "limit", json_of_str(rule->limit)));
}

static json_t *verdict_json(const struct call *call)
{
    const struct client_row *client = call->client;
    struct str why = call->refusal ? explain_refusal(call) : explain_passage(call);
    json_t *verdict =
        json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "passes", !call->refusal, "why", json_of_str(why), "refusal",
                  json_of_str(call->refusal ? refusal_words(call->refusal)->name : STR_NONE), "client_id",
                  json_of_str(client ? client->client_id : STR_NONE), "environment",
                  json_of_str(client ? client->environment : STR_NONE), "scope", json_of_str(call->scope), "rule",
                  json_of_str(call->rule ? call->rule->name : STR_NONE));
    if (call->rule)
        add_rule(verdict, call->rule);
    return verdict;
}

enum outcome command_guard_test(struct command_call *call)
{
    struct call *judged = arena_new(call->arena, struct call);
    struct str token = argument_text(call, "token");
    TRY(command_realm(call, &judged->realm));
    judged->arena = call->arena;
    judged->meter = call->host->meter;
    judged->now = call->now;
    judged->is_rehearsal = true;
    judged->authorization = (struct authorization){.is_present = str_is_present(token), .token = token};
    judged->guarded = (struct guarded_request){.method = argument_text(call, "method"),
                                               .path = path_of(argument_text(call, "uri"))};
    enum outcome outcome = guard_check(judged);
    if (outcome == OK)
        outcome = guard_prepare(judged, store_reader(call->host->store));
    return outcome == FAILED ? FAILED : command_answer(call, verdict_json(judged));
}
