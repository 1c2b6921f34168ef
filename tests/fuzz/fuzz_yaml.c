/*
 * fuzz_yaml.c — YAML in: as a tree, as a configuration and as a dialect. What is refused is told.
 */
#include <assert.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mistake.h"
#include "base/yaml.h"
#include "daemon/configuration.h"
#include "dialect/dialect.h"

#define TOLD_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_tree(const struct yaml_node *node, size_t depth)
{
    assert(depth <= 16);
    assert(node->line > 0);
    for (const struct yaml_node *child = node->child; child; child = child->next) {
        if (node->kind == YAML_MAP)
            assert(child->key.len > 0);
        check_tree(child, depth + 1);
    }
}

/* Something came of it, or there is at least one mistake that can be written. */
static void check_outcome(const void *result, const struct mistakes *mistakes)
{
    struct buf told;
    assert((result != NULL) == (mistakes->count == 0));
    buf_init(&told, mistakes->arena, TOLD_MAX);
    mistakes_write(mistakes, &told);
    assert((told.len > 0) == (mistakes->count > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct str text = {(const char *)bytes, len};
    struct arena *arena = arena_create();
    struct mistakes mistakes;

    mistakes_init(&mistakes, arena);
    const struct yaml_node *root = yaml_read(STR("input"), text, &mistakes);
    check_outcome(root, &mistakes);
    if (root)
        check_tree(root, 1);

    mistakes_init(&mistakes, arena);
    check_outcome(configuration_read(STR("input"), text, &mistakes), &mistakes);

    mistakes_init(&mistakes, arena);
    check_outcome(dialect_read(STR("input"), text, &mistakes), &mistakes);
    arena_destroy(arena);
    return 0;
}
