#include "graphql/graphql.h"

#include "base/arena.h"
#include "base/buf.h"
#include "graphql/lexer.h"
#include "graphql/node.h"
#include "graphql/plan.h"
#include "graphql/print.h"

struct writer {
    struct plan *plan;
    struct buf *out;
    struct buf errors;         /* with commas between them */
    size_t introspection_left; /* bytes */
    bool is_introspection_cut;
};

/* A place in the response. */
struct place {
    const struct place *up;
    const struct type_def *parent; /* the object that has the field; NULL: item of a list */
    const struct planned_field *field;
    size_t index;
};

/* How completing a value ended. What stands in the output after the latter two, the caller takes back. */
enum completion {
    WRITTEN,
    NOTHING, /* it is null */
    SPOILED, /* an error has been reported, and there cannot be null here */
};

static void write_path(const struct place *place, struct buf *out)
{
    if (place->up) {
        write_path(place->up, out);
        buf_add_char(out, ',');
    }
    if (place->parent)
        text_write_quoted(place->field->response_key, out);
    else
        buf_add_int(out, (int64_t)place->index);
}

static void write_location(unsigned line, unsigned column, struct buf *out)
{
    if (line == 0)
        return;
    buf_add(out, STR(",\"locations\":[{\"line\":"));
    buf_add_int(out, line);
    buf_add(out, STR(",\"column\":"));
    buf_add_int(out, column);
    buf_add(out, STR("}]"));
}

static void write_member(const char *name, const json_t *value, struct buf *out)
{
    if (!value)
        return;
    buf_printf(out, ",\"%s\":", name);
    buf_add(out, json_text(out->arena, value));
}

static void write_message(struct str message, struct buf *out)
{
    if (out->len && out->ptr[out->len - 1] == '}')
        buf_add_char(out, ',');
    buf_add(out, STR("{\"message\":"));
    text_write_quoted(message, out);
}

static void write_error(const struct graphql_error *error, struct buf *out)
{
    write_message(error->message, out);
    write_location(error->line, error->column, out);
    write_member("path", error->path, out);
    write_member("extensions", error->extensions, out);
    buf_add_char(out, '}');
}

/* An error at a place: where the caller's has no location and path, the place's are taken. */
static void report(struct writer *writer, const struct place *place, const struct graphql_error *error)
{
    struct buf *out = &writer->errors;
    unsigned line = error->line;
    unsigned column = error->column;
    if (line == 0)
        source_locate(writer->plan->source, place->field->selection->at, &line, &column);
    write_message(error->message, out);
    write_location(line, column, out);
    if (error->path) {
        write_member("path", error->path, out);
    } else {
        buf_add(out, STR(",\"path\":["));
        write_path(place, out);
        buf_add_char(out, ']');
    }
    write_member("extensions", error->extensions, out);
    buf_add_char(out, '}');
}

/* `Query.viewer`: the field that a place belongs to. */
static struct str field_text(struct writer *writer, const struct place *place)
{
    while (!place->parent)
        place = place->up;
    return arena_printf(writer->plan->arena, "%.*s.%.*s", STR_ARGS(place->parent->name),
                        STR_ARGS(place->field->def->name));
}

static enum completion spoil(struct writer *writer, const struct place *place, const char *what)
{
    struct graphql_error error = {0};
    error.message = arena_printf(writer->plan->arena, "%s %.*s.", what, STR_ARGS(field_text(writer, place)));
    report(writer, place, &error);
    return SPOILED;
}

static enum completion write_text(struct writer *writer, struct str text)
{
    text_write_quoted(text, writer->out);
    return WRITTEN;
}

static bool is_int32(const json_t *json)
{
    return json_is_integer(json) && json_integer_value(json) >= INT32_MIN && json_integer_value(json) <= INT32_MAX;
}

static bool has_type(const json_t *json, const struct type_def *type)
{
    if (type->kind == TYPE_ENUM)
        return json_is_string(json);
    switch (type->scalar) {
    case SCALAR_INT:
        return is_int32(json);
    case SCALAR_FLOAT:
        return json_is_number(json);
    case SCALAR_BOOLEAN:
        return json_is_boolean(json);
    case SCALAR_STRING:
    case SCALAR_ID:
        return json_is_string(json) || json_is_integer(json);
    case SCALAR_CUSTOM:
        break;
    }
    return true;
}

static enum completion write_leaf(struct writer *writer, const struct place *place, const struct type_def *type,
                                  const json_t *json)
{
    if (!has_type(json, type))
        return spoil(writer, place, "A value of another type was found for field");
    if (json_is_string(json))
        return write_text(writer, (struct str){json_string_value(json), json_string_length(json)});
    struct str text = json_text(writer->plan->arena, json);
    if (type->scalar == SCALAR_STRING || type->scalar == SCALAR_ID)
        return write_text(writer, text);
    buf_add(writer->out, text);
    return WRITTEN;
}

static enum completion complete(struct writer *writer, const struct place *place, const struct type_ref *type,
                                const struct node *node);

static enum completion write_json_items(struct writer *writer, const struct place *place,
                                        const struct type_ref *item_type, const json_t *array)
{
    struct place item = {.up = place, .field = place->field};
    if (!json_is_array(array))
        return spoil(writer, place, "Expected a list, but did not find one for field");
    for (; item.index < json_array_size(array) && !writer->out->is_full; item.index++) {
        const struct node node = {.kind = NODE_JSON, .json = json_array_get(array, item.index)};
        if (item.index)
            buf_add_char(writer->out, ',');
        if (complete(writer, &item, item_type, &node) != WRITTEN)
            return SPOILED;
    }
    return WRITTEN;
}

static enum completion write_nodes(struct writer *writer, const struct place *place, const struct type_ref *item_type,
                                   const struct node *nodes)
{
    struct place item = {.up = place, .field = place->field};
    for (const struct node *node = nodes; node && !writer->out->is_full; node = node->next) {
        if (item.index)
            buf_add_char(writer->out, ',');
        if (complete(writer, &item, item_type, node) != WRITTEN)
            return SPOILED;
        item.index++;
    }
    return WRITTEN;
}

static enum completion write_list(struct writer *writer, const struct place *place, const struct type_ref *item_type,
                                  const struct node *node)
{
    buf_add_char(writer->out, '[');
    enum completion completion = node->kind == NODE_LIST ? write_nodes(writer, place, item_type, node->items)
                                                         : write_json_items(writer, place, item_type, node->json);
    if (completion == WRITTEN)
        buf_add_char(writer->out, ']');
    return completion;
}

/* The object type of a value: abstract ones carry it in their member `__typename`. */
static const struct type_def *find_object(struct writer *writer, const struct type_def *type, const struct node *node)
{
    if (type->kind == TYPE_OBJECT)
        return type;
    if (node->kind != NODE_JSON)
        return NULL;
    const struct type_def *object = schema_find_type(writer->plan->schema, json_member(node->json, "__typename"));
    return object && type_includes(type, object) ? object : NULL;
}

static struct node find_introspected(struct writer *writer, const struct planned_field *field,
                                     const struct node *parent)
{
    struct plan *plan = writer->plan;
    struct problems unused;
    problems_init(&unused, plan->arena, plan->source);
    json_t *arguments = field->def->arguments ? plan_arguments(plan, &unused, field) : NULL;
    json_keep(plan->arena, arguments);
    if (field->def == plan->schema->schema_field)
        return (struct node){.kind = NODE_SCHEMA, .schema = plan->schema};
    if (field->def != plan->schema->type_field)
        return introspect(plan->schema, plan->arena, parent, field->def->name, arguments);
    const struct type_def *type = schema_find_type(plan->schema, json_member(arguments, "name"));
    return type ? (struct node){.kind = NODE_TYPE, .type = &type->self} : (struct node){.kind = NODE_NULL};
}

static bool is_introspection(const struct writer *writer, const struct planned_field *field)
{
    const struct graphql_schema *schema = writer->plan->schema;
    return field->def == schema->schema_field || field->def == schema->type_field;
}

/* What the object has in the field. */
static struct node find_member(struct writer *writer, const struct planned_field *field,
                               const struct type_def *object, const struct node *parent)
{
    const struct graphql_schema *schema = writer->plan->schema;
    if (field->def == schema->typename_field)
        return (struct node){.kind = NODE_TEXT, .text = object->name};
    if (field->field)
        return (struct node){.kind = NODE_JSON, .json = field->field->error ? NULL : field->field->result};
    if (parent->kind != NODE_JSON || is_introspection(writer, field))
        return find_introspected(writer, field, parent);
    return (struct node){.kind = NODE_JSON, .json = json_object_get(parent->json, field->def->key)};
}

/* With aliases inside, a small query could ask for any amount: the output's limit is drawn in meanwhile. */
static enum completion write_introspection(struct writer *writer, const struct place *place, const struct node *node)
{
    struct buf *out = writer->out;
    size_t start = out->len;
    size_t limit = out->limit;
    if (limit - start > writer->introspection_left)
        out->limit = start + writer->introspection_left;
    enum completion completion = complete(writer, place, place->field->def->type, node);
    writer->is_introspection_cut |= out->is_full && out->limit < limit;
    writer->introspection_left -= out->len - start;
    out->limit = limit;
    return completion;
}

/* The caller's errors come before null makes its way up, which then needs no further explanation. */
static enum completion complete_field(struct writer *writer, const struct place *place, const struct node *node)
{
    const struct graphql_field *field = place->field->field;
    const struct type_ref *type = place->field->def->type;
    if (is_introspection(writer, place->field))
        return write_introspection(writer, place, node);
    if (!field || !field->error)
        return complete(writer, place, type, node);
    for (const struct graphql_error *error = field->error; error; error = error->next)
        report(writer, place, error);
    if (type->wrap == TYPE_NON_NULL)
        return SPOILED;
    buf_add(writer->out, STR("null"));
    return WRITTEN;
}

/* The value of `of` is an object with these fields; [GraphQL 6.3] ExecuteSelectionSet. */
static enum completion write_object(struct writer *writer, const struct place *up, struct planned_field *of,
                                    const struct type_def *object, const struct node *node)
{
    bool is_first = true;
    buf_add_char(writer->out, '{');
    for (const struct planned_field *field = plan_inside(writer->plan, of, object); field && !writer->out->is_full;
         field = field->next) {
        const struct place place = {.up = up, .parent = object, .field = field};
        struct node member = find_member(writer, field, object, node);
        if (!is_first)
            buf_add_char(writer->out, ',');
        is_first = false;
        text_write_quoted(field->response_key, writer->out);
        buf_add_char(writer->out, ':');
        if (complete_field(writer, &place, &member) != WRITTEN)
            return SPOILED;
    }
    buf_add_char(writer->out, '}');
    return WRITTEN;
}

/* A value of a type that may be null. */
static enum completion complete_nullable(struct writer *writer, const struct place *place,
                                         const struct type_ref *type, const struct node *node)
{
    if (node->kind == NODE_NULL || (node->kind == NODE_JSON && (!node->json || json_is_null(node->json))))
        return NOTHING;
    if (type->wrap == TYPE_LIST)
        return write_list(writer, place, type->of, node);
    if (node->kind == NODE_TEXT)
        return write_text(writer, node->text);
    if (node->kind == NODE_TRUTH) {
        buf_add(writer->out, node->truth ? STR("true") : STR("false"));
        return WRITTEN;
    }
    if (!type_is_composite(type->def))
        return write_leaf(writer, place, type->def, node->json);
    const struct type_def *object = find_object(writer, type->def, node);
    if (!object)
        return spoil(writer, place, "An object of a possible type was not found for field");
    return write_object(writer, place, (struct planned_field *)place->field, object, node);
}

/* [GraphQL 6.4.3, 6.4.4] CompleteValue: null goes up to the next place that may be null. */
static enum completion complete(struct writer *writer, const struct place *place, const struct type_ref *type,
                                const struct node *node)
{
    size_t start = writer->out->len;
    enum completion completion = complete_nullable(writer, place, type_ref_nullable(type), node);
    if (completion == WRITTEN)
        return WRITTEN;
    if (type->wrap == TYPE_NON_NULL)
        return completion == SPOILED ? SPOILED : spoil(writer, place, "Cannot return null for non-nullable field");
    writer->out->len = start;
    buf_add(writer->out, STR("null"));
    return WRITTEN;
}

static void write_request_errors(const struct graphql_request *request, struct buf *out)
{
    buf_add(out, STR("{\"errors\":["));
    for (const struct graphql_error *error = request->errors; error; error = error->next)
        write_error(error, out);
    buf_add(out, STR("]}"));
}

/* Errors are known when the data has been written, and stand before it. */
static void put_errors_first(struct writer *writer, size_t start)
{
    struct buf *out = writer->out;
    struct str data = arena_str(writer->plan->arena, str_slice(buf_str(out), start + 1, out->len));
    out->len = start;
    buf_add(out, STR("{\"errors\":["));
    buf_add(out, buf_str(&writer->errors));
    buf_add(out, STR("],"));
    buf_add(out, data);
}

static void refuse_introspection(struct buf *out, size_t start)
{
    out->len = start;
    out->is_full = false;
    graphql_error_write(STR("Introspection asks for too much."), NULL, out);
}

void graphql_request_write(struct graphql_request *request, struct buf *out)
{
    if (request->errors) {
        write_request_errors(request, out);
        return;
    }
    struct plan *plan = (struct plan *)request->plan;
    struct writer writer = {.plan = plan, .out = out, .introspection_left = plan->schema->introspection_len_max};
    const struct node nothing = {.kind = NODE_JSON};
    size_t start = out->len;
    buf_init(&writer.errors, plan->arena, out->limit);
    buf_add(out, STR("{\"data\":"));
    size_t data_start = out->len;
    const struct type_def *root = plan->schema->roots[plan->operation->kind];
    if (write_object(&writer, NULL, &plan->root, root, &nothing) != WRITTEN) {
        out->len = data_start;
        buf_add(out, STR("null"));
    }
    buf_add_char(out, '}');
    if (writer.is_introspection_cut) {
        refuse_introspection(out, start);
        return;
    }
    if (writer.errors.len)
        put_errors_first(&writer, start);
    out->is_full |= writer.errors.is_full;
}

void graphql_error_write(struct str message, json_t *extensions, struct buf *out)
{
    const struct graphql_error error = {.message = message, .extensions = extensions};
    buf_add(out, STR("{\"errors\":["));
    write_error(&error, out);
    buf_add(out, STR("]}"));
}
