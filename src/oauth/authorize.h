/*
 * authorize.h — the authorization endpoint: what a client asks of a person, and what the person's answer makes of it.
 *
 * The face decodes the request into a call. `authorize_check` and `authorize_prepare` are run for every showing of a
 * page and once more when the person has answered, always on the request as the client wrote it: nothing that they
 * find out travels through the browser. A refusal with call->authorize.redirect_uri set goes to the client, one
 * without is told to the person. [RFC6749 4.1.2.1]
 *
 * Who the person is comes from the session: the pages set call->user, call->instance and call->authorize.submission
 * before authorize_apply, which looks at all of it again inside the transaction. Where no form was shown (consent
 * that is remembered) the submission is a random digest.
 *
 * Specs: RFC 6749 §4.1.1–4.1.2, §4.2.1–4.2.2; RFC 7636 §4.3–4.4; RFC 9207; RFC 9700 §2.1.   Threads: as call.h.
 */
#pragma once

#include "oauth/call.h"

/* Pure. Refuses what can be told without knowing the client. */
STEP authorize_check(struct call *call);

/* Finds the client, settles where the answer may go (call->authorize.redirect_uri), and only then whatever else is
 * wrong; settles call->scope, call->lifetime_seconds and what the person must do. Writes nothing. */
STEP authorize_prepare(struct call *call, struct store_reader *reader);

/* An earlier live grant of call->user in call->instance covers call->scope, and the realm remembers consent. */
STEP authorize_is_covered(struct call *call, struct store_reader *reader, bool *ret_is_covered);

/*
 * The person allows: a grant, and a code or tokens on it. A form that comes a second time gets the same code as long
 * as it is unused and the person has not chosen another instance, and REFUSED_code_reused after. Its refusals are
 * told to the person: call->authorize.redirect_uri is absent then, as it is while this has not ended well.
 */
STEP authorize_apply(struct call *call, struct store_tx *tx);
/* The facts that the dialect's redirect has holes for: code or tokens, state, issuer. */
void authorize_conclude(struct call *call);

/* The person says no: REFUSED_access_denied. */
STEP authorize_deny(struct call *call);
