/*
 * say.h — texts that code chooses, times, spans and devices, in the visitor's language.
 *
 * Threads: as the visit.
 */
#pragma once

#include "base/json.h"
#include "web/words.h"

struct visit;

/* Parameters come from `parameters` first (NULL: none), then from the visit's model and the realm. */
struct str say(const struct visit *visit, enum word word, const json_t *parameters);

/* "8 hours": the largest unit that it is a multiple of, roughly. */
struct str say_duration(const struct visit *visit, int64_t seconds);
/* "25 November 2026"; with the time of day. */
struct str say_day(const struct visit *visit, int64_t at);
struct str say_moment(const struct visit *visit, int64_t at);
/* "Firefox on Linux", by what the browser says of itself. */
struct str say_device(const struct visit *visit, struct str user_agent);
