/*
 * site.h — the pages on which people sign in, are asked, and look after their account.
 *
 * They stand below /auth/REALM/ and at /auth/ (stylesheet, scripts), for every realm; where a realm has hosts, only
 * there. Pages need no JavaScript. A page that waits for a person leaves nothing on the server: what was asked
 * travels as `return_to`, the authorization request as the client wrote it, and is read and decided again when the
 * form comes back. Every form is bound to the browser by its cookie, and good for a quarter of an hour.
 *
 * The dialect's endpoints ask and tell by way of site_ask, site_tell and site_post; the pages read requests again and
 * answer them by way of struct site_dialogue. The daemon wires both: faces never meet.
 *
 * Specs: RFC 9700 §4.16 (clickjacking), §2.1; Content Security Policy Level 3; WCAG 2.1 AA.
 * Threads: handling on any HTTP worker; a site is immutable.
 */
#pragma once

#include "base/text.h"

struct arena;
struct call;
struct crew;
struct exchange;
struct form_field;
struct mistakes;
struct realm;
struct site;
struct store;

/* dialect/face.h tells what they do. */
struct site_dialogue {
    struct call *(*read)(void *arg, struct exchange *exchange, const struct realm *realm, struct str target);
    void (*answer)(void *arg, struct exchange *exchange, struct call *call, struct str target);
    void *arg;
};

struct site_means {
    struct store *store;
    struct crew *crew;
    struct site_dialogue dialogue;
    bool has_mail; /* letters leave: without it nothing is offered that needs one */
};

/* Lives in the arena, as what it is given must. NULL and mistakes when a page or a text of ours is wrong. */
struct site *site_create(struct arena *arena, const struct site_means *means, const struct realm *const *realms,
                         size_t count, struct mistakes *mistakes);

/* Answers the exchange or parks it. False: the path is none of the site's. The caller keeps the site alive until the
 * exchange ends. */
bool site_handle(const struct site *site, struct exchange *exchange);

/* As struct face_pages of dialect/face.h; `site` is a const struct site. */
void site_ask(void *site, struct exchange *exchange, struct call *call, struct str target);
void site_tell(void *site, struct exchange *exchange, struct call *call);
void site_post(void *site, struct exchange *exchange, struct call *call, const struct form_field *fields,
               size_t count);
