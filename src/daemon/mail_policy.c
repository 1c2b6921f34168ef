#include "daemon/mail_policy.h"

#include "daemon/syntax.h"

const struct setting mail_policy_rows[] = {
    {
        .key = "from",
        .kind = SETTING_TEXT,
        .is_required = true,
        .place = SETTING_PLACE(struct mail_policy, from),
        .is_fit = syntax_is_mail_address,
        .allowed = "an address like no-reply@example.com",
        .help = "Who mails come from. People see the realm's title beside it.",
    },
    {
        .key = "relay",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct mail_policy, relay),
        .is_fit = syntax_is_relay,
        .allowed = "smtp://HOST:PORT or smtps://HOST:PORT",
        .help =
            "The server that takes mails. One that is not on this machine must speak TLS; with smtp, by STARTTLS.",
    },
    {
        .key = "username",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct mail_policy, username),
        .least = 1,
        .most = 255,
        .allowed = "1 to 255 bytes",
        .help = "As whom to sign in at the relay; without it nobody.",
    },
    {
        .key = "password_file",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct mail_policy, password_file),
        .is_fit = syntax_is_file,
        .allowed = "a path",
        .help = "The file with the password for it, in one line; relative to this file. Read again on SIGHUP.",
    },
    {
        .key = "directory",
        .kind = SETTING_TEXT,
        .place = SETTING_PLACE(struct mail_policy, directory),
        .is_fit = syntax_is_file,
        .allowed = "a path",
        .help =
            "Where mails are written as NUMBER.eml instead, to try things out; relative to this file. Made when it "
            "is not there.",
    },
    {0},
};
