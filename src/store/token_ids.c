/*
 * token_ids.c — ids that no token had before.
 *
 * The database remembers an id that lies ahead of all that were given, and moves it ahead at most once a second, so
 * that even an id whose row has left again (or never had one) is not given a second time after a crash.
 */
#include "store/parts.h"

#define SEQUENCE_BITS 17
#define EPOCH_2024    INT64_C(1704067200) /* 2024-01-01T00:00:00Z */

int64_t token_id_floor(int64_t at)
{
    return at > EPOCH_2024 ? (at - EPOCH_2024) << SEQUENCE_BITS : 0;
}

int64_t token_id_time(int64_t id)
{
    return EPOCH_2024 + (id >> SEQUENCE_BITS);
}

int64_t store_tx_token_id(struct store_tx *tx, int64_t now)
{
    int64_t floor = token_id_floor(now);
    tx->token_id_last = floor > tx->token_id_last ? floor : tx->token_id_last + 1;
    return tx->token_id_last;
}

/* The last id that was reserved, or that a table ends with, should the reservation be lost. */
STEP token_ids_load(struct store_tx *tx)
{
    int64_t last;
    TRY(sql_run_int(tx->reader.sql,
                    "SELECT max(id) FROM (SELECT max(reserved_until) AS id FROM token_ids"
                    " UNION ALL SELECT max(id) FROM access_tokens UNION ALL SELECT max(id) FROM refresh_tokens"
                    " UNION ALL SELECT max(id) FROM codes UNION ALL SELECT max(id) FROM sessions"
                    " UNION ALL SELECT max(id) FROM tickets) AS ends",
                    SQL_VALUES(), &last));
    if (last > tx->token_id_last)
        tx->token_id_last = last;
    tx->token_id_reserved = last;
    return OK;
}

/* Before the commit: all of the second of the last id, and the next one. */
STEP token_ids_reserve(struct store_tx *tx)
{
    tx->token_id_reserved_in_tx = tx->token_id_reserved;
    if (tx->token_id_last <= tx->token_id_reserved)
        return OK;
    int64_t second = (INT64_C(1) << SEQUENCE_BITS) - 1;
    int64_t until = (tx->token_id_last | second) + second + 1;
    TRY(sql_run(tx->reader.sql, "UPDATE token_ids SET reserved_until = $1", SQL_VALUES(sql_of_int(until))));
    tx->token_id_reserved_in_tx = until;
    return OK;
}

/* At the end: what was reserved and not given is free again, so that the next ids do not lie ahead of the clock. */
STEP token_ids_settle(struct store_tx *tx)
{
    return sql_run(tx->reader.sql, "UPDATE token_ids SET reserved_until = $1 WHERE reserved_until > $1",
                   SQL_VALUES(sql_of_int(tx->token_id_last)));
}
