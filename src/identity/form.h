/*
 * form.h — forms that only the browser which was shown them can send.
 *
 * A form's token is its time, a nonce and their HMAC with the browser's cookie, the form's name and what it is about,
 * under the realm's key. So nothing is stored for a page that nobody answers, and a page made for one browser, one
 * form or one request is worth nothing for another.
 *
 * Specs: RFC 6749 §10.12, RFC 9700 §4.7.   Threads: any; no state.
 */
#pragma once

#include "base/text.h"
#include "crypto/digest.h"

struct arena;
struct people_policy;

/* How long a page may be open before its form must be shown anew. */
#define FORM_SECONDS 900

struct form_place {
    const struct people_policy *people;
    struct str browser; /* the cookie's value */
    struct str name;    /* of the form: "consent" */
    struct str subject; /* what it is about: the authorization request; may be absent */
};

enum form_fit { FORM_FITS, FORM_EXPIRED, FORM_FOREIGN };

/* Draws randomness. */
struct str form_make(struct arena *arena, const struct form_place *place, int64_t now);
enum form_fit form_check(struct arena *arena, const struct form_place *place, struct str token, int64_t now);

/* What a browser that is not signed in is known by: random, nothing is stored of it. */
struct str browser_draw(struct arena *arena);
bool browser_is_anonymous(struct str cookie);
