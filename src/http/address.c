#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/arena.h"

#define TEXT_MAX_LEN INET6_ADDRSTRLEN

static const unsigned char mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static struct address from_ipv4(const void *bytes)
{
    struct address address = {.kind = ADDRESS_IPV4};
    memcpy(address.bytes, bytes, 4);
    return address;
}

static struct address from_ipv6(const unsigned char *bytes)
{
    if (memcmp(bytes, mapped_prefix, sizeof(mapped_prefix)) == 0)
        return from_ipv4(bytes + sizeof(mapped_prefix));
    struct address address = {.kind = ADDRESS_IPV6};
    memcpy(address.bytes, bytes, sizeof(address.bytes));
    return address;
}

static bool parse_bare(struct str text, struct address *ret_address)
{
    char cstr[TEXT_MAX_LEN];
    unsigned char bytes[16];
    if (text.len == 0 || text.len >= sizeof(cstr) || memchr(text.ptr, 0, text.len))
        return false;
    memcpy(cstr, text.ptr, text.len);
    cstr[text.len] = 0;
    if (inet_pton(AF_INET, cstr, bytes) == 1) {
        *ret_address = from_ipv4(bytes);
        return true;
    }
    if (inet_pton(AF_INET6, cstr, bytes) != 1)
        return false;
    *ret_address = from_ipv6(bytes);
    return true;
}

/* Digits alone, no more than the largest number needs. */
static bool parse_number(struct str text, unsigned max, unsigned *ret_number)
{
    int64_t number;
    if (text.len > 5 || !str_parse_int(text, &number) || text.ptr[0] == '-' || number > max)
        return false;
    *ret_number = (unsigned)number;
    return true;
}

bool port_parse(struct str text, unsigned *ret_port)
{
    return parse_number(text, 65535, ret_port);
}

static bool is_port_or_end(struct str text)
{
    unsigned port;
    return text.len == 0 || (text.ptr[0] == ':' && port_parse(str_slice(text, 1, text.len), &port));
}

bool address_parse(struct str text, struct address *ret_address)
{
    if (text.len > 0 && text.ptr[0] == '[') {
        size_t end = str_find(text, ']');
        return end < text.len && is_port_or_end(str_slice(text, end + 1, text.len)) && str_find(text, ':') < end &&
               parse_bare(str_slice(text, 1, end - 1), ret_address);
    }
    size_t colon = str_find(text, ':');
    bool has_one_colon =
        colon < text.len && str_find(str_slice(text, colon + 1, text.len), ':') == text.len - colon - 1;
    if (!has_one_colon)
        return parse_bare(text, ret_address);
    unsigned port;
    return port_parse(str_slice(text, colon + 1, text.len), &port) &&
           parse_bare(str_slice(text, 0, colon), ret_address);
}

struct address address_of_socket(const struct sockaddr *socket_address)
{
    if (socket_address->sa_family == AF_INET)
        return from_ipv4(&((const struct sockaddr_in *)(const void *)socket_address)->sin_addr);
    if (socket_address->sa_family == AF_INET6)
        return from_ipv6(((const struct sockaddr_in6 *)(const void *)socket_address)->sin6_addr.s6_addr);
    return (struct address){.kind = ADDRESS_NONE};
}

struct str address_write(struct arena *arena, const struct address *address)
{
    char text[TEXT_MAX_LEN];
    if (address->kind == ADDRESS_NONE)
        return STR("unknown");
    inet_ntop(address->kind == ADDRESS_IPV4 ? AF_INET : AF_INET6, address->bytes, text, sizeof(text));
    return arena_str(arena, str_of(text));
}

static unsigned bit_count(const struct address *address)
{
    return address->kind == ADDRESS_IPV4 ? 32 : address->kind == ADDRESS_IPV6 ? 128 : 0;
}

/* The prefix of "::ffff:10.0.0.0/104" counts the mapping's 96 bits too. */
static unsigned mapped_bits(struct str text, const struct address *address)
{
    return address->kind == ADDRESS_IPV4 && str_find(text, ':') < text.len ? 96 : 0;
}

bool network_parse(struct str text, struct network *ret_network)
{
    size_t slash = str_find(text, '/');
    struct str bare = str_slice(text, 0, slash);
    struct network network;
    if (!parse_bare(bare, &network.address))
        return false;
    network.prefix_len = bit_count(&network.address);
    if (slash < text.len) {
        unsigned mapped = mapped_bits(bare, &network.address);
        unsigned bits;
        if (!parse_number(str_slice(text, slash + 1, text.len), mapped + network.prefix_len, &bits) || bits < mapped)
            return false;
        network.prefix_len = bits - mapped;
    }
    *ret_network = network;
    return true;
}

bool network_has(const struct network *network, const struct address *address)
{
    if (network->address.kind != address->kind || address->kind == ADDRESS_NONE)
        return false;
    unsigned whole = network->prefix_len / 8;
    unsigned rest = network->prefix_len % 8;
    if (memcmp(network->address.bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || (network->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

bool network_any_has(const struct network *networks, size_t count, const struct address *address)
{
    for (size_t i = 0; i < count; i++) {
        if (network_has(&networks[i], address))
            return true;
    }
    return false;
}

/* Takes the part behind the last comma off the end of `rest`. */
static bool take_last(struct str *rest, struct str *ret_part)
{
    if (!rest->ptr)
        return false;
    size_t from = rest->len;
    while (from > 0 && rest->ptr[from - 1] != ',')
        from--;
    *ret_part = str_trim(str_slice(*rest, from, rest->len));
    *rest = from > 0 ? str_slice(*rest, 0, from - 1) : STR_NONE;
    return true;
}

bool address_forwarded(struct str list, const struct network *trusted, size_t count, struct address *ret_address)
{
    struct str part;
    struct address address;
    bool is_found = false;
    while (take_last(&list, &part)) {
        if (!address_parse(part, &address))
            return is_found;
        *ret_address = address;
        is_found = true;
        if (!network_any_has(trusted, count, &address))
            return true;
    }
    return is_found;
}
