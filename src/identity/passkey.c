#include "identity/passkey.h"

#include "base/arena.h"
#include "base/codec.h"
#include "base/json.h"
#include "crypto/webauthn.h"
#include "identity/form.h"
#include "identity/policy.h"
#include "store/store.h"

static enum outcome refuse(struct person_step *step, enum person_problem problem)
{
    step->problem = problem;
    return REFUSED;
}

#define REQUIRE(step, holds, name)                                                                                   \
    do {                                                                                                             \
        if (!(holds))                                                                                                \
            return refuse((step), PERSON_##name);                                                                    \
    } while (0)

static struct form_place challenge_place(struct arena *arena, const struct passkey_place *place,
                                         enum passkey_purpose purpose, int64_t user_id)
{
    return (struct form_place){
        .people = place->people,
        .browser = place->cookie,
        .name = purpose == PASSKEY_TO_REGISTER ? STR("passkey to register") : STR("passkey to sign in"),
        .subject = arena_decimal(arena, user_id),
    };
}

struct str passkey_challenge(struct arena *arena, const struct passkey_place *place, enum passkey_purpose purpose,
                             int64_t user_id, int64_t now)
{
    const struct form_place form = challenge_place(arena, place, purpose, user_id);
    return base64url_write(arena, form_make(arena, &form, now));
}

struct str passkey_user_handle(struct arena *arena, const struct people_policy *people, int64_t user_id)
{
    struct str text = arena_printf(arena, "passkey user %lld", (long long)user_id);
    struct digest mac = digest_hmac((struct str){(const char *)people->key.bytes, DIGEST_LEN}, text);
    return base64url_write(arena, (struct str){(const char *)mac.bytes, DIGEST_LEN});
}

static STEP decode(struct person_step *step, struct str part, struct str *ret_bytes)
{
    REQUIRE(step, part.len > 0 && part.len <= PASSKEY_PART_MAX, passkey_unfit);
    REQUIRE(step, base64url_parse(step->arena, part, ret_bytes), passkey_unfit);
    return OK;
}

/* [WebAuthn 7.1] steps 7 to 10, [WebAuthn 7.2] steps 11 to 14: what the browser was asked, by whom and for what. */
static STEP check_client_data(struct person_step *step, const struct passkey_place *place,
                              enum passkey_purpose purpose, int64_t user_id, struct str client_data)
{
    const json_t *said = json_read(step->arena, client_data);
    const struct form_place form = challenge_place(step->arena, place, purpose, user_id);
    struct str type = purpose == PASSKEY_TO_REGISTER ? STR("webauthn.create") : STR("webauthn.get");
    struct str challenge;
    REQUIRE(step, json_is_object(said) && str_equal(json_member(said, "type"), type), passkey_unfit);
    REQUIRE(step, str_equal(json_member(said, "origin"), place->origin), passkey_unfit);
    REQUIRE(step, !json_is_true(json_object_get(said, "crossOrigin")), passkey_unfit);
    TRY(decode(step, json_member(said, "challenge"), &challenge));
    enum form_fit fit = form_check(step->arena, &form, challenge, step->now);
    REQUIRE(step, fit != FORM_EXPIRED, passkey_stale);
    REQUIRE(step, fit == FORM_FITS, passkey_unfit);
    return OK;
}

static bool is_label(struct str label)
{
    for (size_t i = 0; i < label.len; i++)
        if ((unsigned char)label.ptr[i] < ' ' || label.ptr[i] == 0x7f)
            return false;
    return label.len > 0 && label.len <= PASSKEY_LABEL_MAX && str_is_utf8(label);
}

STEP passkey_verify_registration(struct person_step *step, const struct passkey_place *place, int64_t user_id,
                                 const struct passkey_registration *registration, struct passkey_row *ret_row)
{
    struct str client_data, object;
    struct webauthn_key key;
    struct webauthn_word word;
    REQUIRE(step, is_label(registration->label), label_malformed);
    TRY(decode(step, registration->client_data, &client_data));
    TRY(decode(step, registration->attestation_object, &object));
    TRY(check_client_data(step, place, PASSKEY_TO_REGISTER, user_id, client_data));
    REQUIRE(step, webauthn_read_attestation(step->arena, place->rp_id, client_data, object, &key, &word),
            passkey_unfit);
    *ret_row = (struct passkey_row){
        .user_id = user_id,
        .credential_id = base64url_write(step->arena, key.credential_id),
        .public_key = base64url_write(step->arena, key.public_key),
        .algorithm = key.algorithm,
        .sign_count = word.sign_count,
        .label = registration->label,
        .created_at = step->now,
    };
    return OK;
}

STEP passkey_register(struct person_step *step, struct store_tx *tx, const struct passkey_row *row, int64_t *ret_id)
{
    struct store_reader *reader = store_tx_reader(tx);
    struct passkey_row *rows, *taken;
    size_t count;
    TRY(passkey_list(reader, step->arena, row->user_id, &rows, &count));
    REQUIRE(step, count < PASSKEYS_PER_USER_MAX, passkey_too_many);
    TRY(passkey_find(reader, step->arena, row->credential_id, &taken));
    REQUIRE(step, !taken, passkey_known);
    return passkey_insert(tx, row, ret_id);
}

static STEP find_user(struct person_step *step, struct store_reader *reader, int64_t user_id,
                      struct user_row **ret_user)
{
    TRY(user_find_row(reader, step->arena, user_id, ret_user));
    REQUIRE(step, *ret_user && (*ret_user)->realm_id == step->people->realm_id && !(*ret_user)->disabled_at,
            passkey_unfit);
    return OK;
}

static STEP find_passkey(struct person_step *step, struct store_reader *reader, int64_t user_id,
                         const struct passkey_assertion *assertion, struct passkey_proof *ret_proof)
{
    REQUIRE(step, assertion->credential_id.len <= PASSKEY_PART_MAX, passkey_unfit);
    TRY(passkey_find(reader, step->arena, assertion->credential_id, &ret_proof->passkey));
    REQUIRE(step, ret_proof->passkey, passkey_unfit);
    REQUIRE(step, user_id == 0 || ret_proof->passkey->user_id == user_id, passkey_unfit);
    TRY(find_user(step, reader, ret_proof->passkey->user_id, &ret_proof->user));
    /* [WebAuthn 7.2] step 6: who was not asked for must be told by the passkey itself. */
    struct str handle = passkey_user_handle(step->arena, step->people, ret_proof->user->id);
    bool is_told = assertion->user_handle.len > 0;
    REQUIRE(step, is_told ? secret_equal(handle, assertion->user_handle) : user_id != 0, passkey_unfit);
    return OK;
}

STEP passkey_verify_assertion(struct person_step *step, struct store_reader *reader,
                              const struct passkey_place *place, int64_t user_id,
                              const struct passkey_assertion *assertion, struct passkey_proof *ret_proof)
{
    struct str client_data, authenticator_data, signature;
    struct webauthn_key key = {0};
    struct webauthn_word word;
    TRY(decode(step, assertion->client_data, &client_data));
    TRY(decode(step, assertion->authenticator_data, &authenticator_data));
    TRY(decode(step, assertion->signature, &signature));
    TRY(check_client_data(step, place, PASSKEY_TO_SIGN_IN, user_id, client_data));
    TRY(find_passkey(step, reader, user_id, assertion, ret_proof));
    TRY(decode(step, ret_proof->passkey->public_key, &key.public_key));
    key.algorithm = ret_proof->passkey->algorithm;
    REQUIRE(
        step,
        webauthn_check_assertion(step->arena, place->rp_id, client_data, authenticator_data, signature, &key, &word),
        passkey_unfit);
    /* Alone it must be as good as two: somebody's own, and used by somebody who knows or is. */
    REQUIRE(step, user_id != 0 || word.user_was_verified, passkey_unfit);
    ret_proof->sign_count = word.sign_count;
    return OK;
}

/* [WebAuthn 7.2] step 21 */
static bool counts_on(int64_t before, int64_t now)
{
    return (before == 0 && now == 0) || now > before;
}

STEP passkey_apply(struct person_step *step, struct store_tx *tx, const struct passkey_proof *proof)
{
    struct store_reader *reader = store_tx_reader(tx);
    struct passkey_row *passkey;
    struct user_row *user;
    TRY(passkey_find(reader, step->arena, proof->passkey->credential_id, &passkey));
    REQUIRE(step, passkey && passkey->user_id == proof->user->id, passkey_unfit);
    REQUIRE(step, counts_on(passkey->sign_count, proof->sign_count), passkey_unfit);
    TRY(find_user(step, reader, passkey->user_id, &user));
    return passkey_use(tx, passkey->id, proof->sign_count, step->now);
}

STEP passkey_remove(struct person_step *step, struct store_tx *tx, int64_t user_id, int64_t passkey_id)
{
    bool was_there;
    TRY(passkey_delete(tx, user_id, passkey_id, &was_there));
    REQUIRE(step, was_there, passkey_unfit);
    return OK;
}
