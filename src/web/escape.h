/*
 * escape.h — text from elsewhere, made harmless for the place in a page where it will stand.
 *
 * The template compiler (web/template.h) finds out which place a hole is in; nobody else has to choose.
 *
 * Specs: WHATWG HTML §13.2.5 (how browsers read it), RFC 3986 §2; RFC 8252 §7.1.   Threads: any; no state.
 */
#pragma once

#include "base/text.h"

struct buf;

enum escape {
    ESCAPE_TEXT,      /* between tags: marks that turn the direction of writing are left out, too */
    ESCAPE_ATTRIBUTE, /* between double quotes */
    ESCAPE_URL,       /* a whole URL: http, https, or a path of this server; `#` instead of anything else */
    ESCAPE_URL_PART,  /* behind the beginning of a URL: %XX for all but letters, digits and -._~ */
    ESCAPE_APP_URL,   /* ESCAPE_URL, or a private-use scheme, which has a dot [RFC8252 7.1] */
    ESCAPE_IMAGE_URL, /* ESCAPE_URL, or an SVG picture in base64: a browser runs no script in an image */
};

/* `value` is UTF-8. */
void escape_write(struct buf *out, enum escape escape, struct str value);

/* Such a URL may stand there. */
bool escape_may_be_url(enum escape escape, struct str url);
