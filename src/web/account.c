/*
 * account.c — how the realm knows a person: name and e-mail.
 */
#include "base/arena.h"
#include "base/log.h"
#include "http/message.h"
#include "identity/session.h"
#include "identity/ticket.h"
#include "identity/user.h"
#include "oauth/realm.h"
#include "web/errand.h"
#include "web/letter.h"
#include "web/mail_delay.h"
#include "web/say.h"
#include "web/secret.h"
#include "web/site_parts.h"

struct change {
    struct person_step person;
    struct secret secret;
    struct ticket_draft ticket;
    struct str value; /* the new name or address */
};

static struct change *create_change(struct visit *visit, const char *field)
{
    struct change *change = arena_new(visit->arena, struct change);
    change->person =
        (struct person_step){visit->arena, &visit->place->realm->people, visit->exchange->now, PERSON_FINE};
    change->value = str_trim(visit_field(visit, field));
    visit->own = change;
    return change;
}

static void log_change(const struct visit *visit, const char *event)
{
    log_event(LOG_INFO, event, log_text("exchange", visit->exchange->id),
              log_text("realm", visit->place->realm->name), log_text("username", visit->session->user->username),
              log_text("client_address", visit->exchange->request.client_address));
}

static json_t *list_memberships(const struct membership_row *rows, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:o, s:o}", "title", json_of_str(rows[i].instance.title), "role",
                                              json_of_str(rows[i].role)));
    return list;
}

/* What was typed, or else what is. */
static struct str find_value(const struct visit *visit, const char *field, struct str known)
{
    struct str typed = form_value(&visit->form, field);
    return str_is_present(typed) ? typed : known;
}

static void show_account(struct visit *visit)
{
    static const struct done done[] = {
        {"saved", WORD_account_saved}, {"email", WORD_account_email_waiting}, {"confirmed", WORD_confirm_done}, {0}};
    const struct user_row *user = visit->session->user;
    struct membership_row *rows;
    size_t count;
    if (membership_list(visit_reader(visit), visit->arena, user->id, &rows, &count) != OK) {
        visit_fail_for_now(visit);
        return;
    }
    visit_set(visit, "memberships", list_memberships(rows, count));
    visit_set(visit, "at", json_pack("{s:b}", "account", 1));
    visit_set_text(visit, "display_name", find_value(visit, "display_name", user->display_name));
    visit_set_text(visit, "email", find_value(visit, "email", user->email));
    if (user->email.len && user->email_confirmed_at == 0)
        visit_set_flag(visit, "email_is_unconfirmed");
    visit_set_done(visit, done);
    visit_set_form(visit, "account");
    visit_show(visit, "account");
}

static enum outcome rename_user(struct visit *visit, struct store_tx *tx)
{
    struct change *change = visit->own;
    return user_rename(&change->person, tx, visit->session->user->id, change->value);
}

static void answer_rename(struct visit *visit, enum outcome outcome)
{
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
    } else if (outcome == REFUSED) {
        visit_add_problem(visit, "display_name", WORD_word_text_too_long);
        show_account(visit);
    } else {
        log_change(visit, "user_renamed");
        visit_go_done(visit, "account", "saved");
    }
}

static void take_account(struct visit *visit)
{
    static const struct errand_steps steps = {NULL, rename_user, answer_rename};
    if (create_change(visit, "display_name")->value.len) {
        errand_begin(visit, &steps);
        return;
    }
    visit_add_problem(visit, "display_name", WORD_word_display_name_missing);
    show_account(visit);
}

static enum outcome prove_email(struct visit *visit)
{
    struct change *change = visit->own;
    return secret_prove(&change->secret);
}

/* The address counts when somebody who reads it opens the link. */
static enum outcome send_link(struct visit *visit, struct store_tx *tx)
{
    struct change *change = visit->own;
    const struct letter letter = {
        .subject = WORD_mail_email_subject,
        .body = WORD_mail_email_body,
        .recipient = change->value,
        .name = change->value,
        .page = "confirm",
        .ticket = &change->ticket.handle,
        .lifetime_seconds = TICKET_CONFIRM_SECONDS,
    };
    TRY(secret_apply(&change->secret, tx));
    TRY(ticket_begin(tx, visit->arena, &change->ticket, visit->exchange->now));
    return letter_send(visit, tx, &letter);
}

static void answer_email(struct visit *visit, enum outcome outcome)
{
    struct change *change = visit->own;
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
    } else if (outcome == REFUSED) {
        secret_refuse(visit, &change->secret, "password");
        show_account(visit);
    } else {
        log_change(visit, "email_change_asked");
        visit_go_done(visit, "account", "email");
    }
}

static void check_email(struct visit *visit, struct str email)
{
    const struct user_row *user = visit->session->user;
    if (!email_is_fit(email))
        visit_add_problem(visit, "email", WORD_word_email_wrong);
    else if (str_equal(email, user->email) && user->email_confirmed_at)
        visit_add_problem(visit, "email", WORD_word_email_same);
}

/* Whoever has the address can have the account: a signed-in browser alone must not be enough to change it. */
static void take_email(struct visit *visit)
{
    static const struct errand_steps steps = {prove_email, send_link, answer_email};
    struct change *change = create_change(visit, "email");
    bool is_answered = false;
    change->value = username_fold(visit->arena, change->value);
    check_email(visit, change->value);
    bool is_right = secret_ask_current(visit, &change->secret, "password", &is_answered);
    if (is_answered)
        return;
    if (!is_right || visit_has_problems(visit) || !visit->place->site->means.has_mail ||
        mail_delay_holds(visit, "email", change->value)) {
        show_account(visit);
        return;
    }
    change->ticket.purpose = TICKET_CONFIRM_EMAIL;
    change->ticket.user_id = visit->session->user->id;
    change->ticket.content = change->value;
    handle_draw(visit->arena, &change->ticket.handle);
    errand_begin(visit, &steps);
}

const struct page account_pages[] = {
    {"account", "account", NEEDS_USER, show_account, take_account},
    {"account/email", "account", NEEDS_USER, show_account, take_email},
    {0},
};
