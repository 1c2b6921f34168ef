#include "graphql/sdl.h"

#include "base/arena.h"
#include "graphql/parser.h"

/* SDL is the operator's: these only keep a broken file from exhausting the stack. */
#define SDL_DEPTH_MAX 32

/* A directive on a definition, checked when all directives are known. */
struct annotation {
    struct annotation *next;
    const struct directive *directive;
    enum directive_location location;
};

struct reader {
    struct parser parser;
    struct arena *arena;
    struct graphql_schema *schema;
    struct type_def **last_type;
    struct directive_def **last_directive;
    struct annotation *annotations;
    struct directive *found; /* of the definition being read */
    bool has_schema;
    bool is_builtin;
};

static void fail(struct reader *reader, uint32_t at, const char *what, struct str name)
{
    lexer_fail(&reader->parser.lexer, at, "%s \"%.*s\".", what, STR_ARGS(name));
}

static uint32_t here(const struct reader *reader)
{
    return reader->parser.lexer.token.at;
}

static struct str read_description(struct reader *reader)
{
    struct str text = reader->parser.lexer.token.text;
    if (parser_skip(&reader->parser, TOKEN_STRING) || parser_skip(&reader->parser, TOKEN_BLOCK_STRING))
        return text;
    return STR_NONE;
}

static struct str read_new_name(struct reader *reader)
{
    uint32_t at = here(reader);
    struct str name = parse_name(&reader->parser);
    if (!reader->is_builtin && str_has_prefix(name, STR("__")))
        fail(reader, at, "Names that begin with two underscores are reserved:", name);
    return name;
}

static void read_annotations(struct reader *reader, enum directive_location location)
{
    reader->found = parse_constant_directives(&reader->parser);
    for (const struct directive *directive = reader->found; directive; directive = directive->next) {
        struct annotation *annotation = arena_new(reader->arena, struct annotation);
        *annotation = (struct annotation){reader->annotations, directive, location};
        reader->annotations = annotation;
    }
}

/* The text argument of a directive just read; `otherwise` without the argument, absent without the directive. */
static struct str annotation_text(const struct reader *reader, struct str name, struct str argument,
                                  struct str otherwise)
{
    for (const struct directive *directive = reader->found; directive; directive = directive->next) {
        if (!str_equal(directive->name, name))
            continue;
        for (const struct value *value = directive->arguments; value; value = value->next)
            if (str_equal(value->name, argument) && value->kind == VALUE_STRING)
                return value->text;
        return otherwise;
    }
    return STR_NONE;
}

static struct str deprecation(const struct reader *reader)
{
    return annotation_text(reader, STR("deprecated"), STR("reason"), STR("No longer supported"));
}

static struct input_def *read_input(struct reader *reader, enum directive_location location)
{
    struct input_def *input = arena_new(reader->arena, struct input_def);
    input->description = read_description(reader);
    input->at = here(reader);
    input->name = read_new_name(reader);
    input->key = arena_cstr(reader->arena, input->name);
    parser_expect(&reader->parser, TOKEN_COLON);
    input->type = parse_type(&reader->parser);
    if (parser_skip(&reader->parser, TOKEN_EQUALS))
        input->fallback = parse_constant(&reader->parser);
    read_annotations(reader, location);
    input->deprecation = deprecation(reader);
    return input;
}

/* Up to `close`, at least one. */
static struct input_def *read_inputs(struct reader *reader, enum token_kind close, enum directive_location location)
{
    struct input_def *first = NULL;
    struct input_def **last = &first;
    do {
        struct input_def *input = read_input(reader, location);
        if (input_find(first, input->name))
            fail(reader, input->at, "Defined twice:", input->name);
        *last = input;
        last = &input->next;
    } while (parser_has_more(&reader->parser, close));
    return first;
}

static struct input_def *read_arguments(struct reader *reader)
{
    if (!parser_skip(&reader->parser, TOKEN_PAREN_LEFT))
        return NULL;
    return read_inputs(reader, TOKEN_PAREN_RIGHT, ON_ARGUMENT_DEFINITION);
}

static struct field_def *read_field(struct reader *reader)
{
    struct field_def *field = arena_new(reader->arena, struct field_def);
    field->description = read_description(reader);
    field->at = here(reader);
    field->name = read_new_name(reader);
    field->key = arena_cstr(reader->arena, field->name);
    field->arguments = read_arguments(reader);
    parser_expect(&reader->parser, TOKEN_COLON);
    field->type = parse_type(&reader->parser);
    read_annotations(reader, ON_FIELD_DEFINITION);
    field->deprecation = deprecation(reader);
    return field;
}

static void read_fields(struct reader *reader, struct type_def *type)
{
    struct field_def **last = &type->fields;
    parser_expect(&reader->parser, TOKEN_BRACE_LEFT);
    do {
        struct field_def *field = read_field(reader);
        if (type_find_field(type, field->name))
            fail(reader, field->at, "Defined twice:", field->name);
        *last = field;
        last = &field->next;
    } while (parser_has_more(&reader->parser, TOKEN_BRACE_RIGHT));
}

/* Names between separators; a leading one is allowed. */
static struct type_list *read_type_list(struct reader *reader, enum token_kind separator)
{
    struct type_list *first = NULL;
    struct type_list **last = &first;
    parser_skip(&reader->parser, separator);
    do {
        struct type_list *item = arena_new(reader->arena, struct type_list);
        item->type.at = here(reader);
        item->type.name = parse_name(&reader->parser);
        for (const struct type_list *other = first; other; other = other->next)
            if (str_equal(other->type.name, item->type.name))
                fail(reader, item->type.at, "Named twice:", item->type.name);
        *last = item;
        last = &item->next;
    } while (parser_skip(&reader->parser, separator));
    return first;
}

static void read_object(struct reader *reader, struct type_def *type)
{
    if (parser_skip_word(&reader->parser, STR("implements")))
        type->interfaces = read_type_list(reader, TOKEN_AMP);
    read_annotations(reader, type->kind == TYPE_OBJECT ? ON_OBJECT : ON_INTERFACE);
    read_fields(reader, type);
}

static void read_union(struct reader *reader, struct type_def *type)
{
    read_annotations(reader, ON_UNION);
    parser_expect(&reader->parser, TOKEN_EQUALS);
    type->possible = read_type_list(reader, TOKEN_PIPE);
}

static void read_enum(struct reader *reader, struct type_def *type)
{
    struct enum_value_def **last = &type->values;
    read_annotations(reader, ON_ENUM);
    parser_expect(&reader->parser, TOKEN_BRACE_LEFT);
    do {
        struct enum_value_def *value = arena_new(reader->arena, struct enum_value_def);
        value->description = read_description(reader);
        uint32_t at = here(reader);
        value->name = read_new_name(reader);
        if (type_find_value(type, value->name))
            fail(reader, at, "Defined twice:", value->name);
        if (str_equal(value->name, STR("true")) || str_equal(value->name, STR("false")) ||
            str_equal(value->name, STR("null")))
            fail(reader, at, "Reserved and no enum value:", value->name);
        read_annotations(reader, ON_ENUM_VALUE);
        value->deprecation = deprecation(reader);
        *last = value;
        last = &value->next;
    } while (parser_has_more(&reader->parser, TOKEN_BRACE_RIGHT));
}

static void read_input_object(struct reader *reader, struct type_def *type)
{
    read_annotations(reader, ON_INPUT_OBJECT);
    parser_expect(&reader->parser, TOKEN_BRACE_LEFT);
    type->inputs = read_inputs(reader, TOKEN_BRACE_RIGHT, ON_INPUT_FIELD_DEFINITION);
}

static void read_scalar(struct reader *reader, struct type_def *type)
{
    static const struct str names[] = {
        [SCALAR_INT] = {"Int", 3},         [SCALAR_FLOAT] = {"Float", 5}, [SCALAR_STRING] = {"String", 6},
        [SCALAR_BOOLEAN] = {"Boolean", 7}, [SCALAR_ID] = {"ID", 2},
    };
    for (size_t i = SCALAR_INT; i <= SCALAR_ID; i++)
        if (str_equal(type->name, names[i]))
            type->scalar = (enum scalar_kind)i;
    read_annotations(reader, ON_SCALAR);
    type->specified_by_url = annotation_text(reader, STR("specifiedBy"), STR("url"), STR_NONE);
}

static void read_location(struct reader *reader, struct directive_def *directive)
{
    uint32_t at = here(reader);
    struct str name = parse_name(&reader->parser);
    for (size_t i = 0; i < DIRECTIVE_LOCATION_COUNT; i++) {
        if (!str_equal(directive_location_names[i], name))
            continue;
        directive->locations |= 1u << i;
        return;
    }
    fail(reader, at, "Unknown directive location", name);
}

static void read_directive(struct reader *reader, struct str description)
{
    struct directive_def *directive = arena_new(reader->arena, struct directive_def);
    directive->description = description;
    parser_expect(&reader->parser, TOKEN_AT);
    directive->at = here(reader);
    directive->name = read_new_name(reader);
    if (schema_find_directive(reader->schema, directive->name))
        fail(reader, directive->at, "Defined twice:", directive->name);
    directive->arguments = read_arguments(reader);
    directive->is_repeatable = parser_skip_word(&reader->parser, STR("repeatable"));
    if (!parser_skip_word(&reader->parser, STR("on")))
        parser_fail_unexpected(&reader->parser);
    parser_skip(&reader->parser, TOKEN_PIPE);
    do
        read_location(reader, directive);
    while (parser_skip(&reader->parser, TOKEN_PIPE));
    *reader->last_directive = directive;
    reader->last_directive = &directive->next;
}

static void read_root(struct reader *reader, struct type_def *roots[3])
{
    static const struct str words[] = {{"query", 5}, {"mutation", 8}, {"subscription", 12}};
    uint32_t at = here(reader);
    struct str word = parse_name(&reader->parser);
    parser_expect(&reader->parser, TOKEN_COLON);
    for (size_t i = 0; i < 3; i++) {
        if (!str_equal(word, words[i]) || roots[i])
            continue;
        roots[i] = arena_new(reader->arena, struct type_def);
        roots[i]->at = here(reader);
        roots[i]->name = parse_name(&reader->parser);
        return;
    }
    fail(reader, at, "Unknown or repeated operation", word);
}

/* Roots are names until schema_check looks them up. */
static void read_schema(struct reader *reader, struct str description)
{
    struct type_def *roots[3] = {NULL};
    if (reader->has_schema)
        parser_fail_unexpected(&reader->parser);
    reader->has_schema = true;
    reader->schema->description = description;
    read_annotations(reader, ON_SCHEMA);
    parser_expect(&reader->parser, TOKEN_BRACE_LEFT);
    do
        read_root(reader, roots);
    while (parser_has_more(&reader->parser, TOKEN_BRACE_RIGHT));
    for (size_t i = 0; i < 3; i++)
        reader->schema->roots[i] = roots[i];
}

static const struct type_form {
    struct str word;
    enum type_kind kind;
    void (*read)(struct reader *reader, struct type_def *type);
} type_forms[] = {
    {{"scalar", 6}, TYPE_SCALAR, read_scalar},
    {{"type", 4}, TYPE_OBJECT, read_object},
    {{"interface", 9}, TYPE_INTERFACE, read_object},
    {{"union", 5}, TYPE_UNION, read_union},
    {{"enum", 4}, TYPE_ENUM, read_enum},
    {{"input", 5}, TYPE_INPUT_OBJECT, read_input_object},
};

/* The keyword has been read. */
static void read_type(struct reader *reader, const struct type_form *form, struct str description)
{
    struct type_def *type = arena_new(reader->arena, struct type_def);
    type->kind = form->kind;
    type->description = description;
    type->is_builtin = reader->is_builtin;
    type->at = here(reader);
    type->name = read_new_name(reader);
    type->self = (struct type_ref){.wrap = TYPE_NAMED, .at = type->at, .name = type->name, .def = type};
    if (schema_find_type(reader->schema, type->name))
        fail(reader, type->at, "Defined twice:", type->name);
    form->read(reader, type);
    *reader->last_type = type;
    reader->last_type = &type->next;
}

static void read_definition(struct reader *reader)
{
    struct str description = read_description(reader);
    if (parser_skip_word(&reader->parser, STR("schema"))) {
        read_schema(reader, description);
        return;
    }
    if (parser_skip_word(&reader->parser, STR("directive"))) {
        read_directive(reader, description);
        return;
    }
    for (size_t i = 0; i < sizeof(type_forms) / sizeof(type_forms[0]); i++) {
        if (!parser_skip_word(&reader->parser, type_forms[i].word))
            continue;
        read_type(reader, &type_forms[i], description);
        return;
    }
    parser_fail_unexpected(&reader->parser);
}

static void check_annotations(struct reader *reader)
{
    for (const struct annotation *item = reader->annotations; item; item = item->next) {
        const struct directive_def *def = schema_find_directive(reader->schema, item->directive->name);
        if (!def)
            fail(reader, item->directive->at, "Unknown directive", item->directive->name);
        else if (!(def->locations & 1u << item->location))
            fail(reader, item->directive->at, "Directive in a wrong place:", item->directive->name);
        for (const struct value *value = item->directive->arguments; def && value; value = value->next)
            if (!input_find(def->arguments, value->name))
                fail(reader, value->name_at, "Unknown argument", value->name);
    }
}

bool sdl_read(struct graphql_schema *schema, struct str sdl, struct schema_mistake *ret_mistake)
{
    struct reader reader = {
        .arena = schema->arena, .schema = schema, .last_type = &schema->types, .last_directive = &schema->directives};
    reader.is_builtin = sdl.ptr == sdl_builtin.ptr;
    while (*reader.last_type)
        reader.last_type = &(*reader.last_type)->next;
    while (*reader.last_directive)
        reader.last_directive = &(*reader.last_directive)->next;
    parser_init(&reader.parser, schema->arena, sdl, SIZE_MAX, SDL_DEPTH_MAX);
    while (parser_has_more(&reader.parser, TOKEN_END))
        read_definition(&reader);
    check_annotations(&reader);
    const struct lexer *lexer = &reader.parser.lexer;
    *ret_mistake = (struct schema_mistake){lexer->message, lexer->failed_at};
    return !str_is_present(lexer->message);
}
