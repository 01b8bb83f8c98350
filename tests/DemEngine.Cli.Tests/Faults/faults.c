// Makes one system call of a process fail: loaded before the C library (LD_PRELOAD), it counts the calls of one name that
// concern a folder, and lets the n-th fail, or all from the n-th.
//
//   FAULT_CALL   name of the call, such as pwrite; open_direct for an open past the page cache. pthread_create and aligned_alloc
//                concern no path: they count once a file of the folder was opened, since the runtime begins before that.
//                * counts all calls, each for itself, and lets none fail
//   FAULT_PATH   part of the path that a call must concern to count
//   FAULT_AT     number of the first call that fails, from 1; 0 for none
//   FAULT_TIMES  how many calls fail from there
//   FAULT_ERROR  error number; 0 for a short read or write
//   FAULT_THEN   name of another call, which fails with EIO wherever it follows the first that failed; may be unset
//   FAULT_COUNT  file to which the number of calls is written at the end, after the call's name; a line for each name
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <unistd.h>

static const char *wanted, *part, *then;
static atomic_int has_failed;
static long first, times = 1;
static int error_number;
static atomic_int begun;

#define MOST_NAMES 64
static struct { const char *name; long calls; } counted[MOST_NAMES];
static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;

static void *(*real_dlsym)(void *, const char *);

__attribute__((constructor)) static void begin(void)
{
    wanted = getenv("FAULT_CALL");
    part = getenv("FAULT_PATH");
    then = getenv("FAULT_THEN");
    if (getenv("FAULT_AT")) first = atol(getenv("FAULT_AT"));
    if (getenv("FAULT_TIMES")) times = atol(getenv("FAULT_TIMES"));
    if (getenv("FAULT_ERROR")) error_number = atoi(getenv("FAULT_ERROR"));
}

__attribute__((destructor)) static void end(void)
{
    const char *file = getenv("FAULT_COUNT");
    char text[64];
    if (!file) return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (int k = 0; k < MOST_NAMES && counted[k].name; k++)
        syscall(SYS_write, fd, text, snprintf(text, sizeof text, "%s %ld\n", counted[k].name, counted[k].calls));
    syscall(SYS_close, fd);
}

static void *real(const char *name)
{
    if (!real_dlsym) {
        static const char *versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
        for (int k = 0; k < 3 && !real_dlsym; k++)
            real_dlsym = (void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", versions[k]);
        if (!real_dlsym) abort();
    }
    return real_dlsym(RTLD_NEXT, name);
}

static int is_next(const char *name) { return then && !strcmp(then, name); }

static int is_wanted(const char *name)
{
    return wanted && (!strcmp(wanted, "*") || !strcmp(wanted, name) || is_next(name));
}

static long count(const char *name)
{
    int k = 0;
    pthread_mutex_lock(&counting);
    while (k < MOST_NAMES - 1 && counted[k].name && strcmp(counted[k].name, name)) k++;
    counted[k].name = name;
    long n = ++counted[k].calls;
    pthread_mutex_unlock(&counting);
    return n;
}

// Whether this call is one that fails.
static int fails(const char *name, const char *path)
{
    if (!is_wanted(name) || !part || !path || !strstr(path, part)) return 0;
    if (is_next(name)) {
        if (atomic_load(&has_failed)) errno = EIO;
        return atomic_load(&has_failed);
    }
    long n = count(name);
    if (!first || n < first || n >= first + times) return 0;
    atomic_store(&has_failed, 1);
    errno = error_number;
    return 1;
}

static int fails_fd(const char *name, int fd)
{
    char link[64], path[4096];
    if (!is_wanted(name)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails(name, path);
}

static int fails_once_begun(const char *name) { return atomic_load(&begun) && fails(name, part); }

// Where files of the folder are mapped: what is asked of other memory is not the program's doing.
#define MOST_MAPPED 256
static struct { _Atomic(char *) from; size_t length; } mapped[MOST_MAPPED];
static atomic_int mappings;

static void *note_mapping(void *at, size_t n, int fd)
{
    char link[64], path[4096];
    if (!wanted || at == MAP_FAILED || fd < 0) return at;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length < 0) return at;
    path[length] = 0;
    if (!part || !strstr(path, part)) return at;
    int k = atomic_fetch_add(&mappings, 1) % MOST_MAPPED;
    mapped[k].length = n;
    mapped[k].from = at;
    return at;
}

static int fails_at(const char *name, const void *at)
{
    if (!is_wanted(name)) return 0;
    for (int k = 0; k < MOST_MAPPED; k++) {
        char *from = mapped[k].from;
        if (from && (const char *)at >= from && (const char *)at < from + mapped[k].length) return fails(name, part);
    }
    return 0;
}

#define REAL(name) static __typeof__(&name) real_##name; if (!real_##name) real_##name = (__typeof__(&name))real(#name)

#define MOVE(name, as, ...) \
    REAL(name); \
    if (fails_fd(as, fd)) { \
        if (error_number) return -1; \
        if (count > 1) count /= 2; \
    } \
    return real_##name(fd, buffer, count __VA_OPT__(,) __VA_ARGS__)

ssize_t read(int fd, void *buffer, size_t count) { MOVE(read, "read"); }
ssize_t write(int fd, const void *buffer, size_t count) { MOVE(write, "write"); }
ssize_t pread(int fd, void *buffer, size_t count, off_t at) { MOVE(pread, "pread", at); }
ssize_t pread64(int fd, void *buffer, size_t count, off64_t at) { MOVE(pread64, "pread", at); }
ssize_t pwrite(int fd, const void *buffer, size_t count, off_t at) { MOVE(pwrite, "pwrite", at); }
ssize_t pwrite64(int fd, const void *buffer, size_t count, off64_t at) { MOVE(pwrite64, "pwrite", at); }

ssize_t sendfile(int to, int from, off_t *at, size_t n);
ssize_t sendfile(int to, int from, off_t *at, size_t n)
{ REAL(sendfile); return fails_fd("sendfile", to) ? -1 : real_sendfile(to, from, at, n); }
ssize_t sendfile64(int to, int from, off64_t *at, size_t n);
ssize_t sendfile64(int to, int from, off64_t *at, size_t n)
{ REAL(sendfile64); return fails_fd("sendfile", to) ? -1 : real_sendfile64(to, from, at, n); }
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *there, size_t n, unsigned flags)
{ REAL(copy_file_range); return fails_fd("copy_file_range", to) ? -1 : real_copy_file_range(from, at, to, there, n, flags); }

int fsync(int fd) { REAL(fsync); return fails_fd("fsync", fd) ? -1 : real_fsync(fd); }
int fdatasync(int fd) { REAL(fdatasync); return fails_fd("fdatasync", fd) ? -1 : real_fdatasync(fd); }
int ftruncate(int fd, off_t n) { REAL(ftruncate); return fails_fd("ftruncate", fd) ? -1 : real_ftruncate(fd, n); }
int ftruncate64(int fd, off64_t n) { REAL(ftruncate64); return fails_fd("ftruncate", fd) ? -1 : real_ftruncate64(fd, n); }
int fallocate(int fd, int mode, off_t at, off_t n)
{ REAL(fallocate); return fails_fd("fallocate", fd) ? -1 : real_fallocate(fd, mode, at, n); }
int fallocate64(int fd, int mode, off64_t at, off64_t n)
{ REAL(fallocate64); return fails_fd("fallocate", fd) ? -1 : real_fallocate64(fd, mode, at, n); }
int posix_fallocate(int fd, off_t at, off_t n)
{ REAL(posix_fallocate); return fails_fd("posix_fallocate", fd) ? error_number : real_posix_fallocate(fd, at, n); }
int posix_fallocate64(int fd, off64_t at, off64_t n)
{ REAL(posix_fallocate64); return fails_fd("posix_fallocate", fd) ? error_number : real_posix_fallocate64(fd, at, n); }
int fstat(int fd, struct stat *s) { REAL(fstat); return fails_fd("fstat", fd) ? -1 : real_fstat(fd, s); }
int fstat64(int fd, struct stat64 *s) { REAL(fstat64); return fails_fd("fstat", fd) ? -1 : real_fstat64(fd, s); }
off_t lseek(int fd, off_t at, int from) { REAL(lseek); return fails_fd("lseek", fd) ? -1 : real_lseek(fd, at, from); }
off64_t lseek64(int fd, off64_t at, int from) { REAL(lseek64); return fails_fd("lseek", fd) ? -1 : real_lseek64(fd, at, from); }
int fstatfs(int fd, struct statfs *s) { REAL(fstatfs); return fails_fd("fstatfs", fd) ? -1 : real_fstatfs(fd, s); }
int fstatfs64(int fd, struct statfs64 *s) { REAL(fstatfs64); return fails_fd("fstatfs", fd) ? -1 : real_fstatfs64(fd, s); }
int fchmod(int fd, mode_t mode) { REAL(fchmod); return fails_fd("fchmod", fd) ? -1 : real_fchmod(fd, mode); }
int flock(int fd, int operation);
int flock(int fd, int operation) { REAL(flock); return fails_fd("flock", fd) ? -1 : real_flock(fd, operation); }
// The file is closed in any case, as Linux does it.
int close(int fd)
{ REAL(close); int failed = fails_fd("close", fd); int result = real_close(fd); if (failed) { errno = error_number; return -1; } return result; }

void *mmap(void *to, size_t n, int protection, int flags, int fd, off_t at)
{ REAL(mmap); return fd >= 0 && fails_fd("mmap", fd) ? MAP_FAILED : note_mapping(real_mmap(to, n, protection, flags, fd, at), n, fd); }
void *mmap64(void *to, size_t n, int protection, int flags, int fd, off64_t at)
{ REAL(mmap64); return fd >= 0 && fails_fd("mmap", fd) ? MAP_FAILED : note_mapping(real_mmap64(to, n, protection, flags, fd, at), n, fd); }
int munmap(void *at, size_t n) { REAL(munmap); return fails_at("munmap", at) ? -1 : real_munmap(at, n); }
int madvise(void *at, size_t n, int advice) { REAL(madvise); return fails_at("madvise", at) ? -1 : real_madvise(at, n, advice); }
int mincore(void *at, size_t n, unsigned char *there)
{ REAL(mincore); return fails_at("mincore", at) ? -1 : real_mincore(at, n, there); }
int posix_fadvise(int fd, off_t at, off_t n, int advice)
{ REAL(posix_fadvise); return fails_fd("posix_fadvise", fd) ? error_number : real_posix_fadvise(fd, at, n, advice); }

int statfs(const char *path, struct statfs *s) { REAL(statfs); return fails("statfs", path) ? -1 : real_statfs(path, s); }
int statfs64(const char *path, struct statfs64 *s) { REAL(statfs64); return fails("statfs", path) ? -1 : real_statfs64(path, s); }
int statvfs(const char *path, void *s);
int statvfs(const char *path, void *s) { REAL(statvfs); return fails("statfs", path) ? -1 : real_statvfs(path, s); }
int statvfs64(const char *path, void *s);
int statvfs64(const char *path, void *s) { REAL(statvfs64); return fails("statfs", path) ? -1 : real_statvfs64(path, s); }
int stat(const char *path, struct stat *s) { REAL(stat); return fails("stat", path) ? -1 : real_stat(path, s); }
int stat64(const char *path, struct stat64 *s) { REAL(stat64); return fails("stat", path) ? -1 : real_stat64(path, s); }
int lstat(const char *path, struct stat *s) { REAL(lstat); return fails("lstat", path) ? -1 : real_lstat(path, s); }
int lstat64(const char *path, struct stat64 *s) { REAL(lstat64); return fails("lstat", path) ? -1 : real_lstat64(path, s); }
// What was built for a C library before 2.33 asks under these names.
int __xstat64(int version, const char *path, struct stat64 *s);
int __xstat64(int version, const char *path, struct stat64 *s)
{ REAL(__xstat64); return fails("stat", path) ? -1 : real___xstat64(version, path, s); }
int __lxstat64(int version, const char *path, struct stat64 *s);
int __lxstat64(int version, const char *path, struct stat64 *s)
{ REAL(__lxstat64); return fails("lstat", path) ? -1 : real___lxstat64(version, path, s); }
int __fxstat64(int version, int fd, struct stat64 *s);
int __fxstat64(int version, int fd, struct stat64 *s)
{ REAL(__fxstat64); return fails_fd("fstat", fd) ? -1 : real___fxstat64(version, fd, s); }
int statx(int folder, const char *path, int flags, unsigned mask, struct statx *s)
{ REAL(statx); return fails("statx", path) ? -1 : real_statx(folder, path, flags, mask, s); }
int access(const char *path, int mode) { REAL(access); return fails("access", path) ? -1 : real_access(path, mode); }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); return fails("mkdir", path) ? -1 : real_mkdir(path, mode); }
int rmdir(const char *path) { REAL(rmdir); return fails("rmdir", path) ? -1 : real_rmdir(path); }
int unlink(const char *path) { REAL(unlink); return fails("unlink", path) ? -1 : real_unlink(path); }
int rename(const char *from, const char *to) { REAL(rename); return fails("rename", from) ? -1 : real_rename(from, to); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{ REAL(renameat2); return fails("renameat2", from) ? -1 : real_renameat2(a, from, b, to, flags); }
ssize_t readlink(const char *path, char *to, size_t n)
{ REAL(readlink); return fails("readlink", path) ? -1 : real_readlink(path, to, n); }
char *realpath(const char *path, char *to) { REAL(realpath); return fails("realpath", path) ? 0 : real_realpath(path, to); }
DIR *opendir(const char *path) { REAL(opendir); return fails("opendir", path) ? 0 : real_opendir(path); }
struct dirent *readdir(DIR *folder) { REAL(readdir); return fails_fd("readdir", dirfd(folder)) ? 0 : real_readdir(folder); }
struct dirent64 *readdir64(DIR *folder) { REAL(readdir64); return fails_fd("readdir", dirfd(folder)) ? 0 : real_readdir64(folder); }

int pthread_create(pthread_t *thread, const pthread_attr_t *how, void *(*run)(void *), void *with)
{ REAL(pthread_create); return fails_once_begun("pthread_create") ? error_number : real_pthread_create(thread, how, run, with); }
void *aligned_alloc(size_t alignment, size_t n)
{ REAL(aligned_alloc); return fails_once_begun("aligned_alloc") ? 0 : real_aligned_alloc(alignment, n); }

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }

static int open_fails(const char *path, int flags)
{
    if (part && path && strstr(path, part)) begun = 1;
    return fails("open", path) || ((flags & O_DIRECT) && fails("open_direct", path));
}

int open(const char *path, int flags, ...)
{ MODE(flags) REAL(open); return open_fails(path, flags) ? -1 : real_open(path, flags, mode); }
int open64(const char *path, int flags, ...)
{ MODE(flags) REAL(open64); return open_fails(path, flags) ? -1 : real_open64(path, flags, mode); }
int openat(int folder, const char *path, int flags, ...)
{ MODE(flags) REAL(openat); return open_fails(path, flags) ? -1 : real_openat(folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...)
{ MODE(flags) REAL(openat64); return open_fails(path, flags) ? -1 : real_openat64(folder, path, flags, mode); }

// .NET looks calls up in the C library itself, past what was loaded before it.
void *dlsym(void *library, const char *name)
{
    static const struct { const char *name; void *here; } table[] = {
        {"open", open}, {"fsync", fsync}, {"fdatasync", fdatasync}, {"fallocate", fallocate}, {"close", close},
        {"renameat2", renameat2}, {"statx", statx}, {"ftruncate", ftruncate}, {"pread", pread}, {"pwrite", pwrite},
        {"copy_file_range", copy_file_range}, {"madvise", madvise}, {"mincore", mincore}, {"posix_fadvise", posix_fadvise},
    };
    if (!real_dlsym) real("dlsym");
    if (library != RTLD_NEXT)
        for (size_t k = 0; k < sizeof table / sizeof *table; k++)
            if (!strcmp(name, table[k].name)) return table[k].here;
    return real_dlsym(library, name);
}
