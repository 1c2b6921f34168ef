#include "oauth/plan.h"

#include <stdio.h>

#include "oauth/realm.h"
#include "store/rows.h"

/* A name of syntax_is_name has 63 bytes at most. */
#define IDENTITY_MAX 128

const struct rate_plan *rate_plan_find(const struct realm *realm, struct str name)
{
    for (size_t i = 0; i < realm->rate.plan_count; i++)
        if (str_equal(realm->rate.plans[i].name, name))
            return &realm->rate.plans[i];
    return NULL;
}

const struct rate_plan *rate_plan_of(const struct realm *realm, const struct client_row *client)
{
    const struct rate_defaults *defaults = &realm->rate.defaults;
    const struct rate_plan *own = str_is_present(client->plan) ? rate_plan_find(realm, client->plan) : NULL;
    if (own)
        return own;
    bool is_development = str_equal(client->environment, STR("development"));
    return rate_plan_find(realm, is_development ? defaults->development : defaults->production);
}

uint64_t rate_window_id(const struct rate_window *window)
{
    char text[IDENTITY_MAX];
    int len = snprintf(text, sizeof text, "%.*s %lld %s %s", STR_ARGS(str_slice(window->name, 0, 63)),
                       (long long)window->seconds, window->is_of_points ? "points" : "requests",
                       window->is_per_user ? "user" : "client");
    return str_hash((struct str){text, (size_t)len});
}

bool rate_window_counts(const struct rate_window *window, struct str limit)
{
    return str_equal(window->limit, limit) || str_equal(window->limit, RATE_CLASS_ALL);
}
