#include "dialect/echo.h"

#include <pthread.h>

#include "base/arena.h"
#include "dialect/desk.h"
#include "dialect/encode.h"
#include "dialect/shape.h"
#include "http/message.h"
#include "oauth/limit.h"

/* A reply takes some 1.5 KiB in the HTTP library. */
#define SLOT_BITS  10
#define SLOT_COUNT (1u << SLOT_BITS)

#define OF_THE_MOMENT                                                                                                \
    (UINT64_C(1) << FACT_expires_in | UINT64_C(1) << FACT_request_path | UINT64_C(1) << FACT_request_query |         \
     UINT64_C(1) << FACT_request_method | UINT64_C(1) << FACT_request_id)

struct key {
    uint64_t desk_serial; /* 0: none */
    int64_t token_id;
    uint64_t names_hash;
};

struct slot {
    struct key key;
    struct shared_reply *reply; /* NULL: empty */
    struct key asked;           /* for the last reply that was not there */
};

static _Thread_local struct slot *slots;
static pthread_key_t thread_end;
static pthread_once_t thread_end_once = PTHREAD_ONCE_INIT;

static void release_all(void *kept)
{
    struct slot *slot = kept;
    for (size_t i = 0; i < SLOT_COUNT; i++)
        if (slot[i].reply)
            shared_reply_release(slot[i].reply);
    memory_free(kept);
}

static void create_thread_end(void)
{
    pthread_key_create(&thread_end, release_all);
}

static struct slot *find_slot(const struct desk *desk, int64_t token_id)
{
    if (!slots) {
        pthread_once(&thread_end_once, create_thread_end);
        slots = memory_alloc(SLOT_COUNT * sizeof(*slots));
        pthread_setspecific(thread_end, slots);
    }
    /* Ids of one second differ in their low bits, desks by their serial: multiplying spreads both over the high bits.
     */
    uint64_t hash = ((uint64_t)token_id ^ desk->serial << 40) * UINT64_C(0x9e3779b97f4a7c15);
    return &slots[hash >> (64 - SLOT_BITS)];
}

/* People may change what they are called; everything else stays with the token. */
static uint64_t hash_names(const struct call *call)
{
    static const enum fact_name names[] = {FACT_username, FACT_display_name};
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (call->facts.present & UINT64_C(1) << names[i])
            hash = hash * 31 + str_hash(call->facts.values[names[i]].text);
    return hash;
}

static struct key key_of(const struct desk *desk, const struct call *call)
{
    return (struct key){desk->serial, call->token_id, hash_names(call)};
}

static bool is_same(struct key a, struct key b)
{
    return a.token_id == b.token_id && a.desk_serial == b.desk_serial && a.names_hash == b.names_hash;
}

bool echo_may_serve(const struct desk *desk, const struct call *call)
{
    const struct reply_shape *reply = &desk->endpoint->reply;
    return call->token_id && !desk->endpoint->operation->apply && !(reply->facts & OF_THE_MOMENT) &&
           !(reply->body_facts & limit_facts());
}

bool echo_give(struct exchange *exchange, const struct desk *desk, const struct call *call)
{
    const struct slot *slot = find_slot(desk, call->token_id);
    if (!slot->reply || !is_same(slot->key, key_of(desk, call)) || !response_give(exchange, slot->reply))
        return false;
    encode_limits(exchange, call, &desk->endpoint->reply);
    return true;
}

void echo_keep(struct exchange *exchange, const struct desk *desk, const struct call *call)
{
    const struct key key = key_of(desk, call);
    struct slot *slot = find_slot(desk, call->token_id);
    /* Keeping a reply and letting another go costs as much as reading the token from the file: not for one that may
     * never be asked for again. */
    if (!is_same(slot->asked, key)) {
        slot->asked = key;
        return;
    }
    struct shared_reply *reply = response_share(exchange);
    if (!reply)
        return;
    if (slot->reply)
        shared_reply_release(slot->reply);
    slot->key = key;
    slot->reply = reply;
}
