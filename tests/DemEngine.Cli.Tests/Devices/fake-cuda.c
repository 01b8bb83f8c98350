/*
 * A CUDA driver for tests: devices that hold memory and copy, and run no kernel. The environment says how many there are, of which
 * version the driver is, and which calls fail, so that what is said and done about devices can be tested where there are none.
 */
#include <stdlib.h>
#include <string.h>

typedef int result;

static int setting(const char *name, int otherwise)
{
    const char *text = getenv(name);
    return text ? atoi(text) : otherwise;
}

enum { MAX_THREADS = 1, BLOCK_X = 2, BLOCK_Y = 3, BLOCK_Z = 4, GRID_X = 5, GRID_Y = 6, GRID_Z = 7, SHARED_BYTES = 8, CONSTANT_BYTES = 9,
       WARP = 10, CLOCK = 13, PROCESSORS = 16, MAPS_HOST = 19, PCI_BUS = 33,
       THREADS_A_PROCESSOR = 39, COPY_ENGINES = 40, MAJOR = 75, MINOR = 76 };

result cuInit(unsigned flags) { return setting("FAKE_CUDA_INIT", 0); }
result cuDriverGetVersion(int *version) { *version = setting("FAKE_CUDA_VERSION", 12040); return 0; }
result cuDeviceGetCount(int *count) { *count = setting("FAKE_CUDA_DEVICES", 1); return 0; }
result cuDeviceGet(int *device, int ordinal) { *device = ordinal; return 0; }
result cuDeviceGetName(char *name, int length, int device) { strncpy(name, "Fake GPU", length); return 0; }
result cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = 8000000000u; return 0; }

result cuDeviceGetAttribute(int *value, int attribute, int device)
{
    switch (attribute) {
    case MAX_THREADS: case BLOCK_X: case BLOCK_Y: *value = 1024; break;
    case BLOCK_Z: *value = 64; break;
    case GRID_X: *value = 2147483647; break;
    case GRID_Y: case GRID_Z: *value = 65535; break;
    case SHARED_BYTES: *value = 49152; break;
    case CONSTANT_BYTES: *value = 65536; break;
    case WARP: *value = 32; break;
    case CLOCK: *value = 1500000; break;
    case PCI_BUS: *value = device; break;
    case PROCESSORS: *value = 4; break;
    case THREADS_A_PROCESSOR: *value = 2048; break;
    case COPY_ENGINES: *value = 2; break;
    case MAJOR: *value = 8; break;
    case MINOR: *value = 0; break;
    default: *value = 1; break;
    }
    return 0;
}

result cuCtxCreate_v2(void **context, unsigned flags, int device) { *context = malloc(1); return setting("FAKE_CUDA_CONTEXT", 0); }
result cuCtxDestroy_v2(void *context) { free(context); return 0; }
result cuCtxSetCurrent(void *context) { return 0; }
result cuCtxSynchronize(void) { return 0; }
result cuCtxGetCacheConfig(int *config) { *config = 0; return 0; }
result cuCtxGetSharedMemConfig(int *config) { *config = 0; return 0; }

result cuMemGetInfo_v2(size_t *available, size_t *total) { *available = *total = 8000000000u; return 0; }
result cuMemAlloc_v2(void **memory, size_t bytes) { *memory = malloc(bytes); return setting("FAKE_CUDA_ALLOC", 0); }
result cuMemFree_v2(void *memory) { free(memory); return 0; }
result cuMemHostRegister_v2(void *memory, size_t bytes, unsigned flags) { return setting("FAKE_CUDA_REGISTER", 0); }
result cuMemHostUnregister(void *memory) { return 0; }
result cuMemHostGetDevicePointer_v2(void **device, void *host, unsigned flags) { *device = host; return 0; }
result cuMemcpyAsync(void *to, const void *from, size_t bytes, void *stream) { memcpy(to, from, bytes); return 0; }
result cuMemsetD8Async(void *memory, unsigned char value, size_t bytes, void *stream) { memset(memory, value, bytes); return 0; }

result cuStreamCreate(void **stream, unsigned flags) { *stream = malloc(1); return 0; }
result cuStreamCreateWithPriority(void **stream, unsigned flags, int priority) { return cuStreamCreate(stream, flags); }
result cuStreamDestroy_v2(void *stream) { free(stream); return 0; }
result cuStreamSynchronize(void *stream) { return setting("FAKE_CUDA_SYNCHRONIZE", 0); }

result cuModuleLoadData(void **module, const char *ptx) { *module = malloc(1); return setting("FAKE_CUDA_MODULE", 0); }
result cuModuleLoadDataEx(void **module, const char *ptx, unsigned count, int *options, void **values) { return cuModuleLoadData(module, ptx); }
result cuModuleUnload(void *module) { free(module); return 0; }
result cuModuleGetFunction(void **function, void *module, const char *name) { *function = module; return 0; }

result cuLaunchKernel(void *function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY, unsigned blockZ,
                      unsigned shared, void *stream, void **arguments, void **extra)
{
    return setting("FAKE_CUDA_LAUNCH", 0);
}

result cuGetErrorString(result error, const char **text) { *text = "what the driver says"; return 0; }
