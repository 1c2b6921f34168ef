/*
 * scratch.h — a folder of a test's own, in $TMPDIR. The test empties it; rmdir tells whether anything was left.
 */
#pragma once

#include <stdlib.h>

#include "base/arena.h"

/* NULL when it cannot be made. The name lives in the arena. */
static inline const char *scratch_create(struct arena *arena, const char *name)
{
    const char *place = getenv("TMPDIR");
    return mkdtemp((char *)arena_printf(arena, "%s/jeton-%s-XXXXXX", place ? place : "/tmp", name).ptr);
}
