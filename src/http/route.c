#include "http/route.h"

#include "base/arena.h"
#include "base/buf.h"

#define FIRST_SLOT_COUNT 64 /* a power of two, as all slot counts are */
#define METHODS_MAX_LEN  1024

/* All routes with one host, path and is_prefix hang on one node. */
struct node {
    struct node *next_method;
    struct route route;
};

struct route_table {
    struct arena *arena;
    struct node **slots; /* open addressing, at most half full */
    size_t slot_count;
    size_t key_count;
    size_t *prefix_lens; /* the distinct ones, longest first */
    size_t prefix_len_count;
};

struct key {
    struct str host;
    struct str path;
    bool is_prefix;
};

struct route_table *route_table_create(struct arena *arena)
{
    struct route_table *table = arena_new(arena, struct route_table);
    table->arena = arena;
    table->slot_count = FIRST_SLOT_COUNT;
    table->slots = arena_array(arena, struct node *, FIRST_SLOT_COUNT);
    return table;
}

static struct key key_of(const struct route *route)
{
    return (struct key){route->host, route->path, route->is_prefix};
}

static bool is_key_of(const struct route *route, struct key key)
{
    return route->is_prefix == key.is_prefix && str_is_present(route->host) == str_is_present(key.host) &&
           str_equal(route->path, key.path) && str_equal(route->host, key.host);
}

static uint64_t hash_key(struct key key)
{
    uint64_t hash = str_hash(key.path) + key.is_prefix;
    return str_is_present(key.host) ? hash ^ (str_hash(key.host) * 31 + 1) : hash;
}

/* Where the key is, or the empty slot where it belongs. */
static struct node **find_slot(const struct route_table *table, struct key key)
{
    size_t mask = table->slot_count - 1;
    size_t at = hash_key(key) & mask;
    while (table->slots[at] && !is_key_of(&table->slots[at]->route, key))
        at = (at + 1) & mask;
    return &table->slots[at];
}

static void grow(struct route_table *table)
{
    struct node **old = table->slots;
    size_t old_count = table->slot_count;
    table->slot_count *= 2;
    table->slots = arena_array(table->arena, struct node *, table->slot_count);
    for (size_t i = 0; i < old_count; i++) {
        if (old[i])
            *find_slot(table, key_of(&old[i]->route)) = old[i];
    }
}

static void note_prefix_len(struct route_table *table, size_t len)
{
    size_t at = 0;
    while (at < table->prefix_len_count && table->prefix_lens[at] > len)
        at++;
    if (at < table->prefix_len_count && table->prefix_lens[at] == len)
        return;
    size_t *lens = arena_array(table->arena, size_t, table->prefix_len_count + 1);
    for (size_t i = 0; i < at; i++)
        lens[i] = table->prefix_lens[i];
    lens[at] = len;
    for (size_t i = at; i < table->prefix_len_count; i++)
        lens[i + 1] = table->prefix_lens[i];
    table->prefix_lens = lens;
    table->prefix_len_count++;
}

static bool are_methods_apart(struct str a, struct str b)
{
    return str_is_present(a) && str_is_present(b) && !str_equal(a, b);
}

bool route_add(struct route_table *table, struct route route, const struct route **ret_taken)
{
    struct node **slot = find_slot(table, key_of(&route));
    struct node **end = slot;
    for (; *end; end = &(*end)->next_method) {
        if (!are_methods_apart((*end)->route.method, route.method)) {
            *ret_taken = &(*end)->route;
            return false;
        }
    }
    bool is_new_key = !*slot;
    struct node *node = arena_new(table->arena, struct node);
    node->route = route;
    *end = node;
    if (route.is_prefix)
        note_prefix_len(table, route.path.len);
    if (is_new_key && ++table->key_count * 2 > table->slot_count)
        grow(table);
    return true;
}

/* What is being looked up, and the best route so far whose method does not fit. */
struct search {
    const struct route_table *table;
    struct str host;
    struct str path;
    struct str method;
    const struct route *other_method;
    struct buf *methods; /* NULL, or collects instead of finding */
};

static bool has_word(struct str list, struct str word)
{
    struct str part;
    while (str_next(&list, ',', &part)) {
        if (str_equal(str_trim(part), word))
            return true;
    }
    return false;
}

static void collect_method(struct buf *methods, struct str method)
{
    if (!str_is_present(method) || has_word(buf_str(methods), method))
        return;
    if (methods->len > 0)
        buf_add(methods, STR(", "));
    buf_add(methods, method);
}

static const struct route *search_key(struct search *search, struct key key)
{
    for (const struct node *node = *find_slot(search->table, key); node; node = node->next_method) {
        if (search->methods) {
            collect_method(search->methods, node->route.method);
            continue;
        }
        if (!str_is_present(node->route.method) || str_equal(node->route.method, search->method))
            return &node->route;
        if (!search->other_method)
            search->other_method = &node->route;
    }
    return NULL;
}

/* A prefix ends where a segment of the path ends. */
static bool may_be_prefix(struct str path, size_t len)
{
    return len <= path.len && (len == path.len || path.ptr[len] == '/' || path.ptr[len - 1] == '/');
}

static const struct route *search_host(struct search *search, struct str host)
{
    const struct route *route = search_key(search, (struct key){host, search->path, false});
    for (size_t i = 0; !route && i < search->table->prefix_len_count; i++) {
        size_t len = search->table->prefix_lens[i];
        if (may_be_prefix(search->path, len))
            route = search_key(search, (struct key){host, str_slice(search->path, 0, len), true});
    }
    return route;
}

static const struct route *search_all(struct search *search)
{
    const struct route *route = str_is_present(search->host) ? search_host(search, search->host) : NULL;
    return route ? route : search_host(search, STR_NONE);
}

enum route_found route_find(const struct route_table *table, struct str host, struct str path, struct str method,
                            const struct route **ret_route)
{
    struct search search = {.table = table, .host = host, .path = path, .method = method};
    const struct route *route = search_all(&search);
    if (!route && !search.other_method)
        return ROUTE_NO_PATH;
    *ret_route = route ? route : search.other_method;
    return route ? ROUTE_FOUND : ROUTE_NO_METHOD;
}

struct str route_methods(const struct route_table *table, struct arena *arena, struct str host, struct str path)
{
    struct buf methods;
    buf_init(&methods, arena, METHODS_MAX_LEN);
    struct search search = {.table = table, .host = host, .path = path, .methods = &methods};
    search_all(&search);
    return buf_str(&methods);
}
