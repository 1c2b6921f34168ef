/*
 * factor.c — the second step: asking for it, and setting it up.
 */
#include "identity/factor.h"

#include "base/arena.h"
#include "base/log.h"
#include "crypto/totp.h"
#include "http/message.h"
#include "identity/policy.h"
#include "identity/session.h"
#include "oauth/realm.h"
#include "web/describe.h"
#include "web/errand.h"
#include "web/passkey.h"
#include "web/qr.h"
#include "web/say.h"
#include "web/site_parts.h"
#include "web/tally.h"

struct step {
    struct person_step person;
    struct session_draft draft;
    struct delay_try delay_try;
    unsigned factor; /* enum factor; 0: the code is wrong */
    struct str sealed_key;
    struct str codes[RECOVERY_CODE_COUNT];
};

static struct step *create_step(struct visit *visit)
{
    struct step *step = arena_new(visit->arena, struct step);
    step->person =
        (struct person_step){visit->arena, &visit->place->realm->people, visit->exchange->now, PERSON_FINE};
    step->draft.user_id = visit->session->user->id;
    step->draft.authenticated_at = visit->session->row->authenticated_at;
    session_draft_fill(visit, &step->draft);
    visit->own = step;
    return step;
}

static void log_factor(const struct visit *visit, enum log_level level, const char *event, const char *reason)
{
    log_event(level, event, log_text("exchange", visit->exchange->id), log_text("realm", visit->place->realm->name),
              log_text("username", visit->session->user->username), log_text("reason", str_of(reason)),
              log_text("client_address", visit->exchange->request.client_address));
}

void factor_show(struct visit *visit)
{
    visit_set_form(visit, "factor");
    describe_client(visit);
    passkey_offer_own(visit);
    if (factor_is_set_up(visit->session->user))
        visit_set_flag(visit, "has_app");
    visit_show(visit, "factor");
}

/* The session goes on as a new one that has shown both. */
static enum outcome go_on(struct visit *visit, struct store_tx *tx, unsigned factor)
{
    struct step *step = visit->own;
    step->draft.factors = visit->session->row->factors | factor;
    return session_begin(tx, step->person.people, &step->draft, visit->exchange->now);
}

static enum outcome verify(struct visit *visit, struct store_tx *tx)
{
    struct step *step = visit->own;
    TRY(factor_verify(&step->person, tx, step->draft.user_id, str_trim(visit_field(visit, "code")), &step->factor));
    return step->factor ? go_on(visit, tx, step->factor) : REFUSED;
}

static void answer_factor(struct visit *visit, enum outcome outcome)
{
    struct step *step = visit->own;
    factor_end(&step->delay_try, outcome, step->factor, visit->exchange->now);
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
        return;
    }
    if (outcome == REFUSED) {
        log_factor(visit, LOG_WARNING, "second_factor_failed", "wrong");
        tally_add(visit->place->tally, TALLY_FACTOR_WRONG);
        visit->status = 403;
        visit_add_problem(visit, "code", WORD_word_code_wrong);
        factor_show(visit);
        return;
    }
    log_factor(visit, LOG_INFO, "second_factor_shown", step->factor == FACTOR_TOTP ? "code" : "recovery_code");
    tally_add(visit->place->tally, TALLY_FACTOR_SHOWN);
    sign_in_finish(visit, &step->draft);
    visit_return(visit);
}

/* Unless one must wait, the try has begun. */
static bool must_wait(struct visit *visit, struct step *step)
{
    int64_t wait_seconds =
        factor_begin(step->person.people, visit->session->user, visit->exchange->request.client_address,
                     visit->exchange->now, &step->delay_try);
    if (wait_seconds == 0)
        return false;
    visit->status = 429;
    response_header_add(visit->exchange, STR("Retry-After"), arena_decimal(visit->arena, wait_seconds));
    visit_set_text(visit, "lifetime", say_duration(visit, wait_seconds));
    visit_add_problem(visit, "code", WORD_word_sign_in_delayed);
    return true;
}

static void show_factor(struct visit *visit)
{
    if (!visit->session)
        sign_in_show(visit);
    else if (visit->need == FACTOR_TO_SHOW)
        factor_show(visit);
    else
        visit_return(visit);
}

static void take_factor(struct visit *visit)
{
    static const struct errand_steps steps = {NULL, verify, answer_factor};
    if (!visit->session || visit->need != FACTOR_TO_SHOW) {
        show_factor(visit);
        return;
    }
    if (visit_field(visit, "code").len == 0)
        visit_add_problem(visit, "code", WORD_word_code_missing);
    if (visit_has_problems(visit) || must_wait(visit, create_step(visit)))
        factor_show(visit);
    else
        errand_begin(visit, &steps);
}

/* In groups of four, as people copy it; the letters are those of the picture. */
static struct str write_key(struct arena *arena, struct str uri)
{
    static const struct str mark = STR_INIT("secret=");
    size_t begin = 0, len = 0;
    while (begin < uri.len && !str_has_prefix(str_slice(uri, begin, uri.len), mark))
        begin++;
    struct str key = str_slice(uri, begin + mark.len, uri.len);
    key = str_slice(key, 0, str_find(key, '&'));
    char *text = arena_alloc(arena, key.len + key.len / 4 + 1);
    for (size_t i = 0; i < key.len; i++) {
        if (i && i % 4 == 0)
            text[len++] = ' ';
        text[len++] = key.ptr[i];
    }
    return (struct str){text, len};
}

/* The key stays while its first code is typed wrongly. */
static void show_key(struct visit *visit, struct str sealed)
{
    const struct people_policy *people = &visit->place->realm->people;
    const struct user_row *user = visit->session->user;
    struct str key;
    if (!factor_open(visit->arena, people, user->id, sealed, &key)) {
        sealed = factor_draw(visit->arena, people, user->id);
        (void)factor_open(visit->arena, people, user->id, sealed, &key);
    }
    struct str title =
        str_of(json_string_value(json_object_get(json_object_get(visit->place->model, "realm"), "title")));
    struct str uri = totp_uri(visit->arena, title, user->username, key);
    visit_set_text(visit, "sealed_key", sealed);
    visit_set_text(visit, "key", write_key(visit->arena, uri));
    visit_set_text(visit, "picture", qr_picture(visit->arena, uri));
    if (factor_is_required(people, user))
        visit_set_flag(visit, "is_required");
    visit_set_form(visit, "set-up");
    describe_client(visit);
    visit_show(visit, "set-up");
}

/* A key of its own for each showing: one that comes by a link may be known to whoever has made the link. */
void set_up_show(struct visit *visit)
{
    show_key(visit, STR(""));
}

static void show_set_up(struct visit *visit)
{
    if (factor_is_set_up(visit->session->user))
        visit_go(visit, visit_path(visit, "security"));
    else
        set_up_show(visit);
}

static enum outcome set_up(struct visit *visit, struct store_tx *tx)
{
    struct step *step = visit->own;
    bool fits;
    TRY(factor_set_up(&step->person, tx, step->draft.user_id, step->sealed_key, str_trim(visit_field(visit, "code")),
                      step->codes, &fits));
    step->factor = fits ? FACTOR_TOTP : 0;
    return fits ? go_on(visit, tx, FACTOR_TOTP) : REFUSED;
}

void recovery_codes_show(struct visit *visit, const struct str *codes, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_of_str(codes[i]));
    visit_set(visit, "codes", list);
    visit_set_text(visit, "next",
                   str_is_present(visit->return_to) ? visit->return_to : visit_path(visit, "security"));
    visit_show(visit, "recovery-codes");
}

static void answer_set_up(struct visit *visit, enum outcome outcome)
{
    struct step *step = visit->own;
    factor_end(&step->delay_try, outcome, step->factor, visit->exchange->now);
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
        return;
    }
    if (outcome == REFUSED) {
        visit->status = 403;
        visit_add_problem(visit, "code", WORD_word_code_wrong);
        show_key(visit, visit_field(visit, "key"));
        return;
    }
    log_factor(visit, LOG_INFO, "second_factor_set_up", "code");
    sign_in_finish(visit, &step->draft);
    visit_set_text(visit, "notice", say(visit, WORD_security_factor_turned_on, NULL));
    recovery_codes_show(visit, step->codes, RECOVERY_CODE_COUNT);
}

static void take_set_up(struct visit *visit)
{
    static const struct errand_steps steps = {NULL, set_up, answer_set_up};
    if (factor_is_set_up(visit->session->user)) {
        show_set_up(visit);
        return;
    }
    struct step *step = create_step(visit);
    if (visit_field(visit, "code").len == 0)
        visit_add_problem(visit, "code", WORD_word_code_missing);
    if (visit_has_problems(visit) || must_wait(visit, step)) {
        show_key(visit, visit_field(visit, "key"));
        return;
    }
    step->sealed_key = visit_field(visit, "key");
    recovery_codes_draw(visit->arena, step->codes);
    errand_begin(visit, &steps);
}

const struct page factor_pages[] = {
    {"factor", "factor", 0, show_factor, take_factor},
    {"security/set-up", "set-up", NEEDS_SESSION | NEEDS_FRESH, show_set_up, take_set_up},
    {0},
};
