#include "oauth/subject.h"

#include "base/arena.h"
#include "oauth/call.h"
#include "store/applications.h"
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

static STEP find_user(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str text,
                      struct user_row **ret_user)
{
    int64_t id;
    *ret_user = NULL;
    if (!str_parse_int(text, &id))
        return OK;
    TRY(user_find_row(reader, arena, id, ret_user));
    if (*ret_user && (*ret_user)->realm_id != realm_id)
        *ret_user = NULL;
    return OK;
}

STEP subject_find(struct store_reader *reader, struct arena *arena, int64_t realm_id, struct str text,
                  struct str type, struct subject *ret_subject)
{
    *ret_subject = (struct subject){0};
    if (!str_equal(type, STR("user")))
        TRY(account_find(reader, arena, realm_id, text, &ret_subject->account));
    if (!ret_subject->account && !str_equal(type, STR("account")))
        TRY(find_user(reader, arena, realm_id, text, &ret_subject->user));
    return OK;
}
