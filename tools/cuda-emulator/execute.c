/*
 * Runs a kernel. Neighbouring threads of a group are a band, which carries out an instruction for all of them before the next, as a
 * device does; those that part at a branch meet again at the earliest instruction that one of them is at. A group's bands run up to a
 * barrier one after the other, forwards and backwards in turn, and so do the accesses of a band's threads, so that what depends on
 * their order shows. Where a device's behaviour is undefined, the launch fails and says why.
 */
#include "memory.h"
#include "program.h"
#include "settings.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ILLEGAL_ADDRESS = 700, MISALIGNED = 716, LAUNCH_FAILED = 719 };
enum { FINISHED = -1, FAILED = -2 };
enum { RANGES = 8, SEVERAL = -1 };

/* Threads of a band, of which a set has a bit each. Slot k of thread t is at k·LANES + t. */
enum { LANES = 32 };
typedef uint32_t set;
static const set EVERY = 0xFFFFFFFF;

/* Who wrote and read 4 bytes of shared memory since the last barrier. */
typedef struct { uint32_t write_epoch, read_epoch, atomic_epoch; int32_t writer, reader; } cell;

typedef struct {
    const program *kernel;
    const char *parameters;
    char *shared;
    cell *cells;
    uint32_t epoch;
    int32_t thread;
    uint32_t group;
    int error;
    long steps;
    int is_backwards;
    struct range ranges[RANGES];
    unsigned next_range;
} run;

static inline double f64(uint64_t bits) { double value; memcpy(&value, &bits, 8); return value; }
static inline float f32(uint64_t bits) { uint32_t low = (uint32_t)bits; float value; memcpy(&value, &low, 4); return value; }

/* As a device does it: a result that is no number has one encoding, whatever the operands' were. */
static inline uint64_t b32(float value) { uint32_t bits; memcpy(&bits, &value, 4); return value == value ? bits : 0x7FFFFFFF; }
static inline uint64_t b64(double value) { uint64_t bits; memcpy(&bits, &value, 8); return value == value ? bits : 0x7FFFFFFFFFFFFFFF; }

static int wrong(run *r, const instruction *i, int error, const char *what, uint64_t address)
{
    r->error = complain(error, "%s of %u·%u bytes at %llx by thread %d of group %u, line %u of the kernel",
        what, i->lanes ? i->lanes : 1, i->bytes, (unsigned long long)address, r->thread, r->group, i->line);
    return FAILED;
}

static inline char *global_at(run *r, const instruction *i, uint64_t address, unsigned bytes)
{
    if (address & (bytes - 1)) {
        wrong(r, i, MISALIGNED, "misaligned access", address);
        return NULL;
    }
    for (unsigned k = 0; k < RANGES; k++) {
        if (address - r->ranges[k].from < r->ranges[k].bytes && address - r->ranges[k].from + bytes <= r->ranges[k].bytes)
            return (char *)address;
    }
    struct range found;
    if (!memory_find(address, &found) || address - found.from + bytes > found.bytes) {
        wrong(r, i, ILLEGAL_ADDRESS, "access outside device memory", address);
        return NULL;
    }
    r->ranges[r->next_range++ % RANGES] = found;
    return (char *)address;
}

enum access { READS, WRITES, CHANGES };

static char *shared_at(run *r, const instruction *i, uint64_t address, unsigned bytes, enum access how)
{
    uint64_t at = address - SHARED_WINDOW;
    if (at > r->kernel->shared_bytes || at + bytes > r->kernel->shared_bytes) {
        wrong(r, i, ILLEGAL_ADDRESS, "access outside shared memory", address);
        return NULL;
    }
    if (address & (bytes - 1)) {
        wrong(r, i, MISALIGNED, "misaligned access to shared memory", address);
        return NULL;
    }
    for (uint64_t k = at / 4; k < (at + bytes + 3) / 4; k++) {
        cell *c = &r->cells[k];
        int written = c->write_epoch == r->epoch && c->writer != r->thread;
        int was_read = c->read_epoch == r->epoch && c->reader != r->thread;
        int changed = c->atomic_epoch == r->epoch;
        if (written || (how != READS && was_read) || (how != CHANGES && changed)) {
            wrong(r, i, LAUNCH_FAILED, how == READS ? "race: read after another thread's write in shared memory"
                : "race: write beside another thread's access in shared memory", address);
            return NULL;
        }
        if (how == READS) {
            c->reader = c->read_epoch == r->epoch && c->reader != r->thread ? SEVERAL : r->thread;
            c->read_epoch = r->epoch;
        } else if (how == WRITES) {
            c->write_epoch = r->epoch;
            c->writer = r->thread;
        } else {
            c->atomic_epoch = r->epoch;
        }
    }
    return r->shared + at;
}

/* A copy of 1, 2, 4 or 8 bytes, each of which is one instruction. */
static inline void copy(void *to, const void *from, unsigned bytes)
{
    switch (bytes) {
    case 1: memcpy(to, from, 1); break;
    case 2: memcpy(to, from, 2); break;
    case 4: memcpy(to, from, 4); break;
    default: memcpy(to, from, 8); break;
    }
}

static inline void load(const instruction *i, uint64_t *s, const char *from)
{
    for (unsigned k = 0; k < i->lanes; k++) {
        uint64_t value = 0;
        copy(&value, from + k * i->bytes, i->bytes);
        s[i->d[k] * LANES] = value;
    }
}

static inline void store(const instruction *i, const uint64_t *s, char *to)
{
    for (unsigned k = 0; k < i->lanes; k++)
        copy(to + k * i->bytes, &s[i->d[k] * LANES], i->bytes);
}

#define CHANGE(T, S)                                                                                                     \
    do {                                                                                                                 \
        T *at = (T *)place, operand = (T)s[i->b * LANES], old = __atomic_load_n(at, __ATOMIC_RELAXED), new;                      \
        do {                                                                                                             \
            switch (i->sub) {                                                                                            \
            case A_ADD: new = old + operand; break;                                                                      \
            case A_EXCHANGE: new = operand; break;                                                                       \
            case A_SWAP: new = old == operand ? (T)s[i->c * LANES] : old; break;                                         \
            case A_MIN_U: new = old < operand ? old : operand; break;                                                    \
            case A_MAX_U: new = old > operand ? old : operand; break;                                                    \
            case A_MIN_S: new = (S)old < (S)operand ? old : operand; break;                                              \
            case A_MAX_S: new = (S)old > (S)operand ? old : operand; break;                                              \
            case A_AND: new = old & operand; break;                                                                      \
            case A_OR: new = old | operand; break;                                                                       \
            default: new = old ^ operand; break;                                                                         \
            }                                                                                                            \
        } while (!__atomic_compare_exchange_n(at, &old, new, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED));                     \
        s[i->d[0] * LANES] = old;                                                                                        \
    } while (0)

static void change(const instruction *i, uint64_t *s, char *place)
{
    if (i->bytes == 8)
        CHANGE(uint64_t, int64_t);
    else
        CHANGE(uint32_t, int32_t);
}

static uint64_t extend(const instruction *i, uint64_t value)
{
    switch (i->bytes) {
    case 1: value = i->lanes ? (uint64_t)(int8_t)value : (uint8_t)value; break;
    case 2: value = i->lanes ? (uint64_t)(int16_t)value : (uint16_t)value; break;
    case 4: value = i->lanes ? (uint64_t)(int32_t)value : (uint32_t)value; break;
    }
    return i->offset == 32 ? (uint32_t)value : value;
}

static double rounded(int how, double value)
{
    return how == R_ZERO ? trunc(value) : how == R_DOWN ? floor(value) : how == R_UP ? ceil(value) : rint(value);
}

/* What is too large becomes the nearest that there is, and what is no number 0, as the definition of cvt has it. */
static uint64_t to_integer(const instruction *i, double value, int is_signed)
{
    value = rounded(i->sub, value);
    if (value != value)
        return 0;
    int bits = i->bytes * 8;
    if (is_signed) {
        double most = bits == 64 ? 0x1p63 : bits == 32 ? 0x1p31 : ldexp(1, bits - 1);
        int64_t result = value >= most ? (bits == 64 ? INT64_MAX : INT32_MAX) : value < -most ? (bits == 64 ? INT64_MIN : INT32_MIN) : (int64_t)value;
        return bits == 64 ? (uint64_t)result : (uint32_t)result;
    }
    return value <= 0 ? 0 : value >= ldexp(1, bits) ? (bits == 64 ? UINT64_MAX : UINT32_MAX) : (uint64_t)value;
}

static uint64_t permute(uint64_t a, uint64_t b, uint64_t selector)
{
    uint64_t both = (uint32_t)a | b << 32;
    uint32_t result = 0;
    for (int k = 0; k < 4; k++) {
        unsigned pick = (unsigned)(selector >> 4 * k) & 15;
        uint8_t byte = (uint8_t)(both >> 8 * (pick & 7));
        if (pick & 8)
            byte = byte & 0x80 ? 0xFF : 0;
        result |= (uint32_t)byte << 8 * k;
    }
    return result;
}

/* Minimum and maximum pass over what is no number, and take −0 for less than +0. */
static double least(double x, double y) { return x != x ? y : y != y ? x : x < y || (x == y && signbit(x)) ? x : y; }
static double most(double x, double y) { return x != x ? y : y != y ? x : x > y || (x == y && !signbit(x)) ? x : y; }

/* Carries something out for each thread of a set: of all, in steps that the compiler may take many at a time. */
#if defined(__GNUC__) && !defined(__clang__)
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define INDEPENDENT
#endif
#define EACH(...)                                                                                                         \
    do {                                                                                                                  \
        if (doing == EVERY) {                                                                                             \
            INDEPENDENT                                                                                                   \
            for (unsigned l = 0; l < LANES; l++) { __VA_ARGS__; }                                                         \
        } else {                                                                                                          \
            for (set left = doing; left; left &= left - 1) { unsigned l = (unsigned)__builtin_ctz(left); __VA_ARGS__; }    \
        }                                                                                                                 \
    } while (0)

/* As EACH, one after the other, in the order that the run has. */
#define IN_TURN(...)                                                                                                      \
    for (set left = doing; left;) {                                                                                       \
        unsigned l = r->is_backwards ? 31 - (unsigned)__builtin_clz(left) : (unsigned)__builtin_ctz(left);                 \
        left &= ~(1u << l);                                                                                               \
        r->thread = (int32_t)(first + l);                                                                                 \
        __VA_ARGS__                                                                                                       \
    }

#define A a[l]
#define B b[l]
#define C c[l]
#define U32(x) ((uint32_t)(x))
#define S32(x) ((int32_t)(uint32_t)(x))
#define S64(x) ((int64_t)(x))
#define SET(value) EACH(d[l] = (value))
#define INTEGERS(NAME, expression)                                                                                        \
    case O_##NAME##_U32: EACH(uint32_t x = U32(A), y = U32(B); d[l] = (uint32_t)(expression)); break;                      \
    case O_##NAME##_S32: EACH(int32_t x = S32(A), y = S32(B); d[l] = (uint32_t)(expression)); break;                       \
    case O_##NAME##_U64: EACH(uint64_t x = A, y = B; d[l] = (uint64_t)(expression)); break;                                \
    case O_##NAME##_S64: EACH(int64_t x = S64(A), y = S64(B); d[l] = (uint64_t)(expression)); break;
#define BITS(NAME, expression)                                                                                            \
    case O_##NAME##_32: EACH(uint64_t x = A, y = B; (void)y; d[l] = (uint32_t)(expression)); break;                        \
    case O_##NAME##_64: EACH(uint64_t x = A, y = B; (void)y; d[l] = (uint64_t)(expression)); break;
#define FLOATS(NAME, expression)                                                                                          \
    case O_##NAME##_F32: EACH(float x = f32(A), y = f32(B); d[l] = b32(expression)); break;                                \
    case O_##NAME##_F64: EACH(double x = f64(A), y = f64(B); d[l] = b64(expression)); break;
#define COMPARED(T, read, expression) EACH(T x = read(A), y = read(B); d[l] = (expression)); break
#define COMPARE(NAME, T, read)                                                                                            \
    case O_COMPARE_##NAME:                                                                                                \
        switch (i->sub) {                                                                                                 \
        case EQ: COMPARED(T, read, x == y);                                                                               \
        case NE: COMPARED(T, read, x != y);                                                                               \
        case LT: COMPARED(T, read, x < y);                                                                                \
        case LE: COMPARED(T, read, x <= y);                                                                               \
        case GT: COMPARED(T, read, x > y);                                                                                \
        default: COMPARED(T, read, x >= y);                                                                               \
        }                                                                                                                 \
        break;
#define COMPARE_FLOATS(NAME, T, read)                                                                                     \
    case O_COMPARE_##NAME:                                                                                                \
        switch (i->sub) {                                                                                                 \
        case EQ: COMPARED(T, read, x == y);                                                                               \
        case NE: COMPARED(T, read, x < y || x > y);                                                                       \
        case LT: COMPARED(T, read, x < y);                                                                                \
        case LE: COMPARED(T, read, x <= y);                                                                               \
        case GT: COMPARED(T, read, x > y);                                                                                \
        case GE: COMPARED(T, read, x >= y);                                                                               \
        case EQU: COMPARED(T, read, !(x < y || x > y));                                                                   \
        case NEU: COMPARED(T, read, x != y);                                                                              \
        case LTU: COMPARED(T, read, !(x >= y));                                                                           \
        case LEU: COMPARED(T, read, !(x > y));                                                                            \
        case GTU: COMPARED(T, read, !(x <= y));                                                                           \
        case GEU: COMPARED(T, read, !(x < y));                                                                            \
        case NUM: COMPARED(T, read, x == x && y == y);                                                                    \
        default: COMPARED(T, read, x != x || y != y);                                                                     \
        }                                                                                                                 \
        break;
#define AS_IS(x) (x)

/* The threads of a set whose guard lets them carry an instruction out. */
static inline set guarded(const instruction *i, const uint64_t *s, set of)
{
    const uint64_t *guard = s + (size_t)i->guard * LANES;
    set passed = 0;
    for (unsigned l = 0; l < LANES; l++)
        passed |= (set)(guard[l] & 1) << l;
    return of & (i->is_negated ? ~passed : passed);
}

/*
 * Runs a band's threads, which places has the next instruction of, up to a barrier each or the end, and sets where each goes on: FINISHED
 * where it does not. Returns 0 if something is wrong.
 */
static int run_band(run *r, uint64_t *s, int *places, unsigned first, unsigned threads)
{
    const instruction *code = r->kernel->code;
    set running = threads < LANES ? (1u << threads) - 1 : EVERY;
    long steps = 0;
    int is_right = 1;
    while (running) {
        /* Those that are behind go on until they reach the next of the others. */
        int from = INT_MAX, next = INT_MAX;
        set active = 0;
        for (set left = running; left; left &= left - 1) {
            unsigned l = (unsigned)__builtin_ctz(left);
            if (places[l] < from) {
                next = from;
                from = places[l];
                active = 1u << l;
            } else if (places[l] == from) {
                active |= 1u << l;
            } else if (places[l] < next) {
                next = places[l];
            }
        }

        for (int at = from; active; at++) {
            if (at >= next) {
                for (set left = active; left; left &= left - 1)
                    places[__builtin_ctz(left)] = at;
                break;
            }
            const instruction *i = code + at;
            set doing = i->guard >= 0 ? guarded(i, s, active) : active;
            steps += __builtin_popcount(active);
            if (!doing)
                continue;
            uint64_t *d = s + (size_t)i->d[0] * LANES;
            const uint64_t *a = s + (size_t)i->a * LANES, *b = s + (size_t)i->b * LANES, *c = s + (size_t)i->c * LANES;
            switch (i->operation) {
            case O_MOVE: SET(A); break;
            case O_BRANCH:
                if (doing == active) {
                    at = (int)i->offset - 1;
                    break;
                }
                for (set left = active; left; left &= left - 1) {
                    unsigned l = (unsigned)__builtin_ctz(left);
                    places[l] = doing >> l & 1 ? (int)i->offset : at + 1;
                }
                active = 0;
                break;
            case O_RETURN: case O_BARRIER:
                for (set left = doing; left; left &= left - 1)
                    places[__builtin_ctz(left)] = i->operation == O_RETURN ? FINISHED : at + 1;
                running &= ~doing;
                active &= ~doing;
                break;
            case O_LOAD_PARAMETER: {
                uint64_t value = 0;
                copy(&value, r->parameters + i->offset, i->bytes);
                SET(value);
                break;
            }
            case O_LOAD_GLOBAL: case O_STORE_GLOBAL: case O_ATOMIC_GLOBAL:
                IN_TURN(
                    char *place = global_at(r, i, A + (uint64_t)i->offset, (unsigned)i->bytes * (i->lanes ? i->lanes : 1));
                    if (!place) goto failed;
                    if (i->operation == O_LOAD_GLOBAL) load(i, s + l, place);
                    else if (i->operation == O_STORE_GLOBAL) store(i, s + l, place);
                    else change(i, s + l, place);
                )
                break;
            case O_LOAD_SHARED: case O_STORE_SHARED: case O_ATOMIC_SHARED:
                IN_TURN(
                    char *place = shared_at(r, i, A + (uint64_t)i->offset, (unsigned)i->bytes * (i->lanes ? i->lanes : 1),
                        i->operation == O_LOAD_SHARED ? READS : i->operation == O_STORE_SHARED ? WRITES : CHANGES);
                    if (!place) goto failed;
                    if (i->operation == O_LOAD_SHARED) load(i, s + l, place);
                    else if (i->operation == O_STORE_SHARED) store(i, s + l, place);
                    else change(i, s + l, place);
                )
                break;
            case O_SELECT: SET(C & 1 ? A : B); break;
            case O_AND_P: SET(A & B & 1); break;
            case O_OR_P: SET((A | B) & 1); break;
            case O_XOR_P: SET((A ^ B) & 1); break;
            case O_NOT_P: SET(~A & 1); break;

            BITS(ADD, x + y)
            BITS(SUB, x - y)
            BITS(MUL, x * y)
            BITS(MAD, x * y + C)
            BITS(AND, x & y)
            BITS(OR, x | y)
            BITS(XOR, x ^ y)
            BITS(NOT, ~x)
            BITS(NEG, -x)
            case O_ABS_32: SET(S32(A) < 0 ? U32(-A) : A); break;
            case O_ABS_64: SET(S64(A) < 0 ? -A : A); break;
            case O_MUL_WIDE_U32: SET((uint64_t)U32(A) * U32(B)); break;
            case O_MUL_WIDE_S32: SET((uint64_t)((int64_t)S32(A) * S32(B))); break;
            case O_MAD_WIDE_U32: SET((uint64_t)U32(A) * U32(B) + C); break;
            case O_MAD_WIDE_S32: SET((uint64_t)((int64_t)S32(A) * S32(B)) + C); break;
            case O_MUL_HI_U32: SET((uint64_t)U32(A) * U32(B) >> 32); break;
            case O_MUL_HI_S32: SET(U32((uint64_t)((int64_t)S32(A) * S32(B)) >> 32)); break;
            case O_MUL_HI_U64: SET((uint64_t)((unsigned __int128)A * B >> 64)); break;
            case O_MUL_HI_S64: SET((uint64_t)((__int128)S64(A) * S64(B) >> 64)); break;
            case O_DIV_U32: case O_DIV_S32: case O_DIV_U64: case O_DIV_S64: case O_REM_U32: case O_REM_S32: case O_REM_U64: case O_REM_S64: {
                int is32 = i->operation == O_DIV_U32 || i->operation == O_DIV_S32 || i->operation == O_REM_U32 || i->operation == O_REM_S32;
                IN_TURN(
                    if ((is32 ? U32(B) : B) == 0) {
                        r->error = complain(LAUNCH_FAILED, "division by 0, line %u of the kernel", i->line);
                        goto failed;
                    }
                    switch (i->operation) {
                    case O_DIV_U32: d[l] = U32(A) / U32(B); break;
                    case O_DIV_S32: d[l] = U32(S32(B) == -1 ? -A : (uint64_t)(S32(A) / S32(B))); break;
                    case O_DIV_U64: d[l] = A / B; break;
                    case O_DIV_S64: d[l] = S64(B) == -1 ? -A : (uint64_t)(S64(A) / S64(B)); break;
                    case O_REM_U32: d[l] = U32(A) % U32(B); break;
                    case O_REM_S32: d[l] = U32(S32(B) == -1 ? 0 : S32(A) % S32(B)); break;
                    case O_REM_U64: d[l] = A % B; break;
                    default: d[l] = (uint64_t)(S64(B) == -1 ? 0 : S64(A) % S64(B)); break;
                    }
                )
                break;
            }
            INTEGERS(MIN, x < y ? x : y)
            INTEGERS(MAX, x > y ? x : y)
            case O_SHL_32: SET(U32(B) > 31 ? 0 : U32(A << U32(B))); break;
            case O_SHL_64: SET(U32(B) > 63 ? 0 : A << U32(B)); break;
            case O_SHR_U32: SET(U32(B) > 31 ? 0 : U32(A) >> U32(B)); break;
            case O_SHR_S32: SET(U32(S32(A) >> (U32(B) > 31 ? 31 : U32(B)))); break;
            case O_SHR_U64: SET(U32(B) > 63 ? 0 : A >> U32(B)); break;
            case O_SHR_S64: SET((uint64_t)(S64(A) >> (U32(B) > 63 ? 63 : U32(B)))); break;
            case O_POPC_32: SET((uint64_t)__builtin_popcount(U32(A))); break;
            case O_POPC_64: SET((uint64_t)__builtin_popcountll(A)); break;
            case O_CLZ_32: SET(U32(A) ? (uint64_t)__builtin_clz(U32(A)) : 32); break;
            case O_CLZ_64: SET(A ? (uint64_t)__builtin_clzll(A) : 64); break;
            case O_PRMT: SET(permute(A, B, C)); break;
            case O_BFE_U32:
                EACH(uint32_t from_bit = U32(B) & 255, length = U32(C) & 255;
                    d[l] = from_bit > 31 ? 0 : U32(A) >> from_bit & (length > 31 ? 0xFFFFFFFFu : (1u << length) - 1));
                break;

            FLOATS(ADD, x + y)
            FLOATS(SUB, x - y)
            FLOATS(MUL, x * y)
            FLOATS(DIV, x / y)
            case O_MIN_F32: SET(b32((float)least(f32(A), f32(B)))); break;
            case O_MIN_F64: SET(b64(least(f64(A), f64(B)))); break;
            case O_MAX_F32: SET(b32((float)most(f32(A), f32(B)))); break;
            case O_MAX_F64: SET(b64(most(f64(A), f64(B)))); break;
            case O_SQRT_F32: SET(b32(sqrtf(f32(A)))); break;
            case O_SQRT_F64: SET(b64(sqrt(f64(A)))); break;
            case O_NEG_F32: SET(A ^ 0x80000000u); break;
            case O_NEG_F64: SET(A ^ 0x8000000000000000u); break;
            case O_ABS_F32: SET(A & 0x7FFFFFFFu); break;
            case O_ABS_F64: SET(A & 0x7FFFFFFFFFFFFFFFu); break;
            case O_FMA_F32: case O_FUSED_ADD_F32: SET(b32(fmaf(f32(A), f32(B), f32(C)))); break;
            case O_FUSED_SUB_F32: SET(b32(fmaf(f32(A), f32(B), -f32(C)))); break;
            case O_FUSED_SUBFROM_F32: SET(b32(fmaf(-f32(A), f32(B), f32(C)))); break;
            case O_FMA_F64: case O_FUSED_ADD_F64: SET(b64(fma(f64(A), f64(B), f64(C)))); break;
            case O_FUSED_SUB_F64: SET(b64(fma(f64(A), f64(B), -f64(C)))); break;
            case O_FUSED_SUBFROM_F64: SET(b64(fma(-f64(A), f64(B), f64(C)))); break;

            COMPARE(U32, uint32_t, U32)
            COMPARE(S32, int32_t, S32)
            COMPARE(U64, uint64_t, AS_IS)
            COMPARE(S64, int64_t, S64)
            COMPARE_FLOATS(F32, float, f32)
            COMPARE_FLOATS(F64, double, f64)
            case O_TEST_NAN_F32: SET(isnan(f32(A)) != 0); break;
            case O_TEST_NAN_F64: SET(isnan(f64(A)) != 0); break;
            case O_TEST_INFINITE_F32: SET(isinf(f32(A)) != 0); break;
            case O_TEST_INFINITE_F64: SET(isinf(f64(A)) != 0); break;
            case O_TEST_FINITE_F32: SET(isfinite(f32(A)) != 0); break;
            case O_TEST_FINITE_F64: SET(isfinite(f64(A)) != 0); break;

            case O_EXTEND: SET(extend(i, A)); break;
            case O_F64_OF_F32: SET(b64((double)f32(A))); break;
            case O_F32_OF_F64: SET(b32((float)f64(A))); break;
            case O_F64_OF_S: SET(b64(i->bytes == 8 ? (double)S64(A) : (double)S32(A))); break;
            case O_F64_OF_U: SET(b64(i->bytes == 8 ? (double)A : (double)U32(A))); break;
            case O_F32_OF_S: SET(b32(i->bytes == 8 ? (float)S64(A) : (float)S32(A))); break;
            case O_F32_OF_U: SET(b32(i->bytes == 8 ? (float)A : (float)U32(A))); break;
            case O_S_OF_F64: SET(to_integer(i, f64(A), 1)); break;
            case O_U_OF_F64: SET(to_integer(i, f64(A), 0)); break;
            case O_S_OF_F32: SET(to_integer(i, f32(A), 1)); break;
            case O_U_OF_F32: SET(to_integer(i, f32(A), 0)); break;
            case O_ROUND_F64: SET(b64(rounded(i->sub, f64(A)))); break;
            case O_ROUND_F32: SET(b32((float)rounded(i->sub, f32(A)))); break;
            default:
                r->error = complain(LAUNCH_FAILED, "operation %u is not carried out", i->operation);
                goto failed;
            }
        }
    }
    goto done;

failed:
    is_right = 0;
done:
    r->steps += steps;
    return is_right;
}

/* Constants of a band, which nothing writes. */
static void set_constants(const program *k, uint64_t *s)
{
    for (uint32_t slot = k->nctaid + 1; slot < k->slots; slot++) {
        for (unsigned l = 0; l < LANES; l++)
            s[(size_t)slot * LANES + l] = k->image[slot];
    }
}

/* What the threads of a band start with. */
static void start_band(const program *k, uint64_t *s, int *places, unsigned first, unsigned threads, unsigned group, unsigned groups)
{
    for (uint32_t slot = 0; slot < k->tid; slot++) {
        for (unsigned l = 0; l < LANES; l++)
            s[(size_t)slot * LANES + l] = k->image[slot];
    }
    for (unsigned l = 0; l < LANES; l++) {
        s[(size_t)k->tid * LANES + l] = first + l;
        s[(size_t)k->ntid * LANES + l] = threads;
        s[(size_t)k->ctaid * LANES + l] = group;
        s[(size_t)k->nctaid * LANES + l] = groups;
        places[l] = 0;
    }
}

/* Threads in the band that starts at one. */
static unsigned in_band(unsigned first, unsigned threads) { return threads - first < LANES ? threads - first : LANES; }

/* A group whose threads meet at barriers: all of them at the same one, or none. */
static void run_group(run *r, uint64_t *states, int *places, unsigned group, unsigned threads, unsigned groups)
{
    const program *k = r->kernel;
    unsigned bands = (threads + LANES - 1) / LANES;
    size_t slots = (size_t)k->slots * LANES;
    for (unsigned n = 0; n < bands; n++)
        start_band(k, states + n * slots, places + n * LANES, n * LANES, threads, group, groups);
    memset(r->shared, 0xCB, k->shared_bytes);
    for (int is_done = 0; !is_done;) {
        r->epoch++;
        r->is_backwards = r->epoch & 1;
        for (unsigned n = 0; n < bands; n++) {
            unsigned band = r->is_backwards ? bands - 1 - n : n;
            if (!run_band(r, states + band * slots, places + band * LANES, band * LANES, in_band(band * LANES, threads)))
                return;
        }
        for (unsigned t = 1; t < threads; t++) {
            if (places[t] != places[0]) {
                r->error = complain(LAUNCH_FAILED, "threads of group %u at different barriers, or one at none", group);
                return;
            }
        }
        is_done = places[0] == FINISHED;
    }
}

/* A group whose threads never meet. */
static void run_alone(run *r, uint64_t *states, int *places, unsigned group, unsigned threads, unsigned groups)
{
    unsigned bands = (threads + LANES - 1) / LANES;
    r->epoch++;
    r->is_backwards = r->epoch & 1;
    for (unsigned n = 0; n < bands && !r->error; n++) {
        unsigned first = (r->is_backwards ? bands - 1 - n : n) * LANES;
        start_band(r->kernel, states, places, first, threads, group, groups);
        run_band(r, states, places, first, in_band(first, threads));
    }
}

int execute(const program *kernel, unsigned groups, unsigned threads, const char *parameters)
{
    run r = { .kernel = kernel, .parameters = parameters };
    int meets = kernel->barriers > 0;
    unsigned most = (threads + LANES - 1) / LANES * LANES;
    uint64_t *states = malloc(sizeof *states * kernel->slots * (meets ? most : LANES));
    int *places = calloc(most, sizeof *places);
    r.shared = malloc(kernel->shared_bytes + 16);
    r.cells = calloc(kernel->shared_bytes / 4 + 4, sizeof *r.cells);
    for (unsigned n = 0; n < (meets ? most / LANES : 1); n++)
        set_constants(kernel, states + (size_t)n * kernel->slots * LANES);
    int backwards = setting(S_REVERSE) == 2 ? (int)(counters[C_launches] / 3 % 2) : setting(S_REVERSE) != 0;
    for (unsigned n = 0; n < groups && !r.error; n++) {
        r.group = backwards ? groups - 1 - n : n;
        (meets ? run_group : run_alone)(&r, states, places, r.group, threads, groups);
    }
    count(C_instructions, r.steps);
    free(states);
    free(places);
    free(r.shared);
    free(r.cells);
    return r.error;
}
