#include "base/arena.h"
#include "http/inside.h"

/* Headers that the server itself understands. Those that may come once are refused when they come again. */
enum known {
    HOST,
    AUTHORIZATION,
    CONTENT_TYPE,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    FORWARDED_FOR,
    FORWARDED_HOST,
    KNOWN_COUNT,
};

#define NAME(text)                                                                                                   \
    {                                                                                                                \
        text, sizeof(text) - 1                                                                                       \
    }

static const struct {
    struct str name;
    bool may_repeat; /* the last one wins */
} known_headers[KNOWN_COUNT] = {
    [HOST] = {NAME("Host"), false},
    [AUTHORIZATION] = {NAME("Authorization"), false},
    [CONTENT_TYPE] = {NAME("Content-Type"), false},
    [CONTENT_LENGTH] = {NAME("Content-Length"), false},
    [TRANSFER_ENCODING] = {NAME("Transfer-Encoding"), false},
    [FORWARDED_FOR] = {NAME("X-Forwarded-For"), true},
    [FORWARDED_HOST] = {NAME("X-Forwarded-Host"), true},
};

struct head {
    struct served *served;
    struct request *request;
    const char *raw; /* the request line's first byte; libmicrohttpd has put NULs where parts end */
    size_t raw_len;
    struct str version;
    struct request_field *fields; /* values with the blanks at their end */
    size_t field_count;
    size_t field_room;
    struct str known[KNOWN_COUNT];
    bool is_known_repeated;
};

static enum MHD_Result add_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                 const char *value, size_t value_len)
{
    (void)kind;
    struct head *head = cls;
    if (head->field_count == head->field_room)
        return MHD_NO;
    head->fields[head->field_count++] = (struct request_field){{name, name_len}, {value, value_len}};
    return MHD_YES;
}

/* The NULs from `from` on, at most `max`. */
static size_t count_nuls(const struct head *head, const char *from, size_t max)
{
    size_t count = 0;
    while (count < max && from + count < head->raw + head->raw_len && from[count] == 0)
        count++;
    return count;
}

/* Blanks between the colon and the value. */
static bool is_colon_before(struct request_field field)
{
    const char *at = field.name.ptr + field.name.len + 1;
    while (at < field.value.ptr && (*at == ' ' || *at == '\t'))
        at++;
    return at == field.value.ptr;
}

/*
 * libmicrohttpd takes a NUL for the end of a part and glues folded lines to the header's name, so what it hands out
 * can differ from what a proxy in front of us has read. Its parts must therefore tile the head as it came:
 * every byte belongs to a part or to one of the separators between them. [RFC9112 2.2, 5.2]
 */
static bool is_head_whole(const struct head *head)
{
    const char *raw_end = head->raw + head->raw_len;
    const struct request *request = &head->request[0];
    const char *target = request->method.ptr + request->method.len + 1;
    if (head->version.ptr != target + request->target.len + 1)
        return false;
    const char *at = head->version.ptr + head->version.len;
    for (size_t i = 0; i < head->field_count; i++) {
        struct request_field field = head->fields[i];
        size_t line_end = count_nuls(head, at, 2);
        if (line_end == 0 || field.name.ptr != at + line_end || field.value.ptr > raw_end || !is_colon_before(field))
            return false;
        at = field.value.ptr + field.value.len;
    }
    size_t head_end = count_nuls(head, at, 4);
    return head_end >= 2 && at + head_end == raw_end;
}

static bool find_known(struct str name, size_t *ret_known)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (str_equal_nocase(name, known_headers[i].name)) {
            *ret_known = i;
            return true;
        }
    }
    return false;
}

static void note_known(struct head *head, struct request_field field)
{
    size_t known;
    if (!find_known(field.name, &known))
        return;
    if (str_is_present(head->known[known]) && !known_headers[known].may_repeat)
        head->is_known_repeated = true;
    head->known[known] = field.value;
}

static bool are_fields_fit(struct head *head)
{
    for (size_t i = 0; i < head->field_count; i++) {
        struct request_field *field = &head->fields[i];
        if (!header_may_be_name(field->name) || (field->value.len > 0 && !header_may_be_value(field->value)))
            return false;
        note_known(head, *field);
        field->value = str_trim(field->value);
    }
    return !head->is_known_repeated;
}

/* libmicrohttpd reads a body by Transfer-Encoding when both are there and knows no coding but a bare "chunked".
 * [RFC9112 6.1, 6.3] */
static bool is_body_framed(const struct head *head)
{
    struct str coding = head->known[TRANSFER_ENCODING];
    if (!str_is_present(coding))
        return true;
    return !str_is_present(head->known[CONTENT_LENGTH]) && str_equal_nocase(coding, STR("chunked")) &&
           str_equal(head->version, STR("HTTP/1.1"));
}

static bool is_host_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' ||
           byte == '_' || byte == '~' || byte == '%' || byte == '!' || byte == '$' || byte == '&' || byte == '\'' ||
           byte == '(' || byte == ')' || byte == '*' || byte == '+' || byte == ',' || byte == ';' || byte == '=';
}

static bool is_host(struct str host)
{
    struct address address;
    if (host.len > 0 && host.ptr[0] == '[')
        return address_parse(host, &address) && address.kind != ADDRESS_NONE;
    for (size_t i = 0; i < host.len; i++) {
        if (!is_host_byte(host.ptr[i]))
            return false;
    }
    return host.len > 0;
}

/* What stands behind the host; the port's digits may be missing. [RFC3986 3.2.3] */
static bool is_port_or_end(struct str text)
{
    unsigned port;
    if (text.len == 0)
        return true;
    return text.ptr[0] == ':' && (text.len == 1 || port_parse(str_slice(text, 1, text.len), &port));
}

static struct str lower(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++)
        copy[i] = (char)(text.ptr[i] >= 'A' && text.ptr[i] <= 'Z' ? text.ptr[i] + ('a' - 'A') : text.ptr[i]);
    return (struct str){copy, text.len};
}

/* "Example.org:8080" to authority and host. [RFC9110 7.2] */
static bool take_authority(struct head *head, struct str authority)
{
    struct str name = lower(head->served->exchange.arena, authority);
    size_t host_len = name.len > 0 && name.ptr[0] == '[' ? str_find(name, ']') + 1 : str_find(name, ':');
    struct str host = str_slice(name, 0, host_len);
    struct str rest = str_slice(name, host_len, name.len);
    if (!is_host(host) || !is_port_or_end(rest))
        return false;
    head->request->authority = authority;
    head->request->host = host;
    return true;
}

/* The scheme of an absolute target and the "://" behind it; 0 when the target is no such. */
static size_t scheme_len(struct str target)
{
    if (str_has_prefix_nocase(target, STR("http://")))
        return sizeof("http://") - 1;
    if (str_has_prefix_nocase(target, STR("https://")))
        return sizeof("https://") - 1;
    return 0;
}

static void split_path(struct request *request, struct str path)
{
    size_t mark = str_find(path, '?');
    request->path = str_slice(path, 0, mark);
    request->query = mark < path.len ? str_slice(path, mark + 1, path.len) : STR_NONE;
}

/* The four forms of [RFC9112 3.2]; an absolute one outranks Host. */
static bool read_target(struct head *head)
{
    struct request *request = head->request;
    struct str target = request->target;
    for (size_t i = 0; i < target.len; i++) {
        if ((unsigned char)target.ptr[i] <= 0x20 || target.ptr[i] == 0x7f)
            return false;
    }
    split_path(request, target);
    if (target.len > 0 && target.ptr[0] == '/')
        return true;
    size_t scheme = scheme_len(target);
    if (scheme == 0)
        return str_equal(target, STR("*")) || str_equal(request->method, STR("CONNECT"));
    struct str rest = str_slice(target, scheme, target.len);
    size_t end = 0;
    while (end < rest.len && rest.ptr[end] != '/' && rest.ptr[end] != '?')
        end++;
    split_path(request, str_slice(rest, end, rest.len));
    if (request->path.len == 0)
        request->path = STR("/");
    return take_authority(head, str_slice(rest, 0, end));
}

static bool read_host(struct head *head)
{
    struct str host = head->known[HOST];
    if (!str_is_present(host))
        return !str_equal(head->version, STR("HTTP/1.1"));
    bool is_absolute = str_is_present(head->request->authority);
    struct str authority = head->request->authority;
    struct str name = head->request->host;
    if (!take_authority(head, str_trim(host)))
        return false;
    if (is_absolute) {
        head->request->authority = authority;
        head->request->host = name;
    }
    return true;
}

/* The list of every X-Forwarded-For, as one. */
static struct str join_forwarded(const struct head *head)
{
    struct buf list;
    buf_init(&list, head->served->exchange.arena, head->raw_len);
    for (size_t i = 0; i < head->field_count; i++) {
        if (!str_equal_nocase(head->fields[i].name, known_headers[FORWARDED_FOR].name))
            continue;
        if (list.len > 0)
            buf_add_char(&list, ',');
        buf_add(&list, head->fields[i].value);
    }
    return buf_str(&list);
}

/* What the nearest proxy wrote stands at the end. */
static struct str last_of_list(struct str list)
{
    struct str part = STR_NONE;
    while (str_next(&list, ',', &part)) {
    }
    return str_trim(part);
}

static bool believe_proxy(struct head *head)
{
    const struct server *server = head->served->connection->pool->server;
    struct request *request = head->request;
    struct address client;
    if (str_is_present(head->known[FORWARDED_FOR]) &&
        address_forwarded(join_forwarded(head), server->trusted, server->trusted_count, &client))
        request->client_address = address_write(head->served->exchange.arena, &client);
    if (!str_is_present(head->known[FORWARDED_HOST]))
        return true;
    return take_authority(head, last_of_list(head->known[FORWARDED_HOST]));
}

static void read_length(struct head *head)
{
    int64_t len;
    head->served->is_chunked = str_is_present(head->known[TRANSFER_ENCODING]);
    struct str text = head->known[CONTENT_LENGTH];
    if (!str_is_present(text) || !str_parse_int(text, &len) || len < 0)
        return;
    head->served->announced_len = (size_t)len;
}

static void collect_fields(struct head *head)
{
    int count = MHD_get_connection_values_n(head->served->mhd, MHD_HEADER_KIND, NULL, NULL);
    head->field_room = count > 0 ? (size_t)count : 0;
    head->fields = arena_array(head->served->exchange.arena, struct request_field, head->field_room);
    MHD_get_connection_values_n(head->served->mhd, MHD_HEADER_KIND, add_field, head);
    head->request->fields = head->fields;
    head->request->field_count = head->field_count;
}

static void find_raw(struct head *head)
{
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(head->served->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    head->raw = head->request->method.ptr;
    head->raw_len = size ? size->header_size : 0;
    head->served->head_len = head->raw_len;
}

static enum http_limit check_size(const struct head *head)
{
    const struct server_options *options = &head->served->connection->pool->server->options;
    if (head->request->target.len > options->header_max)
        return URI_TOO_LONG;
    if (head->raw_len > options->header_max || head->field_count > options->header_count_max)
        return HEADERS_TOO_LARGE;
    return WITHIN_LIMITS;
}

void head_read(struct served *served, const char *method, const char *version)
{
    struct request *request = &served->exchange.request;
    struct head head = {.served = served, .request = request, .version = str_of(version)};
    request->method = str_of(method);
    request->client_address = str_of(served->connection->peer);
    find_raw(&head);
    collect_fields(&head);
    /* First where it goes: what is wrong with it is then told in the shape of that place. */
    bool is_whole = is_head_whole(&head); /* before the fields are trimmed */
    bool has_fields = are_fields_fit(&head);
    bool has_place = read_target(&head) && read_host(&head);
    bool is_fit = is_whole && has_fields && has_place && header_may_be_name(request->method) && is_body_framed(&head);
    if (is_fit && served->connection->is_trusted)
        is_fit = believe_proxy(&head);
    served->is_awaited = str_is_present(request_header(&served->exchange, "Expect"));
    served->is_old = str_equal(head.version, STR("HTTP/1.0"));
    request->authorization = str_trim(head.known[AUTHORIZATION]);
    request->content_type = str_trim(head.known[CONTENT_TYPE]);
    read_length(&head);
    served->exchange.limit = check_size(&head);
    if (served->exchange.limit == WITHIN_LIMITS && !is_fit)
        served->exchange.limit = REQUEST_MALFORMED;
}

static enum MHD_Result add_known_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                       const char *value, size_t value_len)
{
    size_t known;
    if (!find_known((struct str){name, name_len}, &known))
        return MHD_YES;
    return add_field(cls, kind, name, name_len, value, value_len);
}

/*
 * libmicrohttpd hands out the method with a whole head only. The request line stands at the beginning of its memory,
 * which malloc or mmap have placed at a multiple of LINE_ALIGNMENT, and the method before the target: so from the
 * target back to the nearest multiple it is all its memory. A longer method than that, and no API has one, is cut.
 */
#define LINE_ALIGNMENT 16

static struct str find_method(const char *target)
{
    const char *end = target - 1;
    const char *line = end - (uintptr_t)end % LINE_ALIGNMENT;
    while (end > line && (*end == ' ' || *end == 0))
        end--;
    const char *method = end;
    while (method > line && header_may_be_name((struct str){method - 1, 1}))
        method--;
    return (struct str){method, (size_t)(end + 1 - method)};
}

struct glance head_glance(const struct served *served, struct arena *arena)
{
    struct head head = {.field_room = 2 * KNOWN_COUNT};
    head.fields = arena_array(arena, struct request_field, head.field_room);
    MHD_get_connection_values_n(served->mhd, MHD_HEADER_KIND, add_known_field, &head);
    for (size_t i = 0; i < head.field_count; i++) {
        struct request_field *field = &head.fields[i];
        *field = (struct request_field){arena_str(arena, field->name), arena_str(arena, field->value)};
    }
    bool is_line_kept = served->stage == STAGE_HEAD && served->exchange.request.target.len > 0;
    struct str method = is_line_kept ? find_method(served->line_target) : served->exchange.request.method;
    return (struct glance){arena_str(arena, method), head.fields, head.field_count};
}

void head_read_glance(struct served *served, const struct glance *glance)
{
    struct arena *arena = served->exchange.arena;
    struct request *request = &served->exchange.request;
    struct head head = {.served = served, .request = request, .field_count = glance->field_count};
    *request = (struct request){.method = arena_str(arena, glance->method),
                                .target = request->target,
                                .client_address = str_of(served->connection->peer)};
    head.fields = arena_array(arena, struct request_field, head.field_count);
    for (size_t i = 0; i < head.field_count; i++) {
        struct request_field field = glance->fields[i];
        head.fields[i] = (struct request_field){arena_str(arena, field.name), arena_str(arena, field.value)};
        note_known(&head, head.fields[i]);
    }
    if (read_target(&head) && read_host(&head) && served->connection->is_trusted)
        believe_proxy(&head);
}
