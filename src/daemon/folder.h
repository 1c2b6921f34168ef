/*
 * folder.h — the data folder, which belongs to one daemon at a time.
 *
 * Threads: one.
 */
#pragma once

#include "base/text.h"

struct arena;
struct digest;

/*
 * Makes the folder (mode 0700) when it is not there and locks it. The lock ends with folder_release or the process,
 * however it ends. -1 with `ret_error` when another daemon has it or it cannot be written.
 */
int folder_claim(struct str path, struct arena *arena, struct str *ret_error);
void folder_release(int claim);

/*
 * The folder's key, 32 bytes in `jeton.key` (hex, mode 0600): what the server must know that its database must not
 * tell. Made on first use and durable before it is given; never written again, so whoever cannot read it back fails.
 * The folder must be claimed. False with `ret_error`.
 */
bool folder_key(struct str path, struct arena *arena, struct digest *ret_key, struct str *ret_error);

/* "FOLDER/NAME", in the arena. */
const char *folder_file(struct str path, const char *name, struct arena *arena);
