#include "oauth/plan.h"

#include "base/arena.h"
#include "base/buf.h"
#include "oauth/realm.h"
#include "store/rows.h"

/* Some sixty bytes a window, of which there are few. */
#define TEXT_MAX 4096

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

static const struct rate_class *find_class(const struct rate_plan *plan, struct str limit)
{
    for (size_t i = 0; i < plan->class_count; i++)
        if (str_equal(plan->classes[i].limit, limit))
            return &plan->classes[i];
    return NULL;
}

bool rate_window_counts(const struct rate_window *window, struct str limit)
{
    return str_equal(window->limit, limit) || str_equal(window->limit, RATE_CLASS_ALL);
}

static uint64_t make_id(const struct rate_window *window, struct arena *arena)
{
    return str_hash(arena_printf(arena, "%.*s %lld %s %s", STR_ARGS(window->name), (long long)window->seconds,
                                 window->is_of_points ? "points" : "requests",
                                 window->is_per_user ? "user" : "client"));
}

struct str rate_window_policy(struct arena *arena, const struct rate_window *window)
{
    return arena_printf(arena, "\"%.*s\";q=%lld;w=%lld%s", STR_ARGS(window->name), (long long)window->most,
                        (long long)window->seconds, window->is_of_points ? ";qu=\"points\"" : "");
}

static struct str write_policy(const struct rate_class *class, struct arena *arena)
{
    struct buf text;
    buf_init(&text, arena, TEXT_MAX);
    for (size_t i = 0; i < class->window_count; i++) {
        struct str one = rate_window_policy(arena, class->windows[i]);
        buf_printf(&text, "%s%.*s", i ? ", " : "", STR_ARGS(one));
    }
    return buf_str(&text);
}

static void compile_class(const struct rate_plan *plan, struct rate_class *class, struct arena *arena)
{
    class->windows = arena_array(arena, const struct rate_window *, plan->window_count);
    for (size_t i = 0; i < plan->window_count; i++)
        if (rate_window_counts(&plan->windows[i], class->limit))
            class->windows[class->window_count++] = &plan->windows[i];
    class->policy = write_policy(class, arena);
}

void rate_plan_compile(struct rate_plan *plan, struct arena *arena)
{
    plan->classes = arena_array(arena, struct rate_class, plan->window_count + 1);
    plan->class_count = 0;
    for (size_t i = 0; i < plan->window_count; i++) {
        struct rate_window *window = &plan->windows[i];
        window->window_id = make_id(window, arena);
        if (!find_class(plan, window->limit))
            plan->classes[plan->class_count++].limit = window->limit;
    }
    plan->class_count++;
    for (size_t i = 0; i < plan->class_count; i++)
        compile_class(plan, &plan->classes[i], arena);
}

const struct rate_class *rate_class_find(const struct rate_plan *plan, struct str limit)
{
    const struct rate_class *class = find_class(plan, limit);
    return class ? class : &plan->classes[plan->class_count - 1];
}
