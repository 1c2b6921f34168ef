#include "identity/delay.h"

#include <arpa/inet.h>
#include <pthread.h>

#include "base/arena.h"
#include "crypto/digest.h"

#define SET_BITS       13
#define SET_COUNT      (1u << SET_BITS)
#define WAYS           4
#define FORGET_SECONDS 3600
#define WHAT_MAX       256
#define PREFIX6_BYTES  8

struct count {
    uint64_t hash; /* 0: free */
    int64_t last_at;
    unsigned wrong_count;
};

static const struct {
    unsigned free_count;
    int64_t wait_max;
} limits[DELAY_KIND_COUNT] = {
    [DELAY_ACCOUNT] = {5, 30}, [DELAY_DEVICE] = {5, 30}, [DELAY_ADDRESS] = {50, 900},
    [DELAY_FACTOR] = {5, 30},  [DELAY_MAIL] = {3, 900},
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct count (*sets)[WAYS];
static struct digest hash_key;

/* A key that nobody knows: so nobody can aim at somebody's slot. */
static void create_table(void)
{
    random_bytes(&hash_key, sizeof(hash_key));
    sets = memory_alloc(SET_COUNT * sizeof(*sets));
}

/* One customer's IPv6 addresses are as many as he likes: they count together. */
static size_t write_address(struct str text, char *room)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr bytes;
    size_t len = text.len < sizeof(address) - 1 ? text.len : sizeof(address) - 1;
    memcpy(address, text.ptr, len);
    address[len] = 0;
    if (inet_pton(AF_INET6, address, &bytes) != 1) {
        memcpy(room, address, len);
        return len;
    }
    memcpy(room, &bytes, PREFIX6_BYTES);
    return PREFIX6_BYTES;
}

static uint64_t hash_of(const struct delay_key *key)
{
    struct {
        int64_t realm_id;
        int64_t kind;
        char what[WHAT_MAX];
    } text = {key->realm_id, key->kind, {0}};
    struct str what = str_slice(key->what, 0, WHAT_MAX);
    uint64_t hash;
    if (key->kind == DELAY_ADDRESS && what.len)
        write_address(what, text.what);
    else if (what.len)
        memcpy(text.what, what.ptr, what.len);
    pthread_once(&once, create_table);
    struct digest mac = digest_hmac((struct str){(const char *)hash_key.bytes, DIGEST_LEN},
                                    (struct str){(const char *)&text, sizeof(text)});
    memcpy(&hash, mac.bytes, sizeof(hash));
    return hash ? hash : 1;
}

static struct count *find(uint64_t hash)
{
    struct count *set = sets[hash >> (64 - SET_BITS)];
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].hash == hash)
            return &set[i];
    return NULL;
}

/* Its own, a free one, or the one that was wrong longest ago. */
static struct count *take(uint64_t hash)
{
    struct count *set = sets[hash >> (64 - SET_BITS)];
    struct count *found = find(hash);
    if (found)
        return found;
    found = &set[0];
    for (size_t i = 1; i < WAYS; i++)
        if (found->hash && (!set[i].hash || set[i].last_at < found->last_at))
            found = &set[i];
    *found = (struct count){.hash = hash};
    return found;
}

static bool is_forgotten(const struct count *count, int64_t now)
{
    return count->last_at + FORGET_SECONDS <= now;
}

/* 1, 2, 4 … seconds from the first try that is not free. */
static int64_t wait_after(unsigned wrong_count, enum delay_kind kind)
{
    if (wrong_count < limits[kind].free_count)
        return 0;
    unsigned doublings = wrong_count - limits[kind].free_count;
    int64_t wait = doublings < 20 ? INT64_C(1) << doublings : limits[kind].wait_max;
    return wait < limits[kind].wait_max ? wait : limits[kind].wait_max;
}

int64_t delay_find_wait(const struct delay_key *key, int64_t now)
{
    uint64_t hash = hash_of(key);
    int64_t left = 0;
    pthread_mutex_lock(&lock);
    const struct count *count = find(hash);
    if (count && !is_forgotten(count, now))
        left = count->last_at + wait_after(count->wrong_count, key->kind) - now;
    pthread_mutex_unlock(&lock);
    return left > 0 ? left : 0;
}

void delay_note_wrong(const struct delay_key *key, int64_t now)
{
    uint64_t hash = hash_of(key);
    pthread_mutex_lock(&lock);
    struct count *count = take(hash);
    if (is_forgotten(count, now))
        count->wrong_count = 0;
    count->wrong_count++;
    count->last_at = now;
    pthread_mutex_unlock(&lock);
}

void delay_forgive(const struct delay_key *key)
{
    uint64_t hash = hash_of(key);
    pthread_mutex_lock(&lock);
    struct count *count = find(hash);
    if (count)
        *count = (struct count){0};
    pthread_mutex_unlock(&lock);
}
