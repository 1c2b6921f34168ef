#include "oauth/call.h"

#include <stddef.h>

#include "oauth/authorize.h"

static const struct {
    struct str name;
    bool may_be_in_url;
} parameters[PARAMETER_COUNT] = {
#define PARAMETER_ROW(name, in_url) [PARAMETER_##name] = {STR_INIT(#name), in_url},
    PARAMETERS(PARAMETER_ROW)
#undef PARAMETER_ROW
};

static const struct str fact_names[FACT_COUNT] = {
#define FACT_ROW(name) [FACT_##name] = STR_INIT(#name),
    FACTS(FACT_ROW)
#undef FACT_ROW
};

static const struct operation operations[] = {
    {STR_INIT("authorize"), false, authorize_check, authorize_prepare, NULL, authorize_apply, authorize_conclude},
    {STR_INIT("token"), false, token_check, token_prepare, token_prove, token_apply, token_conclude},
    {STR_INIT("revoke"), false, revoke_check, revoke_prepare, NULL, revoke_apply, NULL},
    {STR_INIT("introspect"), false, introspect_check, introspect_prepare, NULL, NULL, NULL},
    {STR_INIT("metadata"), false, check_nothing, metadata_prepare, NULL, NULL, NULL},
    {STR_INIT("guard"), true, guard_check, guard_prepare, NULL, NULL, NULL},
    {STR_INIT("cost"), true, whoami_check, cost_prepare, NULL, NULL, NULL},
    {STR_INIT("whoami"), true, whoami_check, whoami_prepare, NULL, NULL, NULL},
};

struct str parameter_name(enum parameter parameter)
{
    return parameters[parameter].name;
}

enum parameter parameter_find(struct str name)
{
    int parameter = 0;
    while (parameter < PARAMETER_COUNT && !str_equal(parameters[parameter].name, name))
        parameter++;
    return (enum parameter)parameter;
}

bool parameter_may_be_in_url(enum parameter parameter)
{
    return parameters[parameter].may_be_in_url;
}

bool parameter_is_of_charge(enum parameter parameter)
{
    return parameter >= PARAMETER_points && parameter <= PARAMETER_method;
}

enum fact_name fact_find(struct str name)
{
    int fact = 0;
    while (fact < FACT_COUNT && !str_equal(fact_names[fact], name))
        fact++;
    return (enum fact_name)fact;
}

const struct operation *operation_find(struct str name)
{
    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
        if (str_equal(operations[i].name, name))
            return &operations[i];
    return NULL;
}

static void set_fact(struct call *call, enum fact_name name, struct fact fact)
{
    call->facts.values[name] = fact;
    call->facts.present |= UINT64_C(1) << name;
}

void call_set_text(struct call *call, enum fact_name name, struct str text)
{
    if (str_is_present(text))
        set_fact(call, name, (struct fact){FACT_TEXT, text, 0});
}

void call_set_number(struct call *call, enum fact_name name, int64_t number)
{
    set_fact(call, name, (struct fact){FACT_NUMBER, STR_NONE, number});
}

void call_set_bool(struct call *call, enum fact_name name, int value)
{
    set_fact(call, name, (struct fact){FACT_BOOL, STR_NONE, value != 0});
}

enum outcome check_nothing(struct call *call)
{
    (void)call;
    return OK;
}
