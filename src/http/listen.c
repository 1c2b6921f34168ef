#include <errno.h>
#include <netdb.h>
#include <unistd.h>

#include "base/arena.h"
#include "http/inside.h"

/* How often another free port is tried when the one that the first address got is taken on the next. */
#define FREE_PORT_TRIES 16

struct place {
    const char *host; /* NULL: every loopback address */
    const char *port;
};

/* "localhost" is loopback by definition, whatever the hosts file says. [RFC6761 6.3] */
static bool parse_place(struct arena *arena, struct str address, struct place *ret_place)
{
    size_t colon = address.len;
    while (colon > 0 && address.ptr[colon - 1] != ':')
        colon--;
    if (colon < 2)
        return false;
    struct str host = str_slice(address, 0, colon - 1);
    struct str port = str_slice(address, colon, address.len);
    unsigned number;
    if (!port_parse(port, &number))
        return false;
    if (host.ptr[0] == '[') {
        if (host.len < 4 || host.ptr[host.len - 1] != ']')
            return false;
        host = str_slice(host, 1, host.len - 2);
    }
    ret_place->host = str_equal_nocase(host, STR("localhost")) ? NULL : arena_cstr(arena, host);
    ret_place->port = arena_cstr(arena, port);
    return true;
}

static unsigned port_of(const struct sockaddr *socket_address)
{
    if (socket_address->sa_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)socket_address)->sin6_port);
    return ntohs(((const struct sockaddr_in *)(const void *)socket_address)->sin_port);
}

static void set_port(struct sockaddr *socket_address, unsigned port)
{
    if (socket_address->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)socket_address)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)(void *)socket_address)->sin_port = htons((uint16_t)port);
}

/* The descriptor, or -1 with errno set. `is_only`: an IPv6 wildcard then takes IPv4 too. */
static int listen_on(const struct addrinfo *found, bool is_only)
{
    const int on = 1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (found->ai_family == AF_INET6 && !is_only)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    /* The kernel cuts the backlog to net.core.somaxconn. */
    if (bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 65535) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

void listen_close(struct server *server)
{
    for (unsigned i = 0; i < server->listen_count; i++)
        close(server->listen_fds[i]);
    server->listen_count = 0;
}

static void learn_port(struct server *server, int fd)
{
    struct sockaddr_storage bound;
    socklen_t len = sizeof(bound);
    if (getsockname(fd, (struct sockaddr *)&bound, &len) == 0)
        server->port = port_of((struct sockaddr *)&bound);
}

/* An address that this machine lacks is passed over; 0, or the errno of what stood in the way. */
static int listen_on_all(struct server *server, const struct addrinfo *found)
{
    int why = EADDRNOTAVAIL;
    server->port = 0;
    for (const struct addrinfo *at = found; at && server->listen_count < LISTEN_MAX; at = at->ai_next) {
        if (server->port != 0)
            set_port(at->ai_addr, server->port);
        int fd = listen_on(at, !found->ai_next);
        if (fd < 0 && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT))
            continue;
        if (fd < 0) {
            why = errno;
            listen_close(server);
            return why;
        }
        server->listen_fds[server->listen_count++] = fd;
        learn_port(server, fd);
    }
    return server->listen_count > 0 ? 0 : why;
}

static int listen_with_tries(struct server *server, struct addrinfo *found)
{
    int why = 0;
    bool is_free_wanted = port_of(found->ai_addr) == 0;
    for (int i = 0; i < FREE_PORT_TRIES; i++) {
        why = listen_on_all(server, found);
        if (why != EADDRINUSE || !is_free_wanted)
            return why;
        for (struct addrinfo *at = found; at; at = at->ai_next)
            set_port(at->ai_addr, 0);
    }
    return why;
}

bool listen_open(struct server *server, struct arena *arena, struct str *ret_error)
{
    struct str address = server->options.address;
    struct place place;
    struct addrinfo *found = NULL;
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    if (!parse_place(arena, address, &place)) {
        *ret_error = arena_printf(arena, "\"%.*s\" is no HOST:PORT", STR_ARGS(address));
        return false;
    }
    int failure = getaddrinfo(place.host, place.port, &wanted, &found);
    if (failure != 0) {
        *ret_error = arena_printf(arena, "cannot find %.*s: %s", STR_ARGS(address), gai_strerror(failure));
        return false;
    }
    int why = listen_with_tries(server, found);
    freeaddrinfo(found);
    if (why == 0)
        return true;
    *ret_error = arena_printf(arena, "cannot listen on %.*s: %s", STR_ARGS(address), strerror(why));
    return false;
}
