#include "identity/factor.h"

#include "base/arena.h"
#include "base/codec.h"
#include "crypto/seal.h"
#include "crypto/totp.h"
#include "identity/policy.h"
#include "store/store.h"

/* Without 0, 1, i, l, o, u: what people mistake for each other. */
static const char signs[] = "abcdefghjkmnpqrstvwxyz23456789";
#define SIGN_COUNT  (sizeof(signs) - 1)
#define GROUP_LEN   5
#define CODE_DIGITS 10
/* With whatever people type between them. */
#define CODE_TEXT_MAX 40

bool factor_is_required(const struct people_policy *people, const struct user_row *user)
{
    return people->second_factor == SECOND_FACTOR_REQUIRED || user->roles & people->second_factor_roles;
}

bool factor_is_set_up(const struct user_row *user)
{
    return !str_is_empty(user->totp_key);
}

STEP factor_find_need(struct store_reader *reader, struct arena *arena, const struct people_policy *people,
                      const struct session *session, enum factor_need *ret_need)
{
    struct passkey_row *passkeys;
    size_t count;
    bool is_required = factor_is_required(people, session->user);
    *ret_need = FACTOR_IS_ENOUGH;
    if (session_has_second_factor(session))
        return OK;
    if (factor_is_set_up(session->user))
        *ret_need = FACTOR_TO_SHOW;
    else if (is_required) {
        TRY(passkey_list(reader, arena, session->user->id, &passkeys, &count));
        *ret_need = count ? FACTOR_TO_SHOW : FACTOR_TO_SET_UP;
    }
    return OK;
}

/* Of one user only: a sealed key that was moved to another's row or page does not open there. */
static struct str purpose_of(struct arena *arena, int64_t user_id)
{
    return arena_printf(arena, "totp %lld", (long long)user_id);
}

struct str factor_draw(struct arena *arena, const struct people_policy *people, int64_t user_id)
{
    char key[TOTP_KEY_LEN];
    random_bytes(key, sizeof(key));
    struct str sealed = seal_close(arena, &people->key, purpose_of(arena, user_id), (struct str){key, sizeof(key)});
    explicit_bzero(key, sizeof(key));
    return sealed;
}

bool factor_open(struct arena *arena, const struct people_policy *people, int64_t user_id, struct str sealed,
                 struct str *ret_key)
{
    return seal_open(arena, &people->key, purpose_of(arena, user_id), sealed, ret_key) &&
           ret_key->len == TOTP_KEY_LEN;
}

/* Bytes that would make some signs likelier than others are drawn again. 30^10 codes: 49 bits, and guesses wait. */
static char draw_sign(void)
{
    unsigned char byte;
    do
        random_bytes(&byte, 1);
    while (byte >= 256 / SIGN_COUNT * SIGN_COUNT);
    return signs[byte % SIGN_COUNT];
}

void recovery_codes_draw(struct arena *arena, struct str ret_codes[RECOVERY_CODE_COUNT])
{
    for (size_t i = 0; i < RECOVERY_CODE_COUNT; i++) {
        char *code = arena_alloc(arena, RECOVERY_CODE_LEN);
        for (size_t at = 0; at < RECOVERY_CODE_LEN; at++)
            code[at] = at == GROUP_LEN ? '-' : draw_sign();
        ret_codes[i] = (struct str){code, RECOVERY_CODE_LEN};
    }
}

static struct digest hash_code(struct person_step *step, int64_t user_id, struct str code)
{
    char plain[CODE_DIGITS + 1] = "";
    struct str folded = username_fold(step->arena, str_slice(code, 0, CODE_TEXT_MAX));
    size_t len = 0;
    for (size_t i = 0; i < folded.len && len <= CODE_DIGITS; i++)
        if (folded.ptr[i] != '-' && folded.ptr[i] != ' ')
            plain[len++] = folded.ptr[i];
    struct str text = arena_printf(step->arena, "recovery code %lld %.*s", (long long)user_id,
                                   STR_ARGS(((struct str){plain, len})));
    return digest_hmac((struct str){(const char *)step->people->key.bytes, DIGEST_LEN}, text);
}

static STEP replace_codes(struct person_step *step, struct store_tx *tx, int64_t user_id,
                          const struct str codes[RECOVERY_CODE_COUNT])
{
    struct digest hashes[RECOVERY_CODE_COUNT];
    for (size_t i = 0; i < RECOVERY_CODE_COUNT; i++)
        hashes[i] = hash_code(step, user_id, codes[i]);
    return recovery_codes_replace(tx, user_id, hashes, RECOVERY_CODE_COUNT);
}

static STEP find_user(struct person_step *step, struct store_tx *tx, int64_t user_id, struct user_row **ret_row)
{
    TRY(user_find_row(store_tx_reader(tx), step->arena, user_id, ret_row));
    if (*ret_row && (*ret_row)->realm_id == step->people->realm_id)
        return OK;
    step->problem = PERSON_user_unknown;
    return REFUSED;
}

STEP factor_set_up(struct person_step *step, struct store_tx *tx, int64_t user_id, struct str sealed, struct str code,
                   const struct str codes[RECOVERY_CODE_COUNT], bool *ret_fits)
{
    struct user_row *user;
    struct str key;
    int64_t used;
    TRY(find_user(step, tx, user_id, &user));
    *ret_fits = factor_open(step->arena, step->people, user_id, sealed, &key) &&
                totp_check(key, code, step->now, 0, &used) == TOTP_FITS;
    if (!*ret_fits)
        return OK;
    user->totp_key = sealed;
    user->totp_step = used;
    TRY(user_update(tx, user));
    return replace_codes(step, tx, user_id, codes);
}

STEP factor_renew_codes(struct person_step *step, struct store_tx *tx, int64_t user_id,
                        const struct str codes[RECOVERY_CODE_COUNT])
{
    struct user_row *user;
    TRY(find_user(step, tx, user_id, &user));
    return replace_codes(step, tx, user_id, codes);
}

STEP factor_verify(struct person_step *step, struct store_tx *tx, int64_t user_id, struct str code,
                   unsigned *ret_factor)
{
    struct user_row *user;
    struct str key;
    int64_t used;
    bool is_recovery_code;
    *ret_factor = 0;
    TRY(find_user(step, tx, user_id, &user));
    if (factor_open(step->arena, step->people, user_id, user->totp_key, &key) &&
        totp_check(key, code, step->now, user->totp_step, &used) == TOTP_FITS) {
        *ret_factor = FACTOR_TOTP;
        user->totp_step = used;
        return user_update(tx, user);
    }
    struct digest hash = hash_code(step, user_id, code);
    TRY(recovery_code_use(tx, user_id, &hash, &is_recovery_code));
    if (is_recovery_code)
        *ret_factor = FACTOR_RECOVERY_CODE;
    return OK;
}

STEP factor_remove(struct person_step *step, struct store_tx *tx, int64_t user_id)
{
    struct user_row *user;
    struct passkey_row *passkeys;
    size_t count;
    TRY(find_user(step, tx, user_id, &user));
    user->totp_key = STR("");
    user->totp_step = 0;
    TRY(user_update(tx, user));
    TRY(passkey_list(store_tx_reader(tx), step->arena, user_id, &passkeys, &count));
    return count ? OK : recovery_codes_replace(tx, user_id, NULL, 0);
}

int64_t factor_begin(const struct people_policy *people, const struct user_row *user, struct str client_address,
                     int64_t now, struct delay_try *ret_try)
{
    const struct delay_subject subject = {
        .kind = DELAY_FACTOR,
        .realm_id = people->realm_id,
        .account = user->username,
        .client_address = client_address,
    };
    return delay_begin(&subject, now, ret_try);
}

void factor_end(struct delay_try *delay_try, enum outcome outcome, unsigned factor, int64_t now)
{
    enum delay_end end = factor ? DELAY_END_RIGHT : DELAY_END_WRONG;
    delay_end(delay_try, outcome == FAILED ? DELAY_END_UNTRIED : end, now);
}
