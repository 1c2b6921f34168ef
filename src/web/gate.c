/*
 * gate.c — what must be shown before a page is.
 */
#include "http/message.h"
#include "identity/session.h"
#include "oauth/realm.h"
#include "web/say.h"
#include "web/site_parts.h"

/* Who leaves a browser alone for longer must not find the doors of the account open. */
#define FRESH_SECONDS 900

static bool is_fresh(const struct visit *visit)
{
    return visit->exchange->now - visit->session->row->authenticated_at <= FRESH_SECONDS;
}

static void ask_again(struct visit *visit)
{
    visit_set_text(visit, "notice", say(visit, WORD_word_sign_in_first, NULL));
    sign_in_show(visit);
}

enum gate gate_find(const struct visit *visit, unsigned needs)
{
    if (!needs)
        return GATE_OPEN;
    if (!visit->session)
        return GATE_SIGN_IN;
    if (visit->need == FACTOR_TO_SHOW)
        return GATE_FACTOR;
    bool must_set_up = needs & NEEDS_FACTOR && visit->need == FACTOR_TO_SET_UP;
    if ((must_set_up || needs & NEEDS_FRESH) && !is_fresh(visit))
        return GATE_SIGN_IN_AGAIN;
    return must_set_up ? GATE_SET_UP : GATE_OPEN;
}

bool gate_lets_in(struct visit *visit, unsigned needs)
{
    static void (*const pages[])(struct visit * visit) = {
        [GATE_SIGN_IN] = sign_in_show,
        [GATE_FACTOR] = factor_show,
        [GATE_SIGN_IN_AGAIN] = ask_again,
        [GATE_SET_UP] = set_up_show,
    };
    enum gate gate = gate_find(visit, needs);
    if (gate == GATE_OPEN)
        return true;
    if (!str_is_present(visit->return_to) && visit->page)
        visit->return_to = visit_path(visit, visit->page->path);
    pages[gate](visit);
    return false;
}
