/*
 * demo_api.h — the sample APIs that the demo's realms forward to, by examples/sample.yaml.
 *
 * Each stands below /sample/REALM. It believes the X-Jeton-* headers, as an API behind Jeton does; the demo serves it
 * on a loopback listener only. It is read when the first request comes: a demo that nobody calls does not hold it.
 *
 * Threads: any.
 */
#pragma once

#include <stdbool.h>

struct demo_api;
struct exchange;

struct demo_api *demo_api_create(void);
void demo_api_destroy(struct demo_api *api);

/* Answers what is below /sample/; false: it is not. */
bool demo_api_answer(struct demo_api *api, struct exchange *exchange);
