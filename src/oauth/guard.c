/*
 * guard.c — may this request pass? And two questions of the token's holder: whose it is, and what a query would cost.
 *
 * Specs: RFC 6750 §2.1, §3.
 */
#include "oauth/bearer.h"
#include "oauth/call.h"
#include "oauth/limit.h"
#include "oauth/scope.h"
#include "store/people.h"
#include "store/rows.h"

enum outcome whoami_check(struct call *call)
{
    /* [RFC6750 3.1] Without authentication information, or with another scheme's, no error code is told. */
    REQUIRE(call, call->authorization.is_present && !call->authorization.is_basic, authorization_missing);
    REQUIRE(call, !call->authorization.is_malformed, authorization_malformed);
    REQUIRE(call, call->authorization.token.len, authorization_malformed);
    return OK;
}

enum outcome whoami_prepare(struct call *call, struct store_reader *reader)
{
    TRY(bearer_read(call, reader, call->authorization.token));
    call->is_settled = true;
    return OK;
}

/* False when the request cannot be read. */
static bool find_rule(struct call *call)
{
    const struct guarded_request *guarded = &call->guarded;
    struct str path;
    if (!str_is_present(guarded->method) || !str_is_present(guarded->path) || !rule_method_is_fit(guarded->method) ||
        !rule_path_read(call->arena, guarded->path, &path))
        return false;
    call->rule = rule_find(&call->realm->guard, guarded->method, path);
    if (call->rule)
        call->cost = call->rule->cost;
    return true;
}

/* The rule is known before the token is, so that what is refused is counted where it belongs; but whoever has no
 * token is told only that. */
enum outcome guard_check(struct call *call)
{
    call->cost = 1;
    call->guarded.is_unreadable = call->realm->guard.is_there && !find_rule(call);
    return whoami_check(call);
}

/* The scope is exactly what the realm gives to limited tokens. */
static bool is_limited(const struct call *call)
{
    const struct realm *realm = call->realm;
    return realm->limited_lifetime_seconds && scope_contains(call->scope, realm->limited_scope) &&
           scope_contains(realm->limited_scope, call->scope);
}

static STEP hold_rule(struct call *call, const struct guard_rule *rule)
{
    REQUIRE(call, scope_contains(call->scope, rule->scope), scope_insufficient);
    REQUIRE(call, !rule->needs_user || call->user, user_needed);
    if (str_is_present(rule->environment))
        REQUIRE(call, str_equal(call->client->environment, rule->environment), environment_wrong);
    REQUIRE(call, rule->takes_limited || !is_limited(call), limited_refused);
    return OK;
}

static STEP hold_rules(struct call *call)
{
    const struct guard_policy *policy = &call->realm->guard;
    if (!policy->is_there)
        return OK;
    REQUIRE(call, !call->guarded.is_unreadable, request_unreadable);
    if (call->rule)
        return hold_rule(call, call->rule);
    REQUIRE(call, policy->lets_unmatched_pass, request_unmatched);
    REQUIRE(call, !is_limited(call), limited_refused);
    return OK;
}

/* The API would say the same: its client learns where to look. */
static STEP refuse_malformed(struct call *call, const struct query_estimate *estimate)
{
    call_set_text(call, FACT_query_mistake, estimate->mistake);
    call_set_number(call, FACT_query_line, estimate->line);
    call_set_number(call, FACT_query_column, estimate->column);
    return refuse(call, REFUSED_query_malformed);
}

/* Where the query is not seen, the rule's own cost stays. */
static STEP estimate_cost(struct call *call, struct query_estimate *ret_estimate)
{
    const struct guarded_request *guarded = &call->guarded;
    *ret_estimate = (struct query_estimate){.points = call->cost, .only_reads = true};
    if (guarded->estimate)
        *ret_estimate = guarded->estimate(call, guarded->message);
    if (str_is_present(ret_estimate->mistake))
        return refuse_malformed(call, ret_estimate);
    REQUIRE(call, !ret_estimate->is_unreadable, query_unreadable);
    call->cost = ret_estimate->points;
    return OK;
}

/* A limited token reads; what it asks in a query is known only here. */
static STEP hold_query(struct call *call)
{
    struct query_estimate estimate;
    if (!call->rule || !call->rule->cost_is_estimated)
        return OK;
    TRY(estimate_cost(call, &estimate));
    REQUIRE(call, estimate.only_reads || !is_limited(call), limited_refused);
    return OK;
}

enum outcome guard_prepare(struct call *call, struct store_reader *reader)
{
    TRY(bearer_read(call, reader, call->authorization.token));
    REQUIRE(call, scope_contains(call->scope, call->needed_scope), scope_insufficient);
    if (str_is_present(call->needed_instance))
        REQUIRE(call, call->instance && str_equal(call->instance->name, call->needed_instance), instance_differs);
    TRY(hold_rules(call));
    TRY(hold_query(call));
    TRY(limit_take(call));
    call->is_settled = true;
    return OK;
}

/* What the same request would cost the token's client: told even where it would be refused, and not charged. */
enum outcome cost_prepare(struct call *call, struct store_reader *reader)
{
    struct query_estimate estimate;
    TRY(bearer_read(call, reader, call->authorization.token));
    TRY(estimate_cost(call, &estimate));
    call->is_rehearsal = true;
    if (limit_take(call) == FAILED)
        return FAILED;
    call->refusal = NOT_REFUSED;
    call_set_number(call, FACT_query_cost, call->cost);
    call->is_settled = true;
    return OK;
}
