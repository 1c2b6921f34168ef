/*
 * client.h — connections that we open: mail to a relay.
 *
 * libcurl is loaded when the first mail goes out and not before. (docs/decisions/0004)
 *
 * A relay that is not on this machine must speak TLS with a certificate that the system trusts: smtps, or smtp with
 * STARTTLS. No other protocol, no proxy, no redirect, no .netrc. A message takes at most 30 seconds.
 *
 * Specs: RFC 5321, RFC 3207, RFC 4954.   Threads: sending on one; interrupt from any.
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"

struct arena;
struct client;

struct mail_relay {
    struct str url; /* smtp://host:port or smtps://host:port */
    bool is_local;  /* on this machine: nobody listens in, TLS is not needed */
    struct str username;
    struct str password; /* both or none */
};

struct mail_envelope {
    struct str sender; /* "no-reply@example.com" */
    struct str recipient;
    struct str message; /* header and body, lines end in CRLF */
};

struct client *client_create(void);
/* NULL is allowed. */
void client_destroy(struct client *client);

/* The relay has taken the message. False with `ret_reason`, in the arena, without a secret in it. */
bool client_send_mail(struct client *client, const struct mail_relay *relay, const struct mail_envelope *envelope,
                      struct arena *arena, struct str *ret_reason);

/* What is under way ends within a second, and so does every later sending: false. */
void client_interrupt(struct client *client);
