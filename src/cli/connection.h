/*
 * connection.h — one command to the running daemon, by its control socket.
 *
 * The socket is the one that --socket names, or the one in the data folder of --config, or $JETON_SOCKET; without any
 * of these ./data/control.sock, ./demo/data/control.sock and /var/lib/jeton/control.sock are tried in turn.
 *
 * Threads: one.
 */
#pragma once

#include "base/json.h"
#include "cli/command.h"

/* The daemon's answer, in the arena; NULL, with `ret_error`, when there was none. Waits as long as the command takes.
 */
json_t *connection_ask(const struct cli_call *call, const json_t *request, struct str *ret_error);
