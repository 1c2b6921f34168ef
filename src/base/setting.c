#include "base/setting.h"

#include <assert.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mistake.h"
#include "base/yaml.h"

#define ALLOWED_MAX 2048
/* A slip of the finger; more is another word. */
#define NEAR_DISTANCE 2
#define KEY_LEN_MAX   64

struct reading {
    struct str file;
    struct mistakes *mistakes;
};

static void read_rows(struct reading *reading, const struct setting *rows, const struct yaml_node *map, void *record);
static void read_present(struct reading *reading, const struct setting *row, const struct yaml_node *node,
                         void *record);

static void *find_place(void *record, struct setting_place place)
{
    return (char *)record + place.offset;
}

static void store_integer(void *record, struct setting_place place, int64_t number)
{
    void *at = find_place(record, place);
    switch (place.size) {
    case sizeof(uint8_t):
        *(uint8_t *)at = (uint8_t)number;
        return;
    case sizeof(uint32_t):
        memcpy(at, &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
        return;
    default:
        assert(place.size == sizeof(uint64_t));
        memcpy(at, &number, sizeof(number));
    }
}

static void add_allowed_choices(struct buf *out, const struct setting_choice *choices)
{
    for (const struct setting_choice *choice = choices; choice->name; choice++) {
        const char *between = choice == choices ? "" : choice[1].name ? ", " : " or ";
        buf_printf(out, "%s%s", between, choice->name);
    }
}

static void add_range(struct buf *out, const struct setting *row, const char *unit)
{
    if (row->least || row->most)
        buf_printf(out, "%lld to %lld%s", (long long)row->least, (long long)row->most, unit);
}

static void add_list(struct buf *out, const struct setting *row, const char *items)
{
    buf_add(out, STR("a list of "));
    add_range(out, row, " ");
    buf_add(out, str_of(items));
}

static void add_allowed(struct buf *out, const struct setting *row)
{
    switch (row->kind) {
    case SETTING_BOOL:
        buf_add(out, STR("true or false"));
        return;
    case SETTING_INTEGER:
        buf_add(out, STR("a whole number, "));
        add_range(out, row, "");
        return;
    case SETTING_SECONDS:
        add_range(out, row, " seconds (also as 90s, 15m, 8h, 28d)");
        if (row->may_be_never)
            buf_add(out, STR(", or never"));
        return;
    case SETTING_BYTES:
        add_range(out, row, " bytes (also as 64k, 1m)");
        return;
    case SETTING_TEXT:
        buf_add(out, row->allowed ? str_of(row->allowed) : STR("text"));
        return;
    case SETTING_CHOICE:
        add_allowed_choices(out, row->choices);
        return;
    case SETTING_TEXTS:
        if (row->takes_one)
            buf_add(out, STR("one, or "));
        add_list(out, row, row->allowed ? row->allowed : "texts");
        return;
    case SETTING_CHOICES:
        add_list(out, row, row->least ? "of " : "");
        add_allowed_choices(out, row->choices);
        return;
    case SETTING_SECTION:
        buf_add(out, STR("a section of keys"));
        return;
    case SETTING_LIST:
        add_list(out, row, "sections");
        return;
    case SETTING_MAP:
        buf_printf(out, "sections by name: %s", row->allowed);
        return;
    }
}

struct str setting_allowed(const struct setting *row, struct arena *arena)
{
    struct buf out;
    buf_init(&out, arena, ALLOWED_MAX);
    add_allowed(&out, row);
    return buf_str(&out);
}

static void refuse_node(struct reading *reading, const struct setting *row, const struct yaml_node *node)
{
    mistake_add(reading->mistakes, reading->file, node->line, node->path, yaml_show(reading->mistakes->arena, node),
                setting_allowed(row, reading->mistakes->arena));
}

static bool is_in_range(const struct setting *row, int64_t number)
{
    return (row->least == 0 && row->most == 0) || (number >= row->least && number <= row->most);
}

/* A number with one of the units at its end, `factors` in the order of `units`. */
static bool parse_measure(struct str text, const char *units, const int64_t *factors, int64_t *ret_number)
{
    int64_t factor = 1;
    const char *unit = text.len ? strchr(units, text.ptr[text.len - 1]) : NULL;
    if (unit && *unit) {
        factor = factors[unit - units];
        text.len--;
    }
    int64_t number;
    return str_parse_int(text, &number) && !__builtin_mul_overflow(number, factor, ret_number);
}

static bool parse_number(const struct setting *row, struct str text, int64_t *ret_number)
{
    static const int64_t span_factors[] = {1, 60, 3600, 86400};
    static const int64_t size_factors[] = {1024, 1024 * 1024};
    if (row->kind == SETTING_INTEGER)
        return str_parse_int(text, ret_number) && is_in_range(row, *ret_number);
    if (row->kind == SETTING_BYTES)
        return parse_measure(text, "km", size_factors, ret_number) && is_in_range(row, *ret_number);
    if (row->may_be_never && (str_equal(text, STR("never")) || str_equal(text, STR("0")))) {
        *ret_number = 0;
        return true;
    }
    return parse_measure(text, "smhd", span_factors, ret_number) && is_in_range(row, *ret_number);
}

static bool parse_choice(const struct setting *row, struct str text, int64_t *ret_value)
{
    for (const struct setting_choice *choice = row->choices; choice->name; choice++) {
        if (str_equal(text, str_of(choice->name))) {
            *ret_value = choice->value;
            return true;
        }
    }
    return false;
}

static bool parse_bool(struct str text, int64_t *ret_value)
{
    *ret_value = str_equal(text, STR("true"));
    return *ret_value || str_equal(text, STR("false"));
}

static bool is_fit_text(const struct setting *row, struct str text)
{
    return !row->is_fit || row->is_fit(text);
}

/* Puts a scalar's meaning in its place; false when it has none. */
static bool store_scalar(const struct setting *row, struct str text, void *record)
{
    if (row->kind == SETTING_TEXT) {
        if (!is_in_range(row, (int64_t)text.len) || !is_fit_text(row, text))
            return false;
        memcpy(find_place(record, row->place), &text, sizeof(text));
        return true;
    }
    int64_t value;
    bool is_fit = row->kind == SETTING_BOOL     ? parse_bool(text, &value)
                  : row->kind == SETTING_CHOICE ? parse_choice(row, text, &value)
                                                : parse_number(row, text, &value);
    if (is_fit)
        store_integer(record, row->place, value);
    return is_fit;
}

static void store_list(const struct setting *row, void *record, void *elements, size_t count)
{
    memcpy(find_place(record, row->place), &elements, sizeof(elements));
    memcpy(find_place(record, row->beside), &count, sizeof(count));
}

static size_t count_children(const struct yaml_node *node)
{
    size_t count = 0;
    for (const struct yaml_node *child = node->child; child; child = child->next)
        count++;
    return count;
}

static void read_texts(struct reading *reading, const struct setting *row, const struct yaml_node *node, void *record)
{
    bool is_one = node->kind == YAML_SCALAR;
    struct str *texts = arena_array(reading->mistakes->arena, struct str, is_one ? 1 : count_children(node));
    size_t count = 0;
    for (const struct yaml_node *item = is_one ? node : node->child; item; item = is_one ? NULL : item->next) {
        if (item->kind == YAML_SCALAR && !yaml_is_null(item) && is_fit_text(row, item->text))
            texts[count++] = item->text;
        else
            refuse_node(reading, row, item);
    }
    store_list(row, record, texts, count);
}

static void read_choices(struct reading *reading, const struct setting *row, const struct yaml_node *node,
                         void *record)
{
    int64_t bits = 0;
    for (const struct yaml_node *item = node->child; item; item = item->next) {
        int64_t bit;
        if (item->kind == YAML_SCALAR && parse_choice(row, item->text, &bit))
            bits |= bit;
        else
            refuse_node(reading, row, item);
    }
    store_integer(record, row->place, bits);
}

static void read_elements(struct reading *reading, const struct setting *row, const struct yaml_node *node,
                          void *record)
{
    size_t count = count_children(node);
    char *elements = arena_alloc(reading->mistakes->arena, count * row->element_size);
    char *element = elements;
    for (const struct yaml_node *child = node->child; child; child = child->next) {
        if (row->kind == SETTING_MAP) {
            memcpy(find_place(element, row->name), &child->key, sizeof(child->key));
            if (!is_fit_text(row, child->key))
                mistake_add(reading->mistakes, reading->file, child->line, child->path,
                            mistake_quote(reading->mistakes->arena, child->key),
                            setting_allowed(row, reading->mistakes->arena));
        }
        if (row->rows->key[0])
            read_rows(reading, row->rows, child, element);
        else
            read_present(reading, row->rows, child, element);
        element += row->element_size;
    }
    store_list(row, record, elements, count);
}

/* The words of a default list. */
static void store_default_list(struct reading *reading, const struct setting *row, void *record)
{
    struct str rest = str_of(row->default_text);
    struct str *texts = arena_array(reading->mistakes->arena, struct str, rest.len + 1);
    size_t count = 0;
    int64_t bits = 0;
    while (str_next_word(&rest, &texts[count])) {
        int64_t bit = 0;
        if (row->kind == SETTING_CHOICES && parse_choice(row, texts[count], &bit))
            bits |= bit;
        count++;
    }
    if (row->kind == SETTING_CHOICES)
        store_integer(record, row->place, bits);
    else
        store_list(row, record, texts, count);
}

static void store_default(struct reading *reading, const struct setting *row, void *record)
{
    if (row->kind == SETTING_SECTION) {
        read_rows(reading, row->rows, NULL, find_place(record, row->place));
        return;
    }
    if (!row->default_text)
        return;
    if (row->kind == SETTING_TEXTS || row->kind == SETTING_CHOICES) {
        store_default_list(reading, row, record);
        return;
    }
    bool is_fit = store_scalar(row, str_of(row->default_text), record);
    assert(is_fit);
    (void)is_fit;
}

static enum yaml_kind expected_kind(enum setting_kind kind)
{
    switch (kind) {
    case SETTING_TEXTS:
    case SETTING_CHOICES:
    case SETTING_LIST:
        return YAML_LIST;
    case SETTING_SECTION:
    case SETTING_MAP:
        return YAML_MAP;
    default:
        return YAML_SCALAR;
    }
}

/* `key:` with nothing behind it is an empty section. */
static bool has_expected_kind(const struct setting *row, const struct yaml_node *node)
{
    if (row->kind == SETTING_SECTION && yaml_is_null(node))
        return true;
    bool is_one = row->takes_one && node->kind == YAML_SCALAR;
    return (is_one || node->kind == expected_kind(row->kind)) && !yaml_is_null(node);
}

static bool has_expected_count(const struct setting *row, const struct yaml_node *node)
{
    return node->kind != YAML_LIST || is_in_range(row, (int64_t)count_children(node));
}

static void read_present(struct reading *reading, const struct setting *row, const struct yaml_node *node,
                         void *record)
{
    if (!has_expected_kind(row, node) || !has_expected_count(row, node)) {
        refuse_node(reading, row, node);
        return;
    }
    switch (row->kind) {
    case SETTING_SECTION:
        if (row->beside.size)
            store_integer(record, row->beside, true);
        read_rows(reading, row->rows, node, find_place(record, row->place));
        return;
    case SETTING_TEXTS:
        read_texts(reading, row, node, record);
        return;
    case SETTING_CHOICES:
        read_choices(reading, row, node, record);
        return;
    case SETTING_LIST:
    case SETTING_MAP:
        read_elements(reading, row, node, record);
        return;
    default:
        if (!store_scalar(row, node->text, record))
            refuse_node(reading, row, node);
    }
}

/* How many letters must be changed, added or dropped; Levenshtein's, one line of the table at a time. */
static size_t count_edits(struct str a, struct str b)
{
    size_t line[KEY_LEN_MAX + 1];
    if (a.len > KEY_LEN_MAX || b.len > KEY_LEN_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        line[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = line[0];
        line[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t above = line[j];
            size_t best = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            if (above + 1 < best)
                best = above + 1;
            if (line[j - 1] + 1 < best)
                best = line[j - 1] + 1;
            diagonal = above;
            line[j] = best;
        }
    }
    return line[b.len];
}

static const char *find_near_key(const struct setting *rows, struct str key)
{
    const char *near = NULL;
    size_t least = NEAR_DISTANCE + 1;
    for (const struct setting *row = rows; row->key; row++) {
        size_t edits = count_edits(key, str_of(row->key));
        if (edits < least) {
            near = row->key;
            least = edits;
        }
    }
    return near;
}

static void refuse_unknown_key(struct reading *reading, const struct setting *rows, const struct yaml_node *member)
{
    struct buf allowed;
    buf_init(&allowed, reading->mistakes->arena, ALLOWED_MAX);
    const char *near = find_near_key(rows, member->key);
    if (near)
        buf_printf(&allowed, "%s, or one of: ", near);
    for (const struct setting *row = rows; row->key; row++)
        buf_printf(&allowed, "%s%s", row == rows ? "" : ", ", row->key);
    mistake_add(reading->mistakes, reading->file, member->line, member->path, STR("an unknown key"),
                buf_str(&allowed));
}

static bool is_known_key(const struct setting *rows, struct str key)
{
    for (const struct setting *row = rows; row->key; row++)
        if (str_equal(key, str_of(row->key)))
            return true;
    return false;
}

static void refuse_missing_key(struct reading *reading, const struct setting *row, const struct yaml_node *map)
{
    struct arena *arena = reading->mistakes->arena;
    struct str path =
        map->path.len ? arena_printf(arena, "%.*s.%s", STR_ARGS(map->path), row->key) : str_of(row->key);
    mistake_add(reading->mistakes, reading->file, map->line, path, STR_NONE, setting_allowed(row, arena));
}

static void refuse_foreign_map(struct reading *reading, const struct yaml_node *node)
{
    mistake_add(reading->mistakes, reading->file, node->line, node->path, yaml_show(reading->mistakes->arena, node),
                STR("a section of keys"));
}

static void read_rows(struct reading *reading, const struct setting *rows, const struct yaml_node *map, void *record)
{
    if (map && map->kind != YAML_MAP && !yaml_is_null(map)) {
        refuse_foreign_map(reading, map);
        map = NULL;
    }
    for (const struct yaml_node *member = map ? map->child : NULL; member; member = member->next)
        if (!is_known_key(rows, member->key))
            refuse_unknown_key(reading, rows, member);
    for (const struct setting *row = rows; row->key; row++) {
        const struct yaml_node *member = yaml_member(map, row->key);
        store_default(reading, row, record);
        if (member)
            read_present(reading, row, member, record);
        else if (map && row->is_required)
            refuse_missing_key(reading, row, map);
    }
}

void settings_read(const struct setting *rows, const struct yaml_node *map, struct str file,
                   struct mistakes *mistakes, void *record)
{
    struct reading reading = {.file = file, .mistakes = mistakes};
    read_rows(&reading, rows, map, record);
}
