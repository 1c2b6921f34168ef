#include "store/parts.h"
#include "store/people.h"

static bool take_membership(struct sql_statement *statement, struct arena *arena, void *ret_row)
{
    struct membership_row *row = ret_row;
    row->instance.id = sql_int(statement, 0);
    row->instance.realm_id = sql_int(statement, 1);
    row->instance.name = sql_text(statement, arena, 2);
    row->instance.title = sql_text(statement, arena, 3);
    row->instance.created_at = sql_int(statement, 4);
    row->role = sql_text(statement, arena, 5);
    return true;
}

STEP membership_list(struct store_reader *reader, struct arena *arena, int64_t user_id,
                     struct membership_row **ret_rows, size_t *ret_count)
{
    static const struct row_kind kind = {sizeof(struct membership_row), take_membership};
    void *rows;
    TRY(reader_note(reader,
                    query_rows(reader_sql(reader), &kind, arena,
                               "SELECT i.id, i.realm_id, i.name, i.title, i.created_at, m.role FROM memberships AS m"
                               " JOIN instances AS i ON i.id = m.instance_id WHERE m.user_id = $1"
                               " ORDER BY i.title, i.id LIMIT $2",
                               SQL_VALUES(sql_of_int(user_id), sql_of_int(MEMBERSHIPS_MAX)), MEMBERSHIPS_MAX, &rows,
                               ret_count)));
    *ret_rows = rows;
    return OK;
}

/* One number for the two: others may have it too, so that a row must be looked at. */
static int64_t key_of(int64_t user_id, int64_t instance_id)
{
    return (int64_t)((uint64_t)user_id * UINT64_C(0xd1342543de82ef95) + (uint64_t)instance_id);
}

STEP membership_find(struct store_reader *reader, struct arena *arena, int64_t user_id, int64_t instance_id,
                     bool *ret_found)
{
    struct cache *cache = reader->caches[CACHED_MEMBERSHIPS];
    const struct membership wanted = {user_id, instance_id};
    int64_t key = key_of(user_id, instance_id);
    uint32_t epoch;
    int64_t count;
    const struct membership *known = cache_find(cache, arena, key, &epoch);
    *ret_found = known && known->user_id == user_id && known->instance_id == instance_id;
    if (*ret_found)
        return OK;
    TRY(reader_note(reader, sql_run_int(reader_sql(reader),
                                        "SELECT count(*) FROM memberships WHERE user_id = $1 AND instance_id = $2",
                                        SQL_VALUES(sql_of_int(user_id), sql_of_int(instance_id)), &count)));
    if (count > 0)
        cache_keep(cache, key, epoch, &wanted);
    *ret_found = count > 0;
    return OK;
}

STEP membership_put(struct store_tx *tx, int64_t user_id, int64_t instance_id, struct str role)
{
    TRY(sql_run(tx->reader.sql,
                "INSERT INTO memberships (user_id, instance_id, role) VALUES ($1, $2, $3)"
                " ON CONFLICT (user_id, instance_id) DO UPDATE SET role = excluded.role",
                SQL_VALUES(sql_of_int(user_id), sql_of_int(instance_id), sql_of_words(role))));
    epoch_change(tx, EPOCH_MEMBERSHIP, key_of(user_id, instance_id));
    return OK;
}

STEP membership_delete(struct store_tx *tx, int64_t user_id, int64_t instance_id, bool *ret_found)
{
    TRY(sql_run(tx->reader.sql, "DELETE FROM memberships WHERE user_id = $1 AND instance_id = $2",
                SQL_VALUES(sql_of_int(user_id), sql_of_int(instance_id))));
    *ret_found = sql_changed_count(tx->reader.sql) > 0;
    epoch_change(tx, EPOCH_MEMBERSHIP, key_of(user_id, instance_id));
    return OK;
}
