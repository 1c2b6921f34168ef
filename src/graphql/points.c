#include "graphql/points.h"

#include <stdlib.h>

#include "base/arena.h"
#include "graphql/parser.h"

/* More than twice what a GraphQL endpoint of ours reads. */
#define TOKENS_MAX  5000
#define NESTING_MAX 64
/* Selections inside each other with the fragments spread. */
#define LEVELS_MAX 256
/* Of a number in a text; a longer one is a great many. */
#define NUMBER_LEN_MAX 40
/* Of a text, looked through in one step. */
#define STEP_BYTES 64

struct estimate {
    struct document *document;
    const struct operation *operation;
    const json_t *variables;
    size_t *steps_left;
};

/* False when the estimate has become too long: whatever it is then, it counts as the most. */
static bool take_step(const struct estimate *estimate)
{
    if (*estimate->steps_left == 0)
        return false;
    --*estimate->steps_left;
    return true;
}

static int64_t estimate_selections(const struct estimate *estimate, const struct selection *selections, size_t level);

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t cap(int64_t points)
{
    return points < GRAPHQL_POINTS_MAX ? points : GRAPHQL_POINTS_MAX;
}

static bool is_breadth(struct str name)
{
    return str_equal(name, STR("first")) || str_equal(name, STR("last")) || str_equal(name, STR("limit")) ||
           str_equal(name, STR("count"));
}

/* A whole number may be written as a fraction: 1e3 is 1000 to many readers of JSON. */
static int64_t breadth_of_value(double number)
{
    if (!(number > 1))
        return 1;
    return number >= (double)GRAPHQL_POINTS_MAX ? GRAPHQL_POINTS_MAX : (int64_t)number;
}

static struct str string_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

/* Numbers may stand behind anything but letters: some servers skip blanks of every kind. */
static bool may_stand_before(char byte)
{
    return !((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_');
}

/*
 * Some servers take "10" for 10, "1e3" for 1000, "0x10" for 16 and "10 please" for 10. What begins with a digit and
 * is no such number, as "1_000" or one that is too long, counts as the most: who knows what it is to others.
 */
static int64_t breadth_of_text(const struct estimate *estimate, struct str text)
{
    char room[NUMBER_LEN_MAX + 1], *end;
    size_t from = 0;
    for (; from < text.len && (text.ptr[from] < '0' || text.ptr[from] > '9'); from++) {
        if (!may_stand_before(text.ptr[from]))
            return 1;
        if (from % STEP_BYTES == 0 && !take_step(estimate))
            return GRAPHQL_POINTS_MAX;
    }
    if (from == text.len)
        return 1;
    struct str number = str_slice(text, from, text.len);
    size_t len = number.len < NUMBER_LEN_MAX ? number.len : NUMBER_LEN_MAX;
    memcpy(room, number.ptr, len);
    room[len] = '\0';
    double value = strtod(room, &end);
    size_t end_at = (size_t)(end - room);
    bool is_whole = end_at == number.len || (end_at < len && (unsigned char)number.ptr[end_at] <= ' ');
    return is_whole ? breadth_of_value(value) : GRAPHQL_POINTS_MAX;
}

/* Of a variable's value: a number where a breadth stands, or an object or list that has some. */
static int64_t breadth_of_json(const struct estimate *estimate, struct str name, const json_t *value)
{
    const char *key;
    const json_t *member;
    size_t index;
    int64_t breadth = 1;
    if (!take_step(estimate))
        return GRAPHQL_POINTS_MAX;
    if (json_is_number(value))
        return is_breadth(name) ? breadth_of_value(json_number_value(value)) : 1;
    if (json_is_string(value))
        return is_breadth(name) ? breadth_of_text(estimate, string_of(value)) : 1;
    json_array_foreach(value, index, member)
    {
        breadth = larger(breadth, breadth_of_json(estimate, name, member));
    }
    json_object_foreach((json_t *)value, key, member)
    {
        breadth = larger(breadth, breadth_of_json(estimate, str_of(key), member));
    }
    return breadth;
}

static int64_t breadth_of(const struct estimate *estimate, const struct value *value);

/* NULL: there is none. When the steps run out, any: then the estimate is the most already. */
static struct variable *find_variable(const struct estimate *estimate, struct str name)
{
    struct variable *variable = estimate->operation->variables;
    while (variable && take_step(estimate) && !str_equal(variable->name, name))
        variable = variable->next;
    return variable;
}

/* What is given for a variable is looked through once for each of the two kinds of places where it may stand. */
static int64_t breadth_of_variable(const struct estimate *estimate, const struct value *use)
{
    const json_t *given = json_object_getn(estimate->variables, use->text.ptr, use->text.len);
    struct variable *variable = find_variable(estimate, use->text);
    if (!variable)
        return given ? breadth_of_json(estimate, use->name, given) : 1;
    int64_t *breadth = &variable->breadths[is_breadth(use->name)];
    if (*breadth)
        return *breadth;
    if (given) {
        *breadth = breadth_of_json(estimate, use->name, given);
    } else if (variable->fallback) {
        struct value fallback = *variable->fallback;
        fallback.name = use->name;
        *breadth = breadth_of(estimate, &fallback);
    } else {
        *breadth = 1;
    }
    return *breadth;
}

static int64_t breadth_of(const struct estimate *estimate, const struct value *value)
{
    int64_t number, breadth = 1;
    if (value->kind == VALUE_VARIABLE)
        return take_step(estimate) ? breadth_of_variable(estimate, value) : GRAPHQL_POINTS_MAX;
    /* Digits that are too many for a number are a great many. */
    if (value->kind == VALUE_INT && is_breadth(value->name))
        return str_parse_int(value->text, &number) ? larger(1, cap(number)) : GRAPHQL_POINTS_MAX;
    if ((value->kind == VALUE_FLOAT || value->kind == VALUE_STRING) && is_breadth(value->name))
        return breadth_of_text(estimate, value->text);
    if (value->kind != VALUE_OBJECT && value->kind != VALUE_LIST)
        return 1;
    for (const struct value *item = value->items; item; item = item->next) {
        struct value named = *item;
        if (!take_step(estimate))
            return GRAPHQL_POINTS_MAX;
        if (value->kind == VALUE_LIST)
            named.name = value->name;
        breadth = larger(breadth, breadth_of(estimate, &named));
    }
    return breadth;
}

static int64_t breadth_of_field(const struct estimate *estimate, const struct selection *field)
{
    int64_t breadth = 1;
    for (const struct value *argument = field->arguments; argument; argument = argument->next)
        breadth = larger(breadth, breadth_of(estimate, argument));
    return breadth;
}

/* NULL: there is none. When the steps run out, any. */
static struct fragment *find_fragment(const struct estimate *estimate, struct str name)
{
    struct fragment *fragment = estimate->document->fragments;
    while (fragment && take_step(estimate) && !str_equal(fragment->name, name))
        fragment = fragment->next;
    return fragment;
}

/* One that spreads itself counts once: whoever runs the query will refuse it. */
static int64_t estimate_spread(const struct estimate *estimate, struct str name, size_t level)
{
    struct fragment *fragment = find_fragment(estimate, name);
    if (!fragment || fragment->cost_state == COST_OPEN)
        return 0;
    if (fragment->cost_state == COST_UNKNOWN) {
        fragment->cost_state = COST_OPEN;
        fragment->points = estimate_selections(estimate, fragment->scope.selections, level + 1);
        fragment->cost_state = COST_KNOWN;
    }
    return fragment->points;
}

/* Neither factor is above the limit: the product fits into 64 bits. */
static int64_t estimate_one(const struct estimate *estimate, const struct selection *selection, size_t level)
{
    if (selection->kind == SELECTION_SPREAD)
        return estimate_spread(estimate, selection->name, level);
    int64_t inside = estimate_selections(estimate, selection->selections, level + 1);
    if (selection->kind == SELECTION_INLINE)
        return inside;
    return cap(1 + (inside ? inside * breadth_of_field(estimate, selection) : 0));
}

static int64_t estimate_selections(const struct estimate *estimate, const struct selection *selections, size_t level)
{
    int64_t points = 0;
    if (level > LEVELS_MAX)
        return GRAPHQL_POINTS_MAX;
    for (; selections && points < GRAPHQL_POINTS_MAX; selections = selections->next)
        points = take_step(estimate) ? cap(points + estimate_one(estimate, selections, level)) : GRAPHQL_POINTS_MAX;
    return points;
}

/* Breadths may hang on the operation's variables: what another one has found is not its own. */
static int64_t estimate_operation(struct document *document, const struct operation *operation,
                                  const json_t *variables, size_t *steps_left)
{
    const struct estimate estimate = {document, operation, variables, steps_left};
    for (struct fragment *fragment = document->fragments; fragment && take_step(&estimate); fragment = fragment->next)
        fragment->cost_state = COST_UNKNOWN;
    int64_t points = estimate_selections(&estimate, operation->scope.selections, 0);
    return *steps_left ? larger(1, points) : GRAPHQL_POINTS_MAX;
}

/* What is too long or too deep may well be a document. */
static struct graphql_estimate estimate_failed(const struct lexer *lexer)
{
    if (lexer->is_past_limit)
        return (struct graphql_estimate){.points = GRAPHQL_POINTS_MAX, .is_document = true};
    struct graphql_estimate failed = {.points = 1, .mistake = str_cut(lexer->message, GRAPHQL_MISTAKE_MAX)};
    source_locate(lexer->source, lexer->failed_at, &failed.line, &failed.column);
    return failed;
}

struct graphql_estimate graphql_estimate(struct arena *arena, struct str query, struct str operation_name,
                                         const json_t *variables, size_t *steps_left)
{
    struct parser parser;
    struct graphql_estimate found = {.points = 1, .is_document = true, .only_reads = true};
    parser_init(&parser, arena, query, TOKENS_MAX, NESTING_MAX);
    struct document *document = parse_document(&parser);
    if (str_is_present(parser.lexer.message))
        return estimate_failed(&parser.lexer);
    for (const struct operation *operation = document->operations; operation; operation = operation->next) {
        int64_t own = estimate_operation(document, operation, variables, steps_left);
        bool is_query = operation->kind == OPERATION_QUERY;
        if (str_is_present(operation_name) && str_equal(operation->name, operation_name))
            return (struct graphql_estimate){.points = own, .is_document = true, .only_reads = is_query};
        found.points = larger(found.points, own);
        found.only_reads = found.only_reads && is_query;
    }
    return found;
}
