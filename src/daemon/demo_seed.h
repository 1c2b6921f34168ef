/*
 * demo_seed.h — what the demo registers, by examples/seed.yaml, and what it tells about it.
 *
 * Threads: one.
 */
#pragma once

#include "base/json.h"
#include "base/text.h"

struct arena;
struct control_host;

/*
 * Makes `description` whole: registers each service that it does not know yet or that the store has forgotten, its
 * user and instances, and writes the other members of every service anew, with the holes filled from `values` and the
 * service itself. False, with `ret_error`, when a command or the seed is wrong.
 */
bool seed_services(const struct control_host *host, struct arena *arena, const json_t *values, json_t *description,
                   struct str *ret_error);

/* Replaces each ${name} by that member of `service` or of `values`; a dot leads into an object. False, with the
 * name, where there is none. `service` may be NULL. */
bool fill_holes(struct arena *arena, struct str text, const json_t *values, const json_t *service,
                struct str *ret_text, struct str *ret_unknown);
