#include "base/codec.h"

#include "base/arena.h"
#include "base/buf.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base62_digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char base64_standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void hex_write(const unsigned char *bytes, size_t len, char *room)
{
    for (size_t i = 0; i < len; i++) {
        room[2 * i] = hex_digits[bytes[i] >> 4];
        room[2 * i + 1] = hex_digits[bytes[i] & 15];
    }
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

bool hex_parse(struct str text, unsigned char *room, size_t room_len)
{
    if (text.len != 2 * room_len)
        return false;
    for (size_t i = 0; i < room_len; i++) {
        int high = hex_value(text.ptr[2 * i]);
        int low = hex_value(text.ptr[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        room[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static int base64_value(char digit, const char *last_two)
{
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 26;
    if (digit >= '0' && digit <= '9')
        return digit - '0' + 52;
    return digit == last_two[0] ? 62 : digit == last_two[1] ? 63 : -1;
}

static bool parse_base64(struct arena *arena, struct str text, const char *digits, struct str *ret_bytes)
{
    if (text.len % 4 == 1)
        return false;
    char *bytes = arena_alloc(arena, text.len * 3 / 4 + 1);
    size_t len = 0;
    uint32_t bits = 0;
    int count = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = base64_value(text.ptr[i], digits + 62);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes[len++] = (char)(bits >> count);
        }
    }
    if (bits & ((1u << count) - 1))
        return false; /* bits behind the last byte must be zero, or two texts would mean the same */
    *ret_bytes = (struct str){bytes, len};
    return true;
}

bool base64_parse(struct arena *arena, struct str text, struct str *ret_bytes)
{
    if (text.len % 4 == 0)
        for (int padding = 0; padding < 2 && text.len && text.ptr[text.len - 1] == '='; padding++)
            text.len--;
    return parse_base64(arena, text, base64_standard, ret_bytes);
}

bool base64url_parse(struct arena *arena, struct str text, struct str *ret_bytes)
{
    return parse_base64(arena, text, base64_url, ret_bytes);
}

static struct str write_base64(struct arena *arena, struct str bytes, const char *digits, bool padded)
{
    char *room = arena_alloc(arena, (bytes.len + 2) / 3 * 4 + 1);
    size_t len = 0;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        const unsigned char *at = (const unsigned char *)bytes.ptr + i;
        uint32_t bits = (uint32_t)at[0] << 16;
        bits |= left > 1 ? (uint32_t)at[1] << 8 : 0;
        bits |= left > 2 ? at[2] : 0;
        room[len++] = digits[bits >> 18];
        room[len++] = digits[bits >> 12 & 63];
        if (left > 1 || padded)
            room[len++] = left > 1 ? digits[bits >> 6 & 63] : '=';
        if (left > 2 || padded)
            room[len++] = left > 2 ? digits[bits & 63] : '=';
    }
    return (struct str){room, len};
}

struct str base64_write(struct arena *arena, struct str bytes)
{
    return write_base64(arena, bytes, base64_standard, true);
}

struct str base64url_write(struct arena *arena, struct str bytes)
{
    return write_base64(arena, bytes, base64_url, false);
}

struct str base32_write(struct arena *arena, struct str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    char *room = arena_alloc(arena, bytes.len * 8 / 5 + 2);
    size_t len = 0;
    uint32_t bits = 0;
    int count = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        bits = bits << 8 | (unsigned char)bytes.ptr[i];
        for (count += 8; count >= 5; count -= 5)
            room[len++] = digits[bits >> (count - 5) & 31];
    }
    if (count > 0)
        room[len++] = digits[bits << (5 - count) & 31];
    return (struct str){room, len};
}

void base62_write(uint64_t number, size_t digits, char *room)
{
    for (size_t i = digits; i-- > 0;) {
        room[i] = base62_digits[number % 62];
        number /= 62;
    }
}

static int base62_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A' + 10;
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 36;
    return -1;
}

bool base62_parse(struct str text, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = base62_value(text.ptr[i]);
        if (value < 0 || __builtin_mul_overflow(number, (uint64_t)62, &number) ||
            __builtin_add_overflow(number, (uint64_t)value, &number))
            return false;
    }
    *ret_number = number;
    return true;
}

static bool decode(struct arena *arena, struct str text, bool plus_is_blank, struct str *ret_text)
{
    char *room = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte == '%') {
            unsigned char escaped;
            if (!hex_parse(str_slice(text, i + 1, 2), &escaped, 1))
                return false;
            byte = (char)escaped;
            i += 2;
        } else if (byte == '+' && plus_is_blank) {
            byte = ' ';
        }
        room[len++] = byte;
    }
    *ret_text = (struct str){room, len};
    return true;
}

bool form_decode(struct arena *arena, struct str text, struct str *ret_text)
{
    return decode(arena, text, true, ret_text);
}

bool percent_decode(struct arena *arena, struct str text, struct str *ret_text)
{
    return decode(arena, text, false, ret_text);
}

static bool is_unreserved(char byte)
{
    return base62_value(byte) >= 0 || byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

void form_encode(struct buf *buf, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (is_unreserved(byte)) {
            buf_add_char(buf, byte);
        } else if (byte == ' ') {
            buf_add_char(buf, '+');
        } else {
            char escape[3] = {'%', 0, 0};
            hex_write((const unsigned char *)&byte, 1, escape + 1);
            for (int k = 1; k < 3; k++)
                if (escape[k] >= 'a')
                    escape[k] = (char)(escape[k] - 'a' + 'A');
            buf_add(buf, (struct str){escape, 3});
        }
    }
}
