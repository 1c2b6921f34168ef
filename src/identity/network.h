/*
 * network.h — the network that an address is in: what guessing is counted by.
 *
 * Threads: any; pure.
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"

#define NETWORK_LEN 16

/* The IPv4 address, or the first 64 bits of the IPv6 one, which one customer has as many of as he likes; zeros behind
 * it. False for what is no numeric address. */
bool network_read(struct str address, unsigned char room[NETWORK_LEN]);
