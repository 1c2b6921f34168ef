#include "oauth/rule.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/codec.h"

#define NAME_MAX_BYTES 1024

/* A segment that no rule names, and a method: bytes that neither may have. */
#define NOBODYS STR("\x7f")

/* What some server cuts a path at, decodes into another one or takes for a slash. */
static bool is_treacherous(unsigned char byte)
{
    return byte < ' ' || byte == 0x7f || byte == '\\' || byte == ';' || byte == '/';
}

static bool is_hex_digit(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'F') || (byte >= 'a' && byte <= 'f');
}

/* Decoding it once more would give another text. */
static bool is_encoded_still(struct str text)
{
    for (size_t i = 0; i + 2 < text.len; i++)
        if (text.ptr[i] == '%' && is_hex_digit(text.ptr[i + 1]) && is_hex_digit(text.ptr[i + 2]))
            return true;
    return false;
}

static bool is_plain_segment(struct str text)
{
    if (!text.len || str_equal(text, STR(".")) || str_equal(text, STR("..")) || !str_is_utf8(text))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (is_treacherous((unsigned char)text.ptr[i]))
            return false;
    return !is_encoded_still(text);
}

/* As it came a segment has no blank, query mark or fragment in it; encoded these are like any other byte. */
static bool read_segment(struct arena *arena, struct str raw, struct str *ret_text)
{
    for (size_t i = 0; i < raw.len; i++)
        if (raw.ptr[i] == ' ' || raw.ptr[i] == '?' || raw.ptr[i] == '#')
            return false;
    *ret_text = raw;
    if (str_find(raw, '%') < raw.len && !percent_decode(arena, raw, ret_text))
        return false;
    return is_plain_segment(*ret_text);
}

/* "/a/b/" is "a/b" inside. */
static bool strip_slashes(struct str path, struct str *ret_inside)
{
    if (!path.len || path.ptr[0] != '/')
        return false;
    *ret_inside = str_slice(path, 1, path.len);
    if (ret_inside->len > 1 && ret_inside->ptr[ret_inside->len - 1] == '/')
        ret_inside->len--;
    return true;
}

bool rule_path_read(struct arena *arena, struct str path, struct str *ret_path)
{
    struct str inside, raw, segment;
    struct buf decoded;
    if (!strip_slashes(path, &inside))
        return false;
    buf_init(&decoded, arena, path.len);
    struct str rest = inside.len ? inside : STR_NONE;
    bool is_encoded = str_find(inside, '%') < inside.len;
    while (str_next(&rest, '/', &raw)) {
        if (!read_segment(arena, raw, &segment))
            return false;
        if (!is_encoded)
            continue;
        if (decoded.len)
            buf_add_char(&decoded, '/');
        buf_add(&decoded, segment);
    }
    *ret_path = is_encoded ? buf_str(&decoded) : inside;
    return true;
}

/* --- compiling --- */

static struct str next_segment(struct str *rest)
{
    struct str segment = STR_NONE;
    (void)str_next(rest, '/', &segment);
    return segment;
}

/* `*` and `**` are whole segments, and nothing stands behind `**`; a star of a literal is written %2A. */
static bool has_stars_in_place(struct str path)
{
    struct str rest = path;
    while (str_is_present(rest)) {
        struct str segment = next_segment(&rest);
        bool is_rest = str_equal(segment, STR("**"));
        if (str_find(segment, '*') < segment.len && !is_rest && !str_equal(segment, STR("*")))
            return false;
        if (is_rest && str_is_present(rest) && rest.len)
            return false;
    }
    return true;
}

static size_t count_segments(struct str inside)
{
    size_t count = inside.len > 0;
    for (size_t i = 0; i < inside.len; i++)
        count += inside.ptr[i] == '/';
    return count;
}

bool rule_is_pattern(struct str text)
{
    struct arena *arena = arena_create();
    struct str path, inside;
    bool is_fit = rule_path_read(arena, text, &path) && has_stars_in_place(text) && strip_slashes(text, &inside) &&
                  count_segments(inside) <= RULE_SEGMENTS_MAX;
    arena_destroy(arena);
    return is_fit;
}

bool rule_is_cost(struct str text)
{
    int64_t cost;
    if (str_equal(text, STR("graphql")))
        return true;
    return str_parse_int(text, &cost) && cost >= 0 && cost <= RULE_COST_MAX;
}

static struct rule_segment compile_segment(struct arena *arena, struct str raw)
{
    struct rule_segment segment = {.kind = SEGMENT_LITERAL};
    if (str_equal(raw, STR("*")))
        segment.kind = SEGMENT_ANY;
    else if (str_equal(raw, STR("**")))
        segment.kind = SEGMENT_REST;
    else
        (void)percent_decode(arena, raw, &segment.text);
    return segment;
}

static void compile_path(struct guard_rule *rule, struct arena *arena)
{
    struct str rest = STR_NONE;
    (void)strip_slashes(rule->path, &rest);
    size_t count = count_segments(rest);
    rule->segments = arena_array(arena, struct rule_segment, count + 1);
    while (rule->segment_count < count)
        rule->segments[rule->segment_count++] = compile_segment(arena, next_segment(&rest));
}

/* "GET HEAD /podcasts/" */
static struct str make_name(const struct guard_rule *rule, struct arena *arena)
{
    struct buf name;
    buf_init(&name, arena, NAME_MAX_BYTES);
    for (size_t i = 0; i < rule->method_count; i++)
        buf_printf(&name, "%.*s ", STR_ARGS(rule->methods[i]));
    buf_add(&name, rule->path);
    return buf_str(&name);
}

static void compile_rule(struct guard_rule *rule, size_t index, struct arena *arena)
{
    rule->index = index;
    rule->cost = 1;
    rule->cost_is_estimated = !str_parse_int(rule->cost_text, &rule->cost);
    if (!str_is_present(rule->name))
        rule->name = make_name(rule, arena);
    compile_path(rule, arena);
}

static int compare_texts(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.ptr, b.ptr, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_segments(const struct rule_segment *a, const struct rule_segment *b)
{
    if (a->kind != b->kind)
        return (int)a->kind - (int)b->kind;
    return compare_texts(a->text, b->text);
}

/* Patterns with a common beginning stand together, so a search narrows a range segment by segment. */
static int compare_rules(const void *one, const void *other)
{
    const struct guard_rule *a = *(const struct guard_rule *const *)one;
    const struct guard_rule *b = *(const struct guard_rule *const *)other;
    for (size_t i = 0; i < a->segment_count && i < b->segment_count; i++) {
        int order = compare_segments(&a->segments[i], &b->segments[i]);
        if (order)
            return order;
    }
    if (a->segment_count != b->segment_count)
        return a->segment_count < b->segment_count ? -1 : 1;
    if (!a->method_count != !b->method_count)
        return a->method_count ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

void rules_compile(struct guard_policy *policy, struct arena *arena)
{
    policy->by_precedence = arena_array(arena, const struct guard_rule *, policy->rule_count + 1);
    for (size_t i = 0; i < policy->rule_count; i++) {
        compile_rule(&policy->rules[i], i, arena);
        policy->by_precedence[i] = &policy->rules[i];
    }
    qsort(policy->by_precedence, policy->rule_count, sizeof(const struct guard_rule *), compare_rules);
}

/* --- finding --- */

/* Rules that have the first `depth` segments in common. */
struct range {
    const struct guard_rule *const *rules;
    size_t count;
};

/* How many stand before the segment in the order at that depth; `is_behind`: or are equal to it. A pattern that has
 * ended stands before all. */
static size_t count_before(struct range range, size_t depth, const struct rule_segment *segment, bool is_behind)
{
    size_t low = 0, high = range.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct guard_rule *rule = range.rules[middle];
        int order = depth < rule->segment_count ? compare_segments(&rule->segments[depth], segment) : -1;
        if (order < 0 || (is_behind && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct range narrow(struct range range, size_t depth, struct rule_segment segment)
{
    size_t first = count_before(range, depth, &segment, false);
    size_t end = count_before(range, depth, &segment, true);
    return (struct range){range.rules + first, end - first};
}

bool rule_method_is_fit(struct str method)
{
    for (size_t i = 0; i < method.len; i++)
        if ((method.ptr[i] < 'A' || method.ptr[i] > 'Z') && method.ptr[i] != '-')
            return false;
    return method.len > 0;
}

bool rule_takes_method(const struct guard_rule *rule, struct str method)
{
    for (size_t i = 0; i < rule->method_count; i++)
        if (str_equal(rule->methods[i], method))
            return true;
    return rule->method_count == 0;
}

/* The first of those that end at the depth. */
static const struct guard_rule *find_ended(struct range range, size_t depth, struct str method)
{
    for (size_t i = 0; i < range.count && range.rules[i]->segment_count == depth; i++)
        if (rule_takes_method(range.rules[i], method))
            return range.rules[i];
    return NULL;
}

/* As deep as the longest pattern at most: behind it a range is empty. Each range is looked at once. */
static const struct guard_rule *find_within(struct range range, size_t depth, struct str rest, struct str method)
{
    const struct guard_rule *rule = NULL;
    struct range rests = narrow(range, depth, (struct rule_segment){.kind = SEGMENT_REST});
    if (range.count == 0)
        return NULL;
    if (!str_is_present(rest)) {
        rule = find_ended(range, depth, method);
        return rule ? rule : find_ended(rests, depth + 1, method);
    }
    struct str segment = next_segment(&rest);
    rule =
        find_within(narrow(range, depth, (struct rule_segment){SEGMENT_LITERAL, segment}), depth + 1, rest, method);
    if (!rule)
        rule = find_within(narrow(range, depth, (struct rule_segment){.kind = SEGMENT_ANY}), depth + 1, rest, method);
    return rule ? rule : find_ended(rests, depth + 1, method);
}

const struct guard_rule *rule_find(const struct guard_policy *policy, struct str method, struct str path)
{
    const struct range all = {policy->by_precedence, policy->rule_count};
    return find_within(all, 0, path.len ? path : STR_NONE, method);
}

/* --- shadows --- */

/* A path of the rule's that no literal of another one fits, with `rest_count` segments for its `**`: of the paths of
 * that length it is the one that the fewest rules take. */
static struct str make_witness(const struct guard_rule *rule, size_t rest_count, struct arena *arena)
{
    struct buf path;
    buf_init(&path, arena, SIZE_MAX / 2);
    for (size_t i = 0; i < rule->segment_count + rest_count; i++) {
        bool is_literal = i < rule->segment_count && rule->segments[i].kind == SEGMENT_LITERAL;
        if (i < rule->segment_count && rule->segments[i].kind == SEGMENT_REST)
            continue;
        if (path.len)
            buf_add_char(&path, '/');
        buf_add(&path, is_literal ? rule->segments[i].text : NOBODYS);
    }
    return buf_str(&path);
}

static bool has_rest(const struct guard_rule *rule)
{
    return rule->segment_count && rule->segments[rule->segment_count - 1].kind == SEGMENT_REST;
}

/* The one that decides instead, or NULL: there is a path, however long, that the rule decides. */
static const struct guard_rule *find_other(const struct guard_policy *policy, const struct guard_rule *rule,
                                           struct str method, struct arena *arena)
{
    const struct guard_rule *other = NULL;
    size_t longest = has_rest(rule) ? RULE_SEGMENTS_MAX + 1 : 0;
    for (size_t rest_count = 0; rest_count <= longest; rest_count++) {
        const struct guard_rule *found = rule_find(policy, method, make_witness(rule, rest_count, arena));
        if (found == rule)
            return NULL;
        other = other ? other : found;
    }
    return other;
}

const struct guard_rule *rule_find_shadow(const struct guard_policy *policy, const struct guard_rule *rule,
                                          struct arena *arena)
{
    const struct guard_rule *other = rule->method_count ? NULL : find_other(policy, rule, NOBODYS, arena);
    for (size_t i = 0; i < rule->method_count; i++) {
        const struct guard_rule *found = find_other(policy, rule, rule->methods[i], arena);
        if (!found)
            return NULL;
        other = other ? other : found;
    }
    return other;
}
