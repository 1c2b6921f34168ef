#include "daemon/policy_limits.h"

#include "base/arena.h"
#include "base/mistake.h"
#include "base/yaml.h"
#include "daemon/syntax.h"
#include "meter/limit.h"
#include "oauth/realm.h"

#define DAY_SECONDS 86400
/* So many of anything are as good as no limit, and their sums fit. */
#define MOST_MAX 1000000000

static const struct setting_choice owners[] = {{"client", false}, {"user", true}, {0}};
static const struct setting_choice units[] = {{"requests", false}, {"points", true}, {0}};

#define NAME_ALLOWED "1 to 63 of a-z, 0-9 and -"

static const struct setting window_rows[] = {
    {
        .key = "name",
        .kind = SETTING_TEXT,
        .is_required = true,
        .place = SETTING_PLACE(struct rate_window, name),
        .is_fit = syntax_is_name,
        .allowed = NAME_ALLOWED,
        .help =
            "What the window is called; the count goes on through a reload as long as name, seconds, unit and per "
            "stay.",
    },
    {
        .key = "limit",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct rate_window, limit),
        .is_fit = syntax_is_name,
        .allowed = NAME_ALLOWED,
        .default_text = "default",
        .help =
            "Which requests it counts: those of the rules with this `limit`; `default` are the rules that say none "
            "and everything where there are no rules; `all` is every request.",
    },
    {
        .key = "per",
        .kind = SETTING_CHOICE,
        .place = SETTING_PLACE(struct rate_window, is_per_user),
        .choices = owners,
        .default_text = "client",
        .help =
            "Whose requests are counted together: the client's, or those of each of its users and service accounts.",
    },
    {
        .key = "unit",
        .kind = SETTING_CHOICE,
        .place = SETTING_PLACE(struct rate_window, is_of_points),
        .choices = units,
        .default_text = "requests",
        .help = "What is counted: requests, or the points that they cost.",
    },
    {
        .key = "seconds",
        .kind = SETTING_SECONDS,
        .is_required = true,
        .place = SETTING_PLACE(struct rate_window, seconds),
        .least = 1,
        .most = 366 * DAY_SECONDS,
        .help = "How long the window lasts, from the first request after the last window's end.",
    },
    {
        .key = "most",
        .kind = SETTING_INTEGER,
        .is_required = true,
        .place = SETTING_PLACE(struct rate_window, most),
        .most = MOST_MAX,
        .help = "How much may be used up in one.",
    },
    {0},
};

const struct setting policy_plan_rows[] = {
    {
        .key = SETTING_ITSELF,
        .kind = SETTING_LIST,
        .place = SETTING_PLACE(struct rate_plan, windows),
        .beside = SETTING_PLACE(struct rate_plan, window_count),
        .most = 32,
        .rows = window_rows,
        .element_size = sizeof(struct rate_window),
        .help = "Its windows: a request counts in all of those that are for it, or is refused and counts in none.",
    },
    {0},
};

#define DEFAULT_ROW(environment)                                                                                     \
    {                                                                                                                \
        .key = #environment, .kind = SETTING_TEXT, .place = SETTING_PLACE(struct rate_defaults, environment),        \
        .is_fit = syntax_is_name, .allowed = "the name of one of the realm's plans",                                 \
        .help = "The plan of clients for " #environment "; without it they are not limited.",                        \
    }

const struct setting policy_default_plan_rows[] = {DEFAULT_ROW(production), DEFAULT_ROW(development), {0}};

#define CAP_ROWS(most_default, text)                                                                                 \
    {                                                                                                                \
        {                                                                                                            \
            .key = "most",                                                                                           \
            .kind = SETTING_INTEGER,                                                                                 \
            .place = SETTING_PLACE(struct rate_cap, most),                                                           \
            .most = MOST_MAX,                                                                                        \
            .default_text = most_default,                                                                            \
            .help = text,                                                                                            \
        },                                                                                                           \
            {                                                                                                        \
                .key = "seconds",                                                                                    \
                .kind = SETTING_SECONDS,                                                                             \
                .place = SETTING_PLACE(struct rate_cap, seconds),                                                    \
                .least = 1,                                                                                          \
                .most = DAY_SECONDS,                                                                                 \
                .default_text = "60",                                                                                \
                .help = "In how many seconds.",                                                                      \
            },                                                                                                       \
        {                                                                                                            \
            0                                                                                                        \
        }                                                                                                            \
    }

static const struct setting client_rows[] = CAP_ROWS("0", "How many requests for tokens are served; 0: any number.");
static const struct setting address_rows[] = CAP_ROWS("300", "How many wrong credentials are heard; 0: any number.");

const struct setting policy_token_requests_rows[] = {
    {
        .key = "per_client",
        .kind = SETTING_SECTION,
        .place = SETTING_PLACE(struct rate_tokens, per_client),
        .rows = client_rows,
        .help = "Of one client that has proved who it is: nobody else uses them up.",
    },
    {
        .key = "failures_per_address",
        .kind = SETTING_SECTION,
        .place = SETTING_PLACE(struct rate_tokens, failures_per_address),
        .rows = address_rows,
        .help =
            "Of one IPv4 address or IPv6 /64, so that guessing secrets does not pay. Afterwards no credentials are "
            "looked at from there until the window is over; from other addresses they are.",
    },
    {0},
};

struct checking {
    struct realm *realm;
    struct str file;
    struct mistakes *mistakes;
};

static void refuse(const struct checking *checking, const struct yaml_node *node, struct str found,
                   struct str allowed)
{
    mistake_add(checking->mistakes, checking->file, node->line, node->path, found, allowed);
}

/* A value that stands in the file. */
static void refuse_value(const struct checking *checking, const struct yaml_node *node, struct str value,
                         struct str allowed)
{
    refuse(checking, node, mistake_quote(checking->mistakes->arena, value), allowed);
}

static void check_default(const struct checking *checking, const struct yaml_node *node, struct str name)
{
    if (node && str_is_present(name) && !rate_plan_find(checking->realm, name))
        refuse_value(checking, node, name, STR("the name of one of the realm's plans"));
}

/* Of the requests of this window's class. */
static size_t count_together(const struct rate_plan *plan, struct str limit)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->window_count; i++)
        count += rate_window_counts(&plan->windows[i], limit);
    return count;
}

/* Of any other class there never is a request. */
static bool is_class(const struct realm *realm, struct str limit)
{
    for (size_t i = 0; i < realm->guard.rule_count; i++)
        if (str_equal(realm->guard.rules[i].limit, limit))
            return true;
    return str_equal(limit, RATE_CLASS_DEFAULT) || str_equal(limit, RATE_CLASS_ALL);
}

static void check_window(const struct checking *checking, const struct rate_plan *plan, size_t index,
                         const struct yaml_node *node)
{
    const struct rate_window *window = &plan->windows[index];
    bool is_first_of_class = true;
    for (size_t i = 0; i < index; i++) {
        is_first_of_class = is_first_of_class && !str_equal(plan->windows[i].limit, window->limit);
        if (str_equal(plan->windows[i].name, window->name))
            refuse_value(checking, node, window->name, STR("a name that no other window of the plan has"));
    }
    if (!is_class(checking->realm, window->limit))
        refuse_value(checking, node, window->limit, STR("default, all, or the `limit` of one of the guard's rules"));
    size_t together = is_first_of_class ? count_together(plan, window->limit) : 0;
    if (together > LIMIT_CHARGES_MAX)
        refuse(checking, node,
               arena_printf(checking->mistakes->arena, "%zu windows that count a request of \"%.*s\"", together,
                            STR_ARGS(window->limit)),
               STR("at most 8"));
}

static bool is_counted(const struct realm *realm, struct str limit)
{
    for (size_t i = 0; i < realm->rate.plan_count; i++)
        for (size_t k = 0; k < realm->rate.plans[i].window_count; k++)
            if (str_equal(realm->rate.plans[i].windows[k].limit, limit))
                return true;
    return str_equal(limit, RATE_CLASS_DEFAULT);
}

/* A class that no window counts is a slip of the pen, and its requests would not be limited at all. */
static void check_class(const struct checking *checking, const struct guard_rule *rule, const struct yaml_node *node)
{
    if (!is_counted(checking->realm, rule->limit))
        refuse_value(checking, yaml_member(node, "limit"), rule->limit,
                     STR("the `limit` of a window in one of the realm's plans, or default"));
}

/* Points that one request of the class may cost by the most generous of the plans. */
static int64_t find_most(const struct rate_policy *rate, struct str limit)
{
    int64_t most = rate->plan_count ? 0 : RULE_COST_MAX;
    for (size_t i = 0; i < rate->plan_count; i++) {
        int64_t least = RULE_COST_MAX;
        for (size_t k = 0; k < rate->plans[i].window_count; k++) {
            const struct rate_window *window = &rate->plans[i].windows[k];
            if (window->is_of_points && rate_window_counts(window, limit) && window->most < least)
                least = window->most;
        }
        most = least > most ? least : most;
    }
    return most;
}

/* All the clients that the rule is for have a plan, their own or the default. */
static bool is_for_planned(const struct realm *realm, const struct guard_rule *rule)
{
    const struct rate_defaults *defaults = &realm->rate.defaults;
    bool is_for_all = !str_is_present(rule->environment);
    bool is_for_production = is_for_all || str_equal(rule->environment, STR("production"));
    bool is_for_development = is_for_all || str_equal(rule->environment, STR("development"));
    return (!is_for_production || str_is_present(defaults->production)) &&
           (!is_for_development || str_is_present(defaults->development));
}

/* A request that costs more than a window ever has is always refused. */
static void check_cost(const struct checking *checking, const struct guard_rule *rule, const struct yaml_node *node)
{
    int64_t cost, most = find_most(&checking->realm->rate, rule->limit);
    const struct yaml_node *member = yaml_member(node, "cost");
    if (!member || !str_parse_int(rule->cost_text, &cost) || cost <= most || !is_for_planned(checking->realm, rule))
        return;
    refuse_value(checking, member, rule->cost_text,
                 arena_printf(checking->mistakes->arena, "0 to %lld, graphql: no plan lets more pass at once",
                              (long long)most));
}

static void check_rules(const struct checking *checking, const struct yaml_node *rules)
{
    const struct guard_policy *guard = &checking->realm->guard;
    const struct yaml_node *node = rules ? rules->child : NULL;
    for (size_t i = 0; node && i < guard->rule_count; i++, node = node->next) {
        check_class(checking, &guard->rules[i], node);
        check_cost(checking, &guard->rules[i], node);
    }
}

static void complete_plan(const struct checking *checking, struct rate_plan *plan, const struct yaml_node *node)
{
    const struct yaml_node *item = node->child;
    rate_plan_compile(plan, checking->mistakes->arena);
    for (size_t i = 0; item && i < plan->window_count; i++, item = item->next)
        check_window(checking, plan, i, item);
}

void policy_limits_complete(struct realm *realm, const struct yaml_node *node, struct str file,
                            struct mistakes *mistakes)
{
    const struct checking checking = {realm, file, mistakes};
    const struct yaml_node *plans = yaml_member(node, "plans");
    const struct yaml_node *defaults = yaml_member(node, "default_plan");
    const struct yaml_node *plan = plans ? plans->child : NULL;
    for (size_t i = 0; plan && i < realm->rate.plan_count; i++, plan = plan->next)
        complete_plan(&checking, &realm->rate.plans[i], plan);
    check_rules(&checking, yaml_member(yaml_member(node, "guard"), "rules"));
    if (!defaults)
        return;
    check_default(&checking, yaml_member(defaults, "production"), realm->rate.defaults.production);
    check_default(&checking, yaml_member(defaults, "development"), realm->rate.defaults.development);
}
