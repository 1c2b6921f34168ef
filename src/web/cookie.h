/*
 * cookie.h — the one cookie that a realm has in a browser.
 *
 * Specs: RFC 6265 §4.1, §4.2; RFC 6265bis §4.1.3 (the `__Host-` prefix).   Threads: any; no state.
 */
#pragma once

#include "base/text.h"

struct arena;
struct exchange;

/* Longer values are none of ours. */
#define COOKIE_VALUE_MAX 128

struct cookie {
    struct str name;
    bool is_secure; /* of https pages only */
};

/* `__Host-` where it is secure: no other host of the domain can set it, and no page below another path. */
struct cookie cookie_of(struct arena *arena, struct str label, struct str issuer);

/* Absent when there is none, when it is there twice (somebody else has put one beside ours) or holds anything but
 * letters, digits, `-`, `_` and `.`. */
struct str cookie_read(const struct cookie *cookie, const struct exchange *exchange);

/* HttpOnly, SameSite=Lax, Path=/. 0 seconds: as long as the browser runs. */
void cookie_write(const struct cookie *cookie, struct exchange *exchange, struct str value, int64_t lifetime_seconds);
void cookie_clear(const struct cookie *cookie, struct exchange *exchange);
