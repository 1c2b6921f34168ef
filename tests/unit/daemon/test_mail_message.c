/* A mail as it travels: what any server takes and any program reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "daemon/mail_message.h"
#include "store/people.h"

#define AT INT64_C(1753862400) /* 2025-07-30 08:00:00 UTC, a Wednesday */

static const struct mail_sender sender = {STR_INIT("An API"), STR_INIT("no-reply@example.com")};

static int set_up(void **state)
{
    *state = arena_create();
    return 0;
}

static int tear_down(void **state)
{
    arena_destroy(*state);
    return 0;
}

static const char *write_mail(void **state, struct str subject, struct str body, enum mail_way way)
{
    const struct mail_row mail = {.id = 7,
                                  .realm_id = 3,
                                  .recipient = STR("ada@example.org"),
                                  .subject = subject,
                                  .body = body,
                                  .created_at = AT};
    return arena_cstr(*state, mail_message_write(*state, &mail, &sender, way));
}

static const char *write_body(void **state, struct str body, enum mail_way way)
{
    const char *message = write_mail(state, STR("s"), body, way);
    return strstr(message, "\r\n\r\n") + 4;
}

static void assert_has(const char *message, const char *part)
{
    if (!strstr(message, part))
        fail_msg("no %s in\n%s", part, message);
}

/* [RFC5322 2.1.1] No line has more than 998 characters; ours that we fold have 78. */
static void assert_lines(const char *message, size_t longest)
{
    for (const char *line = message; *line;) {
        const char *end = strstr(line, "\r\n");
        assert_non_null(end);
        assert_in_range(end - line, 0, longest);
        assert_null(memchr(line, '\n', (size_t)(end - line)));
        line = end + 2;
    }
}

static void test_plain_mail_stays_as_it_is(void **state)
{
    assert_string_equal(
        write_mail(state, STR("Confirm your address"), STR("Hello,\n\nhttps://a.example/x?y=z\n"), MAIL_BY_RELAY),
        "Date: Wed, 30 Jul 2025 08:00:00 +0000\r\n"
        "From: \"An API\" <no-reply@example.com>\r\n"
        "To: <ada@example.org>\r\n"
        "Subject: Confirm your address\r\n"
        "Message-ID: <1753862400.3.7@example.com>\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 7bit\r\n"
        "\r\n"
        "Hello,\r\n\r\nhttps://a.example/x?y=z\r\n");
}

static void test_header_is_ascii(void **state)
{
    /* [RFC2047 2] */
    assert_has(write_mail(state, STR("Bestätigen"), STR(""), MAIL_BY_RELAY),
               "\r\nSubject: =?utf-8?B?QmVzdMOkdGlnZW4=?=\r\n");
    const char *message = write_mail(state,
                                     STR("äöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöüäöü and some more words that do "
                                         "not fit into one line of a header"),
                                     STR(""), MAIL_BY_RELAY);
    assert_lines(message, 76);
    assert_has(message, "?=\r\n =?utf-8?B?");
    for (const char *byte = message; *byte; byte++)
        assert_true((unsigned char)*byte < 0x80);
}

/* Every encoded word is whole characters. [RFC2047 5] */
static void test_encoded_words_cut_no_character(void **state)
{
    /* 46 bytes: the 45th is the first half of the last letter */
    const char *message = write_mail(state, STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaé"), STR(""), MAIL_BY_RELAY);
    assert_has(message, "=?utf-8?B?w6k=?=\r\n");
}

/* A subject cannot make a header of its own. */
static void test_line_ends_in_a_subject_are_encoded(void **state)
{
    const char *message = write_mail(state, STR("a\r\nBcc: eve@example.net"), STR(""), MAIL_BY_RELAY);
    assert_null(strstr(message, "Bcc"));
    message = write_mail(state, STR("=?utf-8?Q?x?="), STR(""), MAIL_BY_RELAY);
    assert_null(strstr(message, "=?utf-8?Q?x?="));
}

static void test_sender_is_quoted(void **state)
{
    const struct mail_row mail = {.recipient = STR("a@b"), .subject = STR("s"), .body = STR("")};
    struct mail_sender other = {STR("A \"quoted\" name"), STR("x@y.example")};
    assert_has(arena_cstr(*state, mail_message_write(*state, &mail, &other, MAIL_BY_RELAY)),
               "From: \"A \\\"quoted\\\" name\" <x@y.example>\r\n");
    other.name = STR("Müller");
    assert_has(arena_cstr(*state, mail_message_write(*state, &mail, &other, MAIL_BY_RELAY)),
               "From: =?utf-8?B?TcO8bGxlcg==?=\r\n <x@y.example>\r\n");
}

static void test_other_text_is_quoted_printable(void **state)
{
    assert_has(write_mail(state, STR("s"), STR("é"), MAIL_BY_RELAY),
               "Content-Transfer-Encoding: quoted-printable\r\n");
    assert_string_equal(write_body(state, STR("Grüße = 1\nblank at end \n\t"), MAIL_BY_RELAY),
                        "Gr=C3=BC=C3=9Fe =3D 1\r\nblank at end=20\r\n=09\r\n");
}

/* [RFC2045 6.7] At most 76 characters a line, the "=" at its end among them, and no byte cut in two. */
static void test_quoted_lines_are_short(void **state)
{
#define TEN "0123456789"
    assert_string_equal(write_body(state,
                                   STR(TEN TEN TEN TEN TEN TEN TEN "abcde"
                                                                   "fé"),
                                   MAIL_BY_RELAY),
                        TEN TEN TEN TEN TEN TEN TEN "abcde=\r\nf=C3=A9\r\n");
    assert_string_equal(write_body(state, STR(TEN TEN TEN TEN TEN TEN TEN "abcé"), MAIL_BY_RELAY),
                        TEN TEN TEN TEN TEN TEN TEN "abc=\r\n=C3=A9\r\n");
}

static void test_long_lines_are_folded(void **state)
{
    char body[1000];
    memset(body, 'x', sizeof body);
    assert_has(write_mail(state, STR("s"), (struct str){body, 998}, MAIL_BY_RELAY), "Encoding: 7bit\r\n");
    const char *message = write_mail(state, STR("s"), (struct str){body, 999}, MAIL_BY_RELAY);
    assert_has(message, "Encoding: quoted-printable\r\n");
    assert_lines(message, 78);
}

static void test_file_is_readable_as_it_is(void **state)
{
    const char *message = write_mail(state, STR("s"), STR("Grüße: a=b\n"), MAIL_TO_FILE);
    assert_has(message, "Content-Transfer-Encoding: 8bit\r\n");
    assert_has(message, "\r\n\r\nGrüße: a=b\r\n");
}

static void test_lines_end_in_both_bytes(void **state)
{
    assert_string_equal(write_body(state, STR("a\r\nb\nc"), MAIL_BY_RELAY), "a\r\nb\r\nc\r\n");
    assert_has(write_mail(state, STR("s"), STR("a\rb"), MAIL_BY_RELAY), "a=0Db\r\n");
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(test_plain_mail_stays_as_it_is),
        RULE(test_header_is_ascii),
        RULE(test_encoded_words_cut_no_character),
        RULE(test_line_ends_in_a_subject_are_encoded),
        RULE(test_sender_is_quoted),
        RULE(test_other_text_is_quoted_printable),
        RULE(test_quoted_lines_are_short),
        RULE(test_long_lines_are_folded),
        RULE(test_file_is_readable_as_it_is),
        RULE(test_lines_end_in_both_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
