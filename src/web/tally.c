#include "web/tally.h"

#include "base/arena.h"
#include "base/metric.h"

struct tally {
    struct metric *metrics[TALLY_COUNT];
};

static const struct {
    const char *metric;
    const char *help;
    struct str result;
} rows[TALLY_COUNT] = {
    [TALLY_SIGNED_IN] = {"jeton_sign_ins_total", "Sign-ins with a password or passkey.", STR_INIT("fits")},
    [TALLY_SIGN_IN_WRONG] = {"jeton_sign_ins_total", "", STR_INIT("wrong")},
    [TALLY_SIGN_IN_DELAYED] = {"jeton_sign_ins_total", "", STR_INIT("delayed")},
    [TALLY_SIGN_IN_DISABLED] = {"jeton_sign_ins_total", "", STR_INIT("disabled")},
    [TALLY_FACTOR_SHOWN] = {"jeton_second_factors_total", "Second steps of a sign-in.", STR_INIT("fits")},
    [TALLY_FACTOR_WRONG] = {"jeton_second_factors_total", "", STR_INIT("wrong")},
    [TALLY_CONSENT_GIVEN] = {"jeton_consents_total", "What people decided about applications.", STR_INIT("given")},
    [TALLY_CONSENT_REMEMBERED] = {"jeton_consents_total", "", STR_INIT("remembered")},
    [TALLY_CONSENT_DENIED] = {"jeton_consents_total", "", STR_INIT("denied")},
    [TALLY_CONSENT_WITHDRAWN] = {"jeton_consents_total", "", STR_INIT("withdrawn")},
};

struct tally *tally_create(struct arena *arena, struct str realm)
{
    struct tally *tally = arena_new(arena, struct tally);
    for (int i = 0; i < TALLY_COUNT; i++)
        tally->metrics[i] =
            metric_counter(rows[i].metric, rows[i].help, METRIC_LABELS({"realm", realm}, {"result", rows[i].result}));
    return tally;
}

void tally_add(const struct tally *tally, enum tally_of of)
{
    metric_add(tally->metrics[of], 1);
}
