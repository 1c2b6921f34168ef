/*
 * fuzz_dialect.c — dialect files: whatever the text, it is read or its mistakes are told.
 */
#include <assert.h>

#include "base/arena.h"
#include "base/mistake.h"
#include "dialect/dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct mistakes mistakes;
    mistakes_init(&mistakes, arena_create());
    const struct dialect *dialect = dialect_read(STR("fuzz.yaml"), (struct str){(const char *)bytes, len}, &mistakes);
    assert((dialect == NULL) == (mistakes.count > 0));
    arena_destroy(mistakes.arena);
    return 0;
}
