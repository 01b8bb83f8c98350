/* A kernel, decoded from PTX to instructions that the interpreter runs. */
#pragma once

#include <stdint.h>

/* The comparisons of setp, in the order of COMPARISONS in decode.c. */
enum comparison { EQ, NE, LT, LE, GT, GE, EQU, NEU, LTU, LEU, GTU, GEU, NUM, NAN_, COMPARISON_COUNT };

/* Operations without a type or with one of a width; 32-bit results are kept with zeros above. */
#define OPERATIONS(X)                                                                                                     \
    X(MOVE) X(BRANCH) X(RETURN) X(BARRIER) X(LOAD_PARAMETER) X(LOAD_GLOBAL) X(STORE_GLOBAL) X(LOAD_SHARED) X(STORE_SHARED)  \
    X(ATOMIC_GLOBAL) X(ATOMIC_SHARED) X(SELECT) X(AND_P) X(OR_P) X(XOR_P) X(NOT_P)                                           \
    X(ADD_32) X(ADD_64) X(SUB_32) X(SUB_64) X(MUL_32) X(MUL_64) X(MAD_32) X(MAD_64)                                         \
    X(MUL_WIDE_U32) X(MUL_WIDE_S32) X(MAD_WIDE_U32) X(MAD_WIDE_S32) X(MUL_HI_U32) X(MUL_HI_S32) X(MUL_HI_U64) X(MUL_HI_S64) \
    X(DIV_U32) X(DIV_S32) X(DIV_U64) X(DIV_S64) X(REM_U32) X(REM_S32) X(REM_U64) X(REM_S64)                                 \
    X(MIN_U32) X(MIN_S32) X(MIN_U64) X(MIN_S64) X(MAX_U32) X(MAX_S32) X(MAX_U64) X(MAX_S64)                                 \
    X(AND_32) X(AND_64) X(OR_32) X(OR_64) X(XOR_32) X(XOR_64) X(NOT_32) X(NOT_64) X(NEG_32) X(NEG_64) X(ABS_32) X(ABS_64)     \
    X(SHL_32) X(SHL_64) X(SHR_U32) X(SHR_S32) X(SHR_U64) X(SHR_S64) X(POPC_32) X(POPC_64) X(CLZ_32) X(CLZ_64) X(PRMT) X(BFE_U32) \
    X(ADD_F32) X(SUB_F32) X(MUL_F32) X(DIV_F32) X(FMA_F32) X(NEG_F32) X(ABS_F32) X(MIN_F32) X(MAX_F32) X(SQRT_F32)             \
    X(ADD_F64) X(SUB_F64) X(MUL_F64) X(DIV_F64) X(FMA_F64) X(NEG_F64) X(ABS_F64) X(MIN_F64) X(MAX_F64) X(SQRT_F64)             \
    X(FUSED_ADD_F32) X(FUSED_SUB_F32) X(FUSED_SUBFROM_F32) X(FUSED_ADD_F64) X(FUSED_SUB_F64) X(FUSED_SUBFROM_F64)             \
    X(COMPARE_U32) X(COMPARE_S32) X(COMPARE_U64) X(COMPARE_S64) X(COMPARE_F32) X(COMPARE_F64)                                \
    X(TEST_NAN_F32) X(TEST_NAN_F64) X(TEST_INFINITE_F32) X(TEST_INFINITE_F64) X(TEST_FINITE_F32) X(TEST_FINITE_F64)           \
    X(EXTEND) X(F64_OF_F32) X(F32_OF_F64) X(F64_OF_S) X(F64_OF_U) X(F32_OF_S) X(F32_OF_U) X(S_OF_F64) X(U_OF_F64) X(S_OF_F32) X(U_OF_F32) \
    X(ROUND_F64) X(ROUND_F32)

#define NAME_OF(name) O_##name,
enum operation { OPERATIONS(NAME_OF) OPERATION_COUNT };
#undef NAME_OF

enum atomic_kind { A_ADD, A_EXCHANGE, A_SWAP, A_MIN_U, A_MAX_U, A_MIN_S, A_MAX_S, A_AND, A_OR, A_XOR };

enum rounding { R_NEAREST, R_ZERO, R_DOWN, R_UP };

typedef struct instruction {
    uint16_t operation;
    uint8_t sub;          /* comparison, kind of atomic, rounding */
    uint8_t bytes;        /* of an access, or of the narrower side of a conversion */
    uint8_t lanes;        /* 1, 2 or 4 registers of an access; 1 for a conversion that is signed */
    uint8_t is_negated;   /* the guard must be false */
    int32_t guard;        /* slot of a predicate; −1 for none */
    uint32_t d[4];        /* destination, or the registers of an access */
    uint32_t a, b, c;     /* slots of operands; a is the address of an access */
    int64_t offset;       /* added to an address; index of a parameter's byte; index of the instruction to go to */
    uint32_t line;        /* in the PTX */
} instruction;

typedef struct program {
    instruction *code;
    uint32_t length;
    uint64_t *image;      /* what a thread's slots hold at first: registers, then special registers, then constants */
    uint32_t slots;
    uint32_t tid, ntid, ctaid, nctaid;
    uint32_t nowhere;     /* slot of what nobody reads */
    uint32_t parameter_bytes, shared_bytes, barriers;
    uint8_t *is_label;    /* whether an instruction is gone to */
} program;

/* Where shared memory starts in a thread's view. Nothing else lies there. */
#define SHARED_WINDOW 0x1000ull

/* Decodes the one kernel of a module. Returns NULL and says why in log if it has something that is not known here. */
program *decode(const char *ptx, char *log, unsigned log_bytes);

/* A copy with products fused with the sums that follow, as compilers may where no rounding is named: the first of two, or the second. */
program *fuse_products(const program *kernel, int prefer_first);
void program_free(program *kernel);

/* Runs a launch. Returns 0, or the error that a device would have. */
int execute(const program *kernel, unsigned groups, unsigned threads, const char *parameters);
