/*
 * manual.h — the command table as the manual page jeton(1).
 *
 * Threads: any; pure.
 */
#pragma once

#include "cli/command.h"

struct buf;

void manual_write_commands(const struct cli_command *commands, size_t count, struct buf *out);
