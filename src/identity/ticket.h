/*
 * ticket.h — links in mails: whoever holds one may do one thing, once, for a while.
 *
 * Threads: as store.h.
 */
#pragma once

#include "identity/handle.h"
#include "store/people.h"

struct people_policy;

enum ticket_purpose {
    TICKET_CONFIRM_EMAIL,  /* content: the address that becomes the user's */
    TICKET_RESET_PASSWORD, /* content: made by ticket_begin; another password or address of the user ends it */
};

/* A day to find a mail among others; an hour for what opens an account. */
#define TICKET_CONFIRM_SECONDS 86400
#define TICKET_RESET_SECONDS   3600

struct ticket_draft {
    struct handle
        handle; /* drawn before the unit: the mail's text needs handle_write(HANDLE_TICKET) after ticket_begin */
    enum ticket_purpose purpose;
    int64_t user_id;
    struct str content;
};

int64_t ticket_lifetime(enum ticket_purpose purpose);

/* Inside the unit; takes the place of the user's earlier one of this purpose. */
STEP ticket_begin(struct store_tx *tx, struct arena *arena, struct ticket_draft *draft, int64_t now);

struct ticket {
    struct ticket_row *row;
    struct user_row *user;
};

/* NULL when the text opens nothing of this purpose, is over, or the user is disabled or of another realm. Inside a
 * unit read it by the transaction's reader, and ticket_delete it. */
STEP ticket_read(struct store_reader *reader, struct arena *arena, const struct people_policy *people,
                 enum ticket_purpose purpose, struct str text, int64_t now, struct ticket **ret_ticket);
