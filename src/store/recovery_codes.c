#include "store/parts.h"
#include "store/people.h"

STEP recovery_codes_replace(struct store_tx *tx, int64_t user_id, const struct digest *hashes, size_t count)
{
    TRY(sql_run(tx->reader.sql, "DELETE FROM recovery_codes WHERE user_id = $1", SQL_VALUES(sql_of_int(user_id))));
    for (size_t i = 0; i < count; i++)
        TRY(sql_run(tx->reader.sql, "INSERT INTO recovery_codes (user_id, code_hash) VALUES ($1, $2)",
                    SQL_VALUES(sql_of_int(user_id), sql_of_digest(&hashes[i]))));
    return OK;
}

STEP recovery_code_use(struct store_tx *tx, int64_t user_id, const struct digest *hash, bool *ret_found)
{
    TRY(sql_run(tx->reader.sql, "DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2",
                SQL_VALUES(sql_of_int(user_id), sql_of_digest(hash))));
    *ret_found = sql_changed_count(tx->reader.sql) > 0;
    return OK;
}

STEP recovery_code_count(struct store_reader *reader, int64_t user_id, size_t *ret_count)
{
    int64_t count;
    TRY(reader_note(reader, sql_run_int(reader_sql(reader), "SELECT count(*) FROM recovery_codes WHERE user_id = $1",
                                        SQL_VALUES(sql_of_int(user_id)), &count)));
    *ret_count = (size_t)count;
    return OK;
}
