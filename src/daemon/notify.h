/*
 * notify.h — what systemd wants to hear of a service of Type=notify. Without systemd nothing is said.
 *
 * Specs: sd_notify(3): one datagram to the socket in NOTIFY_SOCKET.   Threads: any.
 */
#pragma once

#include <stdint.h>

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
void notify_watchdog(void);

/* How long may pass between two notify_watchdog; 0: nobody waits for them. */
int64_t notify_watchdog_ms(void);
