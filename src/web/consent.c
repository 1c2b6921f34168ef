/*
 * consent.c — an application asks, and the person answers.
 *
 * Nothing that was found out about the request travels through the browser: it is read, checked and prepared for each
 * showing, and once more when the answer comes.
 *
 * Specs: RFC 6749 §4.1.1, §10.2 (no consent without asking); RFC 9700 §4.11.2.
 */
#include "base/arena.h"
#include "base/log.h"
#include "http/message.h"
#include "identity/session.h"
#include "oauth/authorize.h"
#include "oauth/redirect.h"
#include "store/rows.h"
#include "store/store.h"
#include "web/describe.h"
#include "web/errand.h"
#include "web/fresh.h"
#include "web/say.h"
#include "web/site_parts.h"
#include "web/tally.h"

/* More are a list to choose from. */
#define CHOICES_MAX 5

/* Where the application may work. */
struct question {
    struct membership_row *memberships;
    size_t count;
    bool is_given; /* by the person, not remembered */
};

static void answer_client(struct visit *visit)
{
    const struct site_dialogue *dialogue = &visit->place->site->means.dialogue;
    dialogue->answer(dialogue->arg, visit->exchange, visit->call, visit->return_to);
}

static void refuse_client(struct visit *visit, enum refusal refusal)
{
    (void)refuse(visit->call, refusal);
    answer_client(visit);
}

/* prompt=login and max_age: a sign-in that was not for this request may not count. [OIDC 3.1.2.1] */
static bool must_sign_in_again(struct visit *visit)
{
    const struct authorization_request *request = &visit->call->authorize;
    bool is_too_old = visit->session->row->authenticated_at < request->authenticated_since;
    return (request->must_sign_in_again || is_too_old) && !fresh_fits(visit);
}

static bool is_let_in(struct visit *visit)
{
    if (!gate_lets_in(visit, NEEDS_USER))
        return false;
    if (!must_sign_in_again(visit))
        return true;
    visit->return_to = fresh_strip(visit->return_to);
    sign_in_show(visit);
    return false;
}

static STEP load_question(struct visit *visit)
{
    struct question *question = arena_new(visit->arena, struct question);
    visit->own = question;
    visit->call->user = visit->session->user;
    TRY(membership_list(visit_reader(visit), visit->arena, visit->session->user->id, &question->memberships,
                        &question->count));
    if (question->count == 1)
        visit->call->instance = &question->memberships[0].instance;
    return OK;
}

static json_t *list_instances(const struct question *question, struct str chosen)
{
    json_t *list = json_array();
    for (size_t i = 0; i < question->count; i++) {
        const struct instance_row *instance = &question->memberships[i].instance;
        bool is_chosen = chosen.len ? str_equal(instance->name, chosen) : i == 0;
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:b, s:b}", "name", json_of_str(instance->name), "title",
                                        json_of_str(instance->title), "is_first", i == 0, "is_chosen", is_chosen));
    }
    return list;
}

static void describe_places(struct visit *visit)
{
    const struct question *question = visit->own;
    const struct instance_row *only = visit->call->instance;
    if (question->count == 1)
        visit_set(visit, "instance",
                  json_pack("{s:o, s:o}", "name", json_of_str(only->name), "title", json_of_str(only->title)));
    if (question->count < 2)
        return;
    visit_set(visit, "instances", list_instances(question, visit_field(visit, "instance")));
    if (question->count > CHOICES_MAX)
        visit_set_flag(visit, "is_list");
}

static void describe_request(struct visit *visit)
{
    const struct call *call = visit->call;
    describe_client(visit);
    visit_set(visit, "scopes", describe_scopes(call->realm, visit->arena, call->scope));
    visit_set(visit, "withheld", describe_withheld(call->realm, call->scope));
    if (!describe_may_write(call->realm, call->scope))
        visit_set_flag(visit, "may_not_write");
    if (call->gives_refresh_token)
        visit_set_flag(visit, "is_renewed");
    if (call->lifetime_seconds)
        visit_set_text(visit, "lifetime", say_duration(visit, call->lifetime_seconds));
    visit_set_text(visit, "destination", redirect_uri_host(call->authorize.settled_uri));
}

static void show_question(struct visit *visit)
{
    visit_set_form(visit, "consent");
    describe_places(visit);
    describe_request(visit);
    visit_show(visit, "consent");
}

static void note_decision(const struct visit *visit, const char *event, enum tally_of of)
{
    const struct call *call = visit->call;
    log_event(LOG_INFO, event, log_text("exchange", visit->exchange->id), log_text("realm", call->realm->name),
              log_text("username", visit->session->user->username), log_text("client_id", call->client->client_id),
              log_text("instance", call->instance ? call->instance->name : STR("")), log_text("scope", call->scope),
              log_text("client_address", visit->exchange->request.client_address));
    tally_add(visit->place->tally, of);
}

/* May run twice: what the first run refused must not outlive its rollback. */
static enum outcome apply(struct visit *visit, struct store_tx *tx)
{
    visit->call->refusal = NOT_REFUSED;
    return authorize_apply(visit->call, tx);
}

static void answer_allowed(struct visit *visit, enum outcome outcome)
{
    const struct question *question = visit->own;
    if (outcome == OK) {
        if (question->is_given)
            note_decision(visit, "consent_given", TALLY_CONSENT_GIVEN);
        else
            note_decision(visit, "consent_remembered", TALLY_CONSENT_REMEMBERED);
        authorize_conclude(visit->call);
    } else if (outcome == FAILED) {
        (void)refuse(visit->call, REFUSED_store_unavailable);
    }
    answer_client(visit);
}

static void allow(struct visit *visit, struct digest submission)
{
    static const struct errand_steps steps = {NULL, apply, answer_allowed};
    visit->call->authorize.submission = submission;
    errand_begin(visit, &steps);
}

/* Nobody has sent a form. */
static struct digest draw_submission(void)
{
    struct digest digest;
    random_bytes(&digest, sizeof(digest));
    return digest;
}

static void ask(struct visit *visit)
{
    const struct question *question = visit->own;
    bool is_covered = false;
    if (question->count < 2 && authorize_is_covered(visit->call, visit_reader(visit), &is_covered) != OK)
        visit_fail_for_now(visit);
    else if (is_covered)
        allow(visit, draw_submission());
    else if (visit->call->authorize.may_not_ask)
        refuse_client(visit, REFUSED_consent_required);
    else
        show_question(visit);
}

/* [OIDC 3.1.2.1] prompt=none: without any page. */
static bool may_be_silent(const struct visit *visit)
{
    return gate_find(visit, NEEDS_USER) == GATE_OPEN &&
           visit->session->row->authenticated_at >= visit->call->authorize.authenticated_since;
}

/* False: something was answered. */
static bool may_go_on(struct visit *visit)
{
    struct call *call = visit->call;
    if (!call->authorize.may_not_ask)
        return is_let_in(visit);
    if (may_be_silent(visit))
        return true;
    refuse_client(visit, call->refusal ? call->refusal : REFUSED_login_required);
    return false;
}

void site_ask(void *site, struct exchange *exchange, struct call *call, struct str target)
{
    struct visit *visit = arena_new(exchange->arena, struct visit);
    bool is_known = visit_begin_call(visit, site, exchange, call);
    visit->return_to = target;
    if (!is_known) {
        visit_fail_for_now(visit);
        return;
    }
    /* A link brings the cookies along that a form leaves at home. */
    if (visit->is_from_elsewhere && !visit->session && visit_may_return(visit)) {
        visit_return(visit);
        return;
    }
    if (!may_go_on(visit))
        return;
    if (call->refusal)
        answer_client(visit);
    else if (load_question(visit) == OK)
        ask(visit);
    else
        visit_fail_for_now(visit);
}

/* Something was written for this visit already, so what is remembered is asked for, too. */
void consent_go_on(struct visit *visit)
{
    if (!visit_find_session(visit)) {
        visit_fail_for_now(visit);
        return;
    }
    visit->status = 200;
    if (!may_go_on(visit))
        return;
    if (visit->call->refusal)
        answer_client(visit);
    else if (load_question(visit) == OK)
        show_question(visit);
    else
        visit_fail_for_now(visit);
}

static bool choose_instance(struct visit *visit)
{
    const struct question *question = visit->own;
    struct str name = visit_field(visit, "instance");
    for (size_t i = 0; i < question->count && question->count > 1; i++)
        if (str_equal(question->memberships[i].instance.name, name))
            visit->call->instance = &question->memberships[i].instance;
    return visit->call->instance || question->count == 0;
}

static void decide(struct visit *visit)
{
    struct question *question = visit->own;
    struct str decision = visit_field(visit, "decision");
    if (str_equal(decision, STR("deny"))) {
        note_decision(visit, "consent_denied", TALLY_CONSENT_DENIED);
        if (authorize_deny(visit->call) == REFUSED)
            answer_client(visit);
        return;
    }
    if (!choose_instance(visit))
        visit_add_problem(visit, "instance", WORD_word_instance_missing);
    if (visit_has_problems(visit) || !str_equal(decision, STR("allow"))) {
        show_question(visit);
        return;
    }
    question->is_given = true;
    allow(visit, digest_sha256(visit_field(visit, "form")));
}

/* The question as it is now; false: something else was answered. */
static bool begin_question(struct visit *visit)
{
    if (!visit->call) {
        visit_go(visit, visit_path(visit, "applications"));
        return false;
    }
    if (!is_let_in(visit))
        return false;
    if (visit->call->refusal) {
        answer_client(visit);
        return false;
    }
    if (load_question(visit) == OK)
        return true;
    visit_fail_for_now(visit);
    return false;
}

static void show_consent(struct visit *visit)
{
    if (begin_question(visit))
        show_question(visit);
}

static void take_consent(struct visit *visit)
{
    if (begin_question(visit))
        decide(visit);
}

const struct page consent_pages[] = {
    {"consent", "consent", 0, show_consent, take_consent},
    {0},
};
