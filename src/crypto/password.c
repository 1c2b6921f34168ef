#include "crypto/password.h"

#include <crypt.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

#define ARGON2_PREFIX STR("$argon2id$")

/* What an imported hash may ask for. Whoever brings one must not be able to hold up the crew for minutes. */
#define ARGON2_MEMORY_KIB_MAX (1024 * 1024)
#define ARGON2_ITERATIONS_MAX 10
#define BCRYPT_COST_MAX       15
#define SHA512_ROUNDS_MAX     1000000

static void start_sodium(void)
{
    if (sodium_init() < 0) {
        fprintf(stderr, "jeton: libsodium failed\n");
        abort();
    }
}

/* Chooses the fastest code for this processor, once. */
static void make_ready(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_sodium);
}

/* Both libraries want a NUL behind a hash. False for what is longer than any. */
static bool copy_hash(struct str hash, char room[CRYPT_OUTPUT_SIZE])
{
    if (hash.len >= CRYPT_OUTPUT_SIZE || (hash.len && memchr(hash.ptr, '\0', hash.len)))
        return false;
    if (hash.len)
        memcpy(room, hash.ptr, hash.len);
    room[hash.len] = '\0';
    return true;
}

struct str password_hash(struct arena *arena, struct str password, const struct password_cost *cost)
{
    make_ready();
    char *room = arena_alloc(arena, crypto_pwhash_argon2id_STRBYTES);
    if (password.len > PASSWORD_MAX ||
        crypto_pwhash_argon2id_str(room, password.ptr ? password.ptr : "", password.len, cost->iterations,
                                   cost->memory_bytes) != 0)
        return STR_NONE;
    return str_of(room);
}

/* crypt(5) reads up to a NUL and takes less than 512 bytes: whatever is behind that could be anything. */
static bool fits_crypt(struct str password, const char *hash)
{
    if (password.len >= CRYPT_MAX_PASSPHRASE_SIZE || (password.len && memchr(password.ptr, '\0', password.len)))
        return false;
    struct crypt_data *data = memory_alloc(sizeof(*data));
    if (password.len)
        memcpy(data->input, password.ptr, password.len);
    const char *found = crypt_rn(data->input, hash, data, sizeof(*data));
    bool fits = found && strlen(found) == strlen(hash) && sodium_memcmp(found, hash, strlen(hash)) == 0;
    explicit_bzero(data, sizeof(*data));
    memory_free(data);
    return fits;
}

bool password_fits(struct str password, struct str hash)
{
    char text[CRYPT_OUTPUT_SIZE];
    make_ready();
    if (password.len > PASSWORD_MAX || !password_is_hash(hash) || !copy_hash(hash, text))
        return false;
    if (!str_has_prefix(hash, ARGON2_PREFIX))
        return fits_crypt(password, text);
    return crypto_pwhash_argon2id_str_verify(text, password.ptr ? password.ptr : "", password.len) == 0;
}

void password_pretend(struct str password, const struct password_cost *cost)
{
    static const unsigned char salt[crypto_pwhash_argon2id_SALTBYTES];
    unsigned char found[32]; /* as long as that of a hash in text form */
    make_ready();
    if (password.len > PASSWORD_MAX)
        return;
    int failed = crypto_pwhash_argon2id(found, sizeof(found), password.ptr ? password.ptr : "", password.len, salt,
                                        cost->iterations, cost->memory_bytes, crypto_pwhash_argon2id_ALG_ARGON2ID13);
    (void)failed; /* for want of memory: then a real one failed as fast */
    explicit_bzero(found, sizeof(found));
}

bool password_is_outdated(struct str hash, const struct password_cost *cost)
{
    char text[CRYPT_OUTPUT_SIZE];
    make_ready();
    return !copy_hash(hash, text) ||
           crypto_pwhash_argon2id_str_needs_rehash(text, cost->iterations, cost->memory_bytes) != 0;
}

/* "m=19456" in front of the rest; 0 when it is something else. */
static int64_t take_cost(struct str *rest, struct str name, char separator)
{
    struct str part;
    int64_t number;
    if (!str_next(rest, separator, &part) || !str_has_prefix(part, name) ||
        !str_parse_int(str_slice(part, name.len, part.len), &number) || number < 0)
        return 0;
    return number;
}

/* "$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH" */
static bool is_bearable_argon2(struct str hash)
{
    struct str rest = str_slice(hash, ARGON2_PREFIX.len, hash.len);
    int64_t version = take_cost(&rest, STR("v="), '$');
    int64_t memory_kib = take_cost(&rest, STR("m="), ',');
    int64_t iterations = take_cost(&rest, STR("t="), ',');
    int64_t lanes = take_cost(&rest, STR("p="), '$');
    return version == 19 && memory_kib >= 8 && memory_kib <= ARGON2_MEMORY_KIB_MAX && iterations >= 1 &&
           iterations <= ARGON2_ITERATIONS_MAX && lanes >= 1 && lanes <= 16 &&
           hash.len < crypto_pwhash_argon2id_STRBYTES;
}

/* "$2b$12$…" */
static bool is_bearable_bcrypt(struct str hash)
{
    int64_t cost;
    return str_parse_int(str_slice(hash, 4, 2), &cost) && cost <= BCRYPT_COST_MAX;
}

/* "$6$rounds=5000$SALT$HASH"; without rounds they are 5000. */
static bool is_bearable_sha512(struct str hash)
{
    struct str rest = str_slice(hash, 3, hash.len);
    return !str_has_prefix(rest, STR("rounds=")) || take_cost(&rest, STR("rounds="), '$') <= SHA512_ROUNDS_MAX;
}

/* "$y$j9T$SALT$HASH": after the flags one digit each for the logarithm of N and for r, as yescrypt itself writes
 * costs up to 1 GiB. 'F' is 2^18, 'T' is 32. */
static bool is_bearable_yescrypt(struct str hash)
{
    return hash.len > 6 && hash.ptr[3] == 'j' && hash.ptr[4] >= '.' && hash.ptr[4] <= 'F' && hash.ptr[5] >= '.' &&
           hash.ptr[5] <= 'T' && hash.ptr[6] == '$';
}

/* Bytes behind the last '$'. */
static size_t tail_len(struct str hash)
{
    size_t len = 0;
    while (len < hash.len && hash.ptr[hash.len - 1 - len] != '$')
        len++;
    return len;
}

bool password_is_hash(struct str hash)
{
    static const struct {
        struct str prefix;
        size_t tail_len;
        bool (*is_bearable)(struct str hash);
    } kinds[] = {
        {STR_INIT("$2a$"), 53, is_bearable_bcrypt},  {STR_INIT("$2b$"), 53, is_bearable_bcrypt},
        {STR_INIT("$2y$"), 53, is_bearable_bcrypt},  {STR_INIT("$6$"), 86, is_bearable_sha512},
        {STR_INIT("$y$"), 43, is_bearable_yescrypt},
    };
    char text[CRYPT_OUTPUT_SIZE];
    if (!copy_hash(hash, text))
        return false;
    if (str_has_prefix(hash, ARGON2_PREFIX))
        return is_bearable_argon2(hash) && crypto_pwhash_argon2id_str_needs_rehash(text, 1, 8192) >= 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (str_has_prefix(hash, kinds[i].prefix))
            return tail_len(hash) == kinds[i].tail_len && kinds[i].is_bearable(hash) &&
                   crypt_checksalt(text) == CRYPT_SALT_OK;
    }
    return false;
}
