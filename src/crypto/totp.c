#include "crypto/totp.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"
#include "crypto/digest.h"

#define SHA1_LEN      20
#define CODE_MODULUS  1000000
#define STEPS_AROUND  1
#define CODE_TEXT_MAX 16

/* Dynamic truncation: the last digit says where the 31 bits are. [RFC4226 5.3] */
static uint32_t truncate_mac(const unsigned char mac[SHA1_LEN])
{
    const unsigned char *at = mac + (mac[SHA1_LEN - 1] & 15);
    return (uint32_t)(at[0] & 127) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

void totp_write(struct str key, int64_t step, char room[TOTP_DIGITS])
{
    unsigned char counter[8], mac[SHA1_LEN];
    unsigned len = SHA1_LEN;
    for (int i = 0; i < 8; i++)
        counter[i] = (unsigned char)(step >> (56 - 8 * i));
    if (!HMAC(EVP_sha1(), key.len ? key.ptr : "", (int)key.len, counter, sizeof(counter), mac, &len)) {
        fprintf(stderr, "jeton: OpenSSL failed: HMAC-SHA-1\n");
        abort(); /* as crypto/digest.h: nothing sensible can be done without it */
    }
    uint32_t number = truncate_mac(mac) % CODE_MODULUS;
    for (int i = TOTP_DIGITS; i-- > 0; number /= 10)
        room[i] = (char)('0' + number % 10);
}

/* False unless it is six digits; "123 456" is how apps show them. */
static bool read_code(struct str code, char room[TOTP_DIGITS])
{
    size_t count = 0;
    if (code.len > CODE_TEXT_MAX)
        return false;
    for (size_t i = 0; i < code.len; i++) {
        char digit = code.ptr[i];
        if (digit == ' ')
            continue;
        if (digit < '0' || digit > '9' || count == TOTP_DIGITS)
            return false;
        room[count++] = digit;
    }
    return count == TOTP_DIGITS;
}

enum totp_fit totp_check(struct str key, struct str code, int64_t now, int64_t used_step, int64_t *ret_step)
{
    char given[TOTP_DIGITS], expected[TOTP_DIGITS];
    enum totp_fit fit = TOTP_WRONG;
    if (!read_code(code, given))
        return TOTP_WRONG;
    int64_t step_now = now / TOTP_STEP_SECONDS;
    /* The earliest unused one that fits: the fewer codes it takes with it, the better. Every step is looked at, so
     * that the time does not tell which one it was. */
    for (int64_t step = step_now + STEPS_AROUND; step >= step_now - STEPS_AROUND; step--) {
        totp_write(key, step, expected);
        if (!secret_equal((struct str){given, TOTP_DIGITS}, (struct str){expected, TOTP_DIGITS}))
            continue;
        if (step > used_step) {
            fit = TOTP_FITS;
            *ret_step = step;
        } else if (fit == TOTP_WRONG) {
            fit = TOTP_WAS_USED;
        }
    }
    return fit;
}

/* As in a path: apps show a plus as a plus. */
static void add_percent_encoded(struct buf *buf, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == ' ')
            buf_add(buf, STR("%20"));
        else
            form_encode(buf, str_slice(text, i, 1));
    }
}

struct str totp_uri(struct arena *arena, struct str issuer, struct str username, struct str key)
{
    struct buf uri;
    buf_init(&uri, arena, 3 * (2 * issuer.len + username.len) + 2 * key.len + 128);
    buf_add(&uri, STR("otpauth://totp/"));
    add_percent_encoded(&uri, issuer);
    buf_add_char(&uri, ':');
    add_percent_encoded(&uri, username);
    buf_add(&uri, STR("?secret="));
    buf_add(&uri, base32_write(arena, key));
    buf_add(&uri, STR("&issuer="));
    add_percent_encoded(&uri, issuer);
    buf_add(&uri, STR("&algorithm=SHA1&digits=6&period=30"));
    return buf_str(&uri);
}
