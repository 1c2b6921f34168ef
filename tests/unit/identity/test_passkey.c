/* Passkeys by plain calls: a key of the test's own signs what a browser would have it sign. [WebAuthn 7.1]
 * [WebAuthn 7.2] */
#include "town.h"

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "base/codec.h"
#include "crypto/digest.h"
#include "identity/form.h"
#include "identity/passkey.h"

#define USER_PRESENT   0x01
#define USER_VERIFIED  0x04
#define HAS_KEY        0x40
#define CREDENTIAL_LEN 16
#define POINT_LEN      32

/* What the browser and its authenticator say; a test changes what it wants to see refused. */
struct saying {
    struct str type;
    struct str origin;
    struct str rp_id;
    struct str cookie;
    struct str format;
    int64_t asked_user_id;
    unsigned flags;
    unsigned count;
    int64_t age_seconds;
};

struct device {
    EVP_PKEY *key;
    struct passkey_row row;
};

static struct passkey_place place_of(struct town *town)
{
    return (struct passkey_place){&town->people, STR("https://auth.example.com"), STR("auth.example.com"),
                                  STR("the browser's cookie")};
}

static struct saying usual(struct str type)
{
    return (struct saying){
        .type = type,
        .origin = STR("https://auth.example.com"),
        .rp_id = STR("auth.example.com"),
        .cookie = STR("the browser's cookie"),
        .format = STR("none"),
        .flags = USER_PRESENT | USER_VERIFIED,
    };
}

static struct str join(struct town *town, struct str a, struct str b)
{
    char *room = arena_alloc(town->arena, a.len + b.len + 1);
    memcpy(room, a.ptr, a.len);
    memcpy(room + a.len, b.ptr, b.len);
    return (struct str){room, a.len + b.len};
}

static struct str client_data(struct town *town, const struct saying *saying, enum passkey_purpose purpose)
{
    struct passkey_place place = place_of(town);
    place.cookie = saying->cookie;
    struct str challenge =
        passkey_challenge(town->arena, &place, purpose, saying->asked_user_id, town->now - saying->age_seconds);
    return arena_printf(town->arena, "{\"type\":\"%.*s\",\"challenge\":\"%.*s\",\"origin\":\"%.*s\"}",
                        STR_ARGS(saying->type), STR_ARGS(challenge), STR_ARGS(saying->origin));
}

/* [WebAuthn 6.1] the server's hash, flags, count */
static struct str data_head(struct town *town, const struct saying *saying, unsigned more_flags)
{
    struct digest hash = digest_sha256(saying->rp_id);
    const char tail[] = {(char)(saying->flags | more_flags), (char)(saying->count >> 24), (char)(saying->count >> 16),
                         (char)(saying->count >> 8), (char)saying->count};
    return join(town, (struct str){(const char *)hash.bytes, DIGEST_LEN}, (struct str){tail, sizeof(tail)});
}

/* [RFC9053 7.1.1] kty EC2, alg ES256, crv P-256, x, y */
static struct str cose_key(struct town *town, EVP_PKEY *key)
{
    unsigned char point[1 + 2 * POINT_LEN];
    size_t len = 0;
    assert_int_equal(EVP_PKEY_get_octet_string_param(key, "encoded-pub-key", point, sizeof(point), &len), 1);
    assert_int_equal(len, sizeof(point));
    struct str x = {(const char *)point + 1, POINT_LEN}, y = {(const char *)point + 1 + POINT_LEN, POINT_LEN};
    struct str head = join(town, STR("\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"), x);
    return join(town, join(town, head, STR("\x22\x58\x20")), y);
}

/* {"fmt": …, "attStmt": {}, "authData": …} */
static struct str attestation_object(struct town *town, const struct saying *saying, EVP_PKEY *key)
{
    struct str credential = STR("\0\x10"
                                "0123456789abcdef");
    struct str attested =
        join(town, join(town, STR("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), credential), cose_key(town, key));
    struct str data = join(town, data_head(town, saying, HAS_KEY), attested);
    const char format_head[] = {(char)(0x60 + saying->format.len)};
    const char data_len[] = {'\x58', (char)data.len};
    assert_true(data.len < 256);
    struct str object = join(town,
                             STR("\xa3\x63"
                                 "fmt"),
                             join(town, (struct str){format_head, 1}, saying->format));
    object = join(town, object,
                  STR("\x67"
                      "attStmt\xa0\x68"
                      "authData"));
    return join(town, join(town, object, (struct str){data_len, 2}), data);
}

static enum person_problem verify_registration(struct town *town, struct device *device, const struct saying *saying)
{
    struct person_step step = town_person(town);
    const struct passkey_place place = place_of(town);
    struct passkey_registration registration = {
        .client_data = base64url_write(town->arena, client_data(town, saying, PASSKEY_TO_REGISTER)),
        .attestation_object = base64url_write(town->arena, attestation_object(town, saying, device->key)),
        .label = STR("Ann's phone"),
    };
    enum outcome outcome = passkey_verify_registration(&step, &place, town->ann, &registration, &device->row);
    assert_int_equal(outcome, step.problem ? REFUSED : OK);
    return step.problem;
}

static enum outcome register_step(struct town *town, struct store_tx *tx, void *subject)
{
    struct device *device = subject;
    struct person_step step = town_person(town);
    return passkey_register(&step, tx, &device->row, &device->row.id);
}

static struct device add_device(struct town *town)
{
    struct device device = {.key = EVP_EC_gen("P-256")};
    struct saying saying = usual(STR("webauthn.create"));
    saying.asked_user_id = town->ann;
    assert_int_equal(verify_registration(town, &device, &saying), PERSON_FINE);
    assert_int_equal(town_run(town, register_step, &device), OK);
    return device;
}

static struct str sign(struct town *town, EVP_PKEY *key, struct str data)
{
    unsigned char signature[128];
    size_t len = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &len, (const unsigned char *)data.ptr, data.len), 1);
    EVP_MD_CTX_free(context);
    return arena_str(town->arena, (struct str){(const char *)signature, len});
}

static struct passkey_assertion assert_with(struct town *town, const struct device *device,
                                            const struct saying *saying)
{
    struct str said = client_data(town, saying, PASSKEY_TO_SIGN_IN);
    struct str data = data_head(town, saying, 0);
    struct digest hash = digest_sha256(said);
    struct str signature =
        sign(town, device->key, join(town, data, (struct str){(const char *)hash.bytes, DIGEST_LEN}));
    return (struct passkey_assertion){
        .credential_id = device->row.credential_id,
        .client_data = base64url_write(town->arena, said),
        .authenticator_data = base64url_write(town->arena, data),
        .signature = base64url_write(town->arena, signature),
        .user_handle = passkey_user_handle(town->arena, &town->people, town->ann),
    };
}

static enum person_problem verify(struct town *town, const struct passkey_assertion *assertion, int64_t user_id,
                                  struct passkey_proof *ret_proof)
{
    struct person_step step = town_person(town);
    const struct passkey_place place = place_of(town);
    enum outcome outcome = passkey_verify_assertion(&step, town_reader(town), &place, user_id, assertion, ret_proof);
    assert_int_equal(outcome, step.problem ? REFUSED : OK);
    return step.problem;
}

static enum outcome apply_step(struct town *town, struct store_tx *tx, void *subject)
{
    struct person_step step = town_person(town);
    return passkey_apply(&step, tx, subject);
}

static void a_passkey_signs_in(void **state)
{
    struct town *town = *state;
    struct device device = add_device(town);
    struct saying saying = usual(STR("webauthn.get"));
    struct passkey_assertion assertion = assert_with(town, &device, &saying);
    struct passkey_proof proof;
    assert_int_equal(verify(town, &assertion, 0, &proof), PERSON_FINE);
    assert_int_equal(proof.user->id, town->ann);
    assert_int_equal(town_run(town, apply_step, &proof), OK);
    EVP_PKEY_free(device.key);
}

static void a_registration_is_for_this_server_browser_and_user(void **state)
{
    struct town *town = *state;
    struct device device = {.key = EVP_EC_gen("P-256")};
    struct saying right = usual(STR("webauthn.create"));
    right.asked_user_id = town->ann;
    struct saying wrong[7] = {right, right, right, right, right, right, right};
    wrong[0].type = STR("webauthn.get");
    wrong[1].origin = STR("https://auth.example.com.evil.example");
    wrong[2].rp_id = STR("evil.example");
    wrong[3].cookie = STR("another browser's cookie");
    wrong[4].asked_user_id = town->ann + 1;
    wrong[5].format = STR("fido-u2f");
    wrong[6].flags = 0; /* nobody was there */
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(verify_registration(town, &device, &wrong[i]), PERSON_passkey_unfit);
    right.age_seconds = FORM_SECONDS + 1;
    assert_int_equal(verify_registration(town, &device, &right), PERSON_passkey_stale);
    EVP_PKEY_free(device.key);
}

static void an_assertion_is_for_this_server_and_browser(void **state)
{
    struct town *town = *state;
    struct device device = add_device(town);
    const struct saying right = usual(STR("webauthn.get"));
    struct saying wrong[6] = {right, right, right, right, right, right};
    struct passkey_proof proof;
    wrong[0].type = STR("webauthn.create");
    wrong[1].origin = STR("http://auth.example.com");
    wrong[2].rp_id = STR("example.com");
    wrong[3].cookie = STR("another browser's cookie");
    wrong[4].asked_user_id = town->ann; /* a challenge of a second step is none of a sign-in */
    wrong[5].flags = USER_VERIFIED;
    for (size_t i = 0; i < 6; i++) {
        struct passkey_assertion assertion = assert_with(town, &device, &wrong[i]);
        assert_int_equal(verify(town, &assertion, 0, &proof), PERSON_passkey_unfit);
    }
    EVP_PKEY_free(device.key);
}

static void what_was_changed_after_signing_opens_nothing(void **state)
{
    struct town *town = *state;
    struct device device = add_device(town), other = {.key = EVP_EC_gen("P-256"), .row = device.row};
    const struct saying saying = usual(STR("webauthn.get"));
    const struct passkey_assertion right = assert_with(town, &device, &saying);
    struct passkey_assertion wrong[5] = {right, right, right, right, assert_with(town, &other, &saying)};
    struct passkey_proof proof;
    wrong[0].signature = STR("AAAA");
    wrong[1].credential_id = STR("AAAAAAAAAAAAAAAAAAAAAA");
    wrong[2].user_handle = passkey_user_handle(town->arena, &town->people, town->ann + 1);
    wrong[3].user_handle = STR("");
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(verify(town, &wrong[i], 0, &proof), PERSON_passkey_unfit);
    EVP_PKEY_free(device.key);
    EVP_PKEY_free(other.key);
}

static void alone_it_takes_a_verified_user_and_beside_a_password_it_does_not(void **state)
{
    struct town *town = *state;
    struct device device = add_device(town);
    struct saying saying = usual(STR("webauthn.get"));
    struct passkey_proof proof;
    saying.flags = USER_PRESENT;
    struct passkey_assertion assertion = assert_with(town, &device, &saying);
    assert_int_equal(verify(town, &assertion, 0, &proof), PERSON_passkey_unfit);
    saying.asked_user_id = town->ann;
    assertion = assert_with(town, &device, &saying);
    assertion.user_handle = STR("");
    assert_int_equal(verify(town, &assertion, town->ann, &proof), PERSON_FINE);
    EVP_PKEY_free(device.key);
}

/* [WebAuthn 7.2] step 21: the same count twice, or a lower one, tells of a copy. */
static void a_count_that_goes_back_is_refused(void **state)
{
    struct town *town = *state;
    struct device device = add_device(town);
    struct saying saying = usual(STR("webauthn.get"));
    struct passkey_proof proof;
    const unsigned counts[] = {5, 5, 4, 6};
    for (size_t i = 0; i < 4; i++) {
        saying.count = counts[i];
        struct passkey_assertion assertion = assert_with(town, &device, &saying);
        assert_int_equal(verify(town, &assertion, 0, &proof), PERSON_FINE);
        assert_int_equal(town_run(town, apply_step, &proof), i == 0 || i == 3 ? OK : REFUSED);
    }
    EVP_PKEY_free(device.key);
}

static void a_passkey_is_registered_once(void **state)
{
    struct town *town = *state;
    struct device device = add_device(town);
    assert_int_equal(town_run(town, register_step, &device), REFUSED);
    EVP_PKEY_free(device.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOWN_TEST(a_passkey_signs_in),
        TOWN_TEST(a_registration_is_for_this_server_browser_and_user),
        TOWN_TEST(an_assertion_is_for_this_server_and_browser),
        TOWN_TEST(what_was_changed_after_signing_opens_nothing),
        TOWN_TEST(alone_it_takes_a_verified_user_and_beside_a_password_it_does_not),
        TOWN_TEST(a_count_that_goes_back_is_refused),
        TOWN_TEST(a_passkey_is_registered_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
