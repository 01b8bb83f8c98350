/*
 * DemEngine from C: plans and merges a recipe, looks at the result, merges arrays of its own, and shows errors and stopping.
 *
 *   cc example.c -I. -L. -ldem -Wl,-rpath,'$ORIGIN' -o example
 *   ./example RECIPE OUT TENSOR
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demengine.h"

/* Prints why the last call failed, and ends. */
static void require(int32_t status) {
    if (status != DEM_OK) {
        fprintf(stderr, "status %d: %s\n", (int)status, dem_last_error());
        exit(status);
    }
}

/* Counts reports; goes on for as many as `context` says. */
struct patience {
    int reports;
    int most;
};

static int32_t tell(void *context, const char *phase, const char *tensor, int64_t done, int64_t total) {
    struct patience *patience = context;
    (void)phase;
    (void)tensor;
    if (done > total)
        abort();
    return ++patience->reports >= patience->most;
}

/* Merges into a folder, and finds the same bytes in memory. */
static void merge_files(const char *recipe, const char *out, const char *tensor) {
    char *text;
    require(dem_plan(NULL, recipe, NULL, 0, out, NULL, &text));
    printf("plan: %.13s...\n", text);
    dem_free(text);

    struct patience patience = {0, 1 << 30};
    require(dem_merge(NULL, recipe, NULL, 0, out, "{\"threads\": 2}", tell, &patience, &text));
    printf("merged: %s, progress was told: %s\n", strstr(text, "\"tensors\"") ? "with a report" : "", patience.reports ? "yes" : "no");
    dem_free(text);
    require(dem_verify(out, NULL, NULL, NULL, NULL));

    dem_model *written, *merged;
    require(dem_model_open(out, NULL, &written));
    require(dem_merge_to_memory(NULL, recipe, NULL, 0, NULL, NULL, NULL, &merged, NULL));
    const void *data;
    size_t bytes;
    require(dem_model_data(merged, tensor, &data, &bytes));
    void *copy = malloc(bytes);
    require(dem_model_read(written, tensor, 0, copy, bytes));
    printf("%s: %zu bytes, %s in memory and on disk\n", tensor, bytes, memcmp(copy, data, bytes) ? "different" : "the same");
    free(copy);
    dem_model_free(merged);
    dem_model_free(written);
}

/* Merges arrays of this program. */
static void merge_arrays(void) {
    static const char recipe[] =
        "merge_method: linear\n"
        "models:\n"
        "  - {model: one, parameters: {weight: 3}}\n"
        "  - {model: two, parameters: {weight: 1}}\n";
    const float one[] = {1, 2, 3, 4}, two[] = {5, 6, 7, 8};
    const int64_t shape[] = {2, 2};
    dem_source sources[] = {{"one", NULL}, {"two", NULL}};
    require(dem_model_new(&sources[0].model));
    require(dem_model_new(&sources[1].model));
    require(dem_model_add_tensor(sources[0].model, "weight", "F32", shape, 2, one, sizeof one));
    require(dem_model_add_tensor(sources[1].model, "weight", "F32", shape, 2, two, sizeof two));
    dem_model *merged;
    require(dem_merge_to_memory(recipe, NULL, sources, 2, NULL, NULL, NULL, &merged, NULL));
    const void *data;
    require(dem_model_data(merged, "weight", &data, NULL));
    const float *sum = data;
    printf("arrays: %g %g %g %g\n", sum[0], sum[1], sum[2], sum[3]);
    dem_model_free(merged);
    dem_model_free(sources[0].model);
    dem_model_free(sources[1].model);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: %s RECIPE OUT TENSOR\n", argv[0]);
        return DEM_WRONG;
    }

    printf("%s\n", dem_version());
    merge_files(argv[1], argv[2], argv[3]);
    merge_arrays();

    /* The output is there now: an error, with what to do about it. */
    int32_t status = dem_merge(NULL, argv[1], NULL, 0, argv[2], NULL, NULL, NULL, NULL);
    printf("again: status %d, %s\n", (int)status, dem_last_error());

    /* The first report of progress says stop. */
    struct patience none = {0, 1};
    dem_model *model;
    status = dem_merge_to_memory(NULL, argv[1], NULL, 0, NULL, tell, &none, &model, NULL);
    printf("stopped: status %d, %s, model %s\n", (int)status, dem_last_error(), model == NULL ? "none" : "there");
    return 0;
}
