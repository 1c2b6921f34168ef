#include "graphql/root.h"

#include "graphql/parser.h"
#include "graphql/validate.h"

#define TOKENS_MAX  2000
#define NESTING_MAX 32

struct walk {
    struct document *document;
    struct str type;
    bool (*holds)(struct str type, struct str field, const void *arg);
    const void *arg;
    size_t field_count;
};

static bool hold_all(struct walk *walk, const struct selection *selections);

/* Each fragment once: what it has does not change, and one may spread itself. */
static bool holds_fragment(struct walk *walk, struct str name)
{
    struct fragment *fragment = document_find_fragment(walk->document, name);
    if (!fragment)
        return false;
    if (fragment->is_used)
        return true;
    fragment->is_used = true;
    return hold_all(walk, fragment->scope.selections);
}

static bool holds_one(struct walk *walk, const struct selection *selection)
{
    if (selection->kind == SELECTION_SPREAD)
        return holds_fragment(walk, selection->name);
    if (selection->kind == SELECTION_INLINE)
        return hold_all(walk, selection->selections);
    walk->field_count++;
    return str_equal(selection->name, STR("__typename")) || walk->holds(walk->type, selection->name, walk->arg);
}

static bool hold_all(struct walk *walk, const struct selection *selections)
{
    for (const struct selection *selection = selections; selection; selection = selection->next)
        if (!holds_one(walk, selection))
            return false;
    return true;
}

/* NULL when it is not clear which. */
static const struct operation *find_operation(const struct document *document, struct str name)
{
    const struct operation *operation = document->operations;
    if (!str_is_present(name))
        return operation && !operation->next ? operation : NULL;
    while (operation && !str_equal(operation->name, name))
        operation = operation->next;
    return operation;
}

/* NULL when it is none. */
static struct document *read_document(struct arena *arena, struct str query)
{
    struct parser parser;
    parser_init(&parser, arena, query, TOKENS_MAX, NESTING_MAX);
    struct document *document = parse_document(&parser);
    return str_is_present(parser.lexer.message) ? NULL : document;
}

bool graphql_is_document(struct arena *arena, struct str query)
{
    return read_document(arena, query) != NULL;
}

bool graphql_roots_hold(struct arena *arena, struct str query, struct str operation_name,
                        bool (*holds)(struct str type, struct str field, const void *arg), const void *arg)
{
    static const struct str types[] = {
        [OPERATION_QUERY] = STR_INIT("Query"),
        [OPERATION_MUTATION] = STR_INIT("Mutation"),
        [OPERATION_SUBSCRIPTION] = STR_INIT("Subscription"),
    };
    struct document *document = read_document(arena, query);
    if (!document)
        return false;
    const struct operation *operation = find_operation(document, operation_name);
    if (!operation)
        return false;
    struct walk walk = {.document = document, .type = types[operation->kind], .holds = holds, .arg = arg};
    return hold_all(&walk, operation->scope.selections) && walk.field_count > 0;
}
