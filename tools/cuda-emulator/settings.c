#include "settings.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_OF(name, value) { #name, value, 1, 0 },
static struct { const char *name; atomic_long value, from, calls; } settings[] = { SETTINGS(VALUE_OF) };
#undef VALUE_OF

#define TEXT_OF(name) #name,
static const char *const counter_names[] = { COUNTERS(TEXT_OF) };
#undef TEXT_OF

atomic_long counters[COUNTER_COUNT];

static pthread_mutex_t complaint_lock = PTHREAD_MUTEX_INITIALIZER;
static char complaint[512];
static atomic_int has_complaint;

static void parse(enum setting which, const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);
    settings[which].from = *end == '@' ? strtol(end + 1, NULL, 10) : 1;
    settings[which].calls = 0;
    settings[which].value = value;
}

__attribute__((constructor)) static void read_environment(void)
{
    for (int which = 0; which < SETTING_COUNT; which++) {
        char name[64];
        snprintf(name, sizeof name, "EMULATED_CUDA_%s", settings[which].name);
        const char *text = getenv(name);
        if (text)
            parse(which, text);
    }
}

long setting(enum setting which) { return settings[which].value; }

int fault(enum setting which)
{
    long call = atomic_fetch_add(&settings[which].calls, 1) + 1;
    return call >= settings[which].from ? (int)settings[which].value : 0;
}

/* Changes a setting, for tests in the same process. Returns 0 if there is no such setting. */
int emulator_set(const char *name, const char *text)
{
    for (int which = 0; which < SETTING_COUNT; which++) {
        if (!strcmp(settings[which].name, name)) {
            parse(which, text);
            return 1;
        }
    }
    return 0;
}

/* Reads a counter; −1 if there is none of this name. */
long emulator_count(const char *name)
{
    for (int which = 0; which < COUNTER_COUNT; which++) {
        if (!strcmp(counter_names[which], name))
            return counters[which];
    }
    return -1;
}

int complain(int error, const char *format, ...)
{
    char text[sizeof complaint];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    count(C_complaints, 1);
    pthread_mutex_lock(&complaint_lock);
    memcpy(complaint, text, sizeof text);
    pthread_mutex_unlock(&complaint_lock);
    has_complaint = 1;
    fprintf(stderr, "emulated CUDA device: %s\n", text);
    return error;
}

const char *last_complaint(void) { return has_complaint ? complaint : NULL; }
