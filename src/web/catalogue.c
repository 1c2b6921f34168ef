#include "web/catalogue.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/embedded.h"
#include "base/mistake.h"
#include "base/yaml.h"

#define PHRASE_MAX    16384
#define LANGUAGES_MAX 16
/* More of the header is not looked at. */
#define ACCEPTED_MAX 500

struct catalogue {
    struct str *keys;
    size_t key_count;
    struct language languages[LANGUAGES_MAX];
    size_t language_count;
};

struct reader {
    struct arena *arena;
    struct mistakes *mistakes;
    struct catalogue *catalogue;
    struct language *language;
    struct str file;
    bool is_first; /* its keys are everybody's */
};

size_t catalogue_find(const struct catalogue *catalogue, struct str key)
{
    for (size_t i = 0; i < catalogue->key_count; i++)
        if (str_equal(catalogue->keys[i], key))
            return i;
    return PHRASE_NONE;
}

size_t catalogue_count(const struct catalogue *catalogue)
{
    return catalogue->key_count;
}

struct str catalogue_key(const struct catalogue *catalogue, size_t index)
{
    return catalogue->keys[index];
}

static void tell(struct reader *reader, const struct yaml_node *node, const char *allowed)
{
    mistake_add(reader->mistakes, reader->file, node->line, node->path, yaml_show(reader->mistakes->arena, node),
                str_of(allowed));
}

/* One part off the front of `rest`; NULL: there is none that is right. */
static struct phrase *read_part(struct arena *arena, struct str *rest, bool *is_strong)
{
    struct phrase *part = arena_new(arena, struct phrase);
    if (str_has_prefix(*rest, STR("**"))) {
        part->kind = *is_strong ? PHRASE_STRONG_END : PHRASE_STRONG;
        *is_strong = !*is_strong;
        *rest = str_slice(*rest, 2, rest->len);
        return part;
    }
    if (rest->ptr[0] == '{') {
        size_t end = str_find(*rest, '}');
        part->kind = PHRASE_PARAMETER;
        part->text = str_slice(*rest, 1, end - 1);
        bool is_right = end < rest->len && model_path_read(part->text, &part->path);
        *rest = str_slice(*rest, end + 1, rest->len);
        return is_right ? part : NULL;
    }
    size_t len = 1;
    while (len < rest->len && rest->ptr[len] != '{' && !str_has_prefix(str_slice(*rest, len, 2), STR("**")))
        len++;
    part->text = str_slice(*rest, 0, len);
    *rest = str_slice(*rest, len, rest->len);
    return part;
}

static struct phrase *read_phrase(struct arena *arena, struct str text)
{
    struct phrase *first = NULL, **last = &first;
    struct str rest = text;
    bool is_strong = false;
    while (rest.len) {
        struct phrase *part = read_part(arena, &rest, &is_strong);
        if (!part)
            return NULL;
        *last = part;
        last = &part->next;
    }
    return is_strong ? NULL : first;
}

static bool has_parameter(const struct phrase *phrase, struct str name)
{
    for (; phrase; phrase = phrase->next)
        if (phrase->kind == PHRASE_PARAMETER && str_equal(phrase->text, name))
            return true;
    return false;
}

static bool has_parameters_of(const struct phrase *a, const struct phrase *b)
{
    for (; b; b = b->next)
        if (b->kind == PHRASE_PARAMETER && !has_parameter(a, b->text))
            return false;
    return true;
}

static void keep_phrase(struct reader *reader, const struct yaml_node *node, struct phrase *phrase)
{
    struct catalogue *catalogue = reader->catalogue;
    size_t index = catalogue_find(catalogue, node->path);
    if (reader->is_first) {
        index = catalogue->key_count++;
        catalogue->keys[index] = arena_str(reader->arena, node->path);
    } else if (index == PHRASE_NONE) {
        tell(reader, node, "a key that the first language has");
        return;
    }
    const struct phrase *original = catalogue->languages[0].phrases[index];
    if (!reader->is_first && !(has_parameters_of(original, phrase) && has_parameters_of(phrase, original)))
        tell(reader, node, "the parameters that the first language has");
    reader->language->phrases[index] = phrase;
}

static void read_node(struct reader *reader, const struct yaml_node *node)
{
    if (node->kind == YAML_MAP) {
        for (const struct yaml_node *member = node->child; member; member = member->next)
            read_node(reader, member);
        return;
    }
    struct phrase *phrase =
        node->kind == YAML_SCALAR ? read_phrase(reader->arena, arena_str(reader->arena, node->text)) : NULL;
    if (phrase)
        keep_phrase(reader, node, phrase);
    else
        tell(reader, node, "a text with {parameters} and **strong words**");
}

static size_t count_scalars(const struct yaml_node *node)
{
    size_t count = node->kind == YAML_SCALAR;
    for (const struct yaml_node *member = node->child; member; member = member->next)
        count += count_scalars(member);
    return count;
}

static void require_all(struct reader *reader)
{
    for (size_t i = 0; i < reader->catalogue->key_count; i++)
        if (!reader->language->phrases[i])
            mistake_add(reader->mistakes, reader->file, 1, reader->catalogue->keys[i], STR_NONE,
                        STR("a text for every key of the first language"));
}

static void read_file(struct reader *reader, const struct embedded_file *file)
{
    struct catalogue *catalogue = reader->catalogue;
    reader->file = str_of(file->name);
    reader->is_first = catalogue->language_count == 0;
    reader->language = &catalogue->languages[catalogue->language_count];
    const struct yaml_node *root = yaml_read(reader->file, (struct str){file->text, file->len}, reader->mistakes);
    if (!root)
        return;
    if (reader->is_first)
        catalogue->keys = arena_array(reader->arena, struct str, count_scalars(root));
    reader->language->tag = str_slice(reader->file, 0, str_find(reader->file, '.'));
    /* One more than it may need: an empty catalogue has room for one, too. */
    size_t room = reader->is_first ? count_scalars(root) : catalogue->key_count;
    reader->language->phrases = arena_array(reader->arena, struct phrase *, room + 1);
    catalogue->language_count++;
    read_node(reader, root);
    require_all(reader);
}

struct catalogue *catalogue_read(struct arena *arena, const struct embedded_file *files, struct mistakes *mistakes)
{
    size_t count_before = mistakes->count;
    struct reader reader = {.arena = arena, .mistakes = mistakes, .catalogue = arena_new(arena, struct catalogue)};
    for (size_t i = 0; files[i].name && i < LANGUAGES_MAX; i++)
        read_file(&reader, &files[i]);
    return mistakes->count == count_before ? reader.catalogue : NULL;
}

/* Thousandths; -1 when it is no weight. [RFC9110 12.4.2] */
static int parse_weight(struct str text)
{
    int weight = 0, scale = 100;
    if (text.len == 0 || text.len > 5 || (text.ptr[0] != '0' && text.ptr[0] != '1') ||
        (text.len > 1 && text.ptr[1] != '.'))
        return -1;
    for (size_t i = 2; i < text.len; i++, scale /= 10) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return -1;
        weight += (text.ptr[i] - '0') * scale;
    }
    weight += (text.ptr[0] - '0') * 1000;
    return weight > 1000 ? -1 : weight;
}

static int read_weight(struct str parameters)
{
    struct str rest = parameters, part;
    while (str_next(&rest, ';', &part)) {
        part = str_trim(part);
        if (str_has_prefix_nocase(part, STR("q=")))
            return parse_weight(str_slice(part, 2, part.len));
    }
    return 1000;
}

/* How much the header wants a language: 0 to 1000, -1 when it does not say; and where it says so. */
struct wish {
    int weight;
    size_t place;
};

/* A range stands for its language, whatever its region; `*` for what no other range names. [RFC4647 3.4] */
static struct wish find_wish(struct str accepted, struct str tag)
{
    struct str rest = str_slice(accepted, 0, ACCEPTED_MAX), range;
    struct wish best = {-1, 0}, any = {-1, 0};
    for (size_t place = 0; str_next(&rest, ',', &range); place++) {
        size_t semicolon = str_find(range, ';');
        struct str name = str_trim(str_slice(range, 0, semicolon));
        struct wish wish = {read_weight(str_slice(range, semicolon + 1, range.len)), place};
        if (str_equal(name, STR("*")))
            any = wish;
        else if (str_equal_nocase(str_slice(name, 0, str_find(name, '-')), tag) && wish.weight > best.weight)
            best = wish;
    }
    return best.weight >= 0 ? best : any;
}

static bool is_better(const struct wish *a, const struct wish *b)
{
    return a->weight > b->weight || (a->weight == b->weight && a->weight > 0 && a->place < b->place);
}

const struct language *catalogue_choose(const struct catalogue *catalogue, struct str accepted)
{
    const struct language *best = &catalogue->languages[0];
    struct wish best_wish = {0, SIZE_MAX};
    for (size_t i = 0; i < catalogue->language_count; i++) {
        struct wish wish = find_wish(accepted, catalogue->languages[i].tag);
        if (is_better(&wish, &best_wish)) {
            best = &catalogue->languages[i];
            best_wish = wish;
        }
    }
    return best;
}

struct str phrase_text(struct arena *arena, const struct phrase *phrase, const struct scope *scope)
{
    struct buf out;
    char room[TEXT_INT_MAX];
    buf_init(&out, arena, PHRASE_MAX);
    for (; phrase; phrase = phrase->next) {
        if (phrase->kind == PHRASE_TEXT)
            buf_add(&out, phrase->text);
        else if (phrase->kind == PHRASE_PARAMETER)
            buf_add(&out, model_text(model_find(scope, &phrase->path), room));
    }
    return buf_str(&out);
}
