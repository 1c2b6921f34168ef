#include "web/form.h"

#include "base/arena.h"
#include "http/message.h"

static bool has_field(const struct form *form, struct str name)
{
    for (size_t i = 0; i < form->count; i++)
        if (str_equal(form->fields[i].name, name))
            return true;
    return false;
}

static bool read_pair(struct arena *arena, struct str pair, struct form *form)
{
    struct form_field field;
    size_t equals = str_find(pair, '=');
    if (!form_decode(arena, str_slice(pair, 0, equals), &field.name) ||
        !form_decode(arena, str_slice(pair, equals + 1, pair.len), &field.value))
        return false;
    if (form->count == FORM_FIELDS_MAX || has_field(form, field.name) || !str_is_utf8(field.name) ||
        !str_is_utf8(field.value))
        return false;
    form->fields[form->count++] = field;
    return true;
}

static bool read_pairs(struct arena *arena, struct str text, struct form *form)
{
    struct str rest = text, pair;
    form->count = 0;
    while (rest.len && str_next(&rest, '&', &pair))
        if (pair.len && !read_pair(arena, pair, form))
            return false;
    return true;
}

bool form_read(const struct exchange *exchange, struct form *ret_form)
{
    const struct request *request = &exchange->request;
    struct str media = str_trim(str_slice(request->content_type, 0, str_find(request->content_type, ';')));
    return str_equal_nocase(media, STR("application/x-www-form-urlencoded")) &&
           read_pairs(exchange->arena, request->body, ret_form);
}

bool form_read_query(const struct exchange *exchange, struct form *ret_form)
{
    return read_pairs(exchange->arena, exchange->request.query, ret_form);
}

struct str form_value(const struct form *form, const char *name)
{
    struct str wanted = str_of(name);
    for (size_t i = 0; i < form->count; i++)
        if (str_equal(form->fields[i].name, wanted))
            return form->fields[i].value;
    return STR_NONE;
}
