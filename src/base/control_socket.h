/*
 * control_socket.h — where the operator's commands (cli) and the daemon, which share nothing else, meet.
 */
#pragma once

/* In the data folder. */
#define CONTROL_SOCKET_NAME "control.sock"
