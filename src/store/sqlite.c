/*
 * sqlite.c — the driver for SQLite; the only file that includes its header.
 *
 * The file is not mapped into memory: a fault of the disk would then be a signal instead of an error.
 */
#include "store/sql.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/arena.h"

/* A power of two well above the number of statements that one connection ever runs. */
#define STATEMENT_SLOTS 256
/* What a frame of the log has beside the page. */
#define FRAME_HEADER_BYTES 24
/* By how much the log's file is made longer at a time, and in which pieces. */
#define LOG_STEP_BYTES  (512 * 1024)
#define LOG_PIECE_BYTES (64 * 1024)
/* A second process (a backup tool, the sqlite3 shell) may hold a lock for a moment. */
#define BUSY_WAIT_MS 1000

struct sql_statement {
    const char *text;
    sqlite3_stmt *handle;
    struct sql *sql;
    bool is_failed;
};

struct sql {
    sqlite3 *handle;
    enum sql_fault fault;
    char message[200];
    int64_t page_bytes;
    uint64_t log_pages;
    int64_t log_room; /* bytes that the log's file has, as far as is known */
    struct sql_statement statements[STATEMENT_SLOTS];
};

static void configure(void)
{
    /* Statistics cost a process-wide lock in every allocation; connections are never shared between threads. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    /* Else each connection begins with room for 20 pages, and most of a small database's need fewer. */
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
    sqlite3_initialize();
}

static enum sql_fault fault_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
        return SQL_STATEMENT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return SQL_BUSY;
    case SQLITE_FULL:
        return SQL_FULL;
    case SQLITE_READONLY:
        return SQL_READONLY;
    case SQLITE_IOERR:
        return SQL_IO;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return SQL_CORRUPT;
    default:
        return SQL_OTHER;
    }
}

static enum outcome fail(struct sql *sql, int code)
{
    if (sql->fault != SQL_FINE)
        return FAILED;
    sql->fault = fault_of(code);
    snprintf(sql->message, sizeof sql->message, "%s (%d)",
             sql->handle ? sqlite3_errmsg(sql->handle) : sqlite3_errstr(code),
             sql->handle ? sqlite3_extended_errcode(sql->handle) : code);
    return FAILED;
}

static int note_log(void *subject, sqlite3 *handle, const char *schema, int pages)
{
    (void)handle;
    (void)schema;
    struct sql *sql = subject;
    if ((uint64_t)pages < sql->log_pages) /* it has started again, and may have been cut */
        sql->log_room = 0;
    sql->log_pages = (uint64_t)pages;
    return SQLITE_OK;
}

static STEP set_up_writing(struct sql *sql, const struct sql_options *options)
{
    char text[320];
    snprintf(text, sizeof text,
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = %s; PRAGMA wal_autocheckpoint = 0; "
             "PRAGMA journal_size_limit = %lld",
             options->is_without_sync ? "OFF" : "FULL", (long long)options->log_max_bytes);
    TRY(sql_run_script(sql, text));
    sqlite3_wal_hook(sql->handle, note_log, sql);
    if (sqlite3_db_readonly(sql->handle, "main") == 1)
        return fail(sql, SQLITE_READONLY);
    return OK;
}

static STEP set_up(struct sql *sql, const struct sql_options *options)
{
    char text[160];
    sqlite3_extended_result_codes(sql->handle, 1);
    sqlite3_busy_timeout(sql->handle, BUSY_WAIT_MS);
    snprintf(text, sizeof text, "PRAGMA cache_size = -%lld; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF",
             (long long)(options->cache_bytes / 1024));
    TRY(sql_run_script(sql, text));
    if (options->access == SQL_WRITE)
        TRY(set_up_writing(sql, options));
    return sql_run_int(sql, "PRAGMA page_size", SQL_VALUES(), &sql->page_bytes);
}

struct sql *sql_open(const struct sql_options *options)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);

    struct sql *sql = memory_alloc(sizeof *sql);
    int flags = SQLITE_OPEN_NOMUTEX | (options->access == SQL_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    int code = sqlite3_open_v2(options->path, &sql->handle, flags, options->vfs);
    if (code != SQLITE_OK || set_up(sql, options) != OK) {
        (void)fail(sql, code);
        sqlite3_close_v2(sql->handle);
        sql->handle = NULL;
    }
    return sql;
}

void sql_shut(struct sql *sql)
{
    for (size_t i = 0; i < STATEMENT_SLOTS; i++)
        sqlite3_finalize(sql->statements[i].handle);
    memset(sql->statements, 0, sizeof sql->statements);
    sqlite3_close_v2(sql->handle);
    sql->handle = NULL;
}

void sql_close(struct sql *sql)
{
    if (!sql)
        return;
    sql_shut(sql);
    memory_free(sql);
}

enum sql_fault sql_fault(const struct sql *sql)
{
    return sql->fault;
}

struct str sql_message(const struct sql *sql)
{
    return str_of(sql->message);
}

void sql_forgive(struct sql *sql)
{
    sql->fault = SQL_FINE;
}

/* The slot that has this text, or the empty one where it belongs. */
static struct sql_statement *find_slot(struct sql *sql, const char *text)
{
    uint64_t spread = ((uint64_t)(uintptr_t)text * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
    for (size_t i = 0; i < STATEMENT_SLOTS; i++) {
        struct sql_statement *slot = &sql->statements[(spread + i) % STATEMENT_SLOTS];
        if (!slot->text || slot->text == text)
            return slot;
    }
    return NULL;
}

/* NULL on a fault, which is noted. */
static struct sql_statement *prepare(struct sql *sql, const char *text)
{
    struct sql_statement *statement = sql->handle ? find_slot(sql, text) : NULL;
    int code = sql->handle ? SQLITE_NOMEM : SQLITE_CANTOPEN;
    if (statement && statement->handle)
        return statement;
    if (statement)
        code = sqlite3_prepare_v3(sql->handle, text, -1, SQLITE_PREPARE_PERSISTENT, &statement->handle, NULL);
    if (code != SQLITE_OK) {
        (void)fail(sql, code);
        return NULL;
    }
    statement->text = text;
    statement->sql = sql;
    return statement;
}

static int bind(sqlite3_stmt *handle, int place, const struct sql_value *value)
{
    switch (value->kind) {
    case SQL_IS_INT:
        return sqlite3_bind_int64(handle, place, value->number);
    case SQL_IS_TEXT:
        return sqlite3_bind_text64(handle, place, value->text.ptr, value->text.len, SQLITE_STATIC, SQLITE_UTF8);
    case SQL_IS_BYTES:
        return sqlite3_bind_blob64(handle, place, value->text.ptr, value->text.len, SQLITE_STATIC);
    default:
        return sqlite3_bind_null(handle, place);
    }
}

STEP sql_query(struct sql *sql, const char *text, const struct sql_value *values,
               struct sql_statement **ret_statement)
{
    struct sql_statement *statement = prepare(sql, text);
    if (!statement)
        return FAILED;
    for (int i = 0; values[i].kind != SQL_END; i++) {
        int code = bind(statement->handle, i + 1, &values[i]);
        if (code != SQLITE_OK)
            return fail(sql, code);
    }
    statement->is_failed = false;
    *ret_statement = statement;
    return OK;
}

bool sql_next(struct sql_statement *statement)
{
    int code = sqlite3_step(statement->handle);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE) {
        (void)fail(statement->sql, code);
        statement->is_failed = true;
    }
    return false;
}

STEP sql_end(struct sql_statement *statement)
{
    sqlite3_reset(statement->handle);
    return statement->is_failed ? FAILED : OK;
}

int64_t sql_int(struct sql_statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

int64_t sql_later(struct sql_statement *statement, int column)
{
    int64_t number = sql_int(statement, column);
    return number > 0 ? number : 0;
}

struct str sql_text(struct sql_statement *statement, struct arena *arena, int column)
{
    if (sqlite3_column_type(statement->handle, column) == SQLITE_NULL)
        return STR_NONE;
    const char *text = (const char *)sqlite3_column_text(statement->handle, column);
    return arena_str(arena, (struct str){text ? text : "", (size_t)sqlite3_column_bytes(statement->handle, column)});
}

struct str sql_bytes(struct sql_statement *statement, struct arena *arena, int column)
{
    const char *bytes = sqlite3_column_blob(statement->handle, column);
    if (!bytes)
        return STR_NONE;
    return arena_str(arena, (struct str){bytes, (size_t)sqlite3_column_bytes(statement->handle, column)});
}

bool sql_digest(struct sql_statement *statement, int column, struct digest *ret_digest)
{
    const void *bytes = sqlite3_column_blob(statement->handle, column);
    if (!bytes || sqlite3_column_bytes(statement->handle, column) != DIGEST_LEN)
        return false;
    memcpy(ret_digest->bytes, bytes, DIGEST_LEN);
    return true;
}

STEP sql_run(struct sql *sql, const char *text, const struct sql_value *values)
{
    struct sql_statement *statement;
    TRY(sql_query(sql, text, values, &statement));
    while (sql_next(statement))
        ;
    return sql_end(statement);
}

STEP sql_run_int(struct sql *sql, const char *text, const struct sql_value *values, int64_t *ret_number)
{
    struct sql_statement *statement;
    TRY(sql_query(sql, text, values, &statement));
    int64_t number = sql_next(statement) ? sql_int(statement, 0) : 0;
    /* To its end: a statement that returns rows has written only then. */
    while (!statement->is_failed && sqlite3_stmt_busy(statement->handle) && sql_next(statement))
        ;
    TRY(sql_end(statement));
    *ret_number = number;
    return OK;
}

STEP sql_run_script(struct sql *sql, const char *text)
{
    if (!sql->handle)
        return fail(sql, SQLITE_CANTOPEN);
    int code = sqlite3_exec(sql->handle, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? OK : fail(sql, code);
}

int64_t sql_changed_count(const struct sql *sql)
{
    return sqlite3_changes64(sql->handle);
}

bool sql_is_in_transaction(const struct sql *sql)
{
    return sql->handle && !sqlite3_get_autocommit(sql->handle);
}

STEP sql_begin(struct sql *sql)
{
    return sql_run(sql, "BEGIN IMMEDIATE", SQL_VALUES());
}

STEP sql_commit(struct sql *sql)
{
    return sql_run(sql, "COMMIT", SQL_VALUES());
}

STEP sql_roll_back(struct sql *sql)
{
    return sql_is_in_transaction(sql) ? sql_run(sql, "ROLLBACK", SQL_VALUES()) : OK;
}

STEP sql_hold(struct sql *sql)
{
    return sql_run(sql, "BEGIN", SQL_VALUES());
}

STEP sql_let_go(struct sql *sql)
{
    return sql_run(sql, "COMMIT", SQL_VALUES());
}

STEP sql_version(struct sql *sql, int64_t *ret_application, int64_t *ret_version)
{
    int64_t application;
    TRY(sql_run_int(sql, "PRAGMA application_id", SQL_VALUES(), &application));
    TRY(sql_run_int(sql, "PRAGMA user_version", SQL_VALUES(), ret_version));
    *ret_application = application;
    return OK;
}

STEP sql_set_version(struct sql *sql, int64_t application, int64_t version)
{
    char text[96];
    snprintf(text, sizeof text, "PRAGMA application_id = %lld; PRAGMA user_version = %lld", (long long)application,
             (long long)version);
    return sql_run_script(sql, text);
}

static uint64_t frames_bytes(const struct sql *sql, uint64_t frames)
{
    return frames * ((uint64_t)sql->page_bytes + FRAME_HEADER_BYTES);
}

uint64_t sql_log_bytes(const struct sql *sql)
{
    return frames_bytes(sql, sql->log_pages);
}

/* NULL while there is no log. */
static sqlite3_file *log_file(struct sql *sql)
{
    sqlite3_file *file = NULL;
    int code = sqlite3_file_control(sql->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    return code == SQLITE_OK && file && file->pMethods ? file : NULL;
}

/* What follows the last frame is no frame, zeros neither: a frame has the log's random numbers in it. */
void sql_prepare_log(struct sql *sql)
{
    static const char zeros[LOG_PIECE_BYTES];
    int64_t wanted = (int64_t)sql_log_bytes(sql) + LOG_STEP_BYTES / 4;
    if (wanted <= sql->log_room || !sql_is_in_transaction(sql))
        return;
    sqlite3_file *file = log_file(sql);
    sqlite3_int64 end;
    if (!file || file->pMethods->xFileSize(file, &end) != SQLITE_OK)
        return;
    sql->log_room = end;
    if (wanted <= end)
        return;
    while (sql->log_room < end + LOG_STEP_BYTES &&
           file->pMethods->xWrite(file, zeros, sizeof zeros, sql->log_room) == SQLITE_OK)
        sql->log_room += sizeof zeros;
}

STEP sql_fold_log(struct sql *sql, enum sql_fold extent, uint64_t *ret_log_bytes, uint64_t *ret_folded_bytes)
{
    int log_frames = 0, folded_frames = 0;
    int mode = extent == SQL_FOLD_ALL_AND_CUT ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
    if (!sql->handle)
        return fail(sql, SQLITE_CANTOPEN);
    int code = sqlite3_wal_checkpoint_v2(sql->handle, "main", mode, &log_frames, &folded_frames);
    if (code != SQLITE_OK)
        return fail(sql, code);
    *ret_log_bytes = frames_bytes(sql, log_frames > 0 ? (uint64_t)log_frames : 0);
    *ret_folded_bytes = frames_bytes(sql, folded_frames > 0 ? (uint64_t)folded_frames : 0);
    return OK;
}

STEP sql_sync_file(struct sql *sql)
{
    sqlite3_file *file = NULL;
    int code = sqlite3_file_control(sql->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code == SQLITE_OK && file && file->pMethods)
        code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    return code == SQLITE_OK ? OK : fail(sql, code);
}

STEP sql_copy(struct sql *sql, struct str path)
{
    return sql_run(sql, "VACUUM INTO $1", SQL_VALUES(sql_of_text(path)));
}
