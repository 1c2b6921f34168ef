/*
 * share.c — replies that a worker keeps and gives again.
 */
#include <assert.h>

#include "base/arena.h"
#include "http/inside.h"

/* More than any dialect has; one more would stay out of the reply. */
#define VARIED_MAX 8

/* A header that varies, as the last use had it: name and value with an end behind each. */
struct varied {
    char *text; /* NULL: none */
    size_t name_len;
    size_t value_len;
    size_t room;
};

/*
 * libmicrohttpd writes a reply's headers out before it calls a handler again on the same thread, so the few headers
 * that differ can be exchanged between two uses.
 */
struct shared_reply {
    struct MHD_Response *mhd;
    unsigned status;
    char id[2 * sizeof(uint64_t) + 1];
    struct varied varied[VARIED_MAX];
    size_t varied_count;
};

static enum MHD_Result set_reply_id(struct shared_reply *reply, struct str id)
{
    if (reply->id[0])
        MHD_del_response_header(reply->mhd, "X-Request-Id", reply->id);
    memcpy(reply->id, id.ptr, sizeof(reply->id) - 1);
    return MHD_add_response_header(reply->mhd, "X-Request-Id", reply->id);
}

static bool is_same(const struct varied *varied, const struct response_header *header)
{
    return str_equal((struct str){varied->text, varied->name_len}, header->name) &&
           str_equal((struct str){varied->text + varied->name_len + 1, varied->value_len}, header->value);
}

static void drop_varied(struct shared_reply *reply, const struct varied *varied)
{
    MHD_del_response_header(reply->mhd, varied->text, varied->text + varied->name_len + 1);
}

static enum MHD_Result add_varied(struct shared_reply *reply, struct varied *varied,
                                  const struct response_header *header)
{
    size_t size = header->name.len + header->value.len + 2;
    if (size > varied->room) {
        varied->text = memory_resize(varied->text, size);
        varied->room = size;
    }
    varied->name_len = header->name.len;
    varied->value_len = header->value.len;
    char *value = varied->text + header->name.len + 1;
    memcpy(varied->text, header->name.ptr, header->name.len);
    memcpy(value, header->value.ptr, header->value.len);
    varied->text[header->name.len] = value[header->value.len] = 0;
    return MHD_add_response_header(reply->mhd, varied->text, value);
}

/* What has not changed since the last use stays as it is. */
static enum MHD_Result set_varied(struct shared_reply *reply, const struct response_header *header)
{
    size_t count = 0;
    bool is_fine = true;
    for (; header && is_fine; header = header->next) {
        struct varied *varied = &reply->varied[count];
        if (!header->varies || count == VARIED_MAX)
            continue;
        bool is_there = count++ < reply->varied_count;
        if (is_there && is_same(varied, header))
            continue;
        if (is_there)
            drop_varied(reply, varied);
        is_fine = add_varied(reply, varied, header) == MHD_YES;
    }
    for (size_t i = count; i < reply->varied_count; i++)
        drop_varied(reply, &reply->varied[i]);
    reply->varied_count = is_fine ? count : count - 1;
    return is_fine ? MHD_YES : MHD_NO;
}

enum MHD_Result share_send(struct served *served, struct shared_reply *reply)
{
    if (set_reply_id(reply, served->exchange.id) != MHD_YES ||
        set_varied(reply, served->exchange.response.headers) != MHD_YES)
        return MHD_NO;
    return MHD_queue_response(served->mhd, reply->status, reply->mhd);
}

struct shared_reply *response_share(struct exchange *exchange)
{
    struct served *served = served_of(exchange);
    assert(exchange->response.status != 0 && !exchange->response.shared);
    struct MHD_Response *mhd = reply_must_close(served) ? NULL : reply_create(served, KEPT_TO_SHARE);
    if (!mhd)
        return NULL;
    struct shared_reply *reply = memory_alloc(sizeof(*reply));
    reply->mhd = mhd;
    reply->status = exchange->response.status;
    exchange->response.shared = reply;
    return reply;
}

bool response_give(struct exchange *exchange, struct shared_reply *reply)
{
    assert(exchange->response.status == 0);
    if (reply_must_close(served_of(exchange)))
        return false;
    exchange->response.status = reply->status;
    exchange->response.shared = reply;
    return true;
}

void shared_reply_release(struct shared_reply *reply)
{
    MHD_destroy_response(reply->mhd);
    for (size_t i = 0; i < VARIED_MAX; i++)
        memory_free(reply->varied[i].text);
    memory_free(reply);
}
