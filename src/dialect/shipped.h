/*
 * shipped.h — the dialects that are compiled into the program: the files of dialects/.
 */
#pragma once

#include "base/embedded.h"

extern const struct embedded_file shipped_dialects[]; /* "NAME.yaml"; ended by one without a name */
