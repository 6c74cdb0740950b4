/* Loaded before libc (LD_PRELOAD): ends the process at the n-th write, fsync, truncation or rename below a folder, or
   has a full disk from there on. `arm` says when; until then, and everywhere else, nothing is different. A write at
   which the process ends is half done, as on a machine that loses its power. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static char folder[PATH_MAX];
static long at, steps;
static int full;

void arm(const char *below, long n, int disk_full) {
    strncpy(folder, below, sizeof folder - 1);
    at = n;
    full = disk_full;
    __atomic_store_n(&steps, 0, __ATOMIC_SEQ_CST);
}

long counted(void) { return __atomic_load_n(&steps, __ATOMIC_SEQ_CST); }

static int below(const char *path) { return folder[0] && !strncmp(path, folder, strlen(folder)); }

static int concerns(int fd) {
    char link[64], path[PATH_MAX];
    if (!folder[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return below(path);
}

/* 0: go on; 1: the disk is full; 2: the process is to end. */
static int step(void) {
    long n = __atomic_add_fetch(&steps, 1, __ATOMIC_SEQ_CST);
    if (!at || n < at) return 0;
    if (full) return 1;
    return n == at ? 2 : 0;
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define GROWS(call, half) \
    if (concerns(fd)) { \
        int what = step(); \
        if (what == 1) { errno = ENOSPC; return -1; } \
        if (what == 2) { half; _exit(137); } \
    } \
    return call

ssize_t write(int fd, const void *data, size_t n) {
    REAL(write);
    GROWS(real(fd, data, n), if (real(fd, data, n / 2)) {});
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t where) {
    REAL(pwrite);
    GROWS(real(fd, data, n, where), if (real(fd, data, n / 2, where)) {});
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t where) {
    REAL(pwrite64);
    GROWS(real(fd, data, n, where), if (real(fd, data, n / 2, where)) {});
}

size_t fwrite(const void *data, size_t size, size_t n, FILE *file) {
    REAL(fwrite);
    if (concerns(fileno(file))) {
        int what = step();
        if (what == 1) { errno = ENOSPC; return 0; }
        if (what == 2) { real(data, size, n / 2, file); fflush(file); _exit(137); }
    }
    return real(data, size, n, file);
}

int fsync(int fd) {
    REAL(fsync);
    if (concerns(fd) && step() == 2) _exit(137);
    return real(fd);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    if (concerns(fd) && step() == 2) _exit(137);
    return real(fd);
}

int ftruncate64(int fd, off64_t n) {
    REAL(ftruncate64);
    if (concerns(fd) && step() == 2) _exit(137);
    return real(fd, n);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    if (below(to) && step() == 2) _exit(137);
    return real(from, to);
}

int unlink(const char *path) {
    REAL(unlink);
    if (below(path) && step() == 2) _exit(137);
    return real(path);
}
