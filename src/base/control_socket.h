/*
 * control_socket.h — where the operator's commands (cli) and the daemon, which share nothing else, meet.
 *
 * Threads: any; no state.
 */
#pragma once

#include "base/text.h"

/* In the data folder. */
#define CONTROL_SOCKET_NAME "control.sock"

/* Sends all of it. False when the other side is gone or too slow for the socket's own time limit. */
bool control_socket_send(int fd, struct str line);
