/*
 * faulty_files.h — a file layer for SQLite that fails when it is told to.
 *
 * Every write, sync and truncation is counted, over all files. One process has one such layer; its counters are
 * atomic, since the store writes from two threads.
 */
#pragma once

#include <stdbool.h>

#define FAULTY_FILES "faulty"

enum file_fault { FILE_IO_ERROR, FILE_DISK_FULL, FILE_READ_ONLY };
/* Once: the one operation fails, after half of its bytes. Lasting: all from there on, until the fault is gone. */
enum file_fault_span { FAULT_ONCE, FAULT_LASTING };

void faulty_files_register(void);
/* The `nth` operation from now on fails; 1 is the next. */
void faulty_files_arm(long nth, enum file_fault fault, enum file_fault_span span);
void faulty_files_disarm(void);
/* True when the fault has happened since it was armed. */
bool faulty_files_has_failed(void);
/* How often a file was to be opened until now, over all connections. */
long faulty_files_open_count(void);
