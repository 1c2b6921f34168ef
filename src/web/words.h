/*
 * words.h — the texts of the catalogue that are chosen by code; all others stand in templates.
 */
#pragma once

/* section, name: the key is `section.name` */
#define WORDS(X)                                                                                                     \
    X(word, sign_in_wrong)                                                                                           \
    X(word, sign_in_delayed)                                                                                         \
    X(word, sign_in_disabled)                                                                                        \
    X(word, sign_in_first)                                                                                           \
    X(word, code_wrong)                                                                                              \
    X(word, form_expired)                                                                                            \
    X(word, form_foreign)                                                                                            \
    X(word, username_missing)                                                                                        \
    X(word, password_missing)                                                                                        \
    X(word, code_missing)                                                                                            \
    X(word, instance_missing)                                                                                        \
    X(word, display_name_missing)                                                                                    \
    X(word, text_too_long)                                                                                           \
    X(word, email_wrong)                                                                                             \
    X(word, email_same)                                                                                              \
    X(word, password_wrong)                                                                                          \
    X(word, password_short)                                                                                          \
    X(word, password_long)                                                                                           \
    X(word, password_username)                                                                                       \
    X(word, password_common)                                                                                         \
    X(word, mail_delayed)                                                                                            \
    X(word, label_missing)                                                                                           \
    X(word, passkey_refused)                                                                                         \
    X(word, passkeys_full)                                                                                           \
    X(error, heading)                                                                                                \
    X(error, client)                                                                                                 \
    X(error, person)                                                                                                 \
    X(error, malformed)                                                                                              \
    X(error, malformed_text)                                                                                         \
    X(error, not_found)                                                                                              \
    X(error, not_found_text)                                                                                         \
    X(error, unavailable)                                                                                            \
    X(error, unavailable_text)                                                                                       \
    X(error, done_before)                                                                                            \
    X(error, done_before_text)                                                                                       \
    X(applications, withdrawn)                                                                                       \
    X(account, saved)                                                                                                \
    X(account, email_waiting)                                                                                        \
    X(security, password_changed)                                                                                    \
    X(security, factor_turned_on)                                                                                    \
    X(security, factor_turned_off)                                                                                   \
    X(security, passkey_added)                                                                                       \
    X(security, passkey_removed)                                                                                     \
    X(security, session_ended)                                                                                       \
    X(security, sessions_ended)                                                                                      \
    X(security, device)                                                                                              \
    X(security, device_unknown)                                                                                      \
    X(security, browser_unknown)                                                                                     \
    X(security, system_unknown)                                                                                      \
    X(register, closed)                                                                                              \
    X(register, closed_text)                                                                                         \
    X(register, sent)                                                                                                \
    X(register, sent_text)                                                                                           \
    X(register, sent_hint)                                                                                           \
    X(register, sign_in)                                                                                             \
    X(confirm, done)                                                                                                 \
    X(confirm, done_text)                                                                                            \
    X(confirm, over)                                                                                                 \
    X(confirm, over_text)                                                                                            \
    X(forgot, sent)                                                                                                  \
    X(forgot, sent_text)                                                                                             \
    X(forgot, back)                                                                                                  \
    X(forgot, closed)                                                                                                \
    X(forgot, closed_text)                                                                                           \
    X(reset, done)                                                                                                   \
    X(reset, done_text)                                                                                              \
    X(reset, again)                                                                                                  \
    X(signed_out, title)                                                                                             \
    X(signed_out, lead)                                                                                              \
    X(signed_out, sign_in)                                                                                           \
    X(duration, second_one)                                                                                          \
    X(duration, seconds)                                                                                             \
    X(duration, minute_one)                                                                                          \
    X(duration, minutes)                                                                                             \
    X(duration, hour_one)                                                                                            \
    X(duration, hours)                                                                                               \
    X(duration, day_one)                                                                                             \
    X(duration, days)                                                                                                \
    X(duration, year_one)                                                                                            \
    X(duration, years)                                                                                               \
    X(date, months)                                                                                                  \
    X(date, day)                                                                                                     \
    X(date, moment)                                                                                                  \
    X(mail, confirm_subject)                                                                                         \
    X(mail, confirm_body)                                                                                            \
    X(mail, email_subject)                                                                                           \
    X(mail, email_body)                                                                                              \
    X(mail, moved_subject)                                                                                           \
    X(mail, moved_body)                                                                                              \
    X(mail, taken_subject)                                                                                           \
    X(mail, taken_body)                                                                                              \
    X(mail, reset_subject)                                                                                           \
    X(mail, reset_body)                                                                                              \
    X(mail, changed_subject)                                                                                         \
    X(mail, changed_body)

enum word {
#define WORD_ENUM(section, name) WORD_##section##_##name,
    WORDS(WORD_ENUM)
#undef WORD_ENUM
        WORD_COUNT
};
