#include "identity/delay.h"

#include <pthread.h>

#include "base/arena.h"
#include "identity/network.h"

#define SET_BITS  13
#define SET_COUNT (1u << SET_BITS)
#define WAYS      4
/* A try that nobody ended (its exchange died) is under way no longer than this. */
#define UNDER_WAY_SECONDS 60

enum scope { SCOPE_ACCOUNT, SCOPE_NETWORK, SCOPE_COUNT };

struct limit {
    unsigned free_count;
    unsigned parallel_count; /* tries that may be under way besides */
    int64_t wait_max;
    int64_t melt_seconds; /* one wrong try is forgotten */
};

/*
 * At the limit of the wait a guesser gets one try per `wait_max` or `melt_seconds`, whichever is longer: two a minute
 * at a password that strangers try, twelve an hour at one of a million codes for whoever has the password. Behind one
 * address there may be an office.
 */
static const struct limit limits[DELAY_KIND_COUNT][SCOPE_COUNT] = {
    [DELAY_PASSWORD] = {{5, 16, 30, 60}, {50, 128, 900, 300}},
    [DELAY_FACTOR] = {{5, 0, 300, 300}, {50, 128, 900, 300}},
    [DELAY_MAIL] = {{3, 0, 3600, 3600}, {20, 0, 900, 300}},
};

struct count {
    struct digest key;
    enum delay_kind kind;
    enum scope scope;
    unsigned wrong_count;
    unsigned under_way_count;
    int64_t last_at; /* the last try's beginning, or its wrong end */
    int64_t melt_at; /* from when on the next one melts */
    bool is_used;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct count (*sets)[WAYS];
static struct digest table_key;

/* A key that nobody knows: so nobody can aim at somebody's set. */
static void create_table(void)
{
    random_bytes(&table_key, sizeof(table_key));
    sets = memory_alloc(SET_COUNT * sizeof(*sets));
}

struct label {
    int64_t realm_id;
    int64_t kind;
    int64_t scope;
    int64_t is_device;
    struct digest what;
};

static struct digest key_of(const struct delay_subject *subject, enum scope scope, struct str what, bool is_device)
{
    const struct label label = {subject->realm_id, subject->kind, scope, is_device, digest_sha256(what)};
    return digest_hmac((struct str){(const char *)table_key.bytes, DIGEST_LEN},
                       (struct str){(const char *)&label, sizeof(label)});
}

static struct delay_try name_counts(const struct delay_subject *subject)
{
    unsigned char network[NETWORK_LEN];
    struct delay_try named = {.kind = subject->kind};
    pthread_once(&once, create_table);
    if (!str_is_empty(subject->account)) {
        bool is_device = !str_is_empty(subject->device);
        struct str what = is_device ? subject->device : subject->account;
        named.keys[SCOPE_ACCOUNT] = key_of(subject, SCOPE_ACCOUNT, what, is_device);
        named.counted |= 1u << SCOPE_ACCOUNT;
    }
    if (network_read(subject->client_address, network)) {
        struct str what = {(const char *)network, sizeof(network)};
        named.keys[SCOPE_NETWORK] = key_of(subject, SCOPE_NETWORK, what, false);
        named.counted |= 1u << SCOPE_NETWORK;
    }
    return named;
}

static struct count *set_of(const struct digest *key)
{
    uint64_t hash;
    memcpy(&hash, key->bytes, sizeof(hash));
    return sets[hash >> (64 - SET_BITS)];
}

static struct count *find(const struct digest *key)
{
    struct count *set = set_of(key);
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].is_used && digest_equal(&set[i].key, key))
            return &set[i];
    return NULL;
}

static int64_t melted_of(const struct count *count, int64_t now)
{
    int64_t melted =
        now > count->melt_at ? (now - count->melt_at) / limits[count->kind][count->scope].melt_seconds : 0;
    return melted < count->wrong_count ? melted : count->wrong_count;
}

/* Takes off what has melted. If the clock was set back, the last try was now. */
static void melt(struct count *count, int64_t now)
{
    int64_t melted = melted_of(count, now);
    count->wrong_count -= (unsigned)melted;
    count->melt_at += melted * limits[count->kind][count->scope].melt_seconds;
    if (now - count->last_at > UNDER_WAY_SECONDS)
        count->under_way_count = 0;
    if (count->last_at > now)
        count->last_at = now;
    if (count->melt_at > now || count->wrong_count == 0)
        count->melt_at = now;
}

static int64_t suspicion_of(const struct count *count, int64_t now)
{
    return count->wrong_count - melted_of(count, now) + count->under_way_count;
}

static bool is_less_suspicious(const struct count *a, const struct count *b, int64_t now)
{
    int64_t of_a = suspicion_of(a, now), of_b = suspicion_of(b, now);
    return of_a != of_b ? of_a < of_b : a->last_at < b->last_at;
}

/* Its own, a free one, or that of the least suspicious. */
static struct count *take(const struct digest *key, enum delay_kind kind, enum scope scope, int64_t now)
{
    struct count *set = set_of(key);
    struct count *found = find(key);
    if (found)
        return found;
    found = &set[0];
    for (size_t i = 1; i < WAYS; i++)
        if (found->is_used && (!set[i].is_used || is_less_suspicious(&set[i], found, now)))
            found = &set[i];
    *found =
        (struct count){.key = *key, .kind = kind, .scope = scope, .last_at = now, .melt_at = now, .is_used = true};
    return found;
}

/* 1, 2, 4 … seconds from the first try that is not free. */
static int64_t wait_after(const struct limit *limit, unsigned count)
{
    if (count < limit->free_count)
        return 0;
    unsigned doublings = count - limit->free_count;
    int64_t wait = doublings < 20 ? INT64_C(1) << doublings : limit->wait_max;
    return wait < limit->wait_max ? wait : limit->wait_max;
}

static int64_t wait_of(struct count *count, int64_t now)
{
    const struct limit *limit = &limits[count->kind][count->scope];
    melt(count, now);
    unsigned tries = count->wrong_count;
    if (count->under_way_count >= limit->parallel_count)
        tries += count->under_way_count - limit->parallel_count;
    int64_t left = count->last_at + wait_after(limit, tries) - now;
    return left > 0 ? left : 0;
}

/* The longer one. */
static int64_t find_wait(const struct delay_try *named, int64_t now)
{
    int64_t longest = 0;
    for (enum scope scope = 0; scope < SCOPE_COUNT; scope++) {
        struct count *count = named->counted & 1u << scope ? find(&named->keys[scope]) : NULL;
        int64_t wait = count ? wait_of(count, now) : 0;
        longest = wait > longest ? wait : longest;
    }
    return longest;
}

int64_t delay_find_wait(const struct delay_subject *subject, int64_t now)
{
    struct delay_try named = name_counts(subject);
    pthread_mutex_lock(&lock);
    int64_t wait = find_wait(&named, now);
    pthread_mutex_unlock(&lock);
    return wait;
}

int64_t delay_begin(const struct delay_subject *subject, int64_t now, struct delay_try *ret_try)
{
    struct delay_try named = name_counts(subject);
    pthread_mutex_lock(&lock);
    int64_t wait = find_wait(&named, now);
    for (enum scope scope = 0; wait == 0 && scope < SCOPE_COUNT; scope++) {
        if (!(named.counted & 1u << scope))
            continue;
        struct count *count = take(&named.keys[scope], named.kind, scope, now);
        count->under_way_count++;
        count->last_at = now;
    }
    pthread_mutex_unlock(&lock);
    if (wait == 0)
        *ret_try = named;
    return wait;
}

/* Beyond what reaches the longest wait, more only takes longer to melt; two more, so that it stays the longest while
 * one goes on guessing. */
static unsigned wrong_count_max(const struct limit *limit)
{
    unsigned count = limit->free_count + 1;
    while (wait_after(limit, count) < limit->wait_max)
        count++;
    return count + 2;
}

static void end_in(struct count *count, enum delay_end end, int64_t now)
{
    if (count->under_way_count)
        count->under_way_count--;
    if (end == DELAY_END_WRONG) {
        melt(count, now);
        if (count->wrong_count < wrong_count_max(&limits[count->kind][count->scope]))
            count->wrong_count++;
        count->last_at = now > count->last_at ? now : count->last_at;
    }
    if (end == DELAY_END_RIGHT && count->scope == SCOPE_ACCOUNT)
        count->wrong_count = 0;
}

void delay_end(struct delay_try *delay_try, enum delay_end end, int64_t now)
{
    pthread_mutex_lock(&lock);
    for (enum scope scope = 0; scope < SCOPE_COUNT; scope++) {
        struct count *count = delay_try->counted & 1u << scope ? find(&delay_try->keys[scope]) : NULL;
        if (count)
            end_in(count, end, now);
    }
    pthread_mutex_unlock(&lock);
    delay_try->counted = 0;
}
