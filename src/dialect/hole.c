#include "dialect/hole.h"

#include "base/buf.h"
#include "dialect/template.h"

static bool is_name(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
}

static void take(struct str *rest, size_t len)
{
    *rest = str_slice(*rest, len, rest->len);
}

static bool find_fact(struct str name, const struct template_names *names, enum fact_name *ret_fact)
{
    for (size_t i = 0; i < names->extra_count; i++) {
        if (str_equal(names->extra[i], name)) {
            *ret_fact = (enum fact_name)(FACT_extra_0 + i);
            return true;
        }
    }
    *ret_fact = fact_find(name);
    return *ret_fact != FACT_COUNT;
}

/* A literal ends where JSON goes on; a string literal at its closing quote. */
static size_t literal_len(struct str rest)
{
    size_t len = 0;
    if (rest.len && rest.ptr[0] == '"')
        return str_find(str_slice(rest, 1, rest.len), '"') + 2;
    while (len < rest.len && !memchr(",]} \t\n", rest.ptr[len], 6))
        len++;
    return len;
}

static void read_cut(struct str *rest, struct hole *hole)
{
    take(rest, 1);
    while (rest->len && rest->ptr[0] >= '0' && rest->ptr[0] <= '9') {
        hole->cut = hole->cut * 10 + (size_t)(rest->ptr[0] - '0');
        take(rest, 1);
    }
}

static void read_modifiers(struct str *rest, struct hole *hole)
{
    if (str_has_prefix(*rest, STR("[]"))) {
        hole->is_list = true;
        take(rest, 2);
    } else if (str_has_prefix(*rest, STR("#"))) {
        hole->is_number = true;
        take(rest, 1);
    } else if (rest->len > 1 && rest->ptr[0] == ':' && rest->ptr[1] >= '0' && rest->ptr[1] <= '9') {
        read_cut(rest, hole);
    }
    if (str_has_prefix(*rest, STR("?"))) {
        take(rest, 1);
        hole->alternative = str_slice(*rest, 0, literal_len(*rest));
        take(rest, hole->alternative.len);
    }
}

/* `$name…` runs as far as names do; `${name…}` ends where text may go on that would be taken for the name's own. */
bool hole_read(struct str *rest, const struct template_names *names, struct hole *ret_hole, struct str *ret_error)
{
    bool is_braced = rest->len > 1 && rest->ptr[1] == '{';
    size_t len = 0;
    *ret_hole = (struct hole){0};
    take(rest, is_braced ? 2 : 1);
    while (len < rest->len && is_name(rest->ptr[len]))
        len++;
    if (!find_fact(str_slice(*rest, 0, len), names, &ret_hole->fact)) {
        *ret_error = STR("a hole that names a known fact, or $$ for a dollar");
        return false;
    }
    take(rest, len);
    read_modifiers(rest, ret_hole);
    if (is_braced && !str_has_prefix(*rest, STR("}"))) {
        *ret_error = STR("a hole whose brace is closed");
        return false;
    }
    take(rest, is_braced ? 1 : 0);
    return true;
}

struct str hole_text(const struct hole *hole, const struct facts *facts, char *room)
{
    const struct fact *fact = &facts->values[hole->fact];
    if (!(facts->present & hole_mask(hole)))
        return STR_NONE;
    if (fact->kind == FACT_NUMBER)
        return str_of_int(fact->number, room);
    if (fact->kind == FACT_BOOL)
        return fact->number ? STR("true") : STR("false");
    return hole->cut ? str_slice(fact->text, 0, hole->cut) : fact->text;
}

static void write_list(struct str words, struct buf *out)
{
    struct str word;
    const char *separator = "";
    buf_add_char(out, '[');
    while (str_next_word(&words, &word)) {
        buf_add(out, str_of(separator));
        buf_add_char(out, '"');
        buf_add_json(out, word);
        buf_add_char(out, '"');
        separator = ",";
    }
    buf_add_char(out, ']');
}

/* Nothing that JSON would not take as a number: no leading zeros. */
static bool is_json_number(struct str text)
{
    int64_t number;
    return str_parse_int(text, &number) && number >= 0 && (text.ptr[0] != '0' || text.len == 1);
}

void hole_write_json(const struct hole *hole, const struct facts *facts, struct buf *out)
{
    char room[TEXT_INT_MAX];
    struct str text = hole_text(hole, facts, room);
    if (!str_is_present(text)) {
        buf_add(out, str_is_present(hole->alternative) ? hole->alternative : STR("null"));
        return;
    }
    if (facts->values[hole->fact].kind != FACT_TEXT || (hole->is_number && is_json_number(text))) {
        buf_add(out, text);
        return;
    }
    if (hole->is_list) {
        write_list(text, out);
        return;
    }
    buf_add_char(out, '"');
    buf_add_json(out, text);
    buf_add_char(out, '"');
}
