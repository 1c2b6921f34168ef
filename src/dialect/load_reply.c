/*
 * load_reply.c — the replies and errors of a dialect.
 */
#include "base/arena.h"
#include "base/mistake.h"
#include "base/yaml.h"
#include "dialect/shape.h"
#include "http/message.h"
#include "oauth/limit.h"

/* More headers than a reply can sensibly have. */
#define HEADERS_MAX 24

static const char *const reply_keys[] = {"status", "body", "content_type", "headers", NULL};

static void put_header(struct header_template *headers, size_t *count, struct header_template header)
{
    for (size_t i = 0; i < *count; i++) {
        if (str_equal_nocase(headers[i].name, header.name)) {
            headers[i] = header;
            return;
        }
    }
    if (*count < HEADERS_MAX)
        headers[(*count)++] = header;
}

/* Lays the headers of `map` over those that are there; an empty value takes one away. */
static void load_headers(struct loader *loader, const struct yaml_node *map, struct reply_shape *reply)
{
    struct header_template headers[HEADERS_MAX];
    size_t count = reply->header_count;
    if (!map)
        return;
    if (count)
        memcpy(headers, reply->headers, count * sizeof(*headers));
    for (const struct yaml_node *member = map->child; member; member = member->next) {
        if (!header_may_be_name(member->key))
            load_mistake(loader, member, member->key, "a header's name");
        const struct text_template *value = yaml_is_null(member) ? NULL : load_template(loader, member);
        bool tells_limits = value && text_template_facts(value) & limit_facts();
        put_header(headers, &count,
                   (struct header_template){.name = member->key, .value = value, .tells_limits = tells_limits});
    }
    struct header_template *kept = arena_array(loader->arena, struct header_template, count + 1);
    reply->header_count = 0;
    for (size_t i = 0; i < count; i++)
        if (headers[i].value)
            kept[reply->header_count++] = headers[i];
    reply->headers = kept;
}

static void note_facts(struct reply_shape *reply)
{
    reply->body_facts = reply->body ? json_template_facts(reply->body) : 0;
    reply->facts = reply->body_facts;
    for (size_t i = 0; i < reply->header_count; i++)
        reply->facts |= text_template_facts(reply->headers[i].value);
}

static void lay_over(struct loader *loader, const struct yaml_node *map, struct reply_shape *reply)
{
    const struct yaml_node *member;
    if (!map)
        return;
    if ((member = yaml_member(map, "status")))
        reply->status = (unsigned)load_int(loader, member, 200, 599);
    if ((member = yaml_member(map, "body")))
        reply->body = yaml_is_null(member) ? NULL : load_json(loader, member);
    if ((member = yaml_member(map, "content_type")))
        reply->content_type = load_text(loader, member);
    load_headers(loader, yaml_member(map, "headers"), reply);
    note_facts(reply);
}

/* What every reply of the dialect has. */
static struct reply_shape load_base(struct loader *loader)
{
    struct reply_shape reply = {.status = 200, .content_type = STR("application/json")};
    const struct yaml_node *content_type = yaml_member(loader->root, "content_type");
    if (content_type)
        reply.content_type = load_text(loader, content_type);
    load_headers(loader, yaml_member(loader->root, "headers"), &reply);
    note_facts(&reply);
    return reply;
}

void load_reply_variant(struct loader *loader, const struct yaml_node *map, const struct reply_shape *base,
                        struct reply_shape *ret_reply)
{
    *ret_reply = *base;
    if (map)
        load_only(loader, map, reply_keys);
    lay_over(loader, map, ret_reply);
}

void load_reply(struct loader *loader, const struct yaml_node *map, struct reply_shape *ret_reply)
{
    struct reply_shape base = load_base(loader);
    load_reply_variant(loader, map, &base, ret_reply);
}

static unsigned default_status(enum refusal refusal)
{
    static const struct {
        enum refusal refusal;
        unsigned status;
    } by_name[] = {
        {REFUSED_body_too_large, 413},      {REFUSED_headers_too_large, 431},  {REFUSED_uri_too_long, 414},
        {REFUSED_version_unsupported, 505}, {REFUSED_method_not_allowed, 405}, {REFUSED_body_kind_wrong, 415},
    };
    static const struct {
        struct str error;
        unsigned status;
    } by_error[] = {
        {STR_INIT("invalid_client"), 401},
        {STR_INIT("token_missing"), 401},
        {STR_INIT("invalid_token"), 401},
        {STR_INIT("insufficient_scope"), 403},
        {STR_INIT("forbidden"), 403},
        {STR_INIT("not_found"), 404},
        {STR_INIT("temporarily_unavailable"), 503},
        {STR_INIT("rate_limited"), 429},
        {STR_INIT("bad_gateway"), 502},
        {STR_INIT("gateway_timeout"), 504},
    };
    for (size_t i = 0; i < sizeof(by_name) / sizeof(*by_name); i++)
        if (by_name[i].refusal == refusal)
            return by_name[i].status;
    for (size_t i = 0; i < sizeof(by_error) / sizeof(*by_error); i++)
        if (str_equal(by_error[i].error, refusal_words(refusal)->error))
            return by_error[i].status;
    return 400;
}

/* A null takes away what was there. */
static void lay_template_over(struct loader *loader, const struct yaml_node *map, const char *key,
                              const struct text_template **template)
{
    const struct yaml_node *member = yaml_member(map, key);
    if (member)
        *template = yaml_is_null(member) ? NULL : load_template(loader, member);
}

static void lay_error_over(struct loader *loader, const struct yaml_node *map, struct error_shape *shape)
{
    const struct template_names *names = &loader->dialect->names;
    if (!map)
        return;
    lay_over(loader, map, &shape->reply);
    if (yaml_member(map, "status"))
        shape->status = shape->reply.status;
    lay_template_over(loader, map, "error", &shape->error);
    lay_template_over(loader, map, "error_description", &shape->error_description);
    lay_template_over(loader, map, "challenge", &shape->challenge);
    for (size_t i = 0; i < names->extra_count; i++)
        lay_template_over(loader, map, arena_cstr(loader->arena, names->extra[i]), &shape->extra[i]);
}

/* `error_shape` keys are read of the section; any other key must name an error code or a refusal. */
static bool is_error_name(struct str name)
{
    for (int refusal = NOT_REFUSED + 1; refusal < REFUSAL_COUNT; refusal++) {
        const struct refusal_words *words = refusal_words((enum refusal)refusal);
        if (str_equal(name, words->name) || str_equal(name, words->error))
            return true;
    }
    return false;
}

static void check_entry(struct loader *loader, const struct yaml_node *entry)
{
    const struct template_names *names = &loader->dialect->names;
    const char *keys[10 + TEMPLATE_EXTRA_MAX] = {"status", "error",   "error_description", "challenge",
                                                 "body",   "headers", "content_type"};
    for (size_t i = 0; i < names->extra_count; i++)
        keys[7 + i] = arena_cstr(loader->arena, names->extra[i]);
    load_only(loader, entry, keys);
}

static void check_section(struct loader *loader, const struct yaml_node *map)
{
    for (const struct yaml_node *member = map->child; member; member = member->next) {
        if (str_equal(member->key, STR("body")) || str_equal(member->key, STR("headers")) ||
            str_equal(member->key, STR("content_type")))
            continue;
        if (!is_error_name(member->key))
            load_mistake(loader, member, member->key,
                         "body, headers, content_type or the name of an error or refusal");
        else
            check_entry(loader, member);
    }
}

void load_errors(struct loader *loader, const struct yaml_node *map, struct error_shape *ret_errors)
{
    check_section(loader, map);
    struct error_shape base = {0};
    base.reply = load_base(loader);
    lay_over(loader, map, &base.reply);
    for (int i = NOT_REFUSED + 1; i < REFUSAL_COUNT; i++) {
        enum refusal refusal = (enum refusal)i;
        const struct refusal_words *words = refusal_words(refusal);
        struct error_shape *shape = &ret_errors[refusal];
        *shape = base;
        shape->status = default_status(refusal);
        lay_error_over(loader, yaml_member(map, arena_cstr(loader->arena, words->error)), shape);
        lay_error_over(loader, yaml_member(map, arena_cstr(loader->arena, words->name)), shape);
    }
}
