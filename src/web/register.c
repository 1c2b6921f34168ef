/*
 * register.c — becoming a user, and confirming an e-mail address.
 *
 * The password is chosen behind the link that was mailed: so nobody can open an account for somebody else's address
 * and wait until that one confirms it. The page after the form is the same whether the address has an account or not.
 */
#include "base/arena.h"
#include "base/log.h"
#include "http/message.h"
#include "identity/session.h"
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

struct newcomer {
    struct person_step person;
    struct secret secret;
    struct ticket_draft ticket;
    struct str email;
    struct str display_name;
    struct ticket *opened; /* confirming */
};

static struct newcomer *create_newcomer(struct visit *visit)
{
    struct newcomer *newcomer = arena_new(visit->arena, struct newcomer);
    newcomer->person =
        (struct person_step){visit->arena, &visit->place->realm->people, visit->exchange->now, PERSON_FINE};
    visit->own = newcomer;
    return newcomer;
}

static void show_register(struct visit *visit)
{
    static const struct telling closed = {.heading = WORD_register_closed,
                                          .text = WORD_register_closed_text,
                                          .hint = WORD_COUNT,
                                          .is_over = true,
                                          .link_label = WORD_forgot_back,
                                          .link_page = "sign-in"};
    if (!visit->place->realm->people.is_open) {
        visit->status = 403;
        visit_tell(visit, &closed);
        return;
    }
    visit_set_text(visit, "username", visit_field(visit, "username"));
    visit_set_text(visit, "display_name", visit_field(visit, "display_name"));
    visit_set_form(visit, "register");
    visit_show(visit, "register");
}

static STEP write_letter(struct visit *visit, struct store_tx *tx, enum word subject, enum word body,
                         const struct user_row *user, const struct handle *ticket)
{
    const struct newcomer *newcomer = visit->own;
    const struct letter letter = {
        .subject = subject,
        .body = body,
        .recipient = newcomer->email,
        .name = user ? user->display_name : newcomer->email,
        .page = ticket ? "confirm" : "forgot",
        .ticket = ticket,
        .lifetime_seconds = TICKET_CONFIRM_SECONDS,
    };
    return letter_send(visit, tx, &letter);
}

static STEP invite(struct visit *visit, struct store_tx *tx, int64_t user_id)
{
    struct newcomer *newcomer = visit->own;
    newcomer->ticket.user_id = user_id;
    TRY(ticket_begin(tx, visit->arena, &newcomer->ticket, visit->exchange->now));
    return write_letter(visit, tx, WORD_mail_confirm_subject, WORD_mail_confirm_body, NULL, &newcomer->ticket.handle);
}

static STEP write_to_known(struct visit *visit, struct store_tx *tx, const struct user_row *user)
{
    if (user->disabled_at)
        return OK;
    /* Begins anew. */
    if (user_is_waiting(user))
        return invite(visit, tx, user->id);
    return write_letter(visit, tx, WORD_mail_taken_subject, WORD_mail_taken_body, user, NULL);
}

static enum outcome add_user(struct visit *visit, struct store_tx *tx)
{
    struct newcomer *newcomer = visit->own;
    struct user_row *known;
    int64_t user_id;
    const struct user_draft draft = {
        .username = newcomer->email,
        .display_name = newcomer->display_name,
        .email = newcomer->email,
        .password_hash = STR(""),
    };
    TRY(user_find_typed(store_tx_reader(tx), visit->arena, visit->place->realm->id, newcomer->email, &known));
    if (known)
        return write_to_known(visit, tx, known);
    TRY(user_register(&newcomer->person, tx, &draft, &user_id));
    return invite(visit, tx, user_id);
}

static void tell_sent(struct visit *visit)
{
    static const struct telling sent = {.heading = WORD_register_sent,
                                        .text = WORD_register_sent_text,
                                        .hint = WORD_register_sent_hint,
                                        .is_mail = true,
                                        .link_label = WORD_COUNT};
    const struct newcomer *newcomer = visit->own;
    visit_set_text(visit, "email", newcomer->email);
    visit_set_text(visit, "lifetime", say_duration(visit, TICKET_CONFIRM_SECONDS));
    visit_tell(visit, &sent);
}

static void answer_register(struct visit *visit, enum outcome outcome)
{
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
        return;
    }
    if (outcome == REFUSED) {
        visit_add_problem(visit, "display_name", WORD_word_text_too_long);
        show_register(visit);
        return;
    }
    log_event(LOG_INFO, "user_registered", log_text("exchange", visit->exchange->id),
              log_text("realm", visit->place->realm->name),
              log_text("client_address", visit->exchange->request.client_address));
    tell_sent(visit);
}

static void take_register(struct visit *visit)
{
    static const struct errand_steps steps = {NULL, add_user, answer_register};
    struct newcomer *newcomer = create_newcomer(visit);
    newcomer->email = username_fold(visit->arena, str_trim(visit_field(visit, "username")));
    newcomer->display_name = str_trim(visit_field(visit, "display_name"));
    if (newcomer->display_name.len == 0)
        visit_add_problem(visit, "display_name", WORD_word_display_name_missing);
    if (!email_is_fit(newcomer->email) || newcomer->email.len > USERNAME_MAX)
        visit_add_problem(visit, "username", WORD_word_email_wrong);
    if (!visit->place->realm->people.is_open || visit_has_problems(visit) ||
        mail_delay_holds(visit, "username", newcomer->email)) {
        show_register(visit);
        return;
    }
    newcomer->ticket.purpose = TICKET_CONFIRM_EMAIL;
    newcomer->ticket.content = newcomer->email;
    handle_draw(visit->arena, &newcomer->ticket.handle);
    errand_begin(visit, &steps);
}

static void tell_over(struct visit *visit)
{
    static const struct telling over = {.heading = WORD_confirm_over,
                                        .text = WORD_confirm_over_text,
                                        .hint = WORD_COUNT,
                                        .is_over = true,
                                        .link_label = WORD_forgot_back,
                                        .link_page = "sign-in"};
    visit->status = 410;
    visit_tell(visit, &over);
}

/* NULL: something was answered. */
static struct ticket *open_ticket(struct visit *visit)
{
    struct ticket *ticket;
    if (ticket_read(visit_reader(visit), visit->arena, &visit->place->realm->people, TICKET_CONFIRM_EMAIL,
                    visit_field(visit, "ticket"), visit->exchange->now, &ticket) != OK) {
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
    visit_set_text(visit, "email", ticket->row->content);
    /* Whoever opens somebody else's link must see whose account would get this address. */
    if (!str_equal(ticket->user->username, ticket->row->content))
        visit_set_text(visit, "username", ticket->user->username);
    if (ticket->user->password_hash.len == 0)
        visit_set_flag(visit, "needs_password");
    visit_set_form(visit, "confirm");
    visit_show(visit, "confirm");
}

/* Programs that look at mails open links: so opening it changes nothing yet. */
static void show_confirm(struct visit *visit)
{
    const struct ticket *ticket = open_ticket(visit);
    if (ticket)
        show_ticket(visit, ticket);
}

static enum outcome prove_confirm(struct visit *visit)
{
    struct newcomer *newcomer = visit->own;
    return secret_prove(&newcomer->secret);
}

/* Whoever reads the old address must hear of it, too: perhaps it was not the user who changed it. */
static STEP tell_old_address(struct visit *visit, struct store_tx *tx, const struct ticket *ticket)
{
    const struct user_row *user = ticket->user;
    const struct letter letter = {
        .subject = WORD_mail_moved_subject,
        .body = WORD_mail_moved_body,
        .recipient = user->email,
        .name = user->display_name,
        .page = "security",
    };
    if (user->email_confirmed_at == 0 || str_equal(user->email, ticket->row->content))
        return OK;
    return letter_send(visit, tx, &letter);
}

static enum outcome confirm(struct visit *visit, struct store_tx *tx)
{
    struct newcomer *newcomer = visit->own;
    struct ticket *ticket;
    TRY(ticket_read(store_tx_reader(tx), visit->arena, newcomer->person.people, TICKET_CONFIRM_EMAIL,
                    visit_field(visit, "ticket"), visit->exchange->now, &ticket));
    newcomer->opened = ticket;
    if (!ticket)
        return REFUSED;
    TRY(user_change_email(&newcomer->person, tx, ticket->user->id, ticket->row->content));
    if (newcomer->secret.fresh_hash.len)
        TRY(user_change_password(&newcomer->person, tx, ticket->user->id, newcomer->secret.fresh_hash, 0));
    TRY(tell_old_address(visit, tx, ticket));
    return ticket_delete(tx, ticket->row->id);
}

static void answer_confirm(struct visit *visit, enum outcome outcome)
{
    static const struct telling done = {.heading = WORD_confirm_done,
                                        .text = WORD_confirm_done_text,
                                        .hint = WORD_COUNT,
                                        .link_label = WORD_register_sign_in,
                                        .link_page = "sign-in"};
    const struct newcomer *newcomer = visit->own;
    if (outcome == FAILED) {
        visit_fail_for_now(visit);
        return;
    }
    if (outcome == REFUSED) {
        tell_over(visit);
        return;
    }
    log_event(LOG_INFO, "email_confirmed", log_text("exchange", visit->exchange->id),
              log_text("realm", visit->place->realm->name), log_text("username", newcomer->opened->user->username),
              log_text("client_address", visit->exchange->request.client_address));
    if (visit->session && visit->session->user->id == newcomer->opened->user->id)
        visit_go_done(visit, "account", "confirmed");
    else
        visit_tell(visit, &done);
}

static void take_confirm(struct visit *visit)
{
    static const struct errand_steps steps = {prove_confirm, confirm, answer_confirm};
    static const struct errand_steps steps_without_password = {NULL, confirm, answer_confirm};
    struct newcomer *newcomer = create_newcomer(visit);
    const struct ticket *ticket = open_ticket(visit);
    if (!ticket)
        return;
    bool needs_password = ticket->user->password_hash.len == 0;
    if (needs_password)
        secret_ask_fresh(visit, &newcomer->secret, "password", ticket->user->username);
    if (visit_has_problems(visit))
        show_ticket(visit, ticket);
    else
        errand_begin(visit, needs_password ? &steps : &steps_without_password);
}

const struct page register_pages[] = {
    {"register", "register", 0, show_register, take_register},
    {"confirm", "confirm", 0, show_confirm, take_confirm},
    {0},
};
