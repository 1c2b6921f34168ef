/*
 * address.h — numeric addresses and the networks that trusted proxies live in.
 *
 * An IPv4 address and its IPv4-mapped IPv6 form are one and the same. Names are never looked up here.
 *
 * Specs: RFC 4291.   Threads: any; no state.
 */
#pragma once

#include <sys/socket.h>

#include "base/text.h"

struct arena;

enum address_kind { ADDRESS_NONE, ADDRESS_IPV4, ADDRESS_IPV6 };

struct address {
    enum address_kind kind;
    unsigned char bytes[16]; /* 4 of them for IPv4 */
};

struct network {
    struct address address;
    unsigned prefix_len; /* bits that must agree */
};

/* "192.0.2.1", "2001:db8::1", also "[2001:db8::1]", each with or without ":port"; no zone. False on anything else. */
bool address_parse(struct str text, struct address *ret_address);
/* One to five digits, up to 65535. */
bool port_parse(struct str text, unsigned *ret_port);
/* ADDRESS_NONE for a family that is not IP. */
struct address address_of_socket(const struct sockaddr *socket_address);
/* "192.0.2.1", "2001:db8::1". */
struct str address_write(struct arena *arena, const struct address *address);

/* "10.0.0.0/8", "2001:db8::/32", or a single address. False on anything else. */
bool network_parse(struct str text, struct network *ret_network);
bool network_has(const struct network *network, const struct address *address);
bool network_any_has(const struct network *networks, size_t count, const struct address *address);

/*
 * The client that X-Forwarded-For names: from the right, the first address that is no trusted proxy; the leftmost
 * one when all are. Stops at what is no address. False when the list names no usable address at all.
 */
bool address_forwarded(struct str list, const struct network *trusted, size_t count, struct address *ret_address);
