#include "graphql/validate.h"

#include "base/arena.h"
#include "graphql/print.h"

/* Comparing all with all grows with the square. Beyond this the document is refused: some milliseconds. */
#define WORK_MAX 1000000
/* What gathering a field costs in comparisons: memory is dearer than time. */
#define GATHER_WORK 8
/* Long texts are compared in pieces of this length, each of which counts. */
#define PIECE_LEN 64

/* A field as it stands in a selection with its fragments spread. */
struct gathered {
    struct gathered *next;
    const struct selection *field;
    const struct type_def *parent;
};

struct merge {
    struct validation *validation;
    struct arena *arena;
    size_t work_left;
};

struct gathering {
    struct merge *merge;
    size_t visit;
    struct gathered *first;
    struct gathered **last;
};

/* False when there is none left. Nobody needs a further conflict once there are enough problems. */
static bool spend(struct merge *merge, size_t work)
{
    if (merge->work_left < work || merge->validation->problems->is_full) {
        merge->work_left = 0;
        return false;
    }
    merge->work_left -= work;
    return true;
}

static void gather_into(struct gathering *gathering, const struct selection *selections)
{
    struct merge *merge = gathering->merge;
    for (const struct selection *selection = selections; selection && spend(merge, GATHER_WORK);
         selection = selection->next) {
        if (selection->kind == SELECTION_INLINE) {
            gather_into(gathering, selection->selections);
        } else if (selection->kind == SELECTION_SPREAD) {
            struct fragment *fragment = selection->fragment;
            if (!fragment || fragment->visit == gathering->visit)
                continue;
            fragment->visit = gathering->visit;
            gather_into(gathering, fragment->scope.selections);
        } else if (selection->def) {
            struct gathered *item = arena_new(merge->arena, struct gathered);
            *item = (struct gathered){.field = selection, .parent = selection->parent};
            *gathering->last = item;
            gathering->last = &item->next;
        }
    }
}

static struct gathered *gather(struct merge *merge, const struct selection *selections)
{
    struct gathering gathering = {.merge = merge, .visit = ++merge->validation->document->visit_count};
    gathering.last = &gathering.first;
    gather_into(&gathering, selections);
    return gathering.first;
}

/* Different when the work is used up: the document is refused then anyway. */
static bool is_same_text(struct merge *merge, struct str a, struct str b)
{
    size_t work = a.len == b.len ? 1 + a.len / PIECE_LEN : 1;
    return spend(merge, work) && str_equal(a, b);
}

static bool is_same_value(struct merge *merge, const struct value *a, const struct value *b);

static bool has_same_members(struct merge *merge, const struct value *a, const struct value *b)
{
    size_t count = 0;
    for (const struct value *item = b; item; item = item->next)
        count++;
    for (; a; a = a->next) {
        const struct value *other = b;
        while (other && !is_same_text(merge, other->name, a->name))
            other = other->next;
        if (!other || count-- == 0 || !is_same_value(merge, a, other))
            return false;
    }
    return count == 0;
}

static bool has_same_items(struct merge *merge, const struct value *a, const struct value *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (!is_same_value(merge, a, b))
            return false;
    return !a && !b;
}

static bool is_same_value(struct merge *merge, const struct value *a, const struct value *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == VALUE_OBJECT)
        return has_same_members(merge, a->items, b->items);
    if (a->kind == VALUE_LIST)
        return has_same_items(merge, a->items, b->items);
    return is_same_text(merge, a->text, b->text);
}

/* [GraphQL 5.3.2] SameResponseShape without the selections inside. */
static bool is_same_shape(const struct type_ref *a, const struct type_ref *b)
{
    while (a->wrap == b->wrap && a->wrap != TYPE_NAMED) {
        a = a->of;
        b = b->of;
    }
    if (a->wrap != b->wrap)
        return false;
    return a->def == b->def || (type_is_composite(a->def) && type_is_composite(b->def));
}

enum relation { MAY_MEET, EXCLUSIVE };

static struct str find_conflict(struct merge *merge, const struct gathered *a, const struct gathered *b,
                                enum relation relation);

static struct str find_conflict_inside(struct merge *merge, const struct selection *a, const struct selection *b,
                                       enum relation relation)
{
    const struct gathered *inside_b = gather(merge, b->selections);
    for (const struct gathered *from_a = gather(merge, a->selections); from_a; from_a = from_a->next) {
        for (const struct gathered *from_b = inside_b; from_b && merge->work_left > 0; from_b = from_b->next) {
            struct str key = from_a->field->response_key;
            if (!is_same_text(merge, key, from_b->field->response_key))
                continue;
            struct str reason = find_conflict(merge, from_a, from_b, relation);
            if (str_is_present(reason))
                return arena_printf(merge->arena, "subfields \"%.*s\" conflict because %.*s", STR_ARGS(key),
                                    STR_ARGS(reason));
        }
    }
    return STR_NONE;
}

/* Why two fields with one response key cannot be merged; absent when they can. */
static struct str find_conflict(struct merge *merge, const struct gathered *a, const struct gathered *b,
                                enum relation relation)
{
    const struct selection *one = a->field;
    const struct selection *other = b->field;
    if (one == other)
        return STR_NONE;
    /* Objects of different types never meet, so only the shapes of their answers have to agree. */
    if (a->parent != b->parent && a->parent->kind == TYPE_OBJECT && b->parent->kind == TYPE_OBJECT)
        relation = EXCLUSIVE;
    if (relation == MAY_MEET && !str_equal(one->name, other->name))
        return arena_printf(merge->arena, "\"%.*s\" and \"%.*s\" are different fields", STR_ARGS(one->name),
                            STR_ARGS(other->name));
    if (relation == MAY_MEET && !has_same_members(merge, one->arguments, other->arguments))
        return STR("they have differing arguments");
    if (!is_same_shape(one->def->type, other->def->type))
        return arena_printf(merge->arena, "they return conflicting types \"%.*s\" and \"%.*s\"",
                            STR_ARGS(type_text(merge->arena, one->def->type)),
                            STR_ARGS(type_text(merge->arena, other->def->type)));
    if (!one->selections || !other->selections)
        return STR_NONE;
    return find_conflict_inside(merge, one, other, relation);
}

static void check_pairs(struct merge *merge, const struct gathered *fields)
{
    for (const struct gathered *a = fields; a; a = a->next) {
        for (const struct gathered *b = a->next; b && merge->work_left > 0; b = b->next) {
            struct str key = a->field->response_key;
            if (!is_same_text(merge, key, b->field->response_key))
                continue;
            struct str reason = find_conflict(merge, a, b, MAY_MEET);
            if (!str_is_present(reason) || merge->work_left == 0)
                continue;
            problem_add(merge->validation->problems, a->field->at,
                        "Fields \"%.*s\" conflict because %.*s. Use different aliases on the fields to fetch both "
                        "if this was intentional.",
                        STR_ARGS(key), STR_ARGS(reason));
        }
    }
}

/* Each selection once, in the order of the document. */
static void check_selections(struct merge *merge, const struct selection *selections)
{
    if (!selections)
        return;
    check_pairs(merge, gather(merge, selections));
    for (const struct selection *selection = selections; selection; selection = selection->next)
        check_selections(merge, selection->selections);
}

void merge_check(struct validation *validation)
{
    struct merge merge = {validation, validation->problems->arena, WORK_MAX};
    for (const struct operation *item = validation->document->operations; item; item = item->next)
        check_selections(&merge, item->scope.selections);
    for (const struct fragment *item = validation->document->fragments; item; item = item->next)
        check_selections(&merge, item->scope.selections);
    if (merge.work_left == 0)
        problem_add_general(validation->problems, "Document is too expensive to validate.");
}
