#include "web/mail_delay.h"

#include "base/arena.h"
#include "http/message.h"
#include "identity/delay.h"
#include "oauth/realm.h"
#include "web/say.h"
#include "web/visit.h"

bool mail_delay_holds(struct visit *visit, const char *field, struct str recipient)
{
    const struct delay_subject subject = {
        .kind = DELAY_MAIL,
        .realm_id = visit->place->realm->id,
        .account = recipient,
        .client_address = visit->exchange->request.client_address,
    };
    struct delay_try delay_try;
    int64_t wait_seconds = delay_begin(&subject, visit->exchange->now, &delay_try);
    if (wait_seconds == 0) {
        delay_end(&delay_try, DELAY_END_WRONG, visit->exchange->now);
        return false;
    }
    visit->status = 429;
    response_header_add(visit->exchange, STR("Retry-After"), arena_decimal(visit->arena, wait_seconds));
    visit_set_text(visit, "lifetime", say_duration(visit, wait_seconds));
    visit_add_problem(visit, field, WORD_word_mail_delayed);
    return true;
}
