/* Contexts, streams and events. A stream is a thread that does what is enqueued, late where it may be late. */
#pragma once

#include "program.h"

#include <stdatomic.h>

#include <pthread.h>
#include <stddef.h>
#include <time.h>

typedef struct context { int magic, device; atomic_int error; struct stream *standard; } context;

typedef struct event { pthread_mutex_t lock; pthread_cond_t changed; int pending; struct timespec at; } event;

enum operation_kind { COPY, FILL, LAUNCH, RECORD };

typedef struct work {
    enum operation_kind kind;
    void *to;
    const void *from;
    void *owned;            /* freed when the work is done */
    size_t bytes;
    int value;
    const program *kernel;
    unsigned groups, threads;
    event *event;
    struct work *next;
} work;

typedef struct stream {
    context *context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t has_work, is_idle;
    work *first, **last;
    int is_busy, is_stopping;
    struct stream *next;
} stream;

stream *stream_create(context *of);

/* Does what is enqueued, then ends the thread. */
void stream_destroy(stream *s);

void enqueue(stream *s, work what);

/* Waits until a stream has nothing left to do. */
void drain(stream *s);

/* Waits for all streams, as the driver does where memory is freed. */
void drain_all(void);
