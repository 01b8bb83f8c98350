#include "stream.h"
#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static stream *all;

/* Holds one in four operations back. */
static void hold_back(unsigned *seed)
{
    long most = setting(S_JITTER);
    if (most > 0 && rand_r(seed) % 4 == 0)
        usleep((unsigned)rand_r(seed) % (unsigned)most);
}

static void carry_out(stream *s, work *w)
{
    /* A context that has failed does nothing more, but events pass, so that nobody waits for ever. */
    if (w->kind == RECORD) {
        pthread_mutex_lock(&w->event->lock);
        clock_gettime(CLOCK_MONOTONIC, &w->event->at);
        w->event->pending--;
        pthread_cond_broadcast(&w->event->changed);
        pthread_mutex_unlock(&w->event->lock);
    } else if (!s->context->error) {
        int error = 0;
        if (w->kind == COPY)
            memcpy(w->to, w->from, w->bytes);
        else if (w->kind == FILL)
            memset(w->to, w->value, w->bytes);
        else
            error = execute(w->kernel, w->groups, w->threads, w->owned);
        if (error)
            s->context->error = error;
    }
    free(w->owned);
}

static void *serve(void *of)
{
    stream *s = of;
    unsigned seed = (unsigned)(uintptr_t)s;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!s->first && !s->is_stopping)
            pthread_cond_wait(&s->has_work, &s->lock);
        work *w = s->first;
        if (!w)
            break;
        s->first = w->next;
        if (!s->first)
            s->last = &s->first;
        s->is_busy = 1;
        pthread_mutex_unlock(&s->lock);
        hold_back(&seed);
        carry_out(s, w);
        free(w);
        pthread_mutex_lock(&s->lock);
        s->is_busy = 0;
        if (!s->first)
            pthread_cond_broadcast(&s->is_idle);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

stream *stream_create(context *of)
{
    stream *s = calloc(1, sizeof *s);
    s->context = of;
    s->last = &s->first;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->has_work, NULL);
    pthread_cond_init(&s->is_idle, NULL);
    pthread_create(&s->thread, NULL, serve, s);
    pthread_mutex_lock(&list_lock);
    s->next = all;
    all = s;
    pthread_mutex_unlock(&list_lock);
    return s;
}

void stream_destroy(stream *s)
{
    pthread_mutex_lock(&list_lock);
    stream **place = &all;
    while (*place != s)
        place = &(*place)->next;
    *place = s->next;
    pthread_mutex_unlock(&list_lock);
    pthread_mutex_lock(&s->lock);
    s->is_stopping = 1;
    pthread_cond_signal(&s->has_work);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    free(s);
}

void enqueue(stream *s, work what)
{
    work *w = malloc(sizeof *w);
    *w = what;
    w->next = NULL;
    pthread_mutex_lock(&s->lock);
    *s->last = w;
    s->last = &w->next;
    pthread_cond_signal(&s->has_work);
    pthread_mutex_unlock(&s->lock);
}

void drain(stream *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->first || s->is_busy)
        pthread_cond_wait(&s->is_idle, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void drain_all(void)
{
    pthread_mutex_lock(&list_lock);
    for (stream *s = all; s; s = s->next)
        drain(s);
    pthread_mutex_unlock(&list_lock);
}
