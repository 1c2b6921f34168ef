#include "daemon/shipped.h"

#include <assert.h>

#include "base/embedded.h"

/* Made by the build; the last has no name. */
extern const struct embedded_file shipped_files[];

static struct str find_file(const char *name)
{
    const struct embedded_file *file = shipped_files;
    while (file->name && strcmp(file->name, name) != 0)
        file++;
    assert(file->name);
    return (struct str){file->text, file->len};
}

struct str shipped_configuration(void)
{
    return find_file("jeton.yaml");
}

struct str shipped_demo_configuration(void)
{
    return find_file("demo.yaml");
}

struct str shipped_seed(void)
{
    return find_file("seed.yaml");
}

struct str shipped_sample(void)
{
    return find_file("sample.yaml");
}

struct str shipped_version(void)
{
    return str_trim(str_slice(find_file("VERSION"), 0, str_find(find_file("VERSION"), '\n')));
}
