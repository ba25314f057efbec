// Put into a program by LD_PRELOAD, fails it or kills it at a chosen change of the file system:
// tests/cli/faults.sh walks through all of them. From the environment:
//
//   FILE_FAULT_BELOW  only what happens to files below this directory counts (a real path)
//   FILE_FAULT_AT     which of the changes, from 1; 0: none
//   FILE_FAULT_KIND   full  that change and all after it have no space (ENOSPC); a write is cut short first
//                     once  that change alone
//                     kill  the process is killed (SIGKILL) before that change; a write is half done then
//   FILE_FAULT_LOG    the change at which it happened is appended here; with FILE_FAULT_AT=0 every change
//
// What takes no space (unlink, chmod) does not fail and counts for `kill` alone. Changes by way of a
// memory map are not seen.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

enum kind { kind_none, kind_full, kind_once, kind_kill };
enum outcome { goes_well, cut_short, fails, is_killed };
enum need { takes_space, takes_none };

static enum kind kind = kind_none;
static long at = 0;
static const char* below = NULL;
static const char* log_file = NULL;
static atomic_long changes = 0;

__attribute__((constructor)) static void read_environment(void) {
  const char* number = getenv("FILE_FAULT_AT");
  const char* name = getenv("FILE_FAULT_KIND");
  below = getenv("FILE_FAULT_BELOW");
  log_file = getenv("FILE_FAULT_LOG");
  if (number == NULL || name == NULL || below == NULL || log_file == NULL) return;
  at = strtol(number, NULL, 10);
  kind = strcmp(name, "full") == 0 ? kind_full : strcmp(name, "once") == 0 ? kind_once : kind_kill;
}

// By system calls, so that they do not come by here.
static void tell(const char* call, const char* path) {
  char line[PATH_MAX + 32];
  const int size = snprintf(line, sizeof line, "%s %s\n", call, path);
  const long fd = syscall(SYS_openat, AT_FDCWD, log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || size <= 0 || syscall(SYS_write, (int)fd, line, (size_t)size) != size) abort();
  syscall(SYS_close, (int)fd);
}

static void end_process(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  while (true) pause();
}

static bool is_below(const char* path) {
  const size_t size = strlen(below);
  return strncmp(path, below, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

// `path` is absolute. Does not return where the process is to be killed, unless `may_tear`:
// then is_killed, for the caller to do half of it before.
static enum outcome outcome_of(const char* call, const char* path, enum need need, bool may_tear) {
  if (kind == kind_none || !is_below(path)) return goes_well;
  if (need == takes_none && kind != kind_kill) return goes_well;
  const long number = atomic_fetch_add(&changes, 1) + 1;
  if (at == 0) tell(call, path);
  if (at == 0 || number < at) return goes_well;
  if (number > at) {
    if (kind != kind_full) return goes_well;
    errno = ENOSPC;
    return fails;
  }
  tell(call, path);
  if (kind == kind_kill && may_tear) return is_killed;
  if (kind == kind_kill) end_process();
  errno = ENOSPC;
  return kind == kind_full && may_tear ? cut_short : fails;
}

static enum outcome outcome_at(const char* call, int directory, const char* path, enum need need) {
  char whole[2 * PATH_MAX];
  if (path[0] == '/' || kind == kind_none) return outcome_of(call, path, need, false);
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
  const char* where = directory == AT_FDCWD ? "/proc/self/cwd" : link;
  const ssize_t size = readlink(where, whole, PATH_MAX);
  if (size < 0) return goes_well;
  snprintf(whole + size, sizeof whole - (size_t)size, "/%s", path);
  return outcome_of(call, whole, need, false);
}

static enum outcome outcome_on(const char* call, int fd, enum need need, bool may_tear) {
  char path[PATH_MAX];
  char link[64];
  if (kind == kind_none) return goes_well;
  const int fault = errno;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  errno = fault;
  if (size < 0) return goes_well;
  path[size] = '\0';
  return outcome_of(call, path, need, may_tear);
}

// The function that this one stands before.
static void* next(const char* name) {
  void* function = dlsym(RTLD_NEXT, name);
  if (function == NULL) abort();
  return function;
}

#define NEXT(name, ...) (__extension__((__typeof__(&name))next(#name)))(__VA_ARGS__)

// `half` does a part of what `whole` does.
#define TEARABLE(call, fd, size, half, whole)              \
  switch (outcome_on(call, fd, takes_space, (size) > 1)) { \
    case goes_well:                                        \
      return whole;                                        \
    case cut_short:                                        \
      return half;                                         \
    case is_killed:                                        \
      (void)!(half);                                       \
      end_process();                                       \
      return -1;                                           \
    case fails:                                            \
      return -1;                                           \
  }                                                        \
  return -1

EXPORTED ssize_t write(int fd, const void* bytes, size_t size) {
  TEARABLE("write", fd, size, NEXT(write, fd, bytes, size / 2), NEXT(write, fd, bytes, size));
}

EXPORTED ssize_t pwrite(int fd, const void* bytes, size_t size, off_t from) {
  TEARABLE("pwrite", fd, size, NEXT(pwrite, fd, bytes, size / 2, from), NEXT(pwrite, fd, bytes, size, from));
}

EXPORTED ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t from) {
  TEARABLE("pwrite", fd, size, NEXT(pwrite64, fd, bytes, size / 2, from), NEXT(pwrite64, fd, bytes, size, from));
}

EXPORTED ssize_t writev(int fd, const struct iovec* parts, int count) {
  TEARABLE("write", fd, count, NEXT(writev, fd, parts, count / 2), NEXT(writev, fd, parts, count));
}

#define FAILS(outcome) \
  if ((outcome) == fails) return -1

EXPORTED int ftruncate(int fd, off_t size) {
  FAILS(outcome_on("ftruncate", fd, takes_space, false));
  return NEXT(ftruncate, fd, size);
}

EXPORTED int ftruncate64(int fd, off64_t size) {
  FAILS(outcome_on("ftruncate", fd, takes_space, false));
  return NEXT(ftruncate64, fd, size);
}

EXPORTED int fallocate(int fd, int mode, off_t from, off_t size) {
  FAILS(outcome_on("fallocate", fd, takes_space, false));
  return NEXT(fallocate, fd, mode, from, size);
}

EXPORTED int fallocate64(int fd, int mode, off64_t from, off64_t size) {
  FAILS(outcome_on("fallocate", fd, takes_space, false));
  return NEXT(fallocate64, fd, mode, from, size);
}

EXPORTED int posix_fallocate(int fd, off_t from, off_t size) {
  if (outcome_on("fallocate", fd, takes_space, false) == fails) return ENOSPC;
  return NEXT(posix_fallocate, fd, from, size);
}

EXPORTED int posix_fallocate64(int fd, off64_t from, off64_t size) {
  if (outcome_on("fallocate", fd, takes_space, false) == fails) return ENOSPC;
  return NEXT(posix_fallocate64, fd, from, size);
}

EXPORTED int fsync(int fd) {
  FAILS(outcome_on("fsync", fd, takes_space, false));
  return NEXT(fsync, fd);
}

EXPORTED int fdatasync(int fd) {
  FAILS(outcome_on("fsync", fd, takes_space, false));
  return NEXT(fdatasync, fd);
}

EXPORTED int fchmod(int fd, mode_t mode) {
  FAILS(outcome_on("chmod", fd, takes_none, false));
  return NEXT(fchmod, fd, mode);
}

EXPORTED int rename(const char* from, const char* to) {
  FAILS(outcome_at("rename", AT_FDCWD, to, takes_space));
  return NEXT(rename, from, to);
}

EXPORTED int renameat(int from_directory, const char* from, int to_directory, const char* to) {
  FAILS(outcome_at("rename", to_directory, to, takes_space));
  return NEXT(renameat, from_directory, from, to_directory, to);
}

EXPORTED int renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) {
  FAILS(outcome_at("rename", to_directory, to, takes_space));
  return NEXT(renameat2, from_directory, from, to_directory, to, flags);
}

EXPORTED int link(const char* from, const char* to) {
  FAILS(outcome_at("link", AT_FDCWD, to, takes_space));
  return NEXT(link, from, to);
}

EXPORTED int linkat(int from_directory, const char* from, int to_directory, const char* to, int flags) {
  FAILS(outcome_at("link", to_directory, to, takes_space));
  return NEXT(linkat, from_directory, from, to_directory, to, flags);
}

EXPORTED int unlink(const char* path) {
  FAILS(outcome_at("unlink", AT_FDCWD, path, takes_none));
  return NEXT(unlink, path);
}

EXPORTED int unlinkat(int directory, const char* path, int flags) {
  FAILS(outcome_at("unlink", directory, path, takes_none));
  return NEXT(unlinkat, directory, path, flags);
}

EXPORTED int rmdir(const char* path) {
  FAILS(outcome_at("rmdir", AT_FDCWD, path, takes_none));
  return NEXT(rmdir, path);
}

EXPORTED int mkdir(const char* path, mode_t mode) {
  FAILS(outcome_at("mkdir", AT_FDCWD, path, takes_space));
  return NEXT(mkdir, path, mode);
}

EXPORTED char* mkdtemp(char* path) {
  if (outcome_at("mkdir", AT_FDCWD, path, takes_space) == fails) return NULL;
  return NEXT(mkdtemp, path);
}

EXPORTED int mkostemp(char* path, int flags) {
  FAILS(outcome_at("create", AT_FDCWD, path, takes_space));
  return NEXT(mkostemp, path, flags);
}

EXPORTED int mkostemp64(char* path, int flags) {
  FAILS(outcome_at("create", AT_FDCWD, path, takes_space));
  return NEXT(mkostemp64, path, flags);
}

// Opening a file that is there changes nothing, unless it is cut to nothing.
static enum outcome outcome_of_open(int directory, const char* path, int flags) {
  if (kind == kind_none || (flags & (O_CREAT | O_TRUNC)) == 0) return goes_well;
  const int fault = errno;
  const bool there = syscall(SYS_faccessat, directory, path, F_OK) == 0;
  errno = fault;
  if (there && (flags & O_TRUNC) == 0) return goes_well;
  return outcome_at(there ? "truncate" : "create", directory, path, there ? takes_none : takes_space);
}

#define MODE_OF(flags, mode)                                        \
  mode_t mode = 0;                                                  \
  if (((flags)&O_CREAT) != 0 || ((flags)&O_TMPFILE) == O_TMPFILE) { \
    va_list rest;                                                   \
    va_start(rest, flags);                                          \
    mode = va_arg(rest, mode_t);                                    \
    va_end(rest);                                                   \
  }

EXPORTED int open(const char* path, int flags, ...) {
  MODE_OF(flags, mode)
  FAILS(outcome_of_open(AT_FDCWD, path, flags));
  return NEXT(open, path, flags, mode);
}

EXPORTED int open64(const char* path, int flags, ...) {
  MODE_OF(flags, mode)
  FAILS(outcome_of_open(AT_FDCWD, path, flags));
  return NEXT(open64, path, flags, mode);
}

EXPORTED int openat(int directory, const char* path, int flags, ...) {
  MODE_OF(flags, mode)
  FAILS(outcome_of_open(directory, path, flags));
  return NEXT(openat, directory, path, flags, mode);
}

EXPORTED int openat64(int directory, const char* path, int flags, ...) {
  MODE_OF(flags, mode)
  FAILS(outcome_of_open(directory, path, flags));
  return NEXT(openat64, directory, path, flags, mode);
}
