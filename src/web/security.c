/*
 * security.c — how a person signs in, and where: password, second step, sessions.
 */
#include "base/arena.h"
#include "base/log.h"
#include "http/message.h"
#include "identity/factor.h"
#include "identity/session.h"
#include "oauth/realm.h"
#include "store/store.h"
#include "web/errand.h"
#include "web/letter.h"
#include "web/passkey.h"
#include "web/say.h"
#include "web/secret.h"
#include "web/site_parts.h"

/* The ones that were seen last. */
#define SESSIONS_SHOWN 50

struct change {
    struct person_step person;
    struct secret secret;
    bool is_removal; /* of the second step; else new recovery codes */
    struct str codes[RECOVERY_CODE_COUNT];
    int64_t ended_id; /* session to end; 0: all others */
};

static struct change *create_change(struct visit *visit)
{
    struct change *change = arena_new(visit->arena, struct change);
    change->person =
        (struct person_step){visit->arena, &visit->place->realm->people, visit->exchange->now, PERSON_FINE};
    visit->own = change;
    return change;
}

static void log_change(const struct visit *visit, const char *event)
{
    log_event(LOG_INFO, event, log_text("exchange", visit->exchange->id),
              log_text("realm", visit->place->realm->name), log_text("username", visit->session->user->username),
              log_text("client_address", visit->exchange->request.client_address));
}

static json_t *describe_session(struct visit *visit, const struct session_row *row)
{
    bool is_this = row->id == visit->session->row->id;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "id", json_of_str(arena_decimal(visit->arena, row->id)),
                     "device", json_of_str(say_device(visit, row->user_agent)), "since",
                     json_of_str(say_moment(visit, row->authenticated_at)), "seen",
                     json_of_str(say_moment(visit, is_this ? visit->exchange->now : row->seen_at)), "address",
                     json_of_str(row->client_address), "is_this", is_this);
}

static STEP describe_sessions(struct visit *visit)
{
    struct session_row *rows;
    size_t count;
    json_t *list = json_array();
    visit_set(visit, "sessions", list);
    TRY(session_list(visit_reader(visit), visit->arena, visit->session->user->id, visit->exchange->now,
                     SESSIONS_SHOWN, &rows, &count));
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, describe_session(visit, &rows[i]));
    if (count > 1)
        visit_set_flag(visit, "has_other_sessions");
    return OK;
}

static STEP describe_factor(struct visit *visit)
{
    const struct user_row *user = visit->session->user;
    size_t count;
    if (!factor_is_set_up(user))
        return OK;
    TRY(recovery_code_count(visit_reader(visit), user->id, &count));
    visit_set(visit, "recovery_count", json_integer((json_int_t)count));
    visit_set_flag(visit, "factor_is_on");
    if (factor_is_required(&visit->place->realm->people, user))
        visit_set_flag(visit, "factor_is_required");
    return OK;
}

static STEP describe_security(struct visit *visit)
{
    TRY(describe_factor(visit));
    TRY(passkey_describe(visit));
    return describe_sessions(visit);
}

void security_show(struct visit *visit)
{
    static const struct done done[] = {{"password", WORD_security_password_changed},
                                       {"factor-off", WORD_security_factor_turned_off},
                                       {"session", WORD_security_session_ended},
                                       {"sessions", WORD_security_sessions_ended},
                                       {"passkey-added", WORD_security_passkey_added},
                                       {"passkey-removed", WORD_security_passkey_removed},
                                       {0}};
    visit_set(visit, "at", json_pack("{s:b}", "security", 1));
    visit_set_done(visit, done);
    if (describe_security(visit) != OK) {
        visit_fail_for_now(visit);
        return;
    }
    visit_set_form(visit, "security");
    visit_show(visit, "security");
}

static enum outcome prove(struct visit *visit)
{
    struct change *change = visit->own;
    return secret_prove(&change->secret);
}

/* Whoever does not know of it must hear of it. */
static enum outcome change_password(struct visit *visit, struct store_tx *tx)
{
    struct change *change = visit->own;
    const struct session *session = visit->session;
    const struct letter letter = {
        .subject = WORD_mail_changed_subject,
        .body = WORD_mail_changed_body,
        .recipient = session->user->email_confirmed_at ? session->user->email : STR(""),
        .name = session->user->display_name,
        .page = "forgot",
    };
    TRY(secret_apply(&change->secret, tx));
    TRY(user_change_password(&change->person, tx, session->user->id, change->secret.fresh_hash, session->row->id));
    return letter_send(visit, tx, &letter);
}

static void answer_password(struct visit *visit, enum outcome outcome)
{
    struct change *change = visit->own;
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
    } else if (outcome == REFUSED) {
        secret_refuse(visit, &change->secret, "password");
        security_show(visit);
    } else {
        log_change(visit, "password_changed");
        visit_go_done(visit, "security", "password");
    }
}

static void take_password(struct visit *visit)
{
    static const struct errand_steps steps = {prove, change_password, answer_password};
    struct change *change = create_change(visit);
    bool is_answered = false;
    secret_ask_fresh(visit, &change->secret, "new_password", visit->session->user->username);
    bool is_right = secret_ask_current(visit, &change->secret, "password", &is_answered);
    if (is_answered)
        return;
    if (is_right && !visit_has_problems(visit))
        errand_begin(visit, &steps);
    else
        security_show(visit);
}

static enum outcome change_factor(struct visit *visit, struct store_tx *tx)
{
    struct change *change = visit->own;
    int64_t user_id = visit->session->user->id;
    TRY(secret_apply(&change->secret, tx));
    return change->is_removal ? factor_remove(&change->person, tx, user_id)
                              : factor_renew_codes(&change->person, tx, user_id, change->codes);
}

static void answer_factor(struct visit *visit, enum outcome outcome)
{
    struct change *change = visit->own;
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
    } else if (outcome == REFUSED) {
        secret_refuse(visit, &change->secret, "factor_password");
        security_show(visit);
    } else if (change->is_removal) {
        log_change(visit, "second_factor_removed");
        visit_go_done(visit, "security", "factor-off");
    } else {
        log_change(visit, "recovery_codes_made");
        recovery_codes_show(visit, change->codes, RECOVERY_CODE_COUNT);
    }
}

static void take_factor(struct visit *visit)
{
    static const struct errand_steps steps = {prove, change_factor, answer_factor};
    const struct user_row *user = visit->session->user;
    struct change *change = create_change(visit);
    bool is_answered = false;
    change->is_removal = str_equal(visit_field(visit, "do"), STR("remove"));
    bool is_possible =
        factor_is_set_up(user) && !(change->is_removal && factor_is_required(&visit->place->realm->people, user));
    bool is_right = secret_ask_current(visit, &change->secret, "factor_password", &is_answered);
    if (is_answered)
        return;
    if (!is_right || !is_possible) {
        security_show(visit);
        return;
    }
    recovery_codes_draw(visit->arena, change->codes);
    errand_begin(visit, &steps);
}

/* Nobody ends another one's. */
static enum outcome end_session(struct visit *visit, struct store_tx *tx)
{
    const struct change *change = visit->own;
    int64_t user_id = visit->session->user->id;
    bool is_found;
    if (change->ended_id == 0)
        return session_delete_others(tx, user_id, visit->session->row->id);
    return session_end(tx, visit->arena, user_id, change->ended_id, &is_found);
}

static void answer_sessions(struct visit *visit, enum outcome outcome)
{
    const struct change *change = visit->own;
    if (outcome != OK) {
        visit_fail_for_now(visit);
        return;
    }
    log_change(visit, "sessions_ended");
    visit_go_done(visit, "security", change->ended_id ? "session" : "sessions");
}

static void take_sessions(struct visit *visit)
{
    static const struct errand_steps steps = {NULL, end_session, answer_sessions};
    struct str which = visit_field(visit, "end");
    struct change *change = create_change(visit);
    if (!str_equal(which, STR("others")) && (!str_parse_int(which, &change->ended_id) || change->ended_id <= 0)) {
        security_show(visit);
        return;
    }
    errand_begin(visit, &steps);
}

const struct page security_pages[] = {
    {"security", "security", NEEDS_USER, security_show, NULL},
    {"security/password", "security", NEEDS_USER, security_show, take_password},
    {"security/factor", "security", NEEDS_USER, security_show, take_factor},
    {"security/sessions", "security", NEEDS_USER, security_show, take_sessions},
    {0},
};
