/*
 * totp.h — the six digits of an authenticator app.
 *
 * The digits come from a shared key and the half minute that it is. The neighbouring half minutes count, too, because
 * clocks differ and people type slowly. [RFC6238 5.2] A code may be used once only: whoever asks remembers the step
 * of the last code that was used, and neither that one nor an earlier one fits again.
 *
 * Specs: RFC 6238 (SHA-1, 30 s), RFC 4226 §5.3.   Threads: any; no state.
 */
#pragma once

#include "base/text.h"

struct arena;

#define TOTP_KEY_LEN      20 /* as long as what SHA-1 gives [RFC4226 4] */
#define TOTP_DIGITS       6
#define TOTP_STEP_SECONDS 30

enum totp_fit { TOTP_WRONG, TOTP_FITS, TOTP_WAS_USED };

/*
 * Whether `code` (digits; blanks between them are people's) is that of now, half a minute before or after, of a
 * step after `used_step` (0: none was used). `ret_step` is the step to remember when it FITS.
 */
enum totp_fit totp_check(struct str key, struct str code, int64_t now, int64_t used_step, int64_t *ret_step);

/* The digits of a step, without a NUL. */
void totp_write(struct str key, int64_t step, char room[TOTP_DIGITS]);

/* What the QR code says to the app: otpauth://totp/ISSUER:USERNAME?secret=… */
struct str totp_uri(struct arena *arena, struct str issuer, struct str username, struct str key);
