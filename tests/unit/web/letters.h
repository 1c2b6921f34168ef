/*
 * letters.h — the letters that a town's pages have sent, in their order.
 */
#pragma once

#include "browser.h"

/* The one that is due; it stays in the box. NULL: none. */
static inline struct mail_row *town_letter(struct town *town)
{
    struct mail_row *mail;
    struct store_reader *reader = store_reader(town->office->house.store);
    assert_int_equal(mail_find_due(reader, town->arena, town->office->now, &mail), OK);
    return mail;
}

static int64_t dropped_letter;

static inline enum outcome drop_letter(const struct office *office, struct store_tx *tx)
{
    (void)office;
    return mail_delete(tx, dropped_letter);
}

/* The path and query of the next letter's link; takes the letter out of the box. */
static inline const char *town_link(struct town *town, const char *subject)
{
    const struct mail_row *mail = town_letter(town);
    assert_non_null(mail);
    assert_true(find_text(mail->subject, 0, subject) < mail->subject.len);
    size_t at = find_text(mail->body, 0, "http://localhost/");
    struct str rest = str_slice(mail->body, at + strlen("http://localhost"), mail->body.len);
    dropped_letter = mail->id;
    office_perform(town->office, drop_letter);
    return arena_cstr(town->arena, str_slice(rest, 0, str_find(rest, '\n')));
}
