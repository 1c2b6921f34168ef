/*
 * face.h — where HTTP meets the rules: decode, check, prepare, apply, encode.
 *
 * A face holds the routes of every realm of one configuration. It finds the realm and endpoint of an exchange,
 * decodes the parameters as the realm's dialect spells them, lets the rules decide, and writes what they decided in
 * the dialect's shape. It never decides.
 *
 * Threads: handling on any HTTP worker; a face is immutable.
 */
#pragma once

#include "base/text.h"

struct arena;
struct call;
struct crew;
struct dialect;
struct exchange;
struct face;
struct form_field;
struct meter;
struct mistakes;
struct realm;
struct store;
struct upstreams;

/* Which endpoints a listener serves. */
enum face_part {
    FACE_PUBLIC = 1 << 0, /* all but the guard */
    FACE_GUARD = 1 << 1,
};

struct face_realm {
    const struct realm *realm;
    const struct dialect *dialect;
    struct str file; /* of the configuration, and the line of the realm: for mistakes */
    unsigned line;
};

/* Where people are asked and told. Faces never meet: whoever wires them gives these. NULL: a plain refusal instead.
 */
struct face_pages {
    /* Asks the person; answers or parks the exchange. A call that is refused is the client's to hear, but only once
     * it is known who the person is: a link with a mistake in it must not lead anywhere by itself [RFC9700 4.11.2].
     * `target` is the authorization request as path and query, in the exchange's arena; one that came as a form is
     * made a query. */
    void (*ask)(void *arg, struct exchange *exchange, struct call *call, struct str target);
    /* Answers with a refusal that may go to no client. The facts `error` and `error_description` are set. */
    void (*tell)(void *arg, struct exchange *exchange, struct call *call);
    /* Answers with a page that posts the fields to call->authorize.redirect_uri. [OAuth 2.0 Form Post Response Mode]
     */
    void (*post)(void *arg, struct exchange *exchange, struct call *call, const struct form_field *fields,
                 size_t count);
    void *arg;
};

/* What a face works with. `store` may be NULL to build the routes only; without a crew nothing slow is proved,
 * without a meter nothing is counted or limited, without upstreams nothing goes on to an API. */
struct face_means {
    struct store *store;
    struct crew *crew;
    struct meter *meter;
    struct upstreams *upstreams;
    struct face_pages pages;
};

/* NULL and mistakes when two endpoints claim the same host, path and method. Lives in the arena. */
struct face *face_create(struct arena *arena, const struct face_means *means, const struct face_realm *realms,
                         size_t count, struct mistakes *mistakes);

/* Answers the exchange or parks it. `parts` are the listener's (bits of enum face_part). The caller keeps
 * the face alive until the exchange ends (arena_defer on the exchange's arena). */
void face_handle(const struct face *face, struct exchange *exchange, unsigned parts);

/* Whether the body of this request, whose head is there, goes on to an API while it comes (http/server.h). */
bool face_streams(const struct face *face, struct exchange *exchange, unsigned parts);

/*
 * Reads an authorization request again, as the client wrote it: decode, check, prepare. `target` is path and query.
 * NULL when it is no authorization endpoint of this realm; else a call, perhaps with a refusal.
 */
struct call *face_read_authorization(const struct face *face, struct exchange *exchange, const struct realm *realm,
                                     struct str target);

/*
 * Answers an authorization request whose call is concluded or refused: the client by way of its redirect_uri, the
 * person where there is none. `target` as it was asked for.
 */
void face_answer_authorization(const struct face *face, struct exchange *exchange, struct call *call,
                               struct str target);
