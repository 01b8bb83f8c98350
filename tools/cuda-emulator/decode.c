/*
 * From PTX to instructions. What ILGPU's code generator writes is covered, and what lies beside it; all else is refused by name.
 * Definitions: NVIDIA, "Parallel Thread Execution ISA", versions 8.0 and later.
 */
#include "program.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPERANDS = 12, MAX_PARTS = 10, MAX_TEXT = 512 };

typedef struct { char name[48]; uint64_t value; } symbol;

typedef struct {
    jmp_buf stop;
    char *log;
    unsigned log_bytes;
    unsigned line;
    program *kernel;
    uint32_t capacity, slot_capacity;
    symbol *parameters, *shared, *registers, *labels, *jumps;
    unsigned parameter_count, shared_count, register_count, label_count, jump_count;
} decoder;

static _Noreturn void refuse(decoder *d, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(d->log, d->log_bytes, "line %u: %s", d->line, text);
    longjmp(d->stop, 1);
}

static void add(decoder *d, symbol **list, unsigned *count, const char *name, size_t length, uint64_t value)
{
    if (length >= sizeof (*list)->name)
        refuse(d, "name too long: %.*s", (int)length, name);
    if (!(*count & (*count + 1)) || *count == 0)
        *list = realloc(*list, sizeof(symbol) * 2 * (*count + 1));
    symbol *s = &(*list)[(*count)++];
    memcpy(s->name, name, length);
    s->name[length] = 0;
    s->value = value;
}

static const symbol *find(const symbol *list, unsigned count, const char *name)
{
    for (unsigned k = 0; k < count; k++) {
        if (!strcmp(list[k].name, name))
            return &list[k];
    }
    return NULL;
}

static uint32_t new_slot(decoder *d, uint64_t value)
{
    program *k = d->kernel;
    if (k->slots == d->slot_capacity)
        k->image = realloc(k->image, sizeof *k->image * (d->slot_capacity = 2 * d->slot_capacity + 64));
    k->image[k->slots] = value;
    return k->slots++;
}

static uint32_t constant(decoder *d, uint64_t value)
{
    /* Constants lie after the registers, which are declared first. */
    for (uint32_t s = d->kernel->nctaid + 1; s < d->kernel->slots; s++) {
        if (d->kernel->image[s] == value)
            return s;
    }
    return new_slot(d, value);
}

static int width_of(const char *type)
{
    if (!strcmp(type, "pred"))
        return 1;
    const char *digits = type + 1;
    if (*type && strchr("busf", *type) && isdigit((unsigned char)*digits))
        return atoi(digits);
    return 0;
}

/* The slot of an operand: a register, a number of so many bits, a special register, or where shared memory lies. */
static uint32_t slot_of(decoder *d, const char *text, int bits)
{
    program *k = d->kernel;
    if (*text == '%') {
        static const char *const names[] = { "%tid", "%ntid", "%ctaid", "%nctaid" };
        for (int n = 0; n < 4; n++) {
            size_t length = strlen(names[n]);
            if (!strncmp(text, names[n], length) && text[length] == '.') {
                if (text[length + 1] == 'x')
                    return n == 0 ? k->tid : n == 1 ? k->ntid : n == 2 ? k->ctaid : k->nctaid;
                return constant(d, n % 2);
            }
        }
        size_t length = strcspn(text, "0123456789");
        char prefix[48];
        snprintf(prefix, sizeof prefix, "%.*s", (int)length, text);
        const symbol *declared = find(d->registers, d->register_count, prefix);
        if (!declared)
            refuse(d, "unknown register %s", text);
        uint32_t first = (uint32_t)(declared->value >> 32), count = (uint32_t)declared->value, at = (uint32_t)atoi(text + length);
        if (at >= count)
            refuse(d, "register %s is beyond what is declared", text);
        return first + at;
    }
    if (!strncmp(text, "0d", 2) || !strncmp(text, "0D", 2)) {
        if (bits != 64)
            refuse(d, "binary64 number %s where %d bits are wanted", text, bits);
        return constant(d, strtoull(text + 2, NULL, 16));
    }
    if (!strncmp(text, "0f", 2) || !strncmp(text, "0F", 2)) {
        if (bits != 32)
            refuse(d, "binary32 number %s where %d bits are wanted", text, bits);
        return constant(d, strtoull(text + 2, NULL, 16));
    }
    if (isdigit((unsigned char)*text) || *text == '-') {
        char *end;
        uint64_t value = *text == '-' ? (uint64_t)strtoll(text, &end, 0) : strtoull(text, &end, 0);
        if (*end && *end != 'U')
            refuse(d, "not a number: %s", text);
        return constant(d, bits == 64 ? value : bits == 1 ? value & 1 : value & 0xFFFFFFFFull);
    }
    const symbol *shared = find(d->shared, d->shared_count, text);
    if (shared)
        return constant(d, SHARED_WINDOW + shared->value);
    refuse(d, "unknown operand %s", text);
}

static instruction *emit(decoder *d, int operation)
{
    program *k = d->kernel;
    if (k->length == d->capacity)
        k->code = realloc(k->code, sizeof *k->code * (d->capacity = 2 * d->capacity + 256));
    instruction *i = &k->code[k->length++];
    memset(i, 0, sizeof *i);
    i->operation = (uint16_t)operation;
    i->guard = -1;
    i->line = d->line;
    return i;
}

/* Splits an address [name+12] into its base and what is added. */
static void address(decoder *d, char *text, char **base, int64_t *offset)
{
    size_t length = strlen(text);
    if (length < 3 || text[0] != '[' || text[length - 1] != ']')
        refuse(d, "not an address: %s", text);
    text[length - 1] = 0;
    *base = text + 1;
    char *plus = strchr(text, '+');
    *offset = 0;
    if (plus) {
        *plus = 0;
        *offset = strtoll(plus + 1, NULL, 0);
    }
}

typedef struct { char *parts[MAX_PARTS]; int count; char *operands[MAX_OPERANDS]; int operand_count; } statement;

static int has(const statement *s, const char *part)
{
    for (int k = 1; k < s->count; k++) {
        if (!strcmp(s->parts[k], part))
            return 1;
    }
    return 0;
}

static void want(decoder *d, const statement *s, int operands)
{
    if (s->operand_count != operands)
        refuse(d, "%s with %d operands", s->parts[0], s->operand_count);
}

static void access(decoder *d, statement *s)
{
    int is_load = !strcmp(s->parts[0], "ld");
    const char *type = s->parts[s->count - 1];
    int bits = width_of(type);
    int lanes = has(s, "v4") ? 4 : has(s, "v2") ? 2 : 1;
    if (s->operand_count != lanes + 1 || bits < 8)
        refuse(d, "%s of %s with %d operands", s->parts[0], type, s->operand_count);
    if (type[0] == 's' && bits < 32 && is_load)
        refuse(d, "signed load of %s", type);
    if (has(s, "approx") || has(s, "volatile"))
        refuse(d, "access of this kind");
    int space = has(s, "param") ? O_LOAD_PARAMETER
        : has(s, "global") ? (is_load ? O_LOAD_GLOBAL : O_STORE_GLOBAL)
        : has(s, "shared") ? (is_load ? O_LOAD_SHARED : O_STORE_SHARED)
        : -1;
    if (space < 0 || (space == O_LOAD_PARAMETER && (!is_load || lanes > 1)))
        refuse(d, "access outside parameters, global and shared memory");
    char *base;
    int64_t offset;
    address(d, s->operands[is_load ? lanes : 0], &base, &offset);
    uint32_t a = 0;
    if (space == O_LOAD_PARAMETER) {
        const symbol *parameter = find(d->parameters, d->parameter_count, base);
        if (!parameter)
            refuse(d, "unknown parameter %s", base);
        offset += (int64_t)parameter->value;
    } else {
        a = slot_of(d, base, 64);
    }
    uint32_t registers[4] = { 0 };
    for (int k = 0; k < lanes; k++)
        registers[k] = slot_of(d, s->operands[is_load ? k : k + 1], bits < 32 ? 32 : bits);
    instruction *i = emit(d, space);
    i->bytes = (uint8_t)(bits / 8);
    i->lanes = (uint8_t)lanes;
    i->a = a;
    i->offset = offset;
    memcpy(i->d, registers, sizeof registers);
}

static void atomic(decoder *d, statement *s)
{
    static const struct { const char *name; int kind; } kinds[] = {
        { "add", A_ADD }, { "exch", A_EXCHANGE }, { "cas", A_SWAP }, { "min", A_MIN_U }, { "max", A_MAX_U },
        { "and", A_AND }, { "or", A_OR }, { "xor", A_XOR },
    };
    int is_reduction = !strcmp(s->parts[0], "red");
    const char *type = s->parts[s->count - 1];
    int bits = width_of(type), kind = -1;
    for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (has(s, kinds[k].name))
            kind = kinds[k].kind;
    }
    if (kind < 0 || bits < 32 || type[0] == 'f')
        refuse(d, "atomic operation on %s", type);
    if (type[0] == 's' && (kind == A_MIN_U || kind == A_MAX_U))
        kind = kind == A_MIN_U ? A_MIN_S : A_MAX_S;
    want(d, s, (is_reduction ? 2 : 3) + (kind == A_SWAP));
    char *base;
    int64_t offset;
    address(d, s->operands[is_reduction ? 0 : 1], &base, &offset);
    uint32_t a = slot_of(d, base, 64);
    uint32_t b = slot_of(d, s->operands[is_reduction ? 1 : 2], bits);
    uint32_t c = kind == A_SWAP ? slot_of(d, s->operands[3], bits) : 0;
    uint32_t to = is_reduction ? d->kernel->nowhere : slot_of(d, s->operands[0], bits);
    instruction *i = emit(d, has(s, "shared") ? O_ATOMIC_SHARED : O_ATOMIC_GLOBAL);
    i->sub = (uint8_t)kind;
    i->bytes = (uint8_t)(bits / 8);
    i->a = a;
    i->b = b;
    i->c = c;
    i->d[0] = to;
    i->offset = offset;
}

static void compare(decoder *d, statement *s)
{
    static const char *const names[] = { "eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan" };
    static const char *const unsigned_names[] = { "", "", "lo", "ls", "hi", "hs" };
    want(d, s, 3);
    const char *type = s->parts[s->count - 1], *name = s->parts[1];
    int bits = width_of(type), sub = -1, is_unsigned = type[0] == 'u' || type[0] == 'b';
    for (int k = 0; k < COMPARISON_COUNT; k++) {
        if (!strcmp(name, names[k]))
            sub = k;
        if (k < 6 && *unsigned_names[k] && !strcmp(name, unsigned_names[k]))
            sub = k, is_unsigned = 1;
    }
    if (sub < 0 || s->count != 3 || bits < 32 || (type[0] != 'f' && sub > GE))
        refuse(d, "comparison %s of %s", name, type);
    uint32_t to = slot_of(d, s->operands[0], 1), a = slot_of(d, s->operands[1], bits), b = slot_of(d, s->operands[2], bits);
    int is64 = bits == 64;
    instruction *i = emit(d, type[0] == 'f' ? (is64 ? O_COMPARE_F64 : O_COMPARE_F32)
        : is_unsigned ? (is64 ? O_COMPARE_U64 : O_COMPARE_U32)
        : (is64 ? O_COMPARE_S64 : O_COMPARE_S32));
    i->sub = (uint8_t)sub;
    i->d[0] = to;
    i->a = a;
    i->b = b;
}

static void convert(decoder *d, statement *s)
{
    want(d, s, 2);
    if (s->count < 3)
        refuse(d, "conversion without types");
    const char *to = s->parts[s->count - 2], *from = s->parts[s->count - 1];
    int to_bits = width_of(to), from_bits = width_of(from);
    int to_float = to[0] == 'f', from_float = from[0] == 'f';
    if (to_bits < 8 || from_bits < 8 || (to_float && to_bits < 32) || (from_float && from_bits < 32) || has(s, "sat") || has(s, "ftz"))
        refuse(d, "conversion from %s to %s", from, to);
    int rounding = has(s, "rz") || has(s, "rzi") ? R_ZERO : has(s, "rm") || has(s, "rmi") ? R_DOWN
        : has(s, "rp") || has(s, "rpi") ? R_UP : R_NEAREST;
    int is_integral = has(s, "rzi") || has(s, "rmi") || has(s, "rpi") || has(s, "rni");
    uint32_t target = slot_of(d, s->operands[0], to_bits < 32 ? 32 : to_bits);
    uint32_t a = slot_of(d, s->operands[1], from_bits < 32 ? 32 : from_bits);
    int operation, bytes = from_bits / 8, is_signed = from[0] == 's';
    if (to_float && from_float) {
        if (to_bits == from_bits) {
            if (!is_integral)
                refuse(d, "conversion from %s to %s", from, to);
            operation = to_bits == 64 ? O_ROUND_F64 : O_ROUND_F32;
        } else {
            if (is_integral || (to_bits == 32 && rounding != R_NEAREST))
                refuse(d, "conversion with this rounding");
            operation = to_bits == 64 ? O_F64_OF_F32 : O_F32_OF_F64;
        }
    } else if (to_float) {
        if (rounding != R_NEAREST)
            refuse(d, "conversion with this rounding");
        operation = to_bits == 64 ? (is_signed ? O_F64_OF_S : O_F64_OF_U) : (is_signed ? O_F32_OF_S : O_F32_OF_U);
    } else if (from_float) {
        if (!is_integral)
            refuse(d, "conversion to an integer without a rounding");
        is_signed = to[0] == 's';
        bytes = to_bits / 8;
        operation = from_bits == 64 ? (is_signed ? O_S_OF_F64 : O_U_OF_F64) : (is_signed ? O_S_OF_F32 : O_U_OF_F32);
    } else {
        /* Narrowing cuts and widening extends by the sign of what is narrower: of the source, or of the target to a register. */
        operation = O_EXTEND;
        if (to_bits < from_bits) {
            bytes = to_bits / 8;
            is_signed = to[0] == 's';
        }
    }
    instruction *i = emit(d, operation);
    i->d[0] = target;
    i->a = a;
    i->sub = (uint8_t)rounding;
    i->bytes = (uint8_t)bytes;
    i->lanes = (uint8_t)is_signed;
    i->offset = to_bits < 32 ? 32 : to_bits;
}

/* Operations that differ only in their type: as the names have it, an operation for each of these types. */
typedef struct { const char *name; int operands; int u32, s32, u64, s64, f32, f64; } typed;

static const typed typed_operations[] = {
    { "add", 2, O_ADD_32, O_ADD_32, O_ADD_64, O_ADD_64, O_ADD_F32, O_ADD_F64 },
    { "sub", 2, O_SUB_32, O_SUB_32, O_SUB_64, O_SUB_64, O_SUB_F32, O_SUB_F64 },
    { "mul", 2, O_MUL_32, O_MUL_32, O_MUL_64, O_MUL_64, O_MUL_F32, O_MUL_F64 },
    { "mad", 3, O_MAD_32, O_MAD_32, O_MAD_64, O_MAD_64, O_FMA_F32, O_FMA_F64 },
    { "fma", 3, -1, -1, -1, -1, O_FMA_F32, O_FMA_F64 },
    { "div", 2, O_DIV_U32, O_DIV_S32, O_DIV_U64, O_DIV_S64, O_DIV_F32, O_DIV_F64 },
    { "rem", 2, O_REM_U32, O_REM_S32, O_REM_U64, O_REM_S64, -1, -1 },
    { "min", 2, O_MIN_U32, O_MIN_S32, O_MIN_U64, O_MIN_S64, O_MIN_F32, O_MIN_F64 },
    { "max", 2, O_MAX_U32, O_MAX_S32, O_MAX_U64, O_MAX_S64, O_MAX_F32, O_MAX_F64 },
    { "and", 2, O_AND_32, O_AND_32, O_AND_64, O_AND_64, -1, -1 },
    { "or", 2, O_OR_32, O_OR_32, O_OR_64, O_OR_64, -1, -1 },
    { "xor", 2, O_XOR_32, O_XOR_32, O_XOR_64, O_XOR_64, -1, -1 },
    { "not", 1, O_NOT_32, O_NOT_32, O_NOT_64, O_NOT_64, -1, -1 },
    { "neg", 1, -1, O_NEG_32, -1, O_NEG_64, O_NEG_F32, O_NEG_F64 },
    { "abs", 1, -1, O_ABS_32, -1, O_ABS_64, O_ABS_F32, O_ABS_F64 },
    { "shl", 2, O_SHL_32, O_SHL_32, O_SHL_64, O_SHL_64, -1, -1 },
    { "shr", 2, O_SHR_U32, O_SHR_S32, O_SHR_U64, O_SHR_S64, -1, -1 },
    { "popc", 1, O_POPC_32, -1, O_POPC_64, -1, -1, -1 },
    { "clz", 1, O_CLZ_32, -1, O_CLZ_64, -1, -1, -1 },
    { "sqrt", 1, -1, -1, -1, -1, O_SQRT_F32, O_SQRT_F64 },
    { "prmt", 3, O_PRMT, -1, -1, -1, -1, -1 },
    { "bfe", 3, O_BFE_U32, -1, -1, -1, -1, -1 },
};

static void of_type(decoder *d, statement *s)
{
    const char *name = s->parts[0], *type = s->parts[s->count - 1];
    int bits = width_of(type), is_signed = type[0] == 's', is_float = type[0] == 'f';
    int operation = -1, operands = 2, to_bits = bits;
    if (has(s, "approx") || has(s, "ftz") || has(s, "sat") || has(s, "full") || has(s, "cc") || has(s, "rz") || has(s, "rm") || has(s, "rp"))
        refuse(d, "arithmetic that is not exact or rounded to nearest");
    if (!strcmp(type, "pred")) {
        static const struct { const char *name; int operation; } logic[] = {
            { "and", O_AND_P }, { "or", O_OR_P }, { "xor", O_XOR_P }, { "not", O_NOT_P }, { "mov", O_MOVE },
        };
        for (unsigned k = 0; k < sizeof logic / sizeof *logic; k++) {
            if (!strcmp(name, logic[k].name))
                operation = logic[k].operation;
        }
        operands = operation == O_NOT_P || operation == O_MOVE ? 1 : 2;
    } else if (has(s, "wide")) {
        if (bits != 32)
            refuse(d, "%s.wide of %s", name, type);
        int is_sum = !strcmp(name, "mad");
        operation = is_sum ? (is_signed ? O_MAD_WIDE_S32 : O_MAD_WIDE_U32) : (is_signed ? O_MUL_WIDE_S32 : O_MUL_WIDE_U32);
        operands = is_sum ? 3 : 2;
        to_bits = 64;
    } else if (has(s, "hi")) {
        if (strcmp(name, "mul"))
            refuse(d, "%s.hi", name);
        operation = bits == 64 ? (is_signed ? O_MUL_HI_S64 : O_MUL_HI_U64) : (is_signed ? O_MUL_HI_S32 : O_MUL_HI_U32);
    } else {
        for (unsigned k = 0; k < sizeof typed_operations / sizeof *typed_operations; k++) {
            const typed *t = &typed_operations[k];
            if (strcmp(name, t->name))
                continue;
            operation = bits == 32 ? (is_float ? t->f32 : is_signed ? t->s32 : t->u32)
                : bits == 64 ? (is_float ? t->f64 : is_signed ? t->s64 : t->u64) : -1;
            operands = t->operands;
        }
        if (is_float && !has(s, "rn") && (!strcmp(name, "div") || !strcmp(name, "sqrt") || !strcmp(name, "fma")))
            refuse(d, "%s without a rounding", name);
        if (!is_float && (!strcmp(name, "mul") || !strcmp(name, "mad")) && !has(s, "lo"))
            refuse(d, "%s of %s without a half", name, type);
    }
    if (operation < 0)
        refuse(d, "unknown instruction %s of %s", name, type);
    want(d, s, operands + 1);

    int shift = operation >= O_SHL_32 && operation <= O_SHR_S64;
    uint32_t to = slot_of(d, s->operands[0], to_bits), from[3] = { 0 };
    for (int k = 0; k < operands; k++)
        from[k] = slot_of(d, s->operands[k + 1], (shift && k == 1) ? 32 : k == 2 ? to_bits : bits);
    instruction *i = emit(d, operation);
    i->d[0] = to;
    i->a = from[0];
    i->b = from[1];
    i->c = from[2];

    /* What says how it is rounded may not be fused. */
    i->sub = is_float && has(s, "rn");
}

static void instruct(decoder *d, statement *s)
{
    const char *name = s->parts[0], *type = s->parts[s->count - 1];
    uint32_t before = d->kernel->length;
    if (!strcmp(name, "bra")) {
        want(d, s, 1);
        emit(d, O_BRANCH);
        add(d, &d->jumps, &d->jump_count, s->operands[0], strlen(s->operands[0]), before);
    } else if (!strcmp(name, "ret") || !strcmp(name, "exit")) {
        emit(d, O_RETURN);
    } else if (!strcmp(name, "bar") || !strcmp(name, "barrier")) {
        if (!has(s, "sync") || s->operand_count != 1 || strcmp(s->operands[0], "0"))
            refuse(d, "a barrier of this kind");
        emit(d, O_BARRIER);
        d->kernel->barriers++;
    } else if (!strcmp(name, "ld") || !strcmp(name, "st")) {
        access(d, s);
    } else if (!strcmp(name, "red") || !strcmp(name, "atom")) {
        atomic(d, s);
    } else if (!strcmp(name, "setp")) {
        compare(d, s);
    } else if (!strcmp(name, "cvt")) {
        convert(d, s);
    } else if (!strcmp(name, "cvta")) {
        if (!has(s, "global"))
            refuse(d, "addresses of this kind");
        want(d, s, 2);
        uint32_t to = slot_of(d, s->operands[0], 64), from = slot_of(d, s->operands[1], 64);
        instruction *i = emit(d, O_MOVE);
        i->d[0] = to;
        i->a = from;
    } else if (!strcmp(name, "mov") && strcmp(type, "pred")) {
        want(d, s, 2);
        int bits = width_of(type);
        if (bits < 32)
            refuse(d, "mov of %s", type);
        uint32_t to = slot_of(d, s->operands[0], bits), from = slot_of(d, s->operands[1], bits);
        instruction *i = emit(d, O_MOVE);
        i->d[0] = to;
        i->a = from;
    } else if (!strcmp(name, "selp")) {
        want(d, s, 4);
        int bits = width_of(type);
        uint32_t to = slot_of(d, s->operands[0], bits), a = slot_of(d, s->operands[1], bits), b = slot_of(d, s->operands[2], bits);
        uint32_t c = slot_of(d, s->operands[3], 1);
        instruction *i = emit(d, O_SELECT);
        i->d[0] = to;
        i->a = a;
        i->b = b;
        i->c = c;
    } else if (!strcmp(name, "testp")) {
        want(d, s, 2);
        int is64 = width_of(type) == 64;
        int operation = has(s, "notanumber") ? (is64 ? O_TEST_NAN_F64 : O_TEST_NAN_F32)
            : has(s, "infinite") ? (is64 ? O_TEST_INFINITE_F64 : O_TEST_INFINITE_F32)
            : has(s, "finite") ? (is64 ? O_TEST_FINITE_F64 : O_TEST_FINITE_F32) : -1;
        if (operation < 0)
            refuse(d, "testp of this kind");
        uint32_t to = slot_of(d, s->operands[0], 1), a = slot_of(d, s->operands[1], is64 ? 64 : 32);
        instruction *i = emit(d, operation);
        i->d[0] = to;
        i->a = a;
    } else {
        of_type(d, s);
    }
}

/* One statement, without its label and semicolon. */
static void state(decoder *d, char *text)
{
    if (*text == '.') {
        char name[64];
        int alignment, bytes, count;
        if (sscanf(text, ".shared .align %d .b8 %63[^[][%d]", &alignment, name, &bytes) == 3) {
            d->kernel->shared_bytes = (d->kernel->shared_bytes + 15) & ~15u;
            add(d, &d->shared, &d->shared_count, name, strlen(name), d->kernel->shared_bytes);
            d->kernel->shared_bytes += (uint32_t)bytes;
        } else if (sscanf(text, ".reg .%*s %63[^<]<%d>", name, &count) == 2) {
            uint64_t first = d->kernel->slots;
            for (int k = 0; k < count; k++)
                new_slot(d, 0xA5A5A5A5DEADBEEFull);
            add(d, &d->registers, &d->register_count, name, strlen(name), first << 32 | (uint64_t)count);
        } else {
            refuse(d, "unknown declaration: %s", text);
        }
        return;
    }
    if (!d->kernel->nctaid) {
        d->kernel->tid = new_slot(d, 0);
        d->kernel->ntid = new_slot(d, 0);
        d->kernel->ctaid = new_slot(d, 0);
        d->kernel->nowhere = new_slot(d, 0);
        d->kernel->nctaid = new_slot(d, 0);
    }

    char *guard = NULL;
    if (*text == '@') {
        guard = text + 1;
        text += strcspn(text, " \t");
        *text++ = 0;
        text += strspn(text, " \t");
    }
    statement s = { .count = 0 };
    char *rest = text + strcspn(text, " \t");
    if (*rest)
        *rest++ = 0;
    for (char *part = text; part && s.count < MAX_PARTS; s.count++) {
        s.parts[s.count] = part;
        part = strchr(part, '.');
        if (part)
            *part++ = 0;
    }
    char *place;
    for (char *operand = strtok_r(rest, ",{} \t", &place); operand; operand = strtok_r(NULL, ",{} \t", &place)) {
        if (s.operand_count == MAX_OPERANDS)
            refuse(d, "too many operands");
        s.operands[s.operand_count++] = operand;
    }
    uint32_t from = d->kernel->length;
    instruct(d, &s);
    if (guard) {
        int is_negated = *guard == '!';
        uint32_t predicate = slot_of(d, guard + is_negated, 1);
        for (uint32_t k = from; k < d->kernel->length; k++) {
            d->kernel->code[k].guard = (int32_t)predicate;
            d->kernel->code[k].is_negated = (uint8_t)is_negated;
        }
    }
}

static void declare_parameters(decoder *d, char *text)
{
    char *place;
    for (char *parameter = strtok_r(text, ",\n", &place); parameter; parameter = strtok_r(NULL, ",\n", &place)) {
        parameter += strspn(parameter, " \t\r");
        if (!*parameter)
            continue;
        int alignment = 0, bits = 0, count = 1;
        char kind, name[64];
        int fields = sscanf(parameter, ".param .align %d .b%d %63[^[][%d]", &alignment, &bits, name, &count);
        if (fields < 3 && sscanf(parameter, ".param .%c%d %63[^[ ]", &kind, &bits, name) != 3)
            refuse(d, "unknown parameter: %s", parameter);
        uint32_t bytes = (uint32_t)(bits / 8), align = alignment ? (uint32_t)alignment : bytes;
        d->kernel->parameter_bytes = (d->kernel->parameter_bytes + align - 1) / align * align;
        add(d, &d->parameters, &d->parameter_count, name, strlen(name), d->kernel->parameter_bytes);
        d->kernel->parameter_bytes += bytes * (uint32_t)count;
    }
}

/* The block that an instruction belongs to ends where control may come or go. */
static int ends_block(const instruction *i) { return i->operation == O_BRANCH || i->operation == O_RETURN || i->operation == O_BARRIER; }

static int writes(const instruction *i, uint32_t slot)
{
    int lanes = i->operation == O_LOAD_GLOBAL || i->operation == O_LOAD_SHARED ? i->lanes : 1;
    if (ends_block(i) || i->operation == O_STORE_GLOBAL || i->operation == O_STORE_SHARED)
        return 0;
    for (int k = 0; k < lanes; k++) {
        if (i->d[k] == slot)
            return 1;
    }
    return 0;
}

/* The product, in the same block and still as it was, that a sum adds; NULL if there is none. */
static const instruction *product(const program *k, uint32_t sum, uint32_t operand, int multiply)
{
    for (uint32_t at = sum; at-- > 0 && !k->is_label[at + 1] && !ends_block(&k->code[at]);) {
        const instruction *i = &k->code[at];
        if (!writes(i, operand))
            continue;
        if (i->operation != multiply || i->guard >= 0 || i->sub)
            return NULL;
        for (uint32_t between = at + 1; between < sum; between++) {
            if (writes(&k->code[between], i->a) || writes(&k->code[between], i->b))
                return NULL;
        }
        return i->d[0] == i->a || i->d[0] == i->b ? NULL : i;
    }
    return NULL;
}

static void *copy_of(const void *from, size_t bytes) { return memcpy(malloc(bytes), from, bytes); }

program *fuse_products(const program *kernel, int prefer_first)
{
    program *k = copy_of(kernel, sizeof *kernel);
    k->code = copy_of(kernel->code, sizeof *k->code * k->length);
    k->image = copy_of(kernel->image, sizeof *k->image * k->slots);
    k->is_label = copy_of(kernel->is_label, k->length + 1);
    for (uint32_t at = 0; at < k->length; at++) {
        instruction *i = &k->code[at];
        int is64 = i->operation == O_ADD_F64 || i->operation == O_SUB_F64;
        int is_sum = i->operation == O_ADD_F32 || i->operation == O_ADD_F64;
        if ((!is64 && !is_sum && i->operation != O_SUB_F32) || i->sub)
            continue;
        int multiply = is64 ? O_MUL_F64 : O_MUL_F32;
        const instruction *first = product(k, at, i->a, multiply), *second = product(k, at, i->b, multiply);
        int takes_first = first && (prefer_first || !second);
        const instruction *taken = takes_first ? first : second;
        if (!taken)
            continue;
        uint32_t other = takes_first ? i->b : i->a;
        i->operation = (uint16_t)(is_sum ? (is64 ? O_FUSED_ADD_F64 : O_FUSED_ADD_F32)
            : takes_first ? (is64 ? O_FUSED_SUB_F64 : O_FUSED_SUB_F32)
            : (is64 ? O_FUSED_SUBFROM_F64 : O_FUSED_SUBFROM_F32));
        i->c = other;
        i->a = taken->a;
        i->b = taken->b;
    }
    return k;
}

/* Statements end in semicolons; what stands before a colon is a label. */
static void decode_body(decoder *d, char *text, char *end)
{
    while (text < end) {
        if (isspace((unsigned char)*text)) {
            d->line += *text++ == '\n';
            continue;
        }
        size_t word = 0;
        while (text + word < end && (isalnum((unsigned char)text[word]) || strchr("_$", text[word])))
            word++;
        if (word && text[word] == ':') {
            add(d, &d->labels, &d->label_count, text, word, d->kernel->length);
            text += word + 1;
            continue;
        }
        char *stop = memchr(text, ';', (size_t)(end - text)), one[MAX_TEXT];
        if (!stop || stop - text >= MAX_TEXT)
            refuse(d, "a statement without an end");
        unsigned lines = 0;
        for (char *c = text; c < stop; c++) {
            lines += *c == '\n';
            one[c - text] = *c == '\n' || *c == '\r' || *c == '\t' ? ' ' : *c;
        }
        one[stop - text] = 0;
        state(d, one);
        d->line += lines;
        text = stop + 1;
    }
}

static void release(decoder *d)
{
    free(d->parameters);
    free(d->shared);
    free(d->registers);
    free(d->labels);
    free(d->jumps);
}

program *decode(const char *ptx, char *log, unsigned log_bytes)
{
    char *text = strdup(ptx);
    decoder d = { .log = log, .log_bytes = log_bytes, .line = 1, .kernel = calloc(1, sizeof(program)) };
    if (setjmp(d.stop)) {
        free(text);
        release(&d);
        program_free(d.kernel);
        return NULL;
    }

    for (char *comment = strstr(text, "//"); comment; comment = strstr(comment, "//"))
        memset(comment, ' ', strcspn(comment, "\n"));
    if (strstr(text, ".func") || strstr(text, ".extern"))
        refuse(&d, "functions beside the kernel");
    char *entry = strstr(text, ".entry");
    char *open = entry ? strchr(entry, '(') : NULL, *close = open ? strchr(open, ')') : NULL;
    char *body = close ? strchr(close, '{') : NULL, *end = body ? strrchr(body, '}') : NULL;
    if (!end)
        refuse(&d, "no kernel");
    if (strstr(end, ".entry") || strstr(body, ".entry"))
        refuse(&d, "more than one kernel");
    for (char *c = text; c <= body; c++)
        d.line += *c == '\n';
    *close = 0;
    declare_parameters(&d, open + 1);
    decode_body(&d, body + 1, end);

    /* The end of the body returns. */
    emit(&d, O_RETURN);
    for (unsigned j = 0; j < d.jump_count; j++) {
        instruction *i = &d.kernel->code[d.jumps[j].value];
        d.line = i->line;
        const symbol *label = find(d.labels, d.label_count, d.jumps[j].name);
        if (!label)
            refuse(&d, "unknown label %s", d.jumps[j].name);
        i->offset = (int64_t)label->value;
    }
    d.kernel->is_label = calloc(d.kernel->length + 1, 1);
    for (unsigned l = 0; l < d.label_count; l++)
        d.kernel->is_label[d.labels[l].value] = 1;
    free(text);
    release(&d);
    return d.kernel;
}

void program_free(program *kernel)
{
    if (!kernel)
        return;
    free(kernel->code);
    free(kernel->image);
    free(kernel->is_label);
    free(kernel);
}
