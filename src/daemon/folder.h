/*
 * folder.h — the data folder, which belongs to one daemon at a time.
 *
 * Threads: one.
 */
#pragma once

#include "base/text.h"

struct arena;

/*
 * Makes the folder (mode 0700) when it is not there and locks it. The lock ends with folder_release or the process,
 * however it ends. -1 with `ret_error` when another daemon has it or it cannot be written.
 */
int folder_claim(struct str path, struct arena *arena, struct str *ret_error);
void folder_release(int claim);

/* "FOLDER/NAME", in the arena. */
const char *folder_file(struct str path, const char *name, struct arena *arena);
