/* Device memory, and host memory that is page-locked. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct range { uint64_t from, bytes; };

/* Device memory, filled with a pattern. NULL if it is more than the device has left. */
void *memory_allocate(int device, size_t bytes);

/* Returns 0 if nothing starts there. */
int memory_free(void *at);

/* The allocation that an address lies in. */
int memory_find(uint64_t address, struct range *found);

size_t memory_used(int device);

int lock_pages(void *at, size_t bytes);
int unlock_pages(void *at);

/* Whether all of it is page-locked. */
int is_locked(const void *at, size_t bytes);
