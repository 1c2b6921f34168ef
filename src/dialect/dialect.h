/*
 * dialect.h — how one API spells the protocol: a YAML file, compiled at start.
 *
 * A dialect renames, reshapes and restricts; it never decides. docs/dialects.md is the reference of its keys.
 */
#pragma once

#include "base/text.h"

struct arena;
struct dialect;
struct mistakes;

/* NULL and mistakes when the text is no dialect. Lives in the mistakes' arena. */
struct dialect *dialect_read(struct str file, struct str text, struct mistakes *mistakes);

/* The YAML of a dialect that is compiled into the program (dialects/NAME.yaml), or absent. */
struct str dialect_shipped(struct str name);
/* Its name by number, absent behind the last; ask no further than that. */
struct str dialect_shipped_name(size_t index);
