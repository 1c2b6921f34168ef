#include "oauth/count.h"

#include "meter/meter.h"
#include "meter/usage.h"
#include "oauth/call.h"
#include "oauth/rule.h"
#include "oauth/subject.h"
#include "store/people.h"
#include "store/rows.h"

/* What was wrong, as an operator sorts it. */
static enum usage_count kind_of(enum refusal refusal)
{
    switch (refusal) {
    case NOT_REFUSED:
        return USAGE_requests;
    case REFUSED_authorization_missing:
    case REFUSED_authorization_malformed:
    case REFUSED_token_unknown:
    case REFUSED_token_expired:
    case REFUSED_token_revoked:
        return USAGE_refused_token;
    case REFUSED_scope_insufficient:
    case REFUSED_instance_differs:
    case REFUSED_user_needed:
    case REFUSED_environment_wrong:
    case REFUSED_limited_refused:
        return USAGE_refused_scope;
    case REFUSED_rate_limited:
    case REFUSED_points_used_up:
    case REFUSED_cost_too_high:
        return USAGE_refused_limit;
    case REFUSED_request_unmatched:
    case REFUSED_request_unreadable:
    case REFUSED_query_unreadable:
    case REFUSED_query_malformed:
        return USAGE_refused_rule;
    default:
        return USAGE_refused_other;
    }
}

static struct usage_owner owner_of(const struct call *call)
{
    return (struct usage_owner){
        .realm_id = call->realm->id,
        .client_id = call->client ? call->client->id : 0,
        .rule = call->rule ? call->rule->name : STR_NONE,
    };
}

void count_request(const struct call *call, int64_t ns)
{
    if (!call->meter)
        return;
    const struct usage_request request = {
        .owner = owner_of(call),
        .refused = kind_of(call->refusal),
        .points = call->refusal ? 0 : call->cost,
        .subject = subject_number(call),
        .ns = ns,
    };
    usage_add_request(call->meter->usage, &request, call->now);
}

static void add(const struct call *call, enum usage_count what, int64_t count)
{
    const struct usage_owner owner = owner_of(call);
    if (call->meter && count)
        usage_add(call->meter->usage, &owner, what, count, call->now);
}

void count_points(const struct call *call, int64_t points)
{
    add(call, USAGE_points, points);
}

void count_token(const struct call *call)
{
    add(call, USAGE_tokens_issued, 1);
}
