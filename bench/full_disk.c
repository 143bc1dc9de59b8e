/* A disk that is full from the n-th call on that needs space below a folder. Loaded by LD_PRELOAD; Linux.
 *
 * Counted are opening for writing, write, fsync, rename, mkdir, truncate and close of what was written. The call
 * that is chosen fails with ENOSPC; with `sticky` a chosen write is cut to half its bytes, as real disks do, and
 * every later call fails as well. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 4096
static char below[PATH_MAX], named[128], mine[FILES];
static long chosen, calls;
static int sticky;

void disk_full_at(const char *folder, long number, int stays) {
    strncpy(below, folder, sizeof below - 1);
    chosen = number, sticky = stays, calls = 0, named[0] = 0;
}
void disk_free(void) { below[0] = 0; }
long disk_calls(void) { return calls; }
const char *disk_failed(void) { return named; }

static int watched(const char *path) {
    return below[0] && path && strncmp(path, below, strlen(below)) == 0;
}
static int held(int file) { return below[0] && file >= 0 && file < FILES && mine[file]; }

/* 0: go on; 1: this call is the chosen one; 2: one behind it on a disk that stays full. */
static int full(const char *what) {
    long now = __sync_add_and_fetch(&calls, 1);
    if (now == chosen) strncpy(named, what, sizeof named - 1);
    return chosen && now == chosen ? 1 : chosen && sticky && now > chosen ? 2 : 0;
}
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL return errno = ENOSPC, -1

static int opened(int file, int write) {
    if (write && file >= 0 && file < FILES) mine[file] = 1;
    return file;
}
static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY; }

#define OPEN(name)                                                                                       \
    int name(const char *path, int flags, ...) {                                                         \
        va_list rest;                                                                                    \
        va_start(rest, flags);                                                                           \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                          \
        va_end(rest);                                                                                    \
        int count = watched(path) && writes(flags);                                                      \
        if (count && full("open")) FAIL;                                                                 \
        return opened(REAL(name)(path, flags, mode), count);                                             \
    }
OPEN(open)
OPEN(open64)
#define OPEN_2(name, real)                                                                               \
    int name(const char *path, int flags) { return real(path, flags); }
OPEN_2(__open_2, open)
OPEN_2(__open64_2, open64)

#define WRITE(name, DECLARE, PASS, size, HALF)                                                           \
    ssize_t name DECLARE {                                                                               \
        int now = held(file) ? full("write") : 0;                                                        \
        if (now == 1 && sticky && (size) > 1) { HALF; return REAL(name) PASS; }                          \
        if (now) FAIL;                                                                                   \
        return REAL(name) PASS;                                                                          \
    }
WRITE(write, (int file, const void *data, size_t n), (file, data, n), n, n /= 2)
WRITE(pwrite, (int file, const void *data, size_t n, off_t at), (file, data, n, at), n, n /= 2)
WRITE(pwrite64, (int file, const void *data, size_t n, off64_t at), (file, data, n, at), n, n /= 2)
WRITE(writev, (int file, const struct iovec *data, int n), (file, data, n), n, n /= 2)

#define BY_FILE(name, DECLARE, PASS)                                                                     \
    int name DECLARE {                                                                                   \
        if (held(file) && full(#name)) FAIL;                                                             \
        return REAL(name) PASS;                                                                          \
    }
BY_FILE(fsync, (int file), (file))
BY_FILE(fdatasync, (int file), (file))
BY_FILE(ftruncate, (int file, off_t size), (file, size))
BY_FILE(ftruncate64, (int file, off64_t size), (file, size))

int close(int file) {
    int failed = held(file) && full("close") == 1;
    if (file >= 0 && file < FILES) mine[file] = 0;
    int result = REAL(close)(file);
    if (failed) FAIL;
    return result;
}
int rename(const char *from, const char *to) {
    if (watched(to) && full("rename")) FAIL;
    return REAL(rename)(from, to);
}
int mkdir(const char *path, mode_t mode) {
    if (watched(path) && full("mkdir")) FAIL;
    return REAL(mkdir)(path, mode);
}
