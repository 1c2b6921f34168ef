#include "identity/form.h"

#include "base/arena.h"
#include "base/codec.h"
#include "identity/policy.h"

#define RANDOM_BYTES 32
#define NONCE_BYTES  16
#define NONCE_LEN    22 /* in base64url */
#define TIME_LEN     7
#define MAC_LEN      43
#define TOKEN_LEN    (TIME_LEN + NONCE_LEN + MAC_LEN)
#define ANONYMOUS    'a'
/* Clocks of one machine do not differ; what comes from the future was made by nobody. */
#define FUTURE_SECONDS 5

static struct str draw(struct arena *arena, size_t len)
{
    unsigned char random[RANDOM_BYTES];
    random_bytes(random, len);
    struct str text = base64url_write(arena, (struct str){(const char *)random, len});
    explicit_bzero(random, sizeof(random));
    return text;
}

/* Every part is hashed or of fixed length: no two places sign the same text. */
static struct str sign(struct arena *arena, const struct form_place *place, struct str stamp)
{
    static const struct str purpose = STR_INIT("form ");
    const struct digest parts[] = {digest_sha256(place->browser), digest_sha256(place->name),
                                   digest_sha256(place->subject)};
    size_t len = purpose.len + stamp.len + sizeof(parts);
    char *room = arena_alloc(arena, len);
    memcpy(room, purpose.ptr, purpose.len);
    memcpy(room + purpose.len, stamp.ptr, stamp.len);
    memcpy(room + purpose.len + stamp.len, parts, sizeof(parts));
    struct str key = {(const char *)place->people->key.bytes, DIGEST_LEN};
    struct digest mac = digest_hmac(key, (struct str){room, len});
    return base64url_write(arena, (struct str){(const char *)mac.bytes, DIGEST_LEN});
}

struct str form_make(struct arena *arena, const struct form_place *place, int64_t now)
{
    char time[TIME_LEN];
    base62_write((uint64_t)now, sizeof(time), time);
    struct str nonce = draw(arena, NONCE_BYTES);
    struct str stamp = arena_printf(arena, "%.*s%.*s", TIME_LEN, time, STR_ARGS(nonce));
    struct str mac = sign(arena, place, stamp);
    return arena_printf(arena, "%.*s%.*s", STR_ARGS(stamp), STR_ARGS(mac));
}

enum form_fit form_check(struct arena *arena, const struct form_place *place, struct str token, int64_t now)
{
    uint64_t made_at;
    if (token.len != TOKEN_LEN || !base62_parse(str_slice(token, 0, TIME_LEN), &made_at))
        return FORM_FOREIGN;
    struct str mac = sign(arena, place, str_slice(token, 0, TIME_LEN + NONCE_LEN));
    if (!secret_equal(mac, str_slice(token, TIME_LEN + NONCE_LEN, MAC_LEN)))
        return FORM_FOREIGN;
    if ((int64_t)made_at > now + FUTURE_SECONDS)
        return FORM_FOREIGN;
    return now - (int64_t)made_at > FORM_SECONDS ? FORM_EXPIRED : FORM_FITS;
}

struct str browser_draw(struct arena *arena)
{
    struct str random = draw(arena, RANDOM_BYTES);
    return arena_printf(arena, "%c%.*s", ANONYMOUS, STR_ARGS(random));
}

bool browser_is_anonymous(struct str cookie)
{
    return cookie.len == 1 + MAC_LEN && cookie.ptr[0] == ANONYMOUS;
}
