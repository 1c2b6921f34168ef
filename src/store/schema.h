/*
 * schema.h — the files of schema/, compiled into the program, in the order in which they are applied.
 */
#pragma once

#include "base/embedded.h"

extern const struct embedded_file schema_files[];
