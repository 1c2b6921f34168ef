/*
 * print.h — an answer of the daemon for people: aligned columns, times in UTC, `-` for what is not there.
 *
 * Threads: any; pure.
 */
#pragma once

#include "base/json.h"

struct buf;

/* A list of objects becomes a table, an object one line for each member and a table for each list in it. */
void print_result(struct buf *out, const json_t *result);
/* Does it hold a secret, which will not be shown again? */
bool print_has_secret(const json_t *result);
