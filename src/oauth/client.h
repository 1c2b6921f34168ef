/*
 * client.h — who is asking: authentication of OAuth clients.
 *
 * Specs: RFC 6749 §2.3, §3.2.1.   Threads: any; no state.
 */
#pragma once

#include "base/outcome.h"

struct call;
struct store_reader;

/*
 * Pure: credentials come from exactly one place that the dialect allows. Refuses two methods at once, a
 * client_id that differs, credentials that cannot be read.
 */
STEP client_check_credentials(struct call *call);

/* Finds the client and compares the secret, in constant time; sets call->client and call->secret_id. */
STEP client_authenticate(struct call *call, struct store_reader *reader);

/* The same, but a public client only says its name: for what it presents is bound to it. [RFC6749 3.2.1] One that
 * sends a secret is refused. */
STEP client_identify(struct call *call, struct store_reader *reader);
