/*
 * session.h — a signed-in browser: a cookie and a row.
 *
 * The row says whose it is, what was shown, when it was last seen and when it ends for good. Every sign-in makes a
 * new one and ends the one that the browser had, so a cookie that somebody planted is worth nothing. A session of a
 * disabled user, of another realm, idle for too long or past its end does not exist.
 *
 * Threads: as store.h.
 */
#pragma once

#include "identity/handle.h"
#include "store/people.h"

struct people_policy;

/* A session that was seen so lately is not written again. */
#define SESSION_TOUCH_SECONDS 60

struct session {
    struct session_row *row;
    struct user_row *user;
    bool is_stale; /* session_touch at the next occasion */
};

/* NULL when the cookie opens nothing. */
STEP session_read(struct store_reader *reader, struct arena *arena, const struct people_policy *people,
                  struct str cookie, int64_t now, struct session **ret_session);

/* What a browser says when it signs in. */
struct session_draft {
    struct handle handle; /* drawn before the unit */
    int64_t user_id;
    unsigned factors;
    struct str client_address;
    struct str user_agent; /* is cut */
    int64_t ended_id;      /* the session that this one follows; 0: none */
    /* When the name and password came: of the session that this one follows, when only a factor was added; it ends
     * when that one would have ended. 0: now. */
    int64_t authenticated_at;
};

/* Inside the unit; the cookie's value is handle_write(HANDLE_SESSION) afterwards. */
STEP session_begin(struct store_tx *tx, const struct people_policy *people, struct session_draft *draft, int64_t now);

/* One of the user's own; `ret_found` is false when it is somebody else's, or gone. */
STEP session_end(struct store_tx *tx, struct arena *arena, int64_t user_id, int64_t session_id, bool *ret_found);

bool session_has_second_factor(const struct session *session);
/* The user's app was not shown yet: nothing but that step is open to the session. */
bool session_is_half(const struct session *session);
/* The person was there at `since` or later: for max_age. */
bool session_is_since(const struct session *session, int64_t since);
