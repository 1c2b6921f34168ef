/*
 * desk_usage.c — the desk that tells clients what they did: GET /usage/REALM?since=30d&by=rule&…
 *
 * It is no API's own and speaks the same in every dialect; only its refusals are the dialect's. Reading many rows is
 * slow work, so it is the crew's; and as people's passwords wait there too, few questions do at a time.
 *
 * Threads: as the other desks.
 */
#include <stdatomic.h>

#include "base/arena.h"
#include "base/codec.h"
#include "dialect/decode.h"
#include "dialect/desk.h"
#include "dialect/desk_errand.h"
#include "dialect/encode.h"
#include "dialect/face.h"
#include "http/message.h"
#include "meter/summary_json.h"
#include "oauth/call.h"
#include "oauth/inquiry.h"
#include "store/rows.h"

/* A question that looks at as many rows as it may takes half a second. */
#define QUESTIONS_MAX 4
/* Of one client: a page of a portal may show two charts. */
#define QUESTIONS_EACH_MAX 2

/* Of the process, as the crew is: the clients whose questions are with it; 0: none. */
static _Atomic int64_t asking[QUESTIONS_MAX];

struct usage_errand {
    struct desk_errand errand;
    _Atomic int64_t *place; /* in `asking`; NULL: given back */
    const struct desk *desk;
    struct call *call;
    struct summary_query query;
    struct str body;
};

static size_t count_questions(int64_t client)
{
    size_t count = 0;
    for (size_t i = 0; i < QUESTIONS_MAX; i++)
        count += atomic_load(&asking[i]) == client;
    return count;
}

static STEP take_place(struct usage_errand *own)
{
    int64_t client = own->call->client->id;
    bool may_ask = count_questions(client) < QUESTIONS_EACH_MAX; /* one more where two come at the same moment */
    for (size_t i = 0; i < QUESTIONS_MAX && !own->place && may_ask; i++) {
        int64_t nobody = 0;
        if (atomic_compare_exchange_strong(&asking[i], &nobody, client))
            own->place = &asking[i];
    }
    if (own->place)
        return OK;
    call_set_number(own->call, FACT_retry_after, 1);
    return refuse(own->call, REFUSED_rate_limited);
}

/* Once it has been looked up, or at the exchange's end if the crew had no room for it. */
static void give_place(void *subject)
{
    struct usage_errand *own = subject;
    if (own->place)
        atomic_store(own->place, 0);
    own->place = NULL;
}

static void answer(struct exchange *exchange, const struct desk *desk, struct call *call, struct str body)
{
    desk_count_call(exchange, desk, call);
    if (call->refusal) {
        encode_refusal(exchange, call, desk_errors(desk), STR_NONE);
    } else {
        response_header_add(exchange, STR("Cache-Control"), STR("no-store"));
        response_answer(exchange, 200, STR("application/json"), body);
    }
    desk_count(exchange, desk);
}

static void answer_errand(struct desk_errand *errand, enum refusal failure)
{
    const struct usage_errand *own = (struct usage_errand *)errand;
    if (failure)
        own->call->refusal = failure;
    answer(errand->exchange, own->desk, own->call, own->body);
}

static STEP summarize(struct usage_errand *own, struct store_reader *reader)
{
    struct summary summary;
    json_t *object;
    TRY(inquiry_answer(own->call, reader, &own->query, &summary));
    TRY(summary_json(reader, own->call->arena, &own->query, &summary, &object));
    own->body = json_text(own->call->arena, object);
    return OK;
}

static enum outcome look_up(struct desk_errand *errand)
{
    struct usage_errand *own = (struct usage_errand *)errand;
    enum outcome outcome = summarize(own, store_reader(errand->store));
    give_place(own);
    if (outcome != FAILED)
        return outcome;
    own->call->refusal = REFUSED_store_unavailable;
    return REFUSED;
}

static struct str *member_of(struct inquiry *inquiry, struct str name)
{
    struct summary_question *question = &inquiry->question;
    const struct {
        struct str name;
        struct str *value;
    } members[] = {
        {STR("since"), &question->since},
        {STR("until"), &question->until},
        {STR("by"), &question->by},
        {STR("rule"), &question->rule},
        {STR("environment"), &question->environment},
        {STR("client_id"), &inquiry->client_id},
    };
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
        if (str_equal(members[i].name, name))
            return members[i].value;
    return NULL;
}

/* Unknown names are ignored, as everywhere; a known one comes once. */
static STEP read_pair(struct call *call, struct str pair, struct inquiry *inquiry)
{
    size_t equals = str_find(pair, '=');
    struct str *value = member_of(inquiry, str_slice(pair, 0, equals));
    if (!value)
        return OK;
    REQUIRE(call, !str_is_present(*value), parameter_repeated);
    REQUIRE(call, form_decode(call->arena, str_slice(pair, equals + 1, pair.len), value), text_invalid);
    return OK;
}

static STEP settle(struct exchange *exchange, const struct desk *desk, struct call *call, struct store_reader *reader,
                   struct summary_query *ret_query)
{
    struct inquiry inquiry = {0};
    struct str rest = exchange->request.query, pair;
    decode_authorization(desk->dialect, exchange->request.authorization, call);
    while (rest.len && str_next(&rest, '&', &pair))
        TRY(read_pair(call, pair, &inquiry));
    return inquiry_settle(call, reader, &inquiry, ret_query);
}

void desk_serve_usage(struct exchange *exchange, const struct desk *desk, const struct face_means *means)
{
    struct usage_errand *own = arena_new(exchange->arena, struct usage_errand);
    struct call *call = desk_call(exchange, desk);
    own->call = call;
    enum outcome outcome = settle(exchange, desk, call, store_reader(means->store), &own->query);
    if (outcome == OK)
        outcome = take_place(own);
    if (outcome == FAILED)
        call->refusal = REFUSED_store_unavailable;
    if (outcome != OK) {
        answer(exchange, desk, call, STR_NONE);
        return;
    }
    own->errand = (struct desk_errand){.exchange = exchange, .prove = look_up, .answer = answer_errand};
    own->desk = desk;
    arena_defer(exchange->arena, give_place, own);
    desk_errand_begin(&own->errand, means);
}
