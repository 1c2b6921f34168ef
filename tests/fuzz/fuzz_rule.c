/*
 * fuzz_rule.c — a method and a path in the first line, rules in the others. What is read of a path has one reading,
 * every spelling of it leads to the same rule, and that rule is the one that a plain search over all of them finds.
 */
#include <assert.h>

#include "base/arena.h"
#include "base/buf.h"
#include "oauth/rule.h"

#define RULES_OF_ONE 16

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* "GET /a/b": one method at most. The configuration takes capitals. */
static void read_line(struct str line, struct str *ret_method, struct str *ret_path)
{
    size_t blank = str_find(line, ' ');
    *ret_method = blank < line.len ? str_slice(line, 0, blank) : STR_NONE;
    *ret_path = blank < line.len ? str_slice(line, blank + 1, line.len) : line;
}

static void read_rules(struct arena *arena, struct str text, struct guard_policy *policy)
{
    struct str line, method;
    policy->rules = arena_array(arena, struct guard_rule, RULES_OF_ONE);
    while (policy->rule_count < RULES_OF_ONE && str_next(&text, '\n', &line)) {
        struct guard_rule *rule = &policy->rules[policy->rule_count];
        read_line(line, &method, &rule->path);
        rule->cost_text = STR("1");
        if (!rule_is_pattern(rule->path) || (method.len && (method.ptr[0] < 'A' || method.ptr[0] > 'Z'))) {
            rule->path = STR_NONE;
            continue;
        }
        rule->methods = arena_new(arena, struct str);
        rule->methods[0] = method;
        rule->method_count = method.len > 0;
        policy->rule_count++;
    }
    rules_compile(policy, arena);
}

static bool fits(const struct rule_segment *segments, size_t count, struct str rest)
{
    struct str segment;
    if (count && segments->kind == SEGMENT_REST)
        return true;
    if (!str_is_present(rest) || !count)
        return !str_is_present(rest) && !count;
    (void)str_next(&rest, '/', &segment);
    return (segments->kind == SEGMENT_ANY || str_equal(segments->text, segment)) &&
           fits(segments + 1, count - 1, rest);
}

static bool comes_before(const struct guard_rule *a, const struct guard_rule *b)
{
    for (size_t i = 0; i < a->segment_count && i < b->segment_count; i++)
        if (a->segments[i].kind != b->segments[i].kind)
            return a->segments[i].kind < b->segments[i].kind;
    if (a->segment_count != b->segment_count)
        return a->segment_count < b->segment_count;
    return a->method_count != b->method_count ? a->method_count > b->method_count : a->index < b->index;
}

static const struct guard_rule *search(const struct guard_policy *policy, struct str method, struct str path)
{
    const struct guard_rule *best = NULL;
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct guard_rule *rule = &policy->rules[i];
        bool takes = !rule->method_count || str_equal(rule->methods[0], method);
        if (takes && fits(rule->segments, rule->segment_count, path.len ? path : STR_NONE) &&
            (!best || comes_before(rule, best)))
            best = rule;
    }
    return best;
}

static void check_reading(struct str path)
{
    struct str rest = path.len ? path : STR_NONE, segment;
    assert(str_is_utf8(path));
    while (str_next(&rest, '/', &segment)) {
        assert(segment.len && !str_equal(segment, STR(".")) && !str_equal(segment, STR("..")));
        for (size_t i = 0; i < segment.len; i++)
            assert((unsigned char)segment.ptr[i] >= ' ' && !strchr("\\;\x7f", segment.ptr[i]));
    }
}

/* Every byte but the slashes as %XX, and one more slash. */
static void check_spelling(struct arena *arena, struct str path)
{
    struct str read;
    struct buf spelled;
    buf_init(&spelled, arena, 4 * path.len + 2);
    buf_add_char(&spelled, '/');
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] == '/')
            buf_add_char(&spelled, '/');
        else
            buf_printf(&spelled, "%%%02x", (unsigned char)path.ptr[i]);
    }
    if (path.len)
        buf_add_char(&spelled, '/');
    assert(rule_path_read(arena, buf_str(&spelled), &read) && str_equal(read, path));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena *arena = arena_create();
    struct str text = {(const char *)bytes, len};
    struct str first = str_slice(text, 0, str_find(text, '\n')), method, raw, path;
    struct guard_policy policy = {.is_there = true};
    read_rules(arena, str_slice(text, first.len + 1, len), &policy);
    read_line(first, &method, &raw);
    if (rule_path_read(arena, raw, &path)) {
        check_reading(path);
        check_spelling(arena, path);
        const struct guard_rule *rule = rule_find(&policy, method, path);
        assert(rule == search(&policy, method, path));
        assert(!rule || !rule_find_shadow(&policy, rule, arena));
    }
    arena_destroy(arena);
    return 0;
}
