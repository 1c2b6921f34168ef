#include "oauth/pkce.h"

#include "base/codec.h"
#include "crypto/digest.h"
#include "oauth/call.h"
#include "store/rows.h"

/* Of a SHA-256 in base64url. */
#define CHALLENGE_LEN 43
/* [RFC7636 4.1] */
#define VERIFIER_MIN 43
#define VERIFIER_MAX 128

static bool has_only(struct str text, const char *others)
{
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool is_digit = byte >= '0' && byte <= '9';
        if (!is_letter && !is_digit && (byte == '\0' || !strchr(others, byte)))
            return false;
    }
    return true;
}

static bool is_wanted(const struct call *call)
{
    enum pkce_policy policy = call->realm->authorize.pkce;
    return policy == PKCE_ALWAYS || (policy == PKCE_PUBLIC && call->client->flags & CLIENT_IS_PUBLIC);
}

enum outcome pkce_check_challenge(struct call *call)
{
    struct str challenge = call_parameter(call, PARAMETER_code_challenge);
    struct str method = call_parameter(call, PARAMETER_code_challenge_method);
    /* [RFC7636 4.3] A challenge without a method is `plain`. [RFC7636 4.4.1] An unsupported transformation is an
     * invalid_request. */
    if (challenge.len || method.len) {
        REQUIRE(call, str_equal(method, STR("S256")), challenge_malformed);
        REQUIRE(call, challenge.len == CHALLENGE_LEN && has_only(challenge, "-_"), challenge_malformed);
    }
    REQUIRE(call, challenge.len || !is_wanted(call), challenge_missing);
    return OK;
}

enum outcome pkce_check_verifier(struct call *call)
{
    struct str verifier = call_parameter(call, PARAMETER_code_verifier);
    REQUIRE(call, verifier.len == 0 || (verifier.len >= VERIFIER_MIN && verifier.len <= VERIFIER_MAX),
            verifier_wrong);
    REQUIRE(call, has_only(verifier, "-._~"), verifier_wrong);
    return OK;
}

/* [RFC7636 4.6] */
static bool fits(struct call *call, struct str verifier, struct str code_challenge)
{
    struct digest hash = digest_sha256(verifier);
    struct str bytes = {(const char *)hash.bytes, DIGEST_LEN};
    return secret_equal(base64url_write(call->arena, bytes), code_challenge);
}

enum outcome pkce_verify(struct call *call, struct str code_challenge)
{
    struct str verifier = call_parameter(call, PARAMETER_code_verifier);
    /* [RFC9700 4.8.2] A verifier MUST only be accepted where a challenge came with the request: else somebody has
     * taken it out on the way. */
    if (!str_is_present(code_challenge)) {
        REQUIRE(call, verifier.len == 0, verifier_wrong);
        return OK;
    }
    REQUIRE(call, verifier.len, verifier_missing);
    REQUIRE(call, fits(call, verifier, code_challenge), verifier_wrong);
    return OK;
}
