#include "http/message.h"

#include <assert.h>

#include "base/arena.h"
#include "base/log.h"

struct str request_header(const struct exchange *exchange, const char *name)
{
    const struct request *request = &exchange->request;
    struct str wanted = str_of(name);
    for (size_t i = 0; i < request->field_count; i++) {
        if (str_equal_nocase(request->fields[i].name, wanted))
            return request->fields[i].value;
    }
    return STR_NONE;
}

/* Both are asked for every header that comes or goes. No way out of the loop before its end: so the compiler looks
 * at many bytes at once. */
bool header_may_be_value(struct str text)
{
    unsigned unfit = text.len == 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        unfit |= (byte < 0x20 && byte != '\t') | (byte == 0x7f);
    }
    return !unfit;
}

bool header_may_be_name(struct str text)
{
    /* tchar [RFC9110 5.6.2], a bit for each of the first 128 characters */
    static const uint64_t fit[4] = {UINT64_C(0x03ff6cfa00000000), UINT64_C(0x57ffffffc7fffffe), 0, 0};
    uint64_t all_fit = text.len > 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        all_fit &= fit[byte >> 6] >> (byte & 63);
    }
    return all_fit;
}

static void add_header(struct exchange *exchange, struct str name, struct str value, bool varies)
{
    if (!header_may_be_name(name) || !header_may_be_value(value)) {
        log_event(LOG_WARNING, "reply_header_left_out", log_text("exchange", exchange->id), log_text("name", name));
        return;
    }
    struct response *response = &exchange->response;
    struct response_header *header = arena_new(exchange->arena, struct response_header);
    header->name = name;
    header->value = value;
    header->varies = varies;
    if (!response->headers)
        response->last_header = &response->headers;
    *response->last_header = header;
    response->last_header = &header->next;
}

void response_header_add(struct exchange *exchange, struct str name, struct str value)
{
    add_header(exchange, name, value, false);
}

void response_header_vary(struct exchange *exchange, struct str name, struct str value)
{
    add_header(exchange, name, value, true);
}

void response_answer(struct exchange *exchange, unsigned status, struct str content_type, struct str body)
{
    assert(status >= 200 && status <= 599);
    assert(exchange->response.status == 0);
    if (str_is_present(content_type))
        response_header_add(exchange, STR("Content-Type"), content_type);
    exchange->response.status = status;
    exchange->response.body = body;
}

static char fold(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return (char)(byte + ('a' - 'A'));
    bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
    return is_plain ? byte : '-';
}

bool header_begins_like(struct str name, struct str known)
{
    if (name.len < known.len)
        return false;
    for (size_t i = 0; i < known.len; i++)
        if (fold(name.ptr[i]) != known.ptr[i])
            return false;
    return true;
}

bool header_is_like(struct str name, struct str known)
{
    return name.len == known.len && header_begins_like(name, known);
}
