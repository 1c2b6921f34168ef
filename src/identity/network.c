#include "identity/network.h"

#include <arpa/inet.h>

#define PREFIX6_BYTES 8
_Static_assert(NETWORK_LEN == sizeof(struct in6_addr), "an address has room");

bool network_read(struct str address, unsigned char room[NETWORK_LEN])
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr six;
    if (address.len == 0 || address.len >= sizeof(text))
        return false;
    memcpy(text, address.ptr, address.len);
    text[address.len] = '\0';
    memset(room, 0, NETWORK_LEN);
    if (inet_pton(AF_INET, text, room) == 1)
        return true;
    if (inet_pton(AF_INET6, text, &six) != 1)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&six))
        memcpy(room, six.s6_addr + 12, 4);
    else
        memcpy(room, six.s6_addr, PREFIX6_BYTES);
    return true;
}
