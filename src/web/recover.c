/*
 * recover.c — a forgotten password: a link by mail, and choosing a new one.
 *
 * The page after the form is the same whether there is such a user or not, and takes the same way.
 */
#include "base/arena.h"
#include "base/log.h"
#include "http/message.h"
#include "identity/ticket.h"
#include "identity/user.h"
#include "oauth/realm.h"
#include "store/store.h"
#include "web/errand.h"
#include "web/letter.h"
#include "web/mail_delay.h"
#include "web/say.h"
#include "web/secret.h"
#include "web/site_parts.h"

struct recovery {
    struct person_step person;
    struct secret secret;
    struct ticket_draft ticket;
    struct str username; /* as typed, in lower case */
    struct user_row *user;
};

static struct recovery *create_recovery(struct visit *visit)
{
    struct recovery *recovery = arena_new(visit->arena, struct recovery);
    recovery->person =
        (struct person_step){visit->arena, &visit->place->realm->people, visit->exchange->now, PERSON_FINE};
    visit->own = recovery;
    return recovery;
}

static void log_recovery(const struct visit *visit, const char *event)
{
    const struct recovery *recovery = visit->own;
    log_event(LOG_INFO, event, log_text("exchange", visit->exchange->id),
              log_text("realm", visit->place->realm->name),
              log_text("username", recovery->user ? recovery->user->username : STR("(unknown)")),
              log_text("client_address", visit->exchange->request.client_address));
}

static bool is_possible(const struct visit *visit)
{
    return visit->place->site->means.has_mail;
}

static void show_forgot(struct visit *visit)
{
    static const struct telling closed = {.heading = WORD_forgot_closed,
                                          .text = WORD_forgot_closed_text,
                                          .hint = WORD_COUNT,
                                          .is_over = true,
                                          .link_label = WORD_forgot_back,
                                          .link_page = "sign-in"};
    if (!is_possible(visit)) {
        visit->status = 403;
        visit_tell(visit, &closed);
        return;
    }
    visit_set_text(visit, "username", visit_field(visit, "username"));
    visit_set_form(visit, "forgot");
    visit_show(visit, "forgot");
}

static enum outcome send_link(struct visit *visit, struct store_tx *tx)
{
    struct recovery *recovery = visit->own;
    TRY(user_find_typed(store_tx_reader(tx), visit->arena, visit->place->realm->id, recovery->username,
                        &recovery->user));
    const struct user_row *user = recovery->user;
    if (!user || user->disabled_at || user->email.len == 0)
        return OK;
    recovery->ticket.user_id = user->id;
    TRY(ticket_begin(tx, visit->arena, &recovery->ticket, visit->exchange->now));
    const struct letter letter = {
        .subject = WORD_mail_reset_subject,
        .body = WORD_mail_reset_body,
        .recipient = user->email,
        .name = user->display_name,
        .page = "reset",
        .ticket = &recovery->ticket.handle,
        .lifetime_seconds = TICKET_RESET_SECONDS,
    };
    return letter_send(visit, tx, &letter);
}

static void answer_forgot(struct visit *visit, enum outcome outcome)
{
    static const struct telling sent = {.heading = WORD_forgot_sent,
                                        .text = WORD_forgot_sent_text,
                                        .hint = WORD_register_sent_hint,
                                        .is_mail = true,
                                        .link_label = WORD_forgot_back,
                                        .link_page = "sign-in"};
    if (outcome != OK) {
        visit_fail_for_now(visit);
        return;
    }
    log_recovery(visit, "password_reset_asked");
    visit_set_text(visit, "lifetime", say_duration(visit, TICKET_RESET_SECONDS));
    visit_tell(visit, &sent);
}

static void take_forgot(struct visit *visit)
{
    static const struct errand_steps steps = {NULL, send_link, answer_forgot};
    struct recovery *recovery = create_recovery(visit);
    struct str typed = str_slice(str_trim(visit_field(visit, "username")), 0, EMAIL_MAX);
    recovery->username = username_fold(visit->arena, typed);
    if (recovery->username.len == 0)
        visit_add_problem(visit, "username", WORD_word_username_missing);
    if (!is_possible(visit) || visit_has_problems(visit) || mail_delay_holds(visit, "username", recovery->username)) {
        show_forgot(visit);
        return;
    }
    recovery->ticket.purpose = TICKET_RESET_PASSWORD;
    handle_draw(visit->arena, &recovery->ticket.handle);
    errand_begin(visit, &steps);
}

static void tell_over(struct visit *visit)
{
    static const struct telling over = {.heading = WORD_confirm_over,
                                        .text = WORD_confirm_over_text,
                                        .hint = WORD_COUNT,
                                        .is_over = true,
                                        .link_label = WORD_reset_again,
                                        .link_page = "forgot"};
    visit->status = 410;
    visit_tell(visit, &over);
}

static STEP read_ticket(struct visit *visit, struct store_reader *reader, struct ticket **ret_ticket)
{
    return ticket_read(reader, visit->arena, &visit->place->realm->people, TICKET_RESET_PASSWORD,
                       visit_field(visit, "ticket"), visit->exchange->now, ret_ticket);
}

static struct ticket *open_ticket(struct visit *visit)
{
    struct ticket *ticket;
    if (read_ticket(visit, visit_reader(visit), &ticket) != OK) {
        visit_fail_for_now(visit);
        return NULL;
    }
    if (!ticket)
        tell_over(visit);
    return ticket;
}

static void show_ticket(struct visit *visit, const struct ticket *ticket)
{
    visit_set_text(visit, "ticket", visit_field(visit, "ticket"));
    visit_set_text(visit, "username", ticket->user->username);
    visit_set_form(visit, "reset");
    visit_show(visit, "reset");
}

static void show_reset(struct visit *visit)
{
    const struct ticket *ticket = open_ticket(visit);
    if (ticket)
        show_ticket(visit, ticket);
}

static enum outcome prove_reset(struct visit *visit)
{
    struct recovery *recovery = visit->own;
    return secret_prove(&recovery->secret);
}

/* Mail to the address arrives where it should: that confirms it, too. */
static enum outcome reset_password(struct visit *visit, struct store_tx *tx)
{
    struct recovery *recovery = visit->own;
    struct ticket *ticket;
    TRY(read_ticket(visit, store_tx_reader(tx), &ticket));
    if (!ticket)
        return REFUSED;
    const struct user_row *user = recovery->user = ticket->user;
    const struct letter letter = {
        .subject = WORD_mail_changed_subject,
        .body = WORD_mail_changed_body,
        .recipient = user->email,
        .name = user->display_name,
        .page = "forgot",
    };
    TRY(user_change_password(&recovery->person, tx, user->id, recovery->secret.fresh_hash, 0));
    if (user->email_confirmed_at == 0 && user->email.len)
        TRY(user_change_email(&recovery->person, tx, user->id, user->email));
    TRY(ticket_delete(tx, ticket->row->id));
    return letter_send(visit, tx, &letter);
}

static void answer_reset(struct visit *visit, enum outcome outcome)
{
    static const struct telling done = {.heading = WORD_reset_done,
                                        .text = WORD_reset_done_text,
                                        .hint = WORD_COUNT,
                                        .link_label = WORD_register_sign_in,
                                        .link_page = "sign-in"};
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
        return;
    }
    if (outcome == REFUSED) {
        tell_over(visit);
        return;
    }
    log_recovery(visit, "password_reset");
    visit_tell(visit, &done);
}

static void take_reset(struct visit *visit)
{
    static const struct errand_steps steps = {prove_reset, reset_password, answer_reset};
    struct recovery *recovery = create_recovery(visit);
    const struct ticket *ticket = open_ticket(visit);
    if (!ticket)
        return;
    secret_ask_fresh(visit, &recovery->secret, "password", ticket->user->username);
    if (visit_has_problems(visit))
        show_ticket(visit, ticket);
    else
        errand_begin(visit, &steps);
}

const struct page recover_pages[] = {
    {"forgot", "forgot", 0, show_forgot, take_forgot},
    {"reset", "reset", 0, show_reset, take_reset},
    {0},
};
