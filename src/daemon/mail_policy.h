/*
 * mail_policy.h — the `mail` part of jeton.yaml: by which way mail leaves.
 *
 * Threads: any; no state.
 */
#pragma once

#include "base/setting.h"

struct mail_policy {
    bool is_there;    /* else no mail leaves */
    struct str from;  /* the sender's address */
    struct str relay; /* absent: into `directory` */
    struct str username;
    struct str password_file;
    struct str password; /* what the file has */
    struct str directory;
};

/* They fill a struct mail_policy. */
extern const struct setting mail_policy_rows[];
