#include "oauth/token.h"

#include "base/arena.h"
#include "base/codec.h"
#include "crypto/checksum.h"

#define HEX_ID_LEN    12
#define BASE62_ID_LEN 9
#define TOKEN_ID_MAX  ((INT64_C(1) << 48) - 1)

/* Five digits from six bytes: 62^5 is so far below 2^48 that none of them is favoured by more than 2^-18, which costs
 * a secret less than a ten-thousandth of a bit; and one HMAC gives 25 digits. */
#define CHUNK_DIGITS  5
#define CHUNK_BYTES   6
#define CHUNK_MODULUS 916132832u

static size_t id_len(const struct token_format *format)
{
    return format->alphabet == TOKEN_HEX ? HEX_ID_LEN : BASE62_ID_LEN;
}

static size_t secret_len(const struct token_format *format)
{
    return format->length - id_len(format) - (format->has_checksum ? TOKEN_CHECKSUM_LEN : 0);
}

size_t token_random_len(const struct token_format *format)
{
    size_t digits = secret_len(format);
    if (format->alphabet == TOKEN_HEX)
        return (digits + 1) / 2;
    return (digits + CHUNK_DIGITS - 1) / CHUNK_DIGITS * CHUNK_BYTES;
}

static void write_hex_digits(const unsigned char *random, char *room, size_t digits)
{
    char last[2];
    hex_write(random, digits / 2, room);
    if (digits % 2) {
        hex_write(random + digits / 2, 1, last);
        room[digits - 1] = last[0];
    }
}

static void write_base62_digits(const unsigned char *random, char *room, size_t digits)
{
    for (size_t at = 0; at < digits; at += CHUNK_DIGITS, random += CHUNK_BYTES) {
        char chunk[CHUNK_DIGITS];
        uint64_t number = 0;
        memcpy(&number, random, CHUNK_BYTES);
        base62_write(number % CHUNK_MODULUS, CHUNK_DIGITS, chunk);
        memcpy(room + at, chunk, digits - at < CHUNK_DIGITS ? digits - at : CHUNK_DIGITS);
    }
}

void token_draft(struct arena *arena, const struct token_format *format, const unsigned char *random,
                 struct token_draft *ret_draft)
{
    size_t digits = secret_len(format);
    char *room = arena_alloc(arena, digits);
    if (format->alphabet == TOKEN_HEX)
        write_hex_digits(random, room, digits);
    else
        write_base62_digits(random, room, digits);
    ret_draft->secret = (struct str){room, digits};
    ret_draft->secret_hash = digest_sha256(ret_draft->secret);
}

void token_draft_random(struct arena *arena, const struct token_format *format, struct token_draft *ret_draft)
{
    unsigned char random[TOKEN_RANDOM_MAX];
    size_t len = token_random_len(format);
    random_bytes(random, len);
    token_draft(arena, format, random, ret_draft);
    explicit_bzero(random, len);
}

/* HMAC in counter mode: block i is HMAC(key, i | label | 0 | source). [NIST SP 800-108 4.1] */
void token_draft_derived(struct arena *arena, const struct token_format *format, const struct digest *key,
                         struct str label, struct str source, struct token_draft *ret_draft)
{
    unsigned char random[TOKEN_RANDOM_MAX + DIGEST_LEN];
    size_t len = token_random_len(format);
    char *counter = arena_alloc(arena, label.len + source.len + 2);
    struct str material = {counter, label.len + source.len + 2};
    struct str key_bytes = {(const char *)key->bytes, DIGEST_LEN};
    memcpy(counter + 1, label.ptr, label.len);
    counter[1 + label.len] = 0;
    memcpy(counter + 2 + label.len, source.ptr, source.len);
    for (size_t at = 0; at < len; at += DIGEST_LEN) {
        *counter = (char)(at / DIGEST_LEN + 1);
        struct digest block = digest_hmac(key_bytes, material);
        memcpy(random + at, block.bytes, DIGEST_LEN);
    }
    token_draft(arena, format, random, ret_draft);
    explicit_bzero(random, sizeof(random));
}

static void write_id(const struct token_format *format, int64_t id, char *room)
{
    if (format->alphabet == TOKEN_BASE62) {
        base62_write((uint64_t)id, BASE62_ID_LEN, room);
        return;
    }
    unsigned char bytes[HEX_ID_LEN / 2];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(id >> (8 * (sizeof(bytes) - 1 - i)));
    hex_write(bytes, sizeof(bytes), room);
}

struct str token_write(struct arena *arena, const struct token_format *format, const struct token_draft *draft)
{
    size_t len = format->prefix.len + format->length;
    char *room = arena_alloc(arena, len + 1);
    char *at = room;
    if (format->prefix.len)
        memcpy(at, format->prefix.ptr, format->prefix.len);
    at += format->prefix.len;
    write_id(format, draft->id, at);
    at += id_len(format);
    memcpy(at, draft->secret.ptr, draft->secret.len);
    at += draft->secret.len;
    if (format->has_checksum)
        base62_write(checksum_crc32(0, (struct str){room, (size_t)(at - room)}), TOKEN_CHECKSUM_LEN, at);
    return (struct str){room, len};
}

static bool checksum_fits(struct str text)
{
    uint64_t checksum;
    size_t len = text.len - TOKEN_CHECKSUM_LEN;
    return base62_parse(str_slice(text, len, text.len), &checksum) &&
           checksum == checksum_crc32(0, str_slice(text, 0, len));
}

/* A token has one spelling: what is derived from it would differ with another. */
static bool has_upper_case(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= 'A' && text.ptr[i] <= 'F')
            return true;
    return false;
}

static bool read_id(const struct token_format *format, struct str text, int64_t *ret_id)
{
    if (format->alphabet == TOKEN_BASE62) {
        uint64_t id;
        if (!base62_parse(text, &id) || id > TOKEN_ID_MAX)
            return false;
        *ret_id = (int64_t)id;
        return true;
    }
    unsigned char bytes[HEX_ID_LEN / 2];
    if (!hex_parse(text, bytes, sizeof(bytes)) || has_upper_case(text))
        return false;
    int64_t id = 0;
    for (size_t i = 0; i < sizeof(bytes); i++)
        id = id << 8 | bytes[i];
    *ret_id = id;
    return true;
}

bool token_read(const struct token_format *format, struct str text, int64_t *ret_id, struct digest *ret_secret_hash)
{
    if (text.len != format->prefix.len + format->length || !str_has_prefix(text, format->prefix))
        return false;
    if (format->has_checksum && !checksum_fits(text))
        return false;
    size_t at = format->prefix.len;
    if (!read_id(format, str_slice(text, at, id_len(format)), ret_id))
        return false;
    *ret_secret_hash = digest_sha256(str_slice(text, at + id_len(format), secret_len(format)));
    return true;
}
