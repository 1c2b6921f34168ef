/*
 * init.h — `jeton init`: a folder to start from.
 *
 * Threads: one.
 */
#pragma once

#include "base/text.h"

struct arena;

/* Makes the folder where it is missing, jeton.yaml in it and the data folder (mode 0700). Overwrites nothing: false,
 * with `ret_error`, where there is a configuration or data already. */
bool init_folder(struct arena *arena, const char *folder, struct str *ret_path, struct str *ret_error);
