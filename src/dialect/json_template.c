#include "dialect/template.h"

#include "base/arena.h"
#include "base/buf.h"
#include "dialect/hole.h"

#define DEPTH_MAX 8
#define STEPS_MAX 512

enum step_kind {
    STEP_TEXT,   /* write `text` */
    STEP_OBJECT, /* write `{`, begin the members of `depth` */
    STEP_MEMBER, /* unless a fact of `mask` is there, go to `skip`; else write `text` behind a member before */
    STEP_VALUE,  /* write the hole as a value */
    STEP_INSIDE, /* write the hole inside a string */
};

struct template_step {
    enum step_kind kind;
    struct str text;
    uint64_t mask;
    size_t skip;
    unsigned depth;
    struct hole hole;
};

struct json_template {
    struct template_step *steps;
    size_t count;
};

struct compiler {
    const struct template_names *names;
    struct str rest;
    struct template_step *steps;
    size_t count;
    unsigned depth;
    struct str error;
};

static struct template_step *add_step(struct compiler *compiler, enum step_kind kind)
{
    if (compiler->count == STEPS_MAX) {
        compiler->error = STR("fewer parts");
        compiler->count--; /* the rest is read to no purpose; the error stands */
    }
    struct template_step *step = &compiler->steps[compiler->count++];
    *step = (struct template_step){.kind = kind, .depth = compiler->depth};
    return step;
}

/* Texts that follow each other in the source become one step. */
static void add_text(struct compiler *compiler, struct str text)
{
    struct template_step *last = compiler->count ? &compiler->steps[compiler->count - 1] : NULL;
    if (text.len == 0)
        return;
    if (last && last->kind == STEP_TEXT && last->skip == 0 && last->text.ptr + last->text.len == text.ptr)
        last->text.len += text.len;
    else
        add_step(compiler, STEP_TEXT)->text = text;
}

static struct str take(struct compiler *compiler, size_t len)
{
    struct str taken = str_slice(compiler->rest, 0, len);
    compiler->rest = str_slice(compiler->rest, len, compiler->rest.len);
    return taken;
}

static char next_byte(const struct compiler *compiler)
{
    return compiler->rest.len ? compiler->rest.ptr[0] : 0;
}

static struct str take_blanks(struct compiler *compiler)
{
    size_t len = 0;
    while (len < compiler->rest.len && memchr(" \t\r\n", compiler->rest.ptr[len], 4))
        len++;
    return take(compiler, len);
}

static uint64_t compile_value(struct compiler *compiler);

static void compile_string(struct compiler *compiler)
{
    add_text(compiler, take(compiler, 1));
    while (!compiler->error.ptr && next_byte(compiler) && next_byte(compiler) != '"') {
        if (next_byte(compiler) == '\\') {
            add_text(compiler, take(compiler, 2));
        } else if (str_has_prefix(compiler->rest, STR("$$"))) {
            take(compiler, 1);
            add_text(compiler, take(compiler, 1));
        } else if (next_byte(compiler) == '$') {
            struct hole hole;
            if (hole_read(&compiler->rest, compiler->names, &hole, &compiler->error))
                add_step(compiler, STEP_INSIDE)->hole = hole;
        } else {
            add_text(compiler, take(compiler, 1));
        }
    }
    if (!compiler->error.ptr && next_byte(compiler) != '"')
        compiler->error = STR("a string that ends");
    add_text(compiler, take(compiler, 1));
}

/* `"key": value`, left out when all that its value is made of is absent. */
static uint64_t compile_member(struct compiler *compiler, struct str separator)
{
    size_t at = compiler->count;
    add_step(compiler, STEP_MEMBER)->text = separator;
    if (next_byte(compiler) != '"') {
        compiler->error = STR("a member's name in quotes");
        return 0;
    }
    compile_string(compiler);
    add_text(compiler, take_blanks(compiler));
    if (next_byte(compiler) != ':')
        compiler->error = STR("a colon behind a member's name");
    add_text(compiler, take(compiler, 1));
    add_text(compiler, take_blanks(compiler));
    uint64_t mask = compile_value(compiler);
    compiler->steps[at].mask = mask;
    compiler->steps[at].skip = compiler->count;
    return mask;
}

/* The text between members counts to the comma's member: it goes when that one goes. */
static struct str take_separator(struct compiler *compiler)
{
    struct str from = compiler->rest;
    take_blanks(compiler);
    take(compiler, 1);
    take_blanks(compiler);
    return str_slice(from, 0, from.len - compiler->rest.len);
}

static bool is_comma_next(struct compiler *compiler)
{
    struct str rest = compiler->rest;
    take_blanks(compiler);
    bool is_comma = next_byte(compiler) == ',';
    compiler->rest = rest;
    return is_comma;
}

static uint64_t compile_object(struct compiler *compiler)
{
    uint64_t mask = 0;
    bool is_optional = true;
    take(compiler, 1);
    if (++compiler->depth == DEPTH_MAX)
        compiler->error = STR("less nesting");
    add_step(compiler, STEP_OBJECT);
    add_text(compiler, take_blanks(compiler));
    if (next_byte(compiler) == '}')
        is_optional = false;
    else
        mask = compile_member(compiler, STR(""));
    is_optional = is_optional && mask;
    while (!compiler->error.ptr && is_comma_next(compiler)) {
        uint64_t member = compile_member(compiler, take_separator(compiler));
        is_optional = is_optional && member;
        mask |= member;
    }
    compiler->depth--;
    add_text(compiler, take_blanks(compiler));
    if (!compiler->error.ptr && next_byte(compiler) != '}')
        compiler->error = STR("a comma or the end of the object");
    /* A new step: the brace must not melt into a text that a skipped member would jump over. */
    add_step(compiler, STEP_TEXT)->text = take(compiler, 1);
    return is_optional ? mask : 0;
}

static void compile_array(struct compiler *compiler)
{
    add_text(compiler, take(compiler, 1));
    add_text(compiler, take_blanks(compiler));
    while (!compiler->error.ptr && next_byte(compiler) && next_byte(compiler) != ']') {
        compile_value(compiler);
        add_text(compiler, take_blanks(compiler));
        if (next_byte(compiler) == ',')
            add_text(compiler, take(compiler, 1));
        add_text(compiler, take_blanks(compiler));
    }
    if (!compiler->error.ptr && next_byte(compiler) != ']')
        compiler->error = STR("the end of the array");
    add_text(compiler, take(compiler, 1));
}

static bool is_json_literal(struct str text)
{
    int64_t number;
    return str_equal(text, STR("true")) || str_equal(text, STR("false")) || str_equal(text, STR("null")) ||
           str_parse_int(text, &number) || (text.len >= 2 && text.ptr[0] == '"');
}

static uint64_t compile_hole(struct compiler *compiler)
{
    struct hole hole;
    if (!hole_read(&compiler->rest, compiler->names, &hole, &compiler->error))
        return 0;
    add_step(compiler, STEP_VALUE)->hole = hole;
    if (!str_is_present(hole.alternative))
        return hole_mask(&hole);
    if (!is_json_literal(hole.alternative))
        compiler->error = STR("a JSON literal behind the question mark");
    return 0;
}

static void compile_literal(struct compiler *compiler)
{
    size_t len = 0;
    while (len < compiler->rest.len && !memchr(",]} \t\r\n", compiler->rest.ptr[len], 7))
        len++;
    struct str literal = take(compiler, len);
    if (!is_json_literal(literal))
        compiler->error = STR("a JSON value or a hole");
    add_text(compiler, literal);
}

/* Returns the facts of which one must be there for the value to be written; 0: always. */
static uint64_t compile_value(struct compiler *compiler)
{
    if (compiler->error.ptr)
        return 0;
    switch (next_byte(compiler)) {
    case '{':
        return compile_object(compiler);
    case '[':
        compile_array(compiler);
        return 0;
    case '"':
        compile_string(compiler);
        return 0;
    case '$':
        return compile_hole(compiler);
    default:
        compile_literal(compiler);
        return 0;
    }
}

struct json_template *json_template_compile(struct arena *arena, struct str text, const struct template_names *names,
                                            struct str *ret_error)
{
    struct template_step steps[STEPS_MAX];
    struct compiler compiler = {.names = names, .rest = text, .steps = steps};
    take_blanks(&compiler);
    compile_value(&compiler);
    take_blanks(&compiler);
    if (!compiler.error.ptr && compiler.rest.len)
        compiler.error = STR("one JSON value");
    if (compiler.error.ptr) {
        *ret_error = compiler.error;
        return NULL;
    }
    struct json_template *json = arena_new(arena, struct json_template);
    json->count = compiler.count;
    json->steps = arena_array(arena, struct template_step, compiler.count);
    memcpy(json->steps, steps, compiler.count * sizeof(*steps));
    return json;
}

uint64_t json_template_facts(const struct json_template *json)
{
    uint64_t facts = 0;
    for (size_t i = 0; i < json->count; i++)
        if (json->steps[i].kind == STEP_VALUE || json->steps[i].kind == STEP_INSIDE)
            facts |= hole_mask(&json->steps[i].hole);
    return facts;
}

static void write_inside(const struct hole *hole, const struct facts *facts, struct buf *out)
{
    char room[TEXT_INT_MAX];
    struct str text = hole_text(hole, facts, room);
    if (str_is_present(text))
        buf_add_json(out, text);
}

void json_template_write(const struct json_template *json, const struct facts *facts, struct buf *out)
{
    bool has_member[DEPTH_MAX] = {false};
    for (size_t i = 0; i < json->count; i++) {
        const struct template_step *step = &json->steps[i];
        switch (step->kind) {
        case STEP_TEXT:
            buf_add(out, step->text);
            break;
        case STEP_OBJECT:
            buf_add_char(out, '{');
            has_member[step->depth] = false;
            break;
        case STEP_MEMBER:
            if (step->mask && !(facts->present & step->mask)) {
                i = step->skip - 1;
                break;
            }
            if (has_member[step->depth])
                buf_add(out, step->text);
            has_member[step->depth] = true;
            break;
        case STEP_VALUE:
            hole_write_json(&step->hole, facts, out);
            break;
        case STEP_INSIDE:
            write_inside(&step->hole, facts, out);
            break;
        }
    }
}
