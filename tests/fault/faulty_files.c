#include "faulty_files.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <string.h>

/* Ours lies before the real file in one piece of memory that SQLite allocates. */
struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static _Atomic long countdown; /* 0: not armed; the operation that brings it to 0 fails */
static _Atomic bool is_lasting;
static _Atomic bool has_failed;
static _Atomic int fault_code;
static _Atomic long open_count;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct faulty_file *)file)->real;
}

/* What this operation must answer; SQLITE_OK: let it through. */
static int next_fault(int io_code)
{
    if (atomic_load(&is_lasting) && atomic_load(&has_failed))
        return atomic_load(&fault_code) ? atomic_load(&fault_code) : io_code;
    long left = atomic_load(&countdown);
    while (left > 0 && !atomic_compare_exchange_weak(&countdown, &left, left - 1))
        ;
    if (left != 1)
        return SQLITE_OK;
    atomic_store(&has_failed, true);
    return atomic_load(&fault_code) ? atomic_load(&fault_code) : io_code;
}

static int close_file(sqlite3_file *file)
{
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int read_file(sqlite3_file *file, void *room, int len, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), room, len, at);
}

static int write_file(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
    int fault = next_fault(SQLITE_IOERR_WRITE);
    int code = real_of(file)->pMethods->xWrite(real_of(file), bytes, fault == SQLITE_OK ? len : len / 2, at);
    return fault == SQLITE_OK ? code : fault;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    int fault = next_fault(SQLITE_IOERR_TRUNCATE);
    return fault == SQLITE_OK ? real_of(file)->pMethods->xTruncate(real_of(file), size) : fault;
}

static int sync_file(sqlite3_file *file, int flags)
{
    int fault = next_fault(SQLITE_IOERR_FSYNC);
    return fault == SQLITE_OK ? real_of(file)->pMethods->xSync(real_of(file), flags) : fault;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int lock_file(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int check_reserved(sqlite3_file *file, int *ret_is_reserved)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_is_reserved);
}

static int control_file(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int device(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int map_shared(sqlite3_file *file, int page, int size, int may_extend, void volatile **ret_memory)
{
    return real_of(file)->pMethods->xShmMap(real_of(file), page, size, may_extend, ret_memory);
}

static int lock_shared(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void order_shared(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int unmap_shared(sqlite3_file *file, int is_deleted)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), is_deleted);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device,
    .xShmMap = map_shared,
    .xShmLock = lock_shared,
    .xShmBarrier = order_shared,
    .xShmUnmap = unmap_shared,
};

static int open_file(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *ret_flags)
{
    sqlite3_vfs *real = vfs->pAppData;
    struct faulty_file *faulty = (struct faulty_file *)file;
    faulty->real = (sqlite3_file *)(faulty + 1);
    atomic_fetch_add(&open_count, 1);
    int code = real->xOpen(real, name, faulty->real, flags, ret_flags);
    file->pMethods = faulty->real->pMethods ? &methods : NULL;
    return code;
}

void faulty_files_register(void)
{
    static sqlite3_vfs vfs;
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    if (vfs.zName)
        return;
    vfs = *real;
    vfs.zName = FAULTY_FILES;
    vfs.pNext = NULL;
    vfs.pAppData = real;
    vfs.szOsFile = (int)sizeof(struct faulty_file) + real->szOsFile;
    vfs.xOpen = open_file;
    sqlite3_vfs_register(&vfs, 0);
}

void faulty_files_arm(long nth, enum file_fault fault, enum file_fault_span span)
{
    static const int codes[] = {
        [FILE_IO_ERROR] = 0, [FILE_DISK_FULL] = SQLITE_FULL, [FILE_READ_ONLY] = SQLITE_READONLY};
    atomic_store(&fault_code, codes[fault]);
    atomic_store(&has_failed, false);
    atomic_store(&is_lasting, span == FAULT_LASTING);
    atomic_store(&countdown, nth);
}

void faulty_files_disarm(void)
{
    atomic_store(&is_lasting, false);
    atomic_store(&countdown, 0);
}

bool faulty_files_has_failed(void)
{
    return atomic_load(&has_failed);
}

long faulty_files_open_count(void)
{
    return atomic_load(&open_count);
}
