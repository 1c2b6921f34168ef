#include "store/applications.h"
#include "store/parts.h"

STEP realm_row_id(struct store_tx *tx, struct str name, int64_t *ret_id)
{
    int64_t id;
    TRY(sql_run_int(tx->reader.sql, "SELECT id FROM realms WHERE name = $1", SQL_VALUES(sql_of_text(name)), &id));
    if (id == 0)
        TRY(sql_run_int(tx->reader.sql, "INSERT INTO realms (name) VALUES ($1) RETURNING id",
                        SQL_VALUES(sql_of_text(name)), &id));
    *ret_id = id;
    return OK;
}
