/*
 * help.h — the command table as text for people.
 *
 * Threads: any; pure.
 */
#pragma once

#include "cli/command.h"

struct buf;

#define HELP_MAX 65536 /* more than all of it */

/* Options that every command takes, --json the first, and those of operators' commands; both end with a NULL name. */
extern const struct operand cli_common_options[];
extern const struct operand cli_operator_options[];
/* Those of the common options that this command takes. */
const struct operand *cli_common_options_of(const struct cli_command *command);

void help_write_all(const struct cli_command *commands, size_t count, struct buf *out);
/* The commands whose names begin with the words, with their operands and options; false when there are none. */
bool help_write_group(const struct cli_command *commands, size_t count, struct str words, struct buf *out);
void help_write_command(const struct cli_command *command, struct buf *out);
/* The command of that name, or the group; false when there is neither. */
bool help_write_topic(const struct cli_command *commands, size_t count, struct str words, struct buf *out);

/* CLIENT_ID */
void help_write_placeholder(struct buf *out, const struct operand *operand);
/* --expires-in EXPIRES_IN */
void help_write_option(struct buf *out, const struct operand *option);
