#include "oauth/subject.h"

#include "base/arena.h"
#include "oauth/call.h"
#include "store/people.h"
#include "store/rows.h"

static void tell_user(struct call *call)
{
    call_set_text(call, FACT_subject, arena_decimal(call->arena, call->user->id));
    call_set_text(call, FACT_subject_type, STR("user"));
    call_set_text(call, FACT_username, call->user->username);
    call_set_text(call, FACT_display_name, call->user->display_name);
}

void subject_tell(struct call *call)
{
    if (call->user)
        tell_user(call);
    if (call->instance)
        call_set_text(call, FACT_instance, call->instance->name);
    if (call->account) {
        call_set_text(call, FACT_subject, call->account->account_id);
        call_set_text(call, FACT_subject_type, STR("account"));
    }
}

int64_t subject_number(const struct call *call)
{
    if (call->user)
        return call->user->id;
    return call->account ? -call->account->id : 0;
}
