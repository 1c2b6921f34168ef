#include "crypto/checksum.h"

#include <zlib.h>

uint32_t checksum_crc32(uint32_t before, struct str bytes)
{
    if (bytes.len == 0)
        return before; /* zlib would take an absent part for the order to start anew */
    return (uint32_t)crc32(before, (const unsigned char *)bytes.ptr, (unsigned)bytes.len);
}
