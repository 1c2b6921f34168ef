#include "identity/device.h"

#include "base/arena.h"
#include "base/codec.h"
#include "crypto/digest.h"
#include "identity/policy.h"

#define TIME_LEN    7  /* in base62: centuries */
#define NONCE_BYTES 12 /* 16 digits in base64url */
#define NONCE_LEN   16
#define STAMP_LEN   (TIME_LEN + NONCE_LEN)
#define MAC_LEN     43

static struct str sign(struct arena *arena, const struct people_policy *people, int64_t user_id, struct str stamp)
{
    struct str text = arena_printf(arena, "device %lld %.*s", (long long)user_id, STR_ARGS(stamp));
    struct digest mac = digest_hmac((struct str){(const char *)people->key.bytes, DIGEST_LEN}, text);
    return base64url_write(arena, (struct str){(const char *)mac.bytes, DIGEST_LEN});
}

struct str device_make(struct arena *arena, const struct people_policy *people, int64_t user_id, int64_t now)
{
    char time[TIME_LEN], random[NONCE_BYTES];
    base62_write((uint64_t)now, sizeof(time), time);
    random_bytes(random, sizeof(random));
    struct str nonce = base64url_write(arena, (struct str){random, sizeof(random)});
    struct str stamp = arena_printf(arena, "%.*s%.*s", TIME_LEN, time, STR_ARGS(nonce));
    struct str mac = sign(arena, people, user_id, stamp);
    return arena_printf(arena, "%.*s%.*s", STR_ARGS(stamp), STR_ARGS(mac));
}

struct str device_read(struct arena *arena, const struct people_policy *people, int64_t user_id, struct str cookie,
                       int64_t now)
{
    uint64_t made_at;
    struct str stamp = str_slice(cookie, 0, STAMP_LEN);
    if (cookie.len != STAMP_LEN + MAC_LEN || !base62_parse(str_slice(cookie, 0, TIME_LEN), &made_at))
        return STR_NONE;
    if (!secret_equal(sign(arena, people, user_id, stamp), str_slice(cookie, STAMP_LEN, MAC_LEN)))
        return STR_NONE;
    return now - (int64_t)made_at < DEVICE_SECONDS ? stamp : STR_NONE;
}
