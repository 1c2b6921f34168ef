/*
 * checksum.h — CRC-32, as token checksums carry it. Finds slips of the pen, proves nothing.
 *
 * Specs: ISO 3309, by zlib.   Threads: any.
 */
#pragma once

#include "base/text.h"

uint32_t checksum_crc32(uint32_t before, struct str bytes); /* `before` is 0 for the first part */
