#include "memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 256, UNWRITTEN = 0xA5, FILLED = 64 << 20, DEVICES = 16 };

typedef struct part { uint64_t from, bytes; void *memory; int device; struct part *next; } part;

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static part *allocations, *locked;
static size_t used[DEVICES];

static part **place_of(part **list, uint64_t from)
{
    while (*list && (*list)->from != from)
        list = &(*list)->next;
    return list;
}

static const part *around(const part *list, uint64_t address)
{
    while (list && address - list->from >= list->bytes)
        list = list->next;
    return list;
}

static void put(part **list, uint64_t from, size_t bytes, void *memory, int device)
{
    part *new = malloc(sizeof *new);
    *new = (part) { from, bytes, memory, device, *list };
    *list = new;
}

static int take(part **list, void *at)
{
    part **place = place_of(list, (uint64_t)(uintptr_t)at), *found = *place;
    if (!found)
        return 0;
    *place = found->next;
    used[found->device] -= found->memory ? found->bytes : 0;
    free(found->memory);
    free(found);
    return 1;
}

void *memory_allocate(int device, size_t bytes)
{
    /* What follows an allocation is not part of any, so that an access beyond the end is noticed. */
    char *memory = malloc(bytes + 2 * ALIGNMENT);
    if (!memory)
        return NULL;
    uint64_t from = ((uint64_t)(uintptr_t)memory + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset((void *)(uintptr_t)from, UNWRITTEN, bytes < FILLED ? bytes : FILLED);
    pthread_rwlock_wrlock(&lock);
    put(&allocations, from, bytes, memory, device);
    used[device] += bytes;
    pthread_rwlock_unlock(&lock);
    return (void *)(uintptr_t)from;
}

int memory_free(void *at)
{
    pthread_rwlock_wrlock(&lock);
    int found = take(&allocations, at);
    pthread_rwlock_unlock(&lock);
    return found;
}

int memory_find(uint64_t address, struct range *found)
{
    pthread_rwlock_rdlock(&lock);
    const part *in = around(allocations, address);
    if (in)
        *found = (struct range) { in->from, in->bytes };
    pthread_rwlock_unlock(&lock);
    return in != NULL;
}

size_t memory_used(int device)
{
    pthread_rwlock_rdlock(&lock);
    size_t bytes = used[device];
    pthread_rwlock_unlock(&lock);
    return bytes;
}

int lock_pages(void *at, size_t bytes)
{
    pthread_rwlock_wrlock(&lock);
    int is_new = !*place_of(&locked, (uint64_t)(uintptr_t)at);
    if (is_new)
        put(&locked, (uint64_t)(uintptr_t)at, bytes, NULL, 0);
    pthread_rwlock_unlock(&lock);
    return is_new;
}

int unlock_pages(void *at)
{
    pthread_rwlock_wrlock(&lock);
    int found = take(&locked, at);
    pthread_rwlock_unlock(&lock);
    return found;
}

int is_locked(const void *at, size_t bytes)
{
    uint64_t from = (uint64_t)(uintptr_t)at;
    pthread_rwlock_rdlock(&lock);
    const part *in = around(locked, from);
    int is = in && from - in->from + bytes <= in->bytes;
    pthread_rwlock_unlock(&lock);
    return is;
}
