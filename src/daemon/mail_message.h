/*
 * mail_message.h — a row of the outbox as a message: header and body, lines that end in CRLF.
 *
 * Specs: RFC 5322 (format), RFC 2045 and 2047 (text that is not ASCII), RFC 3834 (nobody's machine answers it).
 * Threads: any; pure.
 */
#pragma once

#include "base/text.h"

struct arena;
struct mail_row;

enum mail_way {
    MAIL_BY_RELAY, /* ASCII only, lines of at most 998 bytes: any server takes it [RFC5321 4.5.3.1.6] */
    MAIL_TO_FILE,  /* UTF-8 as it is: people can read it without a program */
};

struct mail_sender {
    struct str name;    /* whom people see: UTF-8, one line */
    struct str address; /* "no-reply@example.com" */
};

/* The same text for the same row, however often: a message that is sent twice is known by its Message-ID. */
struct str mail_message_write(struct arena *arena, const struct mail_row *mail, const struct mail_sender *sender,
                              enum mail_way way);
