/*
 * sign_in.c — who comes: name and password, and leaving again.
 */
#include "identity/sign_in.h"

#include "base/arena.h"
#include "base/log.h"
#include "http/message.h"
#include "identity/device.h"
#include "identity/form.h"
#include "identity/session.h"
#include "oauth/call.h"
#include "oauth/realm.h"
#include "store/store.h"
#include "web/describe.h"
#include "web/errand.h"
#include "web/fresh.h"
#include "web/passkey.h"
#include "web/say.h"
#include "web/site_parts.h"
#include "web/tally.h"

struct coming {
    struct sign_in sign_in;
    struct session_draft draft;
};

void sign_in_show(struct visit *visit)
{
    struct str typed = visit_field(visit, "username");
    if (typed.len == 0 && visit->session)
        typed = visit->session->user->username;
    visit_set_text(visit, "username", typed);
    visit_set_form(visit, "sign-in");
    describe_client(visit);
    passkey_offer(visit);
    visit_show(visit, "sign-in");
}

static void show_sign_in(struct visit *visit)
{
    if (visit->session)
        visit_return(visit);
    else
        sign_in_show(visit);
}

static void show_refused(struct visit *visit, const struct sign_in *sign_in)
{
    switch (sign_in->verdict) {
    case SIGN_IN_DELAYED:
        tally_add(visit->place->tally, TALLY_SIGN_IN_DELAYED);
        visit->status = 429;
        response_header_add(visit->exchange, STR("Retry-After"), arena_decimal(visit->arena, sign_in->wait_seconds));
        visit_set_text(visit, "lifetime", say_duration(visit, sign_in->wait_seconds));
        visit_add_problem(visit, NULL, WORD_word_sign_in_delayed);
        break;
    case SIGN_IN_DISABLED:
        tally_add(visit->place->tally, TALLY_SIGN_IN_DISABLED);
        visit->status = 403;
        visit_add_problem(visit, NULL, WORD_word_sign_in_disabled);
        break;
    default:
        tally_add(visit->place->tally, TALLY_SIGN_IN_WRONG);
        visit->status = 403;
        visit_add_problem(visit, "password", WORD_word_sign_in_wrong);
    }
    sign_in_show(visit);
}

static enum outcome prove(struct visit *visit)
{
    struct coming *coming = visit->own;
    sign_in_prove(&coming->sign_in);
    return coming->sign_in.verdict == SIGN_IN_FITS ? OK : REFUSED;
}

static enum outcome apply(struct visit *visit, struct store_tx *tx)
{
    struct coming *coming = visit->own;
    TRY(sign_in_apply(&coming->sign_in, tx));
    if (coming->sign_in.verdict != SIGN_IN_FITS)
        return REFUSED;
    coming->draft.user_id = coming->sign_in.user->id;
    return session_begin(tx, &visit->place->realm->people, &coming->draft, visit->exchange->now);
}

/* prompt=login and max_age ask for the password: when that came long before the second step, this is no new sign-in.
 */
static bool is_new(const struct visit *visit, const struct session_draft *draft)
{
    return draft->authenticated_at == 0 || visit->exchange->now - draft->authenticated_at <= FORM_SECONDS;
}

void sign_in_finish(struct visit *visit, const struct session_draft *draft)
{
    const struct place *place = visit->place;
    const struct people_policy *people = &place->realm->people;
    const struct authorization_request *request = visit->call ? &visit->call->authorize : NULL;
    visit->browser = handle_write(visit->arena, HANDLE_SESSION, &draft->handle);
    cookie_write(&place->cookie, visit->exchange, visit->browser, people->session_lifetime_seconds);
    cookie_write(&place->device, visit->exchange,
                 device_make(visit->arena, people, draft->user_id, visit->exchange->now), DEVICE_SECONDS);
    if (request && (request->must_sign_in_again || request->authenticated_since) && is_new(visit, draft))
        visit->return_to = fresh_add(visit, visit->return_to);
}

static void answer(struct visit *visit, enum outcome outcome)
{
    struct coming *coming = visit->own;
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
        return;
    }
    sign_in_log(&coming->sign_in, visit->exchange->id);
    if (outcome == REFUSED) {
        show_refused(visit, &coming->sign_in);
        return;
    }
    tally_add(visit->place->tally, TALLY_SIGNED_IN);
    sign_in_finish(visit, &coming->draft);
    visit_return(visit);
}

void session_draft_fill(struct visit *visit, struct session_draft *draft)
{
    handle_draw(visit->arena, &draft->handle);
    draft->client_address = visit->exchange->request.client_address;
    draft->user_agent = request_header(visit->exchange, "User-Agent");
    draft->ended_id = visit->session ? visit->session->row->id : 0;
}

static void take_sign_in(struct visit *visit)
{
    static const struct errand_steps steps = {prove, apply, answer};
    struct coming *coming = arena_new(visit->arena, struct coming);
    coming->sign_in = (struct sign_in){
        .arena = visit->arena,
        .people = &visit->place->realm->people,
        .now = visit->exchange->now,
        .username = visit_field(visit, "username"),
        .password = visit_field(visit, "password"),
        .client_address = visit->exchange->request.client_address,
        .device = cookie_read(&visit->place->device, visit->exchange),
    };
    if (coming->sign_in.username.len == 0)
        visit_add_problem(visit, "username", WORD_word_username_missing);
    if (coming->sign_in.password.len == 0)
        visit_add_problem(visit, "password", WORD_word_password_missing);
    if (visit_has_problems(visit)) {
        sign_in_show(visit);
        return;
    }
    if (sign_in_prepare(&coming->sign_in, visit_reader(visit)) != OK) {
        visit_fail_for_now(visit);
        return;
    }
    coming->draft.factors = FACTOR_PASSWORD;
    session_draft_fill(visit, &coming->draft);
    visit->own = coming;
    errand_begin(visit, &steps);
}

static void show_sign_out(struct visit *visit)
{
    static const struct telling done = {.heading = WORD_signed_out_title,
                                        .text = WORD_signed_out_lead,
                                        .hint = WORD_COUNT,
                                        .link_label = WORD_signed_out_sign_in,
                                        .link_page = "sign-in"};
    if (visit->session)
        visit_show(visit, "sign-out");
    else
        visit_tell(visit, &done);
}

static enum outcome end_session(struct visit *visit, struct store_tx *tx)
{
    return session_delete(tx, visit->session->row->id);
}

static void answer_sign_out(struct visit *visit, enum outcome outcome)
{
    const struct user_row *user = visit->session->user;
    if (outcome != OK) {
        visit_fail_for_now(visit);
        return;
    }
    log_event(LOG_INFO, "user_signed_out", log_text("exchange", visit->exchange->id),
              log_text("realm", visit->place->realm->name), log_text("username", user->username),
              log_text("client_address", visit->exchange->request.client_address));
    cookie_clear(&visit->place->cookie, visit->exchange);
    visit->browser = STR_NONE;
    if (str_is_present(visit->return_to))
        visit_return(visit);
    else
        visit_go(visit, visit_path(visit, "sign-out"));
}

static void take_sign_out(struct visit *visit)
{
    static const struct errand_steps steps = {NULL, end_session, answer_sign_out};
    if (visit->session)
        errand_begin(visit, &steps);
    else
        show_sign_out(visit);
}

const struct page sign_in_pages[] = {
    {"sign-in", "sign-in", 0, show_sign_in, take_sign_in},
    {"sign-out", "sign-out", 0, show_sign_out, take_sign_out},
    {0},
};
