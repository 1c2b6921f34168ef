#include "admin/commands.h"

#include "base/arena.h"
#include "oauth/realm.h"
#include "store/store.h"

static json_t *realm_json(const struct realm *realm)
{
    json_t *hosts = json_array();
    for (size_t i = 0; i < realm->host_count; i++)
        json_array_append_new(hosts, json_of_str(realm->hosts[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I}", "name", json_of_str(realm->name), "dialect",
                     json_of_str(realm->dialect), "issuer", json_of_str(realm->issuer), "hosts", hosts, "path",
                     json_of_str(realm->path), "access_token_lifetime_seconds",
                     (json_int_t)realm->access_token.lifetime_seconds);
}

enum outcome command_realm_list(struct command_call *call)
{
    json_t *list = json_array();
    for (size_t i = 0; i < call->realm_count; i++)
        json_array_append_new(list, realm_json(call->realms[i]));
    return command_answer(call, list);
}

enum outcome command_backup(struct command_call *call)
{
    struct str path = argument_text(call, "path");
    struct str error;
    if (!str_has_prefix(path, STR("/")))
        return command_refuse(call, STR("path must start with a slash: the daemon stands in another folder"));
    command_note(call, "path", path);
    if (!store_backup(call->host->store, arena_cstr(call->arena, path), call->arena, &error))
        return command_refuse(call, error);
    return command_answer(call, json_pack("{s:o}", "path", json_of_str(path)));
}

enum outcome command_stats(struct command_call *call)
{
    struct store *store = call->host->store;
    struct store_stats stats = store_stats(store);
    json_t *object =
        json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "store_is_ready", store_is_ready(store),
                  "unit_count", (json_int_t)stats.unit_count, "batch_count", (json_int_t)stats.batch_count,
                  "batch_failure_count", (json_int_t)stats.failure_count, "queue_len", (json_int_t)stats.queue_len,
                  "batch_last_len", (json_int_t)stats.batch_last_len, "cache_hit_count",
                  (json_int_t)stats.cache_hit_count, "cache_miss_count", (json_int_t)stats.cache_miss_count,
                  "file_bytes", (json_int_t)stats.file_bytes, "log_bytes", (json_int_t)stats.log_bytes);
    if (call->host->add_stats)
        call->host->add_stats(call->host->arg, object);
    return command_answer(call, object);
}
