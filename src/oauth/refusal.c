#include "oauth/refusal.h"

#include "oauth/call.h"

static const struct refusal_words words[REFUSAL_COUNT] = {
#define REFUSAL_WORDS(name, error, text) [REFUSED_##name] = {STR_INIT(#name), STR_INIT(#error), STR_INIT(text)},
    REFUSALS(REFUSAL_WORDS)
#undef REFUSAL_WORDS
};

const struct refusal_words *refusal_words(enum refusal refusal)
{
    return &words[refusal];
}

enum refusal refusal_find(struct str name)
{
    for (int refusal = NOT_REFUSED + 1; refusal < REFUSAL_COUNT; refusal++)
        if (str_equal(words[refusal].name, name))
            return (enum refusal)refusal;
    return NOT_REFUSED;
}

enum outcome refuse(struct call *call, enum refusal refusal)
{
    call->refusal = refusal;
    return REFUSED;
}
