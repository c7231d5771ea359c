#ifndef FLEET_CLINUX_H
#define FLEET_CLINUX_H

#include <sys/syscall.h>
#include <unistd.h>

// System calls without a wrapper that Swift sees: syscall(2) is variadic, and Glibc declares sync_file_range for _GNU_SOURCE alone.

// Has this thread's reads and writes go after everybody else's: the lowest level of the best-effort class (ioprio_set(2)).
static inline int fleet_lower_io_priority(void) {
  const long who_process = 1, class_best_effort = 2, class_shift = 13, lowest_level = 7;
  return (int)syscall(SYS_ioprio_set, who_process, 0L, class_best_effort << class_shift | lowest_level);
}

// Begins to write a part of a file to the disk; one that `waits` returns when it is written (sync_file_range(2)).
static inline int fleet_write_out(int file, long from, long count, int waits) {
  const long wait_before = 1, write = 2, wait_after = 4;
  return (int)syscall(SYS_sync_file_range, (long)file, from, count, waits ? wait_before | write | wait_after : write);
}

#endif
