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
struct dialect;
struct exchange;
struct face;
struct mistakes;
struct realm;
struct store;

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

/* NULL and mistakes when two endpoints claim the same host, path and method. Lives in the arena. */
struct face *face_create(struct arena *arena, struct store *store, const struct face_realm *realms, size_t count,
                         struct mistakes *mistakes);

/* Answers the exchange or parks it. `parts` are the listener's (bits of enum face_part). The caller keeps
 * the face alive until the exchange ends (arena_defer on the exchange's arena). */
void face_handle(const struct face *face, struct exchange *exchange, unsigned parts);
