#include "oauth/limit.h"

#include "base/arena.h"
#include "base/log.h"
#include "identity/network.h"
#include "meter/limit.h"
#include "meter/meter.h"
#include "oauth/call.h"
#include "oauth/plan.h"
#include "oauth/rule.h"
#include "oauth/subject.h"
#include "store/people.h"
#include "store/rows.h"

/* As syntax_is_name. */
#define NAME_LEN_MAX 63
/* `, "`, the name, `";r=`, a number, `;t=`, a number */
#define WINDOW_TEXT_MAX (NAME_LEN_MAX + 10 + 2 * TEXT_INT_MAX)
#define FACT_BIT(name)  (UINT64_C(1) << FACT_##name)

/* The windows of one request. */
struct rate {
    const struct rate_window *windows[LIMIT_CHARGES_MAX];
    struct limit_charge charges[LIMIT_CHARGES_MAX];
    size_t count;
    int64_t now;
    struct str policy; /* absent: that of the one window is still to be written */
};

uint64_t limit_facts(void)
{
    return FACT_BIT(rate_limit) | FACT_BIT(rate_remaining) | FACT_BIT(rate_reset) | FACT_BIT(rate_name) |
           FACT_BIT(points_limit) | FACT_BIT(points_remaining) | FACT_BIT(query_cost) | FACT_BIT(retry_after) |
           FACT_BIT(rate_policy) | FACT_BIT(rate_limits);
}

static struct str class_of(const struct call *call)
{
    return call->rule ? call->rule->limit : RATE_CLASS_DEFAULT;
}

static void add_window(struct rate *rate, const struct rate_window *window, const struct limit_charge *charge)
{
    if (rate->count == LIMIT_CHARGES_MAX)
        return; /* more are refused in the configuration */
    rate->windows[rate->count] = window;
    rate->charges[rate->count++] = *charge;
}

/* Nothing of it is filled in yet: it is large, and most requests count in few windows. */
static void begin_rate(struct rate *rate, const struct call *call)
{
    rate->count = 0;
    rate->now = call->now;
    rate->policy = STR_NONE;
}

/* Every window that a request of the call's rule counts in. False when there is none. */
static bool add_windows(struct rate *rate, const struct call *call, int64_t points)
{
    const struct rate_plan *plan = call->meter ? rate_plan_of(call->realm, call->client) : NULL;
    begin_rate(rate, call);
    if (!plan)
        return false;
    const struct rate_class *class = rate_class_find(plan, class_of(call));
    for (size_t i = 0; i < class->window_count; i++) {
        const struct rate_window *window = class->windows[i];
        const struct limit_charge charge = {
            .owner = call->client->id,
            .subject = window->is_per_user ? subject_number(call) : 0,
            .window_id = window->window_id,
            .seconds = window->seconds,
            .most = window->most,
            .amount = window->is_of_points ? points : 1,
        };
        add_window(rate, window, &charge);
    }
    rate->policy = class->policy;
    return rate->count > 0;
}

static int64_t remaining_of(const struct limit_charge *charge)
{
    return charge->most - charge->used;
}

static double share_left(const struct limit_charge *charge)
{
    return (double)remaining_of(charge) / (double)(charge->most > 0 ? charge->most : 1);
}

static bool is_nearer_to_its_end(const struct limit_charge *one, const struct limit_charge *other)
{
    return share_left(one) < share_left(other);
}

/* One of the request's own class before one that counts everything; then the one that is nearest to its end. */
static size_t find_nearest(const struct rate *rate)
{
    size_t found = 0;
    for (size_t i = 1; i < rate->count; i++) {
        bool is_own = !str_equal(rate->windows[i]->limit, RATE_CLASS_ALL);
        bool is_found_own = !str_equal(rate->windows[found]->limit, RATE_CLASS_ALL);
        if (is_own == is_found_own ? is_nearer_to_its_end(&rate->charges[i], &rate->charges[found]) : is_own)
            found = i;
    }
    return found;
}

static size_t find_points(const struct rate *rate)
{
    size_t found = rate->count;
    for (size_t i = 0; i < rate->count; i++)
        if (rate->windows[i]->is_of_points &&
            (found == rate->count || is_nearer_to_its_end(&rate->charges[i], &rate->charges[found])))
            found = i;
    return found;
}

static char *add_text(char *at, struct str text)
{
    memcpy(at, text.ptr, text.len);
    return at + text.len;
}

static char *add_number(char *at, int64_t number)
{
    char room[TEXT_INT_MAX];
    return add_text(at, str_of_int(number, room));
}

/* "hour";r=999;t=3599: nothing below 0 may stand here. Put together for nearly every request, so without a buffer
 * that grows. */
static struct str write_limits(struct arena *arena, const struct rate *rate)
{
    char room[LIMIT_CHARGES_MAX * WINDOW_TEXT_MAX], *at = room;
    for (size_t i = 0; i < rate->count; i++) {
        int64_t remaining = remaining_of(&rate->charges[i]);
        at = add_text(at, i ? STR(", \"") : STR("\""));
        at = add_text(at, str_slice(rate->windows[i]->name, 0, NAME_LEN_MAX));
        at = add_text(at, STR("\";r="));
        at = add_number(at, remaining > 0 ? remaining : 0);
        at = add_text(at, STR(";t="));
        at = add_number(at, rate->charges[i].ends_at - rate->now);
    }
    return arena_str(arena, (struct str){room, (size_t)(at - room)});
}

static void tell_window(struct call *call, const struct rate *rate, size_t shown)
{
    const struct limit_charge *charge = &rate->charges[shown];
    call_set_number(call, FACT_rate_limit, charge->most);
    call_set_number(call, FACT_rate_remaining, remaining_of(charge));
    call_set_number(call, FACT_rate_reset, charge->ends_at - rate->now);
    call_set_text(call, FACT_rate_name, rate->windows[shown]->name);
}

static void tell(struct call *call, const struct rate *rate, size_t shown, uint64_t wanted_facts)
{
    size_t points = find_points(rate);
    tell_window(call, rate, shown);
    if (points < rate->count) {
        call_set_number(call, FACT_points_limit, rate->charges[points].most);
        call_set_number(call, FACT_points_remaining, remaining_of(&rate->charges[points]));
        call_set_number(call, FACT_query_cost, rate->charges[points].amount);
    }
    if (wanted_facts & FACT_BIT(rate_policy))
        call_set_text(call, FACT_rate_policy,
                      str_is_present(rate->policy) ? rate->policy
                                                   : rate_window_policy(call->arena, rate->windows[0]));
    if (wanted_facts & FACT_BIT(rate_limits))
        call_set_text(call, FACT_rate_limits, write_limits(call->arena, rate));
}

/* What would become of it; nothing is charged. */
static bool rehearse(struct limits *limits, struct rate *rate)
{
    bool has_room = true;
    limits_read(limits, rate->charges, rate->count, rate->now);
    for (size_t i = 0; i < rate->count; i++) {
        struct limit_charge *charge = &rate->charges[i];
        charge->is_full = charge->amount > 0 && charge->used + charge->amount > charge->most;
        has_room = has_room && !charge->is_full;
    }
    return has_room;
}

/* No window will ever have so much: there is nothing to wait for. */
static bool is_never_enough(const struct rate *rate, size_t index)
{
    return rate->windows[index]->is_of_points && rate->charges[index].amount > rate->charges[index].most;
}

/* The one to wait for: of those without room the one that ends last, or never has room. */
static size_t find_full(const struct rate *rate)
{
    size_t found = rate->count;
    for (size_t i = 0; i < rate->count; i++) {
        if (rate->charges[i].is_full && is_never_enough(rate, i))
            return i;
        if (rate->charges[i].is_full &&
            (found == rate->count || rate->charges[i].ends_at > rate->charges[found].ends_at))
            found = i;
    }
    return found;
}

/* Charges all of them, or tells which one is full. */
static STEP take(struct call *call, struct limits *limits, struct rate *rate)
{
    if (call->is_rehearsal ? rehearse(limits, rate) : limits_take(limits, rate->charges, rate->count, call->now)) {
        tell(call, rate, find_nearest(rate), call->wanted_facts);
        return OK;
    }
    size_t full = find_full(rate);
    tell(call, rate, full, limit_facts());
    if (is_never_enough(rate, full))
        return refuse(call, REFUSED_cost_too_high);
    call_set_number(call, FACT_retry_after, rate->charges[full].ends_at - call->now);
    return refuse(call, rate->windows[full]->is_of_points ? REFUSED_points_used_up : REFUSED_rate_limited);
}

enum outcome limit_take(struct call *call)
{
    struct rate rate;
    return add_windows(&rate, call, call->cost) ? take(call, call->meter->limits, &rate) : OK;
}

void limit_give_back(struct call *call)
{
    struct rate rate;
    if (!add_windows(&rate, call, call->cost))
        return;
    limits_give_back(call->meter->limits, rate.charges, rate.count, call->now);
    tell(call, &rate, find_nearest(&rate), limit_facts());
}

/* Only what counts points hears of it: the request itself has been counted. */
void limit_charge_points(struct call *call)
{
    struct rate rate;
    if (!add_windows(&rate, call, call->cost))
        return;
    for (size_t i = 0; i < rate.count; i++)
        if (!rate.windows[i]->is_of_points)
            rate.charges[i].amount = 0;
    limits_charge(call->meter->limits, rate.charges, rate.count, call->now);
    tell(call, &rate, find_nearest(&rate), call->wanted_facts);
}

/* A number so small is no plan's window: those are digests. */
static void add_cap(struct rate *rate, const struct rate_window *window, int64_t owner, int64_t subject)
{
    const struct limit_charge charge = {.owner = owner,
                                        .subject = subject,
                                        .window_id = (uint64_t)window->seconds,
                                        .seconds = window->seconds,
                                        .most = window->most,
                                        .amount = 1};
    add_window(rate, window, &charge);
}

static struct rate_window window_of(struct str name, const struct rate_cap *cap)
{
    return (struct rate_window){.name = name, .limit = name, .seconds = cap->seconds, .most = cap->most};
}

enum outcome limit_take_token(struct call *call)
{
    const struct rate_cap *cap = &call->realm->rate.tokens.per_client;
    const struct rate_window window = window_of(STR("token_requests"), cap);
    struct rate rate;
    /* Whoever has not proved who it is would use up another's. */
    if (!call->meter || cap->most == 0 || call->secret_id == 0)
        return OK;
    begin_rate(&rate, call);
    add_cap(&rate, &window, call->client->id, 0);
    return take(call, call->meter->limits, &rate);
}

/* False when it is no address of a network, or nothing is to be counted. */
static bool name_network(const struct call *call, int64_t *ret_subject)
{
    unsigned char network[NETWORK_LEN];
    if (!call->meter || call->realm->rate.tokens.failures_per_address.most == 0 ||
        !network_read(call->client_address, network))
        return false;
    struct digest name = digest_hmac((struct str){(const char *)call->meter->key.bytes, DIGEST_LEN},
                                     (struct str){(const char *)network, sizeof network});
    memcpy(ret_subject, name.bytes, sizeof *ret_subject);
    return true;
}

enum outcome limit_check_address(struct call *call)
{
    const struct rate_window window = window_of(STR("failures"), &call->realm->rate.tokens.failures_per_address);
    struct rate rate;
    int64_t subject;
    if (!call->meter || limits_are_empty(call->meter->addresses) || !name_network(call, &subject))
        return OK;
    begin_rate(&rate, call);
    add_cap(&rate, &window, call->realm->id, subject);
    limits_read(call->meter->addresses, rate.charges, 1, call->now);
    if (remaining_of(&rate.charges[0]) > 0)
        return OK;
    tell(call, &rate, 0, limit_facts());
    call_set_number(call, FACT_retry_after, rate.charges[0].ends_at - call->now);
    return refuse(call, REFUSED_rate_limited);
}

void limit_note_failure(struct call *call)
{
    const struct rate_window window = window_of(STR("failures"), &call->realm->rate.tokens.failures_per_address);
    struct rate rate;
    int64_t subject;
    if (!name_network(call, &subject))
        return;
    begin_rate(&rate, call);
    add_cap(&rate, &window, call->realm->id, subject);
    limits_charge(call->meter->addresses, rate.charges, 1, call->now);
    if (remaining_of(&rate.charges[0]) == 0)
        log_event(LOG_WARNING, "guessing_limited", log_text("realm", call->realm->name),
                  log_text("address", call->client_address),
                  log_number("seconds", rate.charges[0].ends_at - call->now));
}
