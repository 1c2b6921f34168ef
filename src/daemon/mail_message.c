#include "daemon/mail_message.h"

#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "store/people.h"

#define MESSAGE_MAX (1024 * 1024)
/* A line with an encoded word has at most 76 characters: "Subject: =?utf-8?B?", 52 of base64, "?=". [RFC2047 2] */
#define WORD_BYTES 39
/* With a name like "Subject: " still within 78 characters. [RFC5322 2.1.1] */
#define PLAIN_MAX 66
#define LINE_MAX  998
/* Of a line in quoted-printable, its "=" at the end among them. [RFC2045 6.7] */
#define QUOTED_LINE_MAX 76
#define QUOTED_BYTE_LEN 3

static bool is_printable(char byte)
{
    return byte >= ' ' && byte < 0x7f;
}

/* ASCII that means itself in a header line. */
static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_printable(text.ptr[i]) || (text.ptr[i] == '=' && i + 1 < text.len && text.ptr[i + 1] == '?'))
            return false;
    return text.len <= PLAIN_MAX;
}

/* [RFC2047 2] */
static void add_encoded_words(struct buf *out, struct str text)
{
    while (text.len) {
        struct str part = str_cut(text, WORD_BYTES);
        if (!part.len)
            return;
        buf_printf(out, "=?utf-8?B?%.*s?=", STR_ARGS(base64_write(out->arena, part)));
        text = str_slice(text, part.len, SIZE_MAX);
        if (text.len)
            buf_add(out, STR("\r\n "));
    }
}

static void add_date(struct buf *out, int64_t at)
{
    char text[64];
    time_t seconds = at;
    struct tm utc;
    if (gmtime_r(&seconds, &utc) && strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &utc))
        buf_printf(out, "Date: %s\r\n", text);
}

static void add_sender(struct buf *out, const struct mail_sender *sender)
{
    buf_add(out, STR("From: "));
    if (is_plain(sender->name)) {
        buf_add_char(out, '"');
        buf_add_quoted(out, sender->name);
        buf_add(out, STR("\""));
    } else {
        add_encoded_words(out, sender->name);
        buf_add(out, STR("\r\n"));
    }
    buf_printf(out, " <%.*s>\r\n", STR_ARGS(sender->address));
}

static void add_subject(struct buf *out, struct str subject)
{
    buf_add(out, STR("Subject: "));
    if (is_plain(subject))
        buf_add(out, subject);
    else
        add_encoded_words(out, subject);
    buf_add(out, STR("\r\n"));
}

static void add_header(struct buf *out, const struct mail_row *mail, const struct mail_sender *sender,
                       const char *encoding)
{
    struct str domain = str_slice(sender->address, str_find(sender->address, '@') + 1, SIZE_MAX);
    add_date(out, mail->created_at);
    add_sender(out, sender);
    buf_printf(out, "To: <%.*s>\r\n", STR_ARGS(mail->recipient));
    add_subject(out, mail->subject);
    buf_printf(out, "Message-ID: <%lld.%lld.%lld@%.*s>\r\n", (long long)mail->created_at, (long long)mail->realm_id,
               (long long)mail->id, STR_ARGS(domain));
    buf_printf(out,
               "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
               "Content-Transfer-Encoding: %s\r\n\r\n",
               encoding);
}

/* The next line of a body, without its end. */
static bool next_line(struct str *rest, struct str *ret_line)
{
    if (!rest->len)
        return false;
    size_t end = str_find(*rest, '\n');
    *ret_line = str_slice(*rest, 0, end);
    *rest = str_slice(*rest, end + 1, SIZE_MAX);
    if (str_has_suffix(*ret_line, STR("\r")))
        ret_line->len--;
    return true;
}

static bool is_seven_bit(struct str body)
{
    struct str line;
    while (next_line(&body, &line)) {
        for (size_t i = 0; i < line.len; i++)
            if (!is_printable(line.ptr[i]) && line.ptr[i] != '\t')
                return false;
        if (line.len > LINE_MAX)
            return false;
    }
    return true;
}

static void add_lines(struct buf *out, struct str body)
{
    struct str line;
    while (next_line(&body, &line)) {
        buf_add(out, line);
        buf_add(out, STR("\r\n"));
    }
}

/* [RFC2045 6.7] */
static void add_quoted_line(struct buf *out, struct str line)
{
    size_t column = 0;
    for (size_t i = 0; i < line.len; i++) {
        char byte = line.ptr[i];
        bool is_blank_at_end = i + 1 == line.len && (byte == ' ' || byte == '\t');
        bool is_itself = (is_printable(byte) || byte == '\t') && byte != '=' && !is_blank_at_end;
        size_t len = is_itself ? 1 : QUOTED_BYTE_LEN;
        if (column + len > QUOTED_LINE_MAX - 1) {
            buf_add(out, STR("=\r\n"));
            column = 0;
        }
        if (is_itself)
            buf_add_char(out, byte);
        else
            buf_printf(out, "=%02X", (unsigned char)byte);
        column += len;
    }
    buf_add(out, STR("\r\n"));
}

static void add_quoted(struct buf *out, struct str body)
{
    struct str line;
    while (next_line(&body, &line))
        add_quoted_line(out, line);
}

struct str mail_message_write(struct arena *arena, const struct mail_row *mail, const struct mail_sender *sender,
                              enum mail_way way)
{
    struct buf out;
    buf_init(&out, arena, MESSAGE_MAX);
    if (is_seven_bit(mail->body) || way == MAIL_TO_FILE) {
        add_header(&out, mail, sender, is_seven_bit(mail->body) ? "7bit" : "8bit");
        add_lines(&out, mail->body);
    } else {
        add_header(&out, mail, sender, "quoted-printable");
        add_quoted(&out, mail->body);
    }
    return buf_str(&out);
}
