/* What the environment or a test sets, what is counted, and what is found wrong. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

/*
 * Settings. Each is read from the environment as EMULATED_CUDA_<NAME>, and can be changed later with emulator_set. Those that
 * make a call fail hold the driver's error number, and may say from which call on: "2@5" lets four calls succeed.
 */
#define SETTINGS(X)                                                                                                        \
    X(DEVICES, 1)         /* number of devices */                                                                          \
    X(VERSION, 13000)     /* version of the driver, 1000·major + 10·minor */                                               \
    X(MAJOR, 8)           /* architecture of the devices */                                                                \
    X(MINOR, 0)           /* of the first device; that of further ones is 0 */                                             \
    X(PROCESSORS, 4)      /* multiprocessors of a device */                                                                \
    X(MEMORY, 8000000000) /* bytes of memory of a device */                                                                \
    X(JITTER, 0)          /* most microseconds that an operation on a stream is held back, at random */                    \
    X(REVERSE, 0)         /* 1 runs groups from the last to the first, 2 in either order, a launch at a time */             \
    X(FUSE, 0)            /* products fused with the additions that follow, as a driver's compiler may: 1 the first of two, \
                             2 the second, 3 one or the other or none, a launch at a time */                               \
    X(INIT, 0)            /* errors of calls, from here on */                                                              \
    X(CONTEXT, 0)                                                                                                          \
    X(ALLOC, 0)                                                                                                            \
    X(REGISTER, 0)                                                                                                         \
    X(MODULE, 0)                                                                                                           \
    X(LAUNCH, 0)                                                                                                           \
    X(SYNCHRONIZE, 0)

#define NAME_OF(name, value) S_##name,
enum setting { SETTINGS(NAME_OF) SETTING_COUNT };
#undef NAME_OF

long setting(enum setting which);

/* The error with which a call is to fail: 0 for none. Counts the calls. */
int fault(enum setting which);

/* Counters, which emulator_count reads by name. */
#define COUNTERS(X)                                                                                                        \
    X(contexts) X(context_flags) X(allocations) X(frees) X(bytes_allocated) X(registrations) X(unregistrations)           \
    X(streams) X(modules) X(launches) X(instructions) X(copies) X(bytes_in) X(bytes_out) X(bytes_within) X(pageable)      \
    X(synchronizations) X(complaints)

#define NAME_OF(name) C_##name,
enum counter { COUNTERS(NAME_OF) COUNTER_COUNT };
#undef NAME_OF

extern atomic_long counters[COUNTER_COUNT];

static inline void count(enum counter which, long by) { atomic_fetch_add_explicit(&counters[which], by, memory_order_relaxed); }

/* Notes something that a device leaves undefined, or a call that is wrong: it goes to standard error and into what
   cuGetErrorString says. Returns the error that the call has. */
int complain(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The last complaint; NULL if there is none. */
const char *last_complaint(void);
