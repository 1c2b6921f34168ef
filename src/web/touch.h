/*
 * touch.h — notes that a session is in use, without holding up its page.
 */
#pragma once

#include <stdint.h>

struct store;

/* Writes it some time soon. */
void touch_session(struct store *store, int64_t session_id, int64_t now);
