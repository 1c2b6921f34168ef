#include "identity/sign_in.h"

#include "base/arena.h"
#include "base/log.h"
#include "crypto/password.h"
#include "identity/delay.h"
#include "identity/form.h"
#include "identity/policy.h"
#include "identity/user.h"
#include "store/store.h"

/* A browser that has proved an earlier sign-in is counted apart: who guesses elsewhere does not hold it up. */
static struct delay_key account_key(const struct sign_in *sign_in)
{
    bool is_known = sign_in->user && device_fits(sign_in->arena, sign_in->people, sign_in->user->id, sign_in->device);
    return (struct delay_key){is_known ? DELAY_DEVICE : DELAY_ACCOUNT, sign_in->people->realm_id,
                              sign_in->user ? sign_in->user->username : sign_in->username};
}

static struct delay_key address_key(const struct sign_in *sign_in)
{
    return (struct delay_key){DELAY_ADDRESS, sign_in->people->realm_id, sign_in->client_address};
}

static bool must_wait(struct sign_in *sign_in)
{
    struct delay_key account = account_key(sign_in), address = address_key(sign_in);
    int64_t by_account = delay_find_wait(&account, sign_in->now);
    int64_t by_address = delay_find_wait(&address, sign_in->now);
    sign_in->wait_seconds = by_account > by_address ? by_account : by_address;
    if (sign_in->wait_seconds)
        sign_in->verdict = SIGN_IN_DELAYED;
    return sign_in->wait_seconds != 0;
}

/* An address counts only once its owner has confirmed it: anybody may write another's into his own account. */
static STEP find_user(struct sign_in *sign_in, struct store_reader *reader)
{
    int64_t realm_id = sign_in->people->realm_id;
    TRY(user_find(reader, sign_in->arena, realm_id, sign_in->username, &sign_in->user));
    if (sign_in->user || !email_is_fit(sign_in->username))
        return OK;
    TRY(user_find_email(reader, sign_in->arena, realm_id, sign_in->username, &sign_in->user));
    if (sign_in->user && sign_in->user->email_confirmed_at == 0)
        sign_in->user = NULL;
    return OK;
}

STEP sign_in_prepare(struct sign_in *sign_in, struct store_reader *reader)
{
    struct str typed = str_slice(str_trim(sign_in->username), 0, EMAIL_MAX);
    sign_in->username = username_fold(sign_in->arena, typed);
    TRY(find_user(sign_in, reader));
    (void)must_wait(sign_in);
    return OK;
}

static struct password_cost cost_of(const struct people_policy *people)
{
    return (struct password_cost){people->password_memory_bytes, people->password_iterations};
}

static bool compare(const struct sign_in *sign_in)
{
    struct password_cost cost = cost_of(sign_in->people);
    if (sign_in->user && !str_is_empty(sign_in->user->password_hash))
        return password_fits(sign_in->password, sign_in->user->password_hash);
    password_pretend(sign_in->password, &cost);
    return false;
}

void sign_in_prove(struct sign_in *sign_in)
{
    struct password_cost cost = cost_of(sign_in->people);
    /* Others may have been wrong since prepare looked. */
    if (sign_in->verdict != SIGN_IN_UNDECIDED || must_wait(sign_in))
        return;
    struct delay_key account = account_key(sign_in), address = address_key(sign_in);
    if (!compare(sign_in)) {
        delay_note_wrong(&account, sign_in->now);
        delay_note_wrong(&address, sign_in->now);
        sign_in->verdict = SIGN_IN_WRONG;
        return;
    }
    delay_forgive(&account);
    sign_in->verdict = sign_in->user->disabled_at ? SIGN_IN_DISABLED : SIGN_IN_FITS;
    if (password_is_outdated(sign_in->user->password_hash, &cost))
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
