#include "script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void fail(const char *what)
{
    fprintf(stderr, "pace: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    exit(1);
}

static const char *map_file(const char *path, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status))
        fail(path);
    if (status.st_size == 0)
        fail("an empty file");
    const char *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (bytes == MAP_FAILED)
        fail(path);
    close(fd);
    *ret_len = (size_t)status.st_size;
    return bytes;
}

void script_init(struct script *script)
{
    *script = (struct script){.values[0].name = "token", .value_count = 1};
}

void script_add_step(struct script *script, const char *path)
{
    if (script->step_count == STEPS_MAX)
        fail("too many requests");
    struct step *step = &script->steps[script->step_count++];
    step->text = map_file(path, &step->len);
}

void script_load_tokens(struct script *script, const char *path)
{
    size_t len;
    script->tokens = map_file(path, &len);
    const char *end = memchr(script->tokens, '\n', len);
    if (!end || end == script->tokens)
        fail("no lines in --tokens");
    script->token_len = (size_t)(end - script->tokens);
    script->token_count = len / (script->token_len + 1);
    if (len % (script->token_len + 1))
        fail("lines of different length in --tokens");
    if (script->token_len >= VALUE_MAX)
        fail("lines too long in --tokens");
}

static struct value *find_value(struct script *script, const char *name, size_t len)
{
    for (size_t i = 0; i < script->value_count; i++)
        if (strlen(script->values[i].name) == len && memcmp(script->values[i].name, name, len) == 0)
            return &script->values[i];
    return NULL;
}

void script_add_value(struct script *script, const char *text)
{
    const char *colon = strchr(text, ':');
    const char *equals = colon ? strchr(colon, '=') : NULL;
    unsigned step = (unsigned)atoi(text);
    if (!equals || step == 0 || step > STEPS_MAX)
        fail("--take is STEP:NAME=MARK");
    size_t len = (size_t)(equals - colon) - 1;
    struct value *value = find_value(script, colon + 1, len);
    if (!value) {
        if (script->value_count == VALUES_MAX)
            fail("too many values");
        value = &script->values[script->value_count++];
        value->name = strndup(colon + 1, len);
    }
    value->mark = equals + 1;
    value->step = step - 1;
}

bool script_set_draw(struct script *script, const char *word)
{
    static const char *const words[] = {[DRAW_RANDOM] = "random", [DRAW_ONCE] = "once", [DRAW_OWN] = "own"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i]) == 0) {
            script->draw = (enum draw)i;
            return true;
        }
    }
    return false;
}

/* The next hole from `at` on and the value that fills it; -1: there is none. */
static int find_hole(const struct script *script, const char *at, const char *end, const char **ret_hole)
{
    for (; (at = memchr(at, '{', (size_t)(end - at))) != NULL; at++) {
        for (size_t i = 0; i < script->value_count; i++) {
            size_t len = strlen(script->values[i].name);
            if ((size_t)(end - at) >= len + 2 && memcmp(at + 1, script->values[i].name, len) == 0 &&
                at[len + 1] == '}') {
                *ret_hole = at;
                return (int)i;
            }
        }
    }
    return -1;
}

void script_check(const struct script *script)
{
    for (size_t i = 0; i < script->step_count; i++) {
        const struct step *step = &script->steps[i];
        const char *hole;
        bool needs_tokens = find_hole(script, step->text, step->text + step->len, &hole) == 0;
        if (needs_tokens && !script->tokens)
            fail("{token} in the request, but no --tokens");
        if (step->len > REQUEST_MAX)
            fail("the request is too long");
    }
    if (script->tokens && script->token_first >= script->token_count)
        fail("--first is behind the last of --tokens");
}

void script_give_line(const struct script *script, size_t line, struct filling *filling)
{
    memcpy(filling->texts[0], script->tokens + line * (script->token_len + 1), script->token_len);
    filling->lens[0] = script->token_len;
}

static size_t add(char *room, size_t at, const char *bytes, size_t len)
{
    if (len > REQUEST_MAX - at)
        fail("the request is too long");
    memcpy(room + at, bytes, len);
    return at + len;
}

size_t script_write(const struct script *script, unsigned step, const struct filling *filling, char room[REQUEST_MAX])
{
    const char *at = script->steps[step].text;
    const char *end = at + script->steps[step].len;
    const char *hole;
    size_t len = 0;
    int value;
    while ((value = find_hole(script, at, end, &hole)) >= 0) {
        len = add(room, len, at, (size_t)(hole - at));
        len = add(room, len, filling->texts[value], filling->lens[value]);
        at = hole + strlen(script->values[value].name) + 2;
    }
    return add(room, len, at, (size_t)(end - at));
}

bool script_read(const struct script *script, unsigned step, const char *reply, struct filling *filling)
{
    for (size_t i = 0; i < script->value_count; i++) {
        const struct value *value = &script->values[i];
        if (!value->mark || value->step != step)
            continue;
        const char *text = strstr(reply, value->mark);
        if (!text)
            return false;
        text += strlen(value->mark);
        size_t len = strcspn(text, "\"&;\r\n");
        if (len == 0 || len >= VALUE_MAX)
            return false;
        memcpy(filling->texts[i], text, len);
        filling->lens[i] = len;
    }
    return true;
}
