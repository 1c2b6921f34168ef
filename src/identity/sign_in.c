#include "identity/sign_in.h"

#include "base/arena.h"
#include "base/log.h"
#include "crypto/password.h"
#include "identity/delay.h"
#include "identity/device.h"
#include "identity/policy.h"
#include "identity/user.h"
#include "store/store.h"

/* A browser that has proved an earlier sign-in is counted apart: who guesses elsewhere does not hold it up. */
static struct delay_subject subject_of(const struct sign_in *sign_in)
{
    const struct user_row *user = sign_in->user;
    struct str device = STR_NONE;
    if (user)
        device = device_read(sign_in->arena, sign_in->people, user->id, sign_in->device, sign_in->now);
    return (struct delay_subject){
        .kind = DELAY_PASSWORD,
        .realm_id = sign_in->people->realm_id,
        .account = user ? user->username : sign_in->username,
        .device = device,
        .client_address = sign_in->client_address,
    };
}

static void note_wait(struct sign_in *sign_in, int64_t wait_seconds)
{
    sign_in->wait_seconds = wait_seconds;
    if (wait_seconds)
        sign_in->verdict = SIGN_IN_DELAYED;
}

STEP sign_in_prepare(struct sign_in *sign_in, struct store_reader *reader)
{
    struct str typed = str_slice(str_trim(sign_in->username), 0, EMAIL_MAX);
    sign_in->username = username_fold(sign_in->arena, typed);
    TRY(user_find_typed(reader, sign_in->arena, sign_in->people->realm_id, sign_in->username, &sign_in->user));
    const struct delay_subject subject = subject_of(sign_in);
    note_wait(sign_in, delay_find_wait(&subject, sign_in->now));
    return OK;
}

static bool compare(const struct sign_in *sign_in, const struct password_cost *cost)
{
    const struct user_row *user = sign_in->user;
    if (user && password_is_hash(user->password_hash))
        return password_fits(sign_in->password, user->password_hash);
    password_pretend(sign_in->password, cost);
    return false;
}

void sign_in_prove(struct sign_in *sign_in)
{
    const struct password_cost cost = people_password_cost(sign_in->people);
    const struct delay_subject subject = subject_of(sign_in);
    struct delay_try delay_try;
    if (sign_in->verdict != SIGN_IN_UNDECIDED)
        return;
    /* Others may have been wrong since prepare looked: from here on this one counts. */
    note_wait(sign_in, delay_begin(&subject, sign_in->now, &delay_try));
    if (sign_in->wait_seconds)
        return;
    bool fits = compare(sign_in, &cost);
    delay_end(&delay_try, fits ? DELAY_END_RIGHT : DELAY_END_WRONG, sign_in->now);
    sign_in->verdict = !fits ? SIGN_IN_WRONG : sign_in->user->disabled_at ? SIGN_IN_DISABLED : SIGN_IN_FITS;
    if (sign_in->verdict == SIGN_IN_FITS && password_is_outdated(sign_in->user->password_hash, &cost))
        sign_in->fresh_hash = password_hash(sign_in->arena, sign_in->password, &cost);
}

STEP sign_in_apply(struct sign_in *sign_in, struct store_tx *tx)
{
    struct user_row *now;
    TRY(user_find_row(store_tx_reader(tx), sign_in->arena, sign_in->user->id, &now));
    sign_in->verdict = SIGN_IN_FITS;
    if (!now || !str_equal(now->password_hash, sign_in->user->password_hash))
        sign_in->verdict = SIGN_IN_WRONG;
    else if (now->disabled_at)
        sign_in->verdict = SIGN_IN_DISABLED;
    if (sign_in->verdict != SIGN_IN_FITS || str_is_empty(sign_in->fresh_hash))
        return OK;
    now->password_hash = sign_in->fresh_hash;
    return user_update(tx, now);
}

/* A name that is nobody's may be a password that was typed into the wrong field: it is not told. */
void sign_in_log(const struct sign_in *sign_in, struct str exchange_id)
{
    static const char *const reasons[] = {[SIGN_IN_UNDECIDED] = "undecided",
                                          [SIGN_IN_FITS] = "fits",
                                          [SIGN_IN_WRONG] = "wrong",
                                          [SIGN_IN_DELAYED] = "delayed",
                                          [SIGN_IN_DISABLED] = "disabled"};
    bool fits = sign_in->verdict == SIGN_IN_FITS;
    log_event(fits ? LOG_INFO : LOG_WARNING, fits ? "user_signed_in" : "sign_in_failed",
              log_text("exchange", exchange_id), log_text("realm", sign_in->people->realm_name),
              log_text("username", sign_in->user ? sign_in->user->username : STR("(unknown)")),
              log_text("reason", str_of(reasons[sign_in->verdict])),
              log_text("client_address", sign_in->client_address));
}
