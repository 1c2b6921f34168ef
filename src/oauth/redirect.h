/*
 * redirect.h — which redirect_uri is a client's own.
 *
 * Specs: RFC 6749 §3.1.2; RFC 8252 §7; RFC 9700 §2.1; RFC 3986 §3.   Threads: any; pure.
 */
#pragma once

#include "base/text.h"
#include "oauth/realm.h"

struct arena;

#define REDIRECT_URIS_MAX     10
#define REDIRECT_URI_MAX      2000 /* bytes */
#define REDIRECT_URIS_LEN_MAX 8192 /* of all of a client's, with the blanks between */

/*
 * May be registered: absolute, without fragment, userinfo and `iss` in its query; https, http for any host of this
 * machine (localhost, 127.0.0.0/8, [::1]), or a private-use scheme with a dot [RFC8252 7.1]. Never javascript, data …
 */
bool redirect_uri_may_be(struct str uri);

/*
 * One of `registered` (separated by blanks) lets the answer go to `uri`. EXACT compares bytes; where both are http on
 * 127.0.0.1 or [::1] the port may differ and nothing else [RFC8252 7.3]. DOMAIN compares the host without case.
 */
bool redirect_uri_fits(struct str uri, struct str registered, enum redirect_match match);

/* The only registered one; absent when there is none or more than one. */
struct str redirect_uri_only(struct str registered);

/* "https://client.example:8443", or "myapp:" for a private-use scheme: for a Content-Security-Policy. */
struct str redirect_uri_source(struct arena *arena, struct str uri);
/* "client.example": whom people are shown. */
struct str redirect_uri_host(struct str uri);
