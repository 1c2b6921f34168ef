/*
 * common_password.h — passwords that whoever guesses tries first.
 *
 * Not a long list, but what lists consist of: the words at their top with a year or a few signs behind them, keys
 * side by side, one sign or a few over and over, and the name of the API itself. [NIST SP 800-63B 5.1.1.2]
 *
 * Threads: any; no state.
 */
#pragma once

#include "base/text.h"

/* Case does not matter. */
bool password_is_common(struct str password, struct str realm_name);
