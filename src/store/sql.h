/*
 * sql.h — the few functions that a database engine must have for the store: its driver.
 *
 * A connection prepares each statement once and finds it again by the address of its text, so texts are static.
 * Parameters are written $1, $2, … in the order of their first use, which SQLite and PostgreSQL both understand.
 * Values are borrowed until sql_end. A verb that FAILED has left its fault on the connection; nothing here logs.
 *
 * Threads: a connection belongs to one thread at a time.
 */
#pragma once

#include "base/outcome.h"
#include "base/text.h"
#include "crypto/digest.h"

struct arena;
struct sql;
struct sql_statement;

enum sql_access { SQL_READ, SQL_WRITE };

struct sql_options {
    const char *path;
    const char *vfs; /* NULL: the engine's own */
    enum sql_access access;
    int64_t cache_bytes;
    int64_t log_max_bytes; /* the log is cut to it when it starts again */
    bool is_without_sync;
};

enum sql_fault {
    SQL_FINE = 0,
    SQL_STATEMENT, /* this statement's own: a constraint, a value too big */
    SQL_BUSY,
    SQL_FULL,
    SQL_READONLY,
    SQL_IO,
    SQL_CORRUPT,
    SQL_OTHER,
};

/* Never NULL; what went wrong is in sql_fault, and such a connection fails in every verb. */
struct sql *sql_open(const struct sql_options *options);
/* NULL is allowed. */
void sql_close(struct sql *sql);
/* Lets go of the file and keeps the fault: from now on every verb fails, as after an open that failed. */
void sql_shut(struct sql *sql);

/* Of the verbs since sql_forgive: the first fault and what the engine says of it. */
enum sql_fault sql_fault(const struct sql *sql);
struct str sql_message(const struct sql *sql);
void sql_forgive(struct sql *sql);

enum sql_kind { SQL_END = 0, SQL_IS_NULL, SQL_IS_INT, SQL_IS_TEXT, SQL_IS_BYTES };

struct sql_value {
    enum sql_kind kind;
    int64_t number;
    struct str text;
};

#define SQL_VALUES(...) ((const struct sql_value[]){__VA_ARGS__ __VA_OPT__(, ){0}})

static inline struct sql_value sql_of_int(int64_t number)
{
    return (struct sql_value){.kind = SQL_IS_INT, .number = number};
}

/* 0 means "none" or "never" in our rows, and takes no room as NULL. */
static inline struct sql_value sql_of_optional(int64_t number)
{
    return (struct sql_value){.kind = number ? SQL_IS_INT : SQL_IS_NULL, .number = number};
}

/*
 * What is 0 until it is written later: meanwhile the negative of `like`, a number as wide as the one that will come,
 * so that the row does not grow then. A row that grows on a full page splits it. Read by sql_later.
 */
static inline struct sql_value sql_of_later(int64_t number, int64_t like)
{
    return sql_of_int(number ? number : -like);
}

/* Absent is NULL. */
static inline struct sql_value sql_of_text(struct str text)
{
    return (struct sql_value){.kind = text.ptr ? SQL_IS_TEXT : SQL_IS_NULL, .text = text};
}

/* Absent is '': for columns that do not tell the two apart. */
static inline struct sql_value sql_of_words(struct str text)
{
    return sql_of_text(text.ptr ? text : STR(""));
}

static inline struct sql_value sql_of_digest(const struct digest *digest)
{
    return (struct sql_value){.kind = SQL_IS_BYTES, .text = {(const char *)digest->bytes, DIGEST_LEN}};
}

/* Starts the statement; `text` must be static. sql_end must follow when it is OK. */
STEP sql_query(struct sql *sql, const char *text, const struct sql_value *values,
               struct sql_statement **ret_statement);
/* The next row is there. False at the end and on a fault, which sql_end tells apart. */
bool sql_next(struct sql_statement *statement);
STEP sql_end(struct sql_statement *statement);

/* Columns of the row that sql_next found, from 0. NULL is 0 and absent. */
int64_t sql_int(struct sql_statement *statement, int column);
/* 0 for what stands in for it, and for NULL. */
int64_t sql_later(struct sql_statement *statement, int column);
struct str sql_text(struct sql_statement *statement, struct arena *arena, int column);
/* A copy of bytes that are no text. */
struct str sql_bytes(struct sql_statement *statement, struct arena *arena, int column);
/* False unless it has DIGEST_LEN bytes. */
bool sql_digest(struct sql_statement *statement, int column, struct digest *ret_digest);

/* Runs a statement to its end; rows are dropped. */
STEP sql_run(struct sql *sql, const char *text, const struct sql_value *values);
/* As sql_run; `ret_number` is the first row's first column, 0 without a row. */
STEP sql_run_int(struct sql *sql, const char *text, const struct sql_value *values, int64_t *ret_number);
/* Several statements without parameters; not prepared. For migrations. */
STEP sql_run_script(struct sql *sql, const char *text);
/* Rows that the last INSERT, UPDATE or DELETE touched. */
int64_t sql_changed_count(const struct sql *sql);
/* A writing transaction; whoever else writes is waited for, a moment. */
STEP sql_begin(struct sql *sql);
STEP sql_commit(struct sql *sql);
/* OK too when a fault has ended the transaction already. */
STEP sql_roll_back(struct sql *sql);
bool sql_is_in_transaction(const struct sql *sql);

/*
 * Between the two every read sees the file as it was at the first of them, and costs no locks of its own. Not for
 * long: the log cannot start again meanwhile, nor be folded back beyond what is seen.
 */
STEP sql_hold(struct sql *sql);
STEP sql_let_go(struct sql *sql);

/* Says whose file it is and which migrations it has had. */
STEP sql_version(struct sql *sql, int64_t *ret_application, int64_t *ret_version);
STEP sql_set_version(struct sql *sql, int64_t application, int64_t version);

/*
 * Before a commit: sees to it that the log's file goes on well behind the log's end. A commit that made it longer
 * would have to sync the file system's own tables too, three writes one after the other instead of one. Best effort.
 */
void sql_prepare_log(struct sql *sql);
/* Bytes in the write-ahead log after this connection's last commit. */
uint64_t sql_log_bytes(const struct sql *sql);
enum sql_fold { SQL_FOLD_WHAT_IS_FREE, SQL_FOLD_ALL_AND_CUT };
/* Copies the log back into the file as far as no reader needs it; never waits for one in WHAT_IS_FREE. */
STEP sql_fold_log(struct sql *sql, enum sql_fold extent, uint64_t *ret_log_bytes, uint64_t *ret_folded_bytes);
/* What was written to the file is on the disk. A fold that reaches the log's end does so itself. */
STEP sql_sync_file(struct sql *sql);
/* A consistent, compact copy into the empty file `path`. */
STEP sql_copy(struct sql *sql, struct str path);
