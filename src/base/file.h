/*
 * file.h — whole files, within limits.
 *
 * Threads: any.
 */
#pragma once

#include "base/text.h"

struct arena;

/* The file's bytes, with a NUL behind them. False with errno set; EFBIG when it is longer than `limit`. */
bool file_read(struct arena *arena, const char *path, size_t limit, struct str *ret_bytes);

/*
 * Replaces the file as a whole or not at all: written beside it with mode `mode`, synced, renamed over it.
 * False with errno set.
 */
bool file_write(const char *path, struct str bytes, unsigned mode);
