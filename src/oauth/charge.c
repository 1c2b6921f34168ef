/*
 * charge.c — what a request has cost, told by the API's server after it was served.
 *
 * The parameters: `client_id`, `points`; perhaps `subject` (as X-Jeton-Subject has it) and `subject_type`, where a
 * user and a service account have the same number; and `rule`, or `path` and `method`, whose class of windows is
 * charged.
 */
#include "oauth/call.h"
#include "oauth/client.h"
#include "oauth/count.h"
#include "oauth/limit.h"
#include "oauth/rule.h"
#include "oauth/subject.h"
#include "store/applications.h"

static STEP read_points(struct call *call)
{
    REQUIRE(call, str_parse_int(call_parameter(call, PARAMETER_points), &call->cost), charge_points_wrong);
    REQUIRE(call, call->cost >= 0 && call->cost <= RULE_COST_MAX, charge_points_wrong);
    return OK;
}

static const struct guard_rule *find_named(const struct guard_policy *policy, struct str name)
{
    for (size_t i = 0; i < policy->rule_count; i++)
        if (str_equal(policy->rules[i].name, name))
            return &policy->rules[i];
    return NULL;
}

static STEP find_rule(struct call *call)
{
    struct str name = call_parameter(call, PARAMETER_rule), path = call_parameter(call, PARAMETER_path);
    struct str method = call_parameter(call, PARAMETER_method);
    struct str read;
    if (str_is_present(name)) {
        call->rule = find_named(&call->realm->guard, name);
        REQUIRE(call, call->rule, charge_rule_unknown);
    } else if (str_is_present(path)) {
        path = str_slice(path, 0, str_find(path, '?'));
        REQUIRE(call, str_has_prefix(path, STR("/")) && rule_path_read(call->arena, path, &read),
                charge_rule_unknown);
        call->rule = rule_find(&call->realm->guard, str_is_present(method) ? method : STR("GET"), read);
    }
    return OK;
}

static enum outcome charge_check(struct call *call)
{
    REQUIRE(call, call_parameter(call, PARAMETER_client_id).len, client_id_missing);
    return read_points(call);
}

static STEP find_subject(struct call *call, struct store_reader *reader)
{
    struct str text = call_parameter(call, PARAMETER_subject);
    struct subject subject;
    if (text.len == 0 || str_equal(text, STR("-")))
        return OK;
    TRY(subject_find(reader, call->arena, call->realm->id, text, call_parameter(call, PARAMETER_subject_type),
                     &subject));
    REQUIRE(call, subject.account || subject.user, charge_subject_unknown);
    call->account = subject.account;
    call->user = subject.user;
    return OK;
}

/* Whoever could charge anybody could stop anybody: where strangers may come, only the API's servers are heard. */
static STEP hear_caller(struct call *call, struct store_reader *reader)
{
    if (!call->must_authenticate && !call->authorization.is_basic)
        return OK;
    REQUIRE(call, call->authorization.is_basic, credentials_missing);
    TRY(client_authenticate(call, reader));
    REQUIRE(call, call->client->flags & CLIENT_MAY_INTROSPECT, charge_not_allowed);
    return OK;
}

static enum outcome charge_prepare(struct call *call, struct store_reader *reader)
{
    struct str client_id = call_parameter(call, PARAMETER_client_id);
    TRY(hear_caller(call, reader));
    TRY(find_rule(call));
    TRY(client_find(reader, call->arena, call->realm->id, client_id, &call->client));
    REQUIRE(call, call->client, charge_client_unknown);
    TRY(find_subject(call, reader));
    limit_charge_points(call);
    count_points(call, call->cost);
    call->is_settled = true;
    return OK;
}

const struct operation charge_operation = {STR_INIT("charge"), false, charge_check, charge_prepare, NULL, NULL, NULL};
