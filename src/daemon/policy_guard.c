#include "daemon/policy_guard.h"

#include "base/arena.h"
#include "base/mistake.h"
#include "base/yaml.h"
#include "daemon/syntax.h"
#include "oauth/realm.h"
#include "oauth/scope.h"

#define RULE_NAME_MAX 100

static const struct setting_choice passages[] = {{"deny", false}, {"allow", true}, {0}};
static const struct setting_choice levels[] = {{"client", false}, {"user", true}, {0}};

static bool is_method(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.ptr[i] < 'A' || text.ptr[i] > 'Z') && text.ptr[i] != '-')
            return false;
    return text.len > 0;
}

static bool is_environment(struct str text)
{
    return str_equal(text, STR("production")) || str_equal(text, STR("development"));
}

/* `all` is what windows say of every class. */
static bool is_class(struct str text)
{
    return syntax_is_name(text) && !str_equal(text, STR("all"));
}

/* `-` is what the usage shows for no rule. */
static bool is_rule_name(struct str text)
{
    return str_is_utf8(text) && !str_equal(text, STR("-"));
}

static const struct setting rule_rows[] = {
    {
        .key = "path",
        .kind = SETTING_TEXT,
        .is_required = true,
        .place = SETTING_PLACE(struct guard_rule, path),
        .is_fit = rule_is_pattern,
        .allowed =
            "a path of at most 32 segments without query, dot or empty segments, ; # \\ and encoded slashes; * "
            "is any one segment, ** at the end any number, also none",
        .help =
            "Which requests it is for. Of the rules that fit the longest decides: segment by segment a literal comes "
            "before *, * before **. Percent-encoding and one slash at the end do not count.",
    },
    {
        .key = "method",
        .kind = SETTING_TEXTS,
        .takes_one = true,
        .place = SETTING_PLACE(struct guard_rule, methods),
        .beside = SETTING_PLACE(struct guard_rule, method_count),
        .most = 16,
        .is_fit = is_method,
        .allowed = "methods in capitals",
        .help =
            "Its methods; none: every one. GET does not mean HEAD too. A rule that names the request's method comes "
            "before one of the same path that names none.",
    },
    {
        .key = "name",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct guard_rule, name),
        .least = 1,
        .most = RULE_NAME_MAX,
        .is_fit = is_rule_name,
        .allowed = "1 to 100 bytes, but not -, which the usage shows for no rule",
        .help =
            "What it is called where requests are counted; without it by methods and path. Several may share one.",
    },
    {
        .key = "scope",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct guard_rule, scope),
        .is_fit = syntax_is_scope_list,
        .allowed = "names of scopes, separated by one blank",
        .help = "What the token must have, each of them.",
    },
    {
        .key = "level",
        .kind = SETTING_CHOICE,
        .place = SETTING_PLACE(struct guard_rule, needs_user),
        .choices = levels,
        .default_text = "client",
        .help = "Whether a client's own token is enough, or a user must have allowed it.",
    },
    {
        .key = "environment",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct guard_rule, environment),
        .is_fit = is_environment,
        .allowed = "production or development",
        .help = "Which clients it is for; without it all.",
    },
    {
        .key = "limited_tokens",
        .kind = SETTING_BOOL,
        .place = SETTING_PLACE(struct guard_rule, takes_limited),
        .default_text = "false",
        .help = "Whether tokens whose scope is the realm's limited one pass too.",
    },
    {
        .key = "cost",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct guard_rule, cost_text),
        .is_fit = rule_is_cost,
        .allowed = "0 to 1000000, or graphql",
        .default_text = "1",
        .help = "Points that a request costs; graphql: estimated from its query where the guard sees it, else 1.",
    },
    {
        .key = "limit",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct guard_rule, limit),
        .is_fit = is_class,
        .allowed = "a name: 1 to 63 of a-z, 0-9 and -, but not all",
        .default_text = "default",
        .help = "The class of limits that it counts in.",
    },
    {0},
};

const struct setting policy_guard_rows[] = {
    {
        .key = "unmatched",
        .kind = SETTING_CHOICE,
        .place = SETTING_PLACE(struct guard_policy, lets_unmatched_pass),
        .choices = passages,
        .default_text = "deny",
        .help = "What becomes of a request that no rule is for. Even where it may pass, it does so with a live token "
                "that is not limited, and never by a path that can be read in two ways.",
    },
    {
        .key = "rules",
        .kind = SETTING_LIST,
        .is_required = true,
        .place = SETTING_PLACE(struct guard_policy, rules),
        .beside = SETTING_PLACE(struct guard_policy, rule_count),
        .least = 1,
        .most = RULES_MAX,
        .rows = rule_rows,
        .element_size = sizeof(struct guard_rule),
        .help = "Rules for API requests, in any order.",
    },
    {0},
};

struct checking {
    struct realm *realm;
    struct str file;
    struct mistakes *mistakes;
};

static void refuse(const struct checking *checking, const struct yaml_node *rule, const char *key, struct str found,
                   struct str allowed)
{
    const struct yaml_node *member = yaml_member(rule, key);
    struct str path = arena_printf(checking->mistakes->arena, "%.*s.%s", STR_ARGS(rule->path), key);
    mistake_add(checking->mistakes, checking->file, member ? member->line : rule->line, path, found, allowed);
}

static void check_scope(const struct checking *checking, const struct guard_rule *rule, const struct yaml_node *node)
{
    struct str scope = rule->scope, word;
    while (str_next_word(&scope, &word))
        if (!scope_is_known(checking->realm, word))
            refuse(checking, node, "scope", mistake_quote(checking->mistakes->arena, word),
                   STR("scopes that the realm's `scopes` name"));
}

/* A query travels in the body of a POST or in the address of a GET. */
static void check_cost(const struct checking *checking, const struct guard_rule *rule, const struct yaml_node *node)
{
    if (rule->cost_is_estimated && !rule_takes_method(rule, STR("POST")) && !rule_takes_method(rule, STR("GET")))
        refuse(checking, node, "cost", STR("\"graphql\""), STR("a number, or the method POST or GET beside it"));
}

/* Without the section no token has the scope of one. */
static void check_limited(const struct checking *checking, const struct guard_rule *rule,
                          const struct yaml_node *node)
{
    if (rule->takes_limited && !checking->realm->limited_lifetime_seconds)
        refuse(checking, node, "limited_tokens", STR("\"true\""),
               STR("false, or the section limited beside: the realm gives no limited tokens"));
}

/* Whoever reads it and has two rules for two environments should hear why the second one never decides. */
static struct str allow_reach(const struct guard_rule *rule, const struct guard_rule *shadow)
{
    return str_equal(rule->environment, shadow->environment)
               ? STR("a path and methods that no other rule takes all of")
               : STR("a path and methods that no other rule takes all of: environment tells no rules apart");
}

static void check_reach(const struct checking *checking, const struct guard_rule *rule, const struct yaml_node *node)
{
    const struct guard_policy *policy = &checking->realm->guard;
    struct arena *arena = checking->mistakes->arena;
    const struct guard_rule *shadow = rule_find_shadow(policy, rule, arena);
    if (shadow)
        refuse(checking, node, "path",
               arena_printf(arena, "\"%.*s\", which never decides: rules[%zu] (%.*s) does", STR_ARGS(rule->path),
                            shadow->index, STR_ARGS(shadow->name)),
               allow_reach(rule, shadow));
}

static bool is_whole(const struct guard_policy *policy)
{
    for (size_t i = 0; i < policy->rule_count; i++)
        if (!str_is_present(policy->rules[i].path))
            return false;
    return policy->is_there;
}

void policy_guard_compile(struct realm *realm, const struct yaml_node *node, struct str file,
                          struct mistakes *mistakes)
{
    const struct checking checking = {realm, file, mistakes};
    const struct yaml_node *list = yaml_member(yaml_member(node, "guard"), "rules");
    struct guard_policy *policy = &realm->guard;
    if (!is_whole(policy))
        return;
    rules_compile(policy, mistakes->arena);
    const struct yaml_node *rule = list ? list->child : NULL;
    for (size_t i = 0; rule && i < policy->rule_count; i++, rule = rule->next) {
        check_scope(&checking, &policy->rules[i], rule);
        check_cost(&checking, &policy->rules[i], rule);
        check_limited(&checking, &policy->rules[i], rule);
        check_reach(&checking, &policy->rules[i], rule);
    }
}
