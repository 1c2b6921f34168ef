/*
 * later.c — the time of day that a server under test is told: the machine's, and so many seconds more.
 *
 * Preloaded by the tests (Clock in daemon.py). The seconds are a native int64 in the file that LATER_FILE names, read
 * at each look: a test moves them while the server runs. Only the time of day moves: waits and timers do not.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *seconds;

__attribute__((constructor)) static void open_clock(void)
{
    const char *path = getenv("LATER_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof *seconds, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED)
        seconds = mapped;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *ret_at)
{
    int status = (int)syscall(SYS_clock_gettime, clock, ret_at);
    if (status == 0 && clock == CLOCK_REALTIME && seconds)
        ret_at->tv_sec += *seconds;
    return status;
}
