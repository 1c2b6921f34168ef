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

static bool is_control(char byte)
{
    return ((unsigned char)byte < 0x20 && byte != '\t') || byte == 0x7f;
}

bool header_may_be_value(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_control(text.ptr[i]))
            return false;
    }
    return text.len > 0;
}

bool header_may_be_name(struct str text)
{
    static const char signs[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool is_digit = byte >= '0' && byte <= '9';
        if (!is_letter && !is_digit && (byte == 0 || !strchr(signs, byte)))
            return false;
    }
    return text.len > 0;
}

void response_header_add(struct exchange *exchange, struct str name, struct str value)
{
    if (!header_may_be_name(name) || !header_may_be_value(value)) {
        log_event(LOG_WARNING, "reply_header_left_out", log_text("exchange", exchange->id), log_text("name", name));
        return;
    }
    struct response *response = &exchange->response;
    struct response_header *header = arena_new(exchange->arena, struct response_header);
    header->name = name;
    header->value = value;
    if (!response->headers)
        response->last_header = &response->headers;
    *response->last_header = header;
    response->last_header = &header->next;
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
