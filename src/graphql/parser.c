#include "graphql/parser.h"

#include "base/arena.h"

void parser_init(struct parser *parser, struct arena *arena, struct str source, size_t token_max, size_t depth_max)
{
    *parser = (struct parser){.arena = arena, .depth_max = depth_max};
    lexer_init(&parser->lexer, arena, source, token_max);
    lexer_next(&parser->lexer);
}

bool parser_is_at(const struct parser *parser, enum token_kind kind)
{
    return parser->lexer.token.kind == kind;
}

bool parser_is_at_word(const struct parser *parser, struct str word)
{
    return parser_is_at(parser, TOKEN_NAME) && str_equal(parser->lexer.token.text, word);
}

bool parser_skip(struct parser *parser, enum token_kind kind)
{
    if (!parser_is_at(parser, kind))
        return false;
    lexer_next(&parser->lexer);
    return true;
}

bool parser_skip_word(struct parser *parser, struct str word)
{
    if (!parser_is_at_word(parser, word))
        return false;
    lexer_next(&parser->lexer);
    return true;
}

static struct str found_text(struct parser *parser)
{
    return token_text(parser->arena, &parser->lexer.token);
}

void parser_fail_unexpected(struct parser *parser)
{
    lexer_fail(&parser->lexer, parser->lexer.token.at, "Unexpected %.*s.", STR_ARGS(found_text(parser)));
}

void parser_expect(struct parser *parser, enum token_kind kind)
{
    if (!parser_skip(parser, kind))
        lexer_fail(&parser->lexer, parser->lexer.token.at, "Expected %s, found %.*s.", token_kind_text(kind),
                   STR_ARGS(found_text(parser)));
}

bool parser_has_more(struct parser *parser, enum token_kind close)
{
    return !parser_skip(parser, close) && !parser_is_at(parser, TOKEN_FAILED);
}

/* One level deeper; failed when that is too deep. */
static bool enter(struct parser *parser)
{
    if (parser->depth++ < parser->depth_max)
        return true;
    parser->lexer.is_past_limit = true;
    lexer_fail(&parser->lexer, parser->lexer.token.at, "Document is nested deeper than %zu levels.",
               parser->depth_max);
    return false;
}

static void leave(struct parser *parser)
{
    parser->depth--;
}

struct str parse_name(struct parser *parser)
{
    struct str name = parser->lexer.token.text;
    parser_expect(parser, TOKEN_NAME);
    return name;
}

/* `[` has been read. */
static struct type_ref *parse_list_type(struct parser *parser)
{
    struct type_ref *list = arena_new(parser->arena, struct type_ref);
    list->wrap = TYPE_LIST;
    if (enter(parser))
        list->of = parse_type(parser);
    leave(parser);
    parser_expect(parser, TOKEN_BRACKET_RIGHT);
    return list;
}

static struct type_ref *parse_named_type(struct parser *parser)
{
    struct type_ref *type = arena_new(parser->arena, struct type_ref);
    type->wrap = TYPE_NAMED;
    type->at = parser->lexer.token.at;
    type->name = parse_name(parser);
    return type;
}

struct type_ref *parse_type(struct parser *parser)
{
    uint32_t at = parser->lexer.token.at;
    struct type_ref *type =
        parser_skip(parser, TOKEN_BRACKET_LEFT) ? parse_list_type(parser) : parse_named_type(parser);
    type->at = at;
    if (!parser_skip(parser, TOKEN_BANG))
        return type;
    struct type_ref *required = arena_new(parser->arena, struct type_ref);
    *required = (struct type_ref){.wrap = TYPE_NON_NULL, .at = at, .of = type};
    return required;
}

enum constness { MAY_VARY, CONSTANT };

static struct value *parse_any_value(struct parser *parser, enum constness constness);

/* `name: value` pairs up to `close`. */
static struct value *parse_members(struct parser *parser, enum token_kind close, enum constness constness)
{
    struct value *first = NULL;
    struct value **last = &first;
    while (parser_has_more(parser, close)) {
        uint32_t name_at = parser->lexer.token.at;
        struct str name = parse_name(parser);
        parser_expect(parser, TOKEN_COLON);
        struct value *member = parse_any_value(parser, constness);
        member->name = name;
        member->name_at = name_at;
        *last = member;
        last = &member->next;
    }
    return first;
}

static struct value *parse_items(struct parser *parser, enum constness constness)
{
    struct value *first = NULL;
    struct value **last = &first;
    while (parser_has_more(parser, TOKEN_BRACKET_RIGHT)) {
        *last = parse_any_value(parser, constness);
        last = &(*last)->next;
    }
    return first;
}

static enum value_kind word_kind(struct str word)
{
    if (str_equal(word, STR("true")) || str_equal(word, STR("false")))
        return VALUE_BOOLEAN;
    return str_equal(word, STR("null")) ? VALUE_NULL : VALUE_ENUM;
}

/* `$` has been read; `value->at` stands on it. */
static void parse_variable_value(struct parser *parser, struct value *value, enum constness constness)
{
    value->kind = VALUE_VARIABLE;
    value->text = parser->lexer.token.text;
    if (constness == CONSTANT && parser_is_at(parser, TOKEN_NAME))
        lexer_fail(&parser->lexer, value->at, "Unexpected variable \"$%.*s\" in constant value.",
                   STR_ARGS(value->text));
    parser_expect(parser, TOKEN_NAME);
}

static void parse_nested_value(struct parser *parser, struct value *value, enum constness constness)
{
    value->kind = parser_is_at(parser, TOKEN_BRACKET_LEFT) ? VALUE_LIST : VALUE_OBJECT;
    lexer_next(&parser->lexer);
    if (!enter(parser))
        return;
    value->items = value->kind == VALUE_LIST ? parse_items(parser, constness)
                                             : parse_members(parser, TOKEN_BRACE_RIGHT, constness);
    leave(parser);
}

/* Never NULL. */
static struct value *parse_any_value(struct parser *parser, enum constness constness)
{
    struct value *value = arena_new(parser->arena, struct value);
    value->at = parser->lexer.token.at;
    value->text = parser->lexer.token.text;
    switch (parser->lexer.token.kind) {
    case TOKEN_BRACKET_LEFT:
    case TOKEN_BRACE_LEFT:
        parse_nested_value(parser, value, constness);
        return value;
    case TOKEN_DOLLAR:
        lexer_next(&parser->lexer);
        parse_variable_value(parser, value, constness);
        return value;
    case TOKEN_NAME:
        value->kind = word_kind(value->text);
        break;
    case TOKEN_INT:
        value->kind = VALUE_INT;
        break;
    case TOKEN_FLOAT:
        value->kind = VALUE_FLOAT;
        break;
    case TOKEN_STRING:
    case TOKEN_BLOCK_STRING:
        value->kind = VALUE_STRING;
        break;
    default:
        parser_fail_unexpected(parser);
        return value;
    }
    lexer_next(&parser->lexer);
    return value;
}

struct value *parse_value(struct parser *parser)
{
    return parse_any_value(parser, MAY_VARY);
}

struct value *parse_constant(struct parser *parser)
{
    return parse_any_value(parser, CONSTANT);
}

/* Parentheses with nothing in them are an error. */
static struct value *parse_arguments(struct parser *parser, enum constness constness)
{
    if (!parser_skip(parser, TOKEN_PAREN_LEFT))
        return NULL;
    if (!parser_is_at(parser, TOKEN_NAME))
        parser_expect(parser, TOKEN_NAME);
    return parse_members(parser, TOKEN_PAREN_RIGHT, constness);
}

static struct directive *parse_any_directives(struct parser *parser, enum constness constness)
{
    struct directive *first = NULL;
    struct directive **last = &first;
    while (parser_is_at(parser, TOKEN_AT)) {
        struct directive *directive = arena_new(parser->arena, struct directive);
        directive->at = parser->lexer.token.at;
        lexer_next(&parser->lexer);
        directive->name = parse_name(parser);
        directive->arguments = parse_arguments(parser, constness);
        *last = directive;
        last = &directive->next;
    }
    return first;
}

struct directive *parse_directives(struct parser *parser)
{
    return parse_any_directives(parser, MAY_VARY);
}

struct directive *parse_constant_directives(struct parser *parser)
{
    return parse_any_directives(parser, CONSTANT);
}

static struct selection *parse_selections(struct parser *parser);

static void parse_field(struct parser *parser, struct selection *selection)
{
    selection->kind = SELECTION_FIELD;
    selection->response_key = selection->name = parse_name(parser);
    if (parser_skip(parser, TOKEN_COLON))
        selection->name = parse_name(parser);
    selection->arguments = parse_arguments(parser, MAY_VARY);
    selection->directives = parse_directives(parser);
    selection->selections_at = parser->lexer.token.at;
    if (parser_is_at(parser, TOKEN_BRACE_LEFT))
        selection->selections = parse_selections(parser);
}

/* `...` has been read. */
static void parse_spread(struct parser *parser, struct selection *selection)
{
    bool has_condition = parser_skip_word(parser, STR("on"));
    if (!has_condition && parser_is_at(parser, TOKEN_NAME)) {
        selection->kind = SELECTION_SPREAD;
        selection->name_at = parser->lexer.token.at;
        selection->name = parse_name(parser);
        selection->directives = parse_directives(parser);
        return;
    }
    selection->kind = SELECTION_INLINE;
    selection->condition = has_condition ? parse_named_type(parser) : NULL;
    selection->directives = parse_directives(parser);
    selection->selections = parse_selections(parser);
}

static struct selection *parse_selection(struct parser *parser)
{
    struct selection *selection = arena_new(parser->arena, struct selection);
    selection->at = parser->lexer.token.at;
    if (parser_skip(parser, TOKEN_SPREAD))
        parse_spread(parser, selection);
    else
        parse_field(parser, selection);
    return selection;
}

static struct selection *parse_selections(struct parser *parser)
{
    struct selection *first = NULL;
    struct selection **last = &first;
    parser_expect(parser, TOKEN_BRACE_LEFT);
    if (!enter(parser))
        return NULL;
    do {
        *last = parse_selection(parser);
        last = &(*last)->next;
    } while (parser_has_more(parser, TOKEN_BRACE_RIGHT));
    leave(parser);
    return first;
}

static struct variable *parse_variable(struct parser *parser)
{
    struct variable *variable = arena_new(parser->arena, struct variable);
    variable->at = parser->lexer.token.at;
    parser_expect(parser, TOKEN_DOLLAR);
    variable->name_at = parser->lexer.token.at;
    variable->name = parse_name(parser);
    parser_expect(parser, TOKEN_COLON);
    variable->type = parse_type(parser);
    if (parser_skip(parser, TOKEN_EQUALS))
        variable->fallback = parse_constant(parser);
    variable->directives = parse_constant_directives(parser);
    return variable;
}

static bool skip_description(struct parser *parser)
{
    return parser_skip(parser, TOKEN_STRING) || parser_skip(parser, TOKEN_BLOCK_STRING);
}

static struct variable *parse_variables(struct parser *parser)
{
    struct variable *first = NULL;
    struct variable **last = &first;
    if (!parser_skip(parser, TOKEN_PAREN_LEFT))
        return NULL;
    do {
        skip_description(parser);
        *last = parse_variable(parser);
        last = &(*last)->next;
    } while (parser_has_more(parser, TOKEN_PAREN_RIGHT));
    return first;
}

static bool parse_operation_kind(struct parser *parser, enum operation_kind *ret_kind)
{
    static const struct str words[] = {
        [OPERATION_QUERY] = {"query", 5},
        [OPERATION_MUTATION] = {"mutation", 8},
        [OPERATION_SUBSCRIPTION] = {"subscription", 12},
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!parser_skip_word(parser, words[i]))
            continue;
        *ret_kind = (enum operation_kind)i;
        return true;
    }
    return false;
}

static struct operation *parse_operation(struct parser *parser)
{
    struct operation *operation = arena_new(parser->arena, struct operation);
    operation->at = parser->lexer.token.at;
    if (parse_operation_kind(parser, &operation->kind)) {
        operation->name_at = parser->lexer.token.at;
        if (parser_is_at(parser, TOKEN_NAME))
            operation->name = parse_name(parser);
        operation->variables = parse_variables(parser);
        operation->directives = parse_directives(parser);
    }
    operation->scope.selections = parse_selections(parser);
    return operation;
}

static struct fragment *parse_fragment(struct parser *parser)
{
    struct fragment *fragment = arena_new(parser->arena, struct fragment);
    fragment->at = parser->lexer.token.at;
    lexer_next(&parser->lexer);
    fragment->name_at = parser->lexer.token.at;
    if (parser_is_at_word(parser, STR("on")))
        parser_fail_unexpected(parser);
    fragment->name = parse_name(parser);
    if (!parser_is_at_word(parser, STR("on")))
        lexer_fail(&parser->lexer, parser->lexer.token.at, "Expected \"on\", found %.*s.",
                   STR_ARGS(found_text(parser)));
    lexer_next(&parser->lexer);
    fragment->condition = parse_named_type(parser);
    fragment->directives = parse_directives(parser);
    fragment->scope.selections = parse_selections(parser);
    return fragment;
}

static bool is_at_operation(const struct parser *parser)
{
    return parser_is_at(parser, TOKEN_BRACE_LEFT) || parser_is_at_word(parser, STR("query")) ||
           parser_is_at_word(parser, STR("mutation")) || parser_is_at_word(parser, STR("subscription"));
}

struct document *parse_document(struct parser *parser)
{
    struct document *document = arena_new(parser->arena, struct document);
    struct operation **last_operation = &document->operations;
    struct fragment **last_fragment = &document->fragments;
    do {
        /* [GraphQL September 2025 2.5] Whatever has a name may have a description. */
        if (skip_description(parser) && parser_is_at(parser, TOKEN_BRACE_LEFT))
            parser_fail_unexpected(parser);
        if (is_at_operation(parser)) {
            *last_operation = parse_operation(parser);
            last_operation = &(*last_operation)->next;
        } else if (parser_is_at_word(parser, STR("fragment"))) {
            *last_fragment = parse_fragment(parser);
            last_fragment = &(*last_fragment)->next;
        } else {
            parser_fail_unexpected(parser);
        }
    } while (parser_has_more(parser, TOKEN_END));
    return document;
}
