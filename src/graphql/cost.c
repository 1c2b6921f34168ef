#include "graphql/validate.h"

#include "base/arena.h"
#include "base/buf.h"

#define NAMES_LIMIT 1024
/* Lists of introspection inside each other multiply: types lead to fields, fields to types. Tools nest one or two. */
#define INTROSPECTION_LISTS_MAX 2

/* The spreads that led here, innermost first. */
struct trail {
    const struct trail *up;
    const struct selection *spread;
};

static struct cost measure(struct validation *validation, struct selection *selections, const struct trail *trail,
                           size_t level);

static size_t max(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t add_saturated(size_t a, size_t b)
{
    size_t sum;
    return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

/* Fragments make it deeper than its fields are, but an honest document's not twice as deep. */
static size_t nesting_max(const struct validation *validation)
{
    return 2 * validation->limits->depth_max;
}

/* `Cannot spread fragment "A" within itself via "B", "C".` */
static void report_cycle(struct validation *validation, const struct selection *spread, const struct trail *trail)
{
    struct buf via;
    buf_init(&via, validation->problems->arena, NAMES_LIMIT);
    const struct selection *first = spread;
    struct str names[8];
    size_t count = 0;
    for (; trail && trail->spread->fragment != spread->fragment; trail = trail->up) {
        first = trail->spread;
        if (count < sizeof(names) / sizeof(names[0]))
            names[count++] = first->name;
    }
    for (size_t i = count; i > 0; i--)
        buf_printf(&via, "%s\"%.*s\"", i == count ? " via " : ", ", STR_ARGS(names[i - 1]));
    problem_add(validation->problems, first->at, "Cannot spread fragment \"%.*s\" within itself%.*s.",
                STR_ARGS(spread->name), STR_ARGS(buf_str(&via)));
}

static void measure_fragment(struct validation *validation, struct fragment *fragment, const struct trail *trail,
                             size_t level)
{
    if (fragment->cost_state != COST_UNKNOWN)
        return;
    fragment->cost_state = COST_OPEN;
    fragment->cost = measure(validation, fragment->scope.selections, trail, level + 1);
    fragment->cost_state = COST_KNOWN;
}

static struct cost measure_spread(struct validation *validation, struct selection *spread, const struct trail *trail,
                                  size_t level)
{
    spread->fragment = document_find_fragment(validation->document, spread->name);
    if (!spread->fragment)
        return (struct cost){0};
    if (spread->fragment->cost_state == COST_OPEN) {
        report_cycle(validation, spread, trail);
        return (struct cost){0};
    }
    const struct trail here = {trail, spread};
    measure_fragment(validation, spread->fragment, &here, level);
    return spread->fragment->cost;
}

static bool is_introspection_list(struct str name)
{
    return str_equal(name, STR("fields")) || str_equal(name, STR("interfaces")) ||
           str_equal(name, STR("possibleTypes")) || str_equal(name, STR("inputFields"));
}

/* Fields of those names may be ordinary ones: they count below `__schema` and `__type` only. */
static void add_field(struct validation *validation, const struct selection *field, struct cost *cost)
{
    cost->fields = add_saturated(cost->fields, 1);
    cost->depth++;
    cost->lists += is_introspection_list(field->name);
    if (!str_equal(field->name, STR("__schema")) && !str_equal(field->name, STR("__type")))
        return;
    if (cost->lists > INTROSPECTION_LISTS_MAX)
        problem_add(validation->problems, field->at, "Maximum introspection depth exceeded");
    cost->lists = 0;
}

static struct cost measure_one(struct validation *validation, struct selection *selection, const struct trail *trail,
                               size_t level)
{
    struct cost inner = selection->kind == SELECTION_SPREAD
                            ? measure_spread(validation, selection, trail, level)
                            : measure(validation, selection->selections, trail, level + 1);
    inner.nesting++;
    if (selection->kind == SELECTION_FIELD)
        add_field(validation, selection, &inner);
    return inner;
}

/* Too deep is as good as infinitely deep. */
static struct cost measure(struct validation *validation, struct selection *selections, const struct trail *trail,
                           size_t level)
{
    if (level > nesting_max(validation) + 1)
        return (struct cost){.nesting = level};
    struct cost total = {0};
    for (struct selection *selection = selections; selection && !validation->problems->is_full;
         selection = selection->next) {
        struct cost cost = measure_one(validation, selection, trail, level);
        total.fields = add_saturated(total.fields, cost.fields);
        total.depth = max(total.depth, cost.depth);
        total.nesting = max(total.nesting, cost.nesting);
        total.lists = max(total.lists, cost.lists);
    }
    return total;
}

static void hold_limits(struct validation *validation, const struct cost *cost, uint32_t at)
{
    const struct graphql_limits *limits = validation->limits;
    if (cost->depth > limits->depth_max || cost->nesting > nesting_max(validation))
        problem_add(validation->problems, at, "Document is nested deeper than %zu levels.", limits->depth_max);
    if (cost->fields > limits->field_max)
        problem_add(validation->problems, at, "Document asks for more than %zu fields.", limits->field_max);
}

/* Each fragment is measured once, so this takes time in proportion to the document. */
void cost_check(struct validation *validation)
{
    struct document *document = validation->document;
    for (struct fragment *fragment = document->fragments; fragment; fragment = fragment->next) {
        measure_fragment(validation, fragment, NULL, 0);
        hold_limits(validation, &fragment->cost, fragment->at);
    }
    for (struct operation *operation = document->operations; operation; operation = operation->next) {
        struct cost cost = measure(validation, operation->scope.selections, NULL, 0);
        hold_limits(validation, &cost, operation->at);
    }
}
