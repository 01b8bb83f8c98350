/*
 * The functions of the CUDA driver that ILGPU calls, with the names and numbers of NVIDIA's "CUDA Driver API". Where a driver would
 * let something pass that is wrong, this one complains.
 */
#include "memory.h"
#include "program.h"
#include "settings.h"
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int result;

enum { INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_CONTEXT = 201, INVALID_HANDLE = 400, NOT_READY = 600, ALREADY_REGISTERED = 712, NOT_REGISTERED = 713, INVALID_PTX = 218 };
enum { MAGIC = 0x43545821, DEVICES = 16 };

static __thread context *current;

/* The error that every call gives once the context has failed, and that of having none. */
static result state(const char *call)
{
    if (!current)
        return complain(INVALID_CONTEXT, "%s: no context is current in this thread", call);
    if (current->magic != MAGIC)
        return complain(INVALID_CONTEXT, "%s: the current context was destroyed", call);
    return current->error;
}

#define CHECK() do { result broken = state(__func__); if (broken) return broken; } while (0)

result cuInit(unsigned flags) { (void)flags; return fault(S_INIT); }
result cuDriverGetVersion(int *version) { *version = (int)setting(S_VERSION); return 0; }
result cuDeviceGetCount(int *count) { *count = (int)setting(S_DEVICES); return 0; }
result cuDeviceGet(int *device, int ordinal) { *device = ordinal; return 0; }
result cuDeviceGetName(char *name, int length, int device) { (void)device; snprintf(name, (size_t)length, "Emulated GPU"); return 0; }
result cuDeviceTotalMem_v2(size_t *bytes, int device) { (void)device; *bytes = (size_t)setting(S_MEMORY); return 0; }

result cuDeviceGetAttribute(int *value, int attribute, int device)
{
    enum { MAX_THREADS = 1, BLOCK_X = 2, BLOCK_Y = 3, BLOCK_Z = 4, GRID_X = 5, GRID_Y = 6, GRID_Z = 7, SHARED_BYTES = 8, CONSTANT_BYTES = 9,
           WARP = 10, CLOCK = 13, PROCESSORS = 16, PCI_BUS = 33, PCI_DEVICE = 34, THREADS_A_PROCESSOR = 39, COPY_ENGINES = 40,
           PCI_DOMAIN = 50, MAJOR = 75, MINOR = 76 };
    switch (attribute) {
    case MAX_THREADS: case BLOCK_X: case BLOCK_Y: *value = 1024; break;
    case BLOCK_Z: *value = 64; break;
    case GRID_X: *value = 2147483647; break;
    case GRID_Y: case GRID_Z: *value = 65535; break;
    case SHARED_BYTES: *value = 49152; break;
    case CONSTANT_BYTES: *value = 65536; break;
    case WARP: *value = 32; break;
    case CLOCK: *value = 1500000; break;
    case PROCESSORS: *value = (int)setting(S_PROCESSORS); break;
    case PCI_DOMAIN: *value = 0; break;
    case PCI_BUS: *value = 0x41 + device; break;
    case PCI_DEVICE: *value = 0; break;
    case THREADS_A_PROCESSOR: *value = 2048; break;
    case COPY_ENGINES: *value = 2; break;
    case MAJOR: *value = (int)setting(S_MAJOR); break;
    case MINOR: *value = device ? 0 : (int)setting(S_MINOR); break;
    default: *value = 1; break;
    }
    return 0;
}

result cuDeviceCanAccessPeer(int *can, int a, int b) { (void)a, (void)b; *can = 0; return 0; }
result cuCtxEnablePeerAccess(context *of, unsigned flags) { (void)of, (void)flags; return 0; }
result cuCtxDisablePeerAccess(context *of) { (void)of; return 0; }
result cuPointerGetAttribute(void *data, int attribute, void *pointer) { (void)data, (void)attribute, (void)pointer; return INVALID_VALUE; }

result cuCtxCreate_v2(context **made, unsigned flags, int device)
{
    int error = fault(S_CONTEXT);
    if (error)
        return error;
    *made = calloc(1, sizeof **made);
    (*made)->magic = MAGIC;
    (*made)->device = device;
    current = *made;
    count(C_contexts, 1);
    counters[C_context_flags] = flags;
    return 0;
}

result cuCtxDestroy_v2(context *of)
{
    if (!of || of->magic != MAGIC)
        return complain(INVALID_CONTEXT, "a context is destroyed twice");
    if (of->standard)
        stream_destroy(of->standard);
    of->magic = 0; /* not freed, so that a later use is noticed */
    if (current == of)
        current = NULL;
    return 0;
}

result cuCtxSetCurrent(context *of)
{
    if (of && of->magic != MAGIC)
        return complain(INVALID_CONTEXT, "a destroyed context is made current");
    current = of;
    return 0;
}

result cuCtxGetCurrent(context **of) { *of = current; return 0; }
result cuCtxSynchronize(void) { CHECK(); drain_all(); return current->error; }
result cuCtxGetCacheConfig(int *config) { *config = 0; return 0; }
result cuCtxSetCacheConfig(int config) { (void)config; return 0; }
result cuCtxGetSharedMemConfig(int *config) { *config = 0; return 0; }
result cuCtxSetSharedMemConfig(int config) { (void)config; return 0; }

result cuMemGetInfo_v2(size_t *available, size_t *total)
{
    CHECK();
    *total = (size_t)setting(S_MEMORY);
    *available = *total - memory_used(current->device);
    return 0;
}

result cuMemAlloc_v2(void **memory, size_t bytes)
{
    CHECK();
    int error = fault(S_ALLOC);
    if (error)
        return error;
    if (memory_used(current->device) + bytes > (size_t)setting(S_MEMORY) || !(*memory = memory_allocate(current->device, bytes)))
        return OUT_OF_MEMORY;
    count(C_allocations, 1);
    count(C_bytes_allocated, (long)bytes);
    return 0;
}

result cuMemFree_v2(void *memory)
{
    if (!memory)
        return 0;
    if (!current || current->magic != MAGIC)
        return state(__func__);

    /* The driver waits for the device. Memory of a context that has failed is given back all the same, but the call says so. */
    drain_all();
    if (!memory_free(memory))
        return complain(INVALID_VALUE, "memory is freed that was not allocated");
    count(C_frees, 1);
    return current->error;
}

result cuMemHostRegister_v2(void *memory, size_t bytes, unsigned flags)
{
    (void)flags;
    CHECK();
    int error = fault(S_REGISTER);
    if (error)
        return error;
    if (!lock_pages(memory, bytes))
        return ALREADY_REGISTERED;
    count(C_registrations, 1);
    return 0;
}

result cuMemHostUnregister(void *memory)
{
    /* ILGPU unlocks what could not be locked, too, and some a second time where it is collected. */
    if (!unlock_pages(memory))
        return NOT_REGISTERED;
    if (!current || current->magic != MAGIC)
        return state(__func__);
    count(C_unregistrations, 1);
    return current->error;
}

result cuMemHostGetDevicePointer_v2(void **device, void *host, unsigned flags) { (void)flags; *device = host; return 0; }

result cuMemAllocHost_v2(void **memory, size_t bytes)
{
    CHECK();
    *memory = malloc(bytes);
    return *memory && lock_pages(*memory, bytes) ? 0 : OUT_OF_MEMORY;
}

result cuMemFreeHost(void *memory)
{
    if (!unlock_pages(memory))
        return complain(INVALID_VALUE, "page-locked memory is freed that was not allocated");
    free(memory);
    return 0;
}

/* The stream of a handle, of which none means the context's own. */
static result stream_of(stream *handle, stream **found)
{
    if (!handle) {
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        pthread_mutex_lock(&lock);
        if (!current->standard)
            current->standard = stream_create(current);
        pthread_mutex_unlock(&lock);
        handle = current->standard;
    }
    *found = handle;
    return handle->context == current ? 0 : complain(INVALID_HANDLE, "a stream of another context");
}

static int is_device(const void *at, size_t bytes, int *is_beyond)
{
    struct range found;
    if (!memory_find((uint64_t)(uintptr_t)at, &found))
        return 0;
    *is_beyond |= (uint64_t)(uintptr_t)at - found.from + bytes > found.bytes;
    return 1;
}

result cuMemcpyAsync(void *to, const void *from, size_t bytes, stream *handle)
{
    CHECK();
    stream *s;
    result error = stream_of(handle, &s);
    if (error || !bytes)
        return error;
    int is_beyond = 0, into = is_device(to, bytes, &is_beyond), out = is_device(from, bytes, &is_beyond);
    if (is_beyond || (!into && !out))
        return complain(INVALID_VALUE, is_beyond ? "a copy beyond an allocation" : "a copy from host to host");
    count(C_copies, 1);
    count(into && out ? C_bytes_within : into ? C_bytes_in : C_bytes_out, (long)bytes);

    work w = { .kind = COPY, .to = to, .from = from, .bytes = bytes };
    int is_pageable = (into && !out && !is_locked(from, bytes)) || (out && !into && !is_locked(to, bytes));
    if (is_pageable) {
        count(C_pageable, 1);
        if (into) {
            w.from = w.owned = malloc(bytes);
            memcpy(w.owned, from, bytes);
        }
    }
    enqueue(s, w);
    if (is_pageable && out)
        drain(s);
    return 0;
}

result cuMemsetD8Async(void *memory, unsigned char value, size_t bytes, stream *handle)
{
    CHECK();
    stream *s;
    int is_beyond = 0;
    result error = stream_of(handle, &s);
    if (error)
        return error;
    if (!is_device(memory, bytes, &is_beyond) || is_beyond)
        return complain(INVALID_VALUE, "memory is filled that was not allocated");
    enqueue(s, (work) { .kind = FILL, .to = memory, .value = value, .bytes = bytes });
    return 0;
}

result cuStreamCreate(stream **made, unsigned flags)
{
    (void)flags;
    CHECK();
    *made = stream_create(current);
    count(C_streams, 1);
    return 0;
}

result cuStreamCreateWithPriority(stream **made, unsigned flags, int priority) { (void)priority; return cuStreamCreate(made, flags); }

result cuStreamDestroy_v2(stream *s)
{
    if (!s)
        return INVALID_VALUE;
    stream_destroy(s);
    count(C_streams, -1);
    return 0;
}

result cuStreamSynchronize(stream *handle)
{
    CHECK();
    stream *s;
    result error = stream_of(handle, &s);
    if (error)
        return error;
    count(C_synchronizations, 1);
    error = fault(S_SYNCHRONIZE);
    if (error)
        current->error = error;
    drain(s);
    return current->error;
}

result cuEventCreate(event **made, unsigned flags)
{
    (void)flags;
    CHECK();
    *made = calloc(1, sizeof **made);
    pthread_mutex_init(&(*made)->lock, NULL);
    pthread_cond_init(&(*made)->changed, NULL);
    return 0;
}

static void wait_for(event *e)
{
    pthread_mutex_lock(&e->lock);
    while (e->pending)
        pthread_cond_wait(&e->changed, &e->lock);
    pthread_mutex_unlock(&e->lock);
}

result cuEventDestroy_v2(event *e)
{
    if (!e)
        return INVALID_VALUE;
    wait_for(e);
    free(e);
    return 0;
}

result cuEventRecord(event *e, stream *handle)
{
    CHECK();
    stream *s;
    result error = stream_of(handle, &s);
    if (error)
        return error;
    pthread_mutex_lock(&e->lock);
    e->pending++;
    pthread_mutex_unlock(&e->lock);
    enqueue(s, (work) { .kind = RECORD, .event = e });
    return 0;
}

result cuEventQuery(event *e)
{
    pthread_mutex_lock(&e->lock);
    int pending = e->pending;
    pthread_mutex_unlock(&e->lock);
    return pending ? NOT_READY : 0;
}

result cuEventSynchronize(event *e) { wait_for(e); return 0; }

result cuEventElapsedTime(float *milliseconds, const event *from, const event *to)
{
    *milliseconds = (float)((double)(to->at.tv_sec - from->at.tv_sec) * 1e3 + (double)(to->at.tv_nsec - from->at.tv_nsec) / 1e6);
    return 0;
}

/* A kernel as it is written, and with products fused in either way, so that a test can change its mind. Kept for those who load it again. */
typedef struct kernel { char *ptx; program *as_written, *fused[2]; struct kernel *next; } kernel;

typedef struct module { context *context; const kernel *kernel; } module;

static const kernel *kernel_of(const char *ptx, char *log, unsigned log_bytes)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static kernel *known;
    pthread_mutex_lock(&lock);
    kernel *found = known;
    while (found && strcmp(found->ptx, ptx))
        found = found->next;
    program *decoded = found ? NULL : decode(ptx, log, log_bytes);
    if (decoded) {
        found = malloc(sizeof *found);
        *found = (kernel) { strdup(ptx), decoded, { fuse_products(decoded, 1), fuse_products(decoded, 0) }, known };
        known = found;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

result cuModuleLoadDataEx(module **made, const char *ptx, unsigned count_of, const int *options, void **values)
{
    CHECK();
    enum { ERROR_LOG = 5, ERROR_LOG_BYTES = 6, MAX_LOG = 512 };
    char log[MAX_LOG] = "as a test wants it";
    int error = fault(S_MODULE);
    module *m = calloc(1, sizeof *m);
    m->context = current;
    if (!error && !(m->kernel = kernel_of(ptx, log, sizeof log)))
        error = complain(INVALID_PTX, "%s", log);
    if (!error) {
        count(C_modules, 1);
        *made = m;
        return 0;
    }

    char *to = NULL;
    size_t bytes = 0;
    for (unsigned k = 0; k < count_of; k++) {
        if (options[k] == ERROR_LOG)
            to = values[k];
        if (options[k] == ERROR_LOG_BYTES)
            bytes = (size_t)values[k];
    }
    if (to && bytes)
        snprintf(to, bytes, "emulated compiler: %s", log);
    free(m);
    return error;
}

result cuModuleLoadData(module **made, const char *ptx) { return cuModuleLoadDataEx(made, ptx, 0, NULL, NULL); }

result cuModuleUnload(module *m)
{
    if (!m)
        return INVALID_VALUE;
    drain_all();
    free(m);
    return 0;
}

result cuModuleGetFunction(module **function, module *m, const char *name) { (void)name; *function = m; return 0; }

result cuLaunchKernel(module *m, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z,
                      unsigned shared, stream *handle, void **arguments, void **extra)
{
    (void)arguments;
    CHECK();
    enum { END, BUFFER, BUFFER_BYTES };
    stream *s;
    result error = stream_of(handle, &s);
    if (error)
        return error;
    error = fault(S_LAUNCH);
    if (error)
        return error;
    if (m->context != current)
        return complain(INVALID_HANDLE, "a kernel of another context");
    if (!grid_x || !block_x || grid_y != 1 || grid_z != 1 || block_y != 1 || block_z != 1 || shared || block_x > 1024)
        return complain(INVALID_VALUE, "a launch of %u×%u×%u groups of %u×%u×%u threads", grid_x, grid_y, grid_z, block_x, block_y, block_z);
    const void *parameters = NULL;
    size_t bytes = 0;
    for (; extra && (size_t)extra[0] != END; extra += 2) {
        if ((size_t)extra[0] == BUFFER)
            parameters = extra[1];
        if ((size_t)extra[0] == BUFFER_BYTES)
            bytes = *(size_t *)extra[1];
    }
    if (!parameters || bytes != m->kernel->as_written->parameter_bytes)
        return complain(INVALID_VALUE, "%zu bytes of parameters where the kernel takes %u", bytes, m->kernel->as_written->parameter_bytes);
    count(C_launches, 1);
    long fuse = setting(S_FUSE) == 3 ? counters[C_launches] % 3 : setting(S_FUSE);
    work w = { .kind = LAUNCH, .kernel = fuse ? m->kernel->fused[fuse - 1] : m->kernel->as_written, .groups = grid_x, .threads = block_x, .owned = malloc(bytes) };
    memcpy(w.owned, parameters, bytes);
    enqueue(s, w);
    return 0;
}

result cuOccupancyMaxActiveBlocksPerMultiprocessor(int *groups, const void *function, int threads, size_t shared)
{
    (void)function, (void)threads, (void)shared;
    *groups = 4;
    return 0;
}

result cuOccupancyMaxPotentialBlockSize(int *groups, int *threads, const void *function, const void *size_of, size_t shared, int limit)
{
    (void)function, (void)size_of, (void)shared, (void)limit;
    *groups = 16;
    *threads = 256;
    return 0;
}

result cuGetErrorString(result error, const char **text)
{
    static __thread char words[600];
    const char *complaint = last_complaint();
    snprintf(words, sizeof words, "what the driver says of error %d%s%s", error, complaint ? ": " : "", complaint ? complaint : "");
    *text = words;
    return 0;
}
