/*
 * DemEngine for C, and for every language that calls C: merges checkpoints of language models, with the bytes that the
 * command line and the .NET packages give.
 *
 * Texts are UTF-8 and end with a zero byte. A path that is not absolute leads from the process's working folder.
 *
 * Status. Each function that can fail returns one of the DEM_ constants below, which are the exit codes of `dem`. Unless it is
 * DEM_OK, dem_last_error() tells this thread why, and results that are given through pointers are null or 0, but for the report
 * of dem_verify().
 *
 * Ownership. A text given through `char **` belongs to the caller, who frees it with dem_free(); pass NULL where it is not
 * wanted. A model given through `dem_model **` belongs to the caller, who frees it with dem_model_free(). All that is passed in
 * stays the caller's and is not kept after the call, unless its function says so.
 *
 * Threads. Every function may be called by any thread, several at a time, also for one model, except that nothing may be added
 * to a model that another thread uses. A call blocks until it is done; work is divided among threads of the library's own.
 *
 * Options are the text of a JSON object, or NULL for none. A key that a function does not take is an error (DEM1001).
 *   all functions with options         "threads": 8, "max_memory": 512000000 (bytes), "io": "auto" | "mmap" | "pread" | "direct"
 *   plan, merge, merge_to_memory,      "missing": "fail" | "base", "extra": "fail" | "ignore",
 *   extract, distance                  "vocab": "fail" | "base" | "common"
 *   plan, merge, merge_to_memory,      "nonfinite": "fail" | "warn"
 *   extract
 *   plan, merge, extract               "overwrite": true, "unfinished": "refuse" | "resume" | "restart",
 *                                      "max_shard_size": 5000000000 (bytes)
 *   plan, merge                        "card": false, "single_file": true
 *   extract                            "dtype": "f32" | "bf16" | "f16"
 *
 * JSON that is given has "schema": 1, and the members that the command line's --json has. Members may be added to version 1; if
 * one gets another meaning, or goes, it becomes 2.
 *
 * The library starts threads. It cannot be unloaded, and a process that has called it must not go on in a child made by fork()
 * without exec().
 */
#ifndef DEMENGINE_H
#define DEMENGINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DEM_OK 0            /* done */
#define DEM_FAILED 1        /* failed while running: a full disk, a file that cannot be read */
#define DEM_WRONG 2         /* the request or its inputs are wrong */
#define DEM_LATER 75        /* in the way only now, such as another process that writes the same output */
#define DEM_INTERRUPTED 130 /* the progress function asked to stop */

/* A model: tensors in the caller's memory, a merge's result, or an opened checkpoint. Never read through; it is a number. */
typedef struct dem_model dem_model;

/* A model that is no file, under the name that a recipe has for it. One that the recipe does not name is an error (DEM1001). */
typedef struct dem_source {
    const char *name;
    dem_model *model;
} dem_source;

/*
 * Is told how far a call is, and may stop it.
 *
 * context  what was passed beside the function
 * phase    such as "merge", and "syncing" while an output is brought to the disk
 * tensor   the tensor begun last; may be empty
 * done     bytes read and written so far; never goes back within a phase
 * total    bytes to read and write
 *
 * Returns 0 to go on. Anything else stops the call as soon as the tiles under way are done: it returns DEM_INTERRUPTED, and a
 * merge into a folder can be resumed. It is called by the library's threads, one at a time, which wait for it; some twenty times
 * a second and once for each thousandth of the bytes. The texts are valid until it returns. It must not throw, nor jump out.
 */
typedef int32_t (*dem_progress)(void *context, const char *phase, const char *tensor, int64_t done, int64_t total);

/* The engine's name and version, such as "DemEngine 0.4.0". It is never freed. */
const char *dem_version(void);

/*
 * The error of this thread's last call that did not return DEM_OK, as `dem --json` has it:
 *   {"schema":1,"error":{"code":"DEM3004","message":"…","remedy":"…","path":…,"tensor":…,"line":…,"key":…}}
 * "code" is "interrupted" where the progress function stopped the call. NULL if there was none. It belongs to the library, is
 * valid until this thread's next call of a function of this header, and is not freed.
 */
const char *dem_last_error(void);

/* Frees a text that a function gave. NULL is allowed. */
void dem_free(char *text);

/*
 * Says what a merge would do, and reads no more than headers and samples.
 *
 * recipe        text of a recipe, in YAML or JSON; NULL to read the file at `path`
 * path          where the recipe is: errors name it, and paths in the recipe lead from its folder; NULL if it is in no file
 * sources       models that the recipe names and that are no files; NULL for none
 * source_count  how many
 * out           where the output would go, which is checked, and its room; NULL for nowhere
 * options       see above
 * plan          receives JSON: inputs, tensors with their sources and formulas, shards, bytes to read and write
 *
 * Fails with DEM2xxx where models cannot be read or do not match, DEM3xxx where the recipe is wrong, DEM10xx for the output.
 */
int32_t dem_plan(const char *recipe, const char *path, const dem_source *sources, size_t source_count, const char *out,
                 const char *options, char **plan);

/*
 * Merges into a folder, or with "single_file" into a file. Nothing stands at `out` until all of it is complete and on disk.
 *
 * recipe, path, sources, source_count, options   as for dem_plan()
 * out       the folder to make
 * progress  see above; NULL for none
 * context   passed to `progress`
 * report    receives JSON: what was read and written, notes, tensors with infinities or NaNs
 *
 * Fails as dem_plan() does, and with DEM4xxx while running.
 */
int32_t dem_merge(const char *recipe, const char *path, const dem_source *sources, size_t source_count, const char *out,
                  const char *options, dem_progress progress, void *context, char **report);

/*
 * Merges into memory: each tensor in a block of its own, aligned to 64 bytes.
 *
 * recipe, path, sources, source_count, options, progress, context, report   as for dem_merge()
 * model     receives the result, with the small files (config.json, ...) that a folder would have
 *
 * Fails as dem_merge() does. DEM4007: there is not that much memory.
 */
int32_t dem_merge_to_memory(const char *recipe, const char *path, const dem_source *sources, size_t source_count,
                            const char *options, dem_progress progress, void *context, dem_model **model, char **report);

/*
 * Stores the distribution vector of a tuned model, its difference from the base.
 *
 * base, tuned  paths of models
 * out          the folder to make
 * report       receives JSON, as of dem_merge()
 *
 * Fails with DEM2xxx where models cannot be read or do not match, DEM10xx for the output, DEM4xxx while running.
 */
int32_t dem_extract(const char *base, const char *tuned, const char *out, const char *options, dem_progress progress,
                    void *context, char **report);

/*
 * Measures how far models lie from their base, layer by layer, and how alike their changes are.
 *
 * base         path of the base
 * models       paths of models tuned from it, or of distribution vectors
 * model_count  how many; at least 1
 * distances    receives JSON, as `dem distance --json` prints it
 *
 * Fails with DEM2xxx where models cannot be read or do not match, DEM4xxx while running.
 */
int32_t dem_distance(const char *base, const char *const *models, size_t model_count, const char *options,
                     dem_progress progress, void *context, char **distances);

/*
 * Hashes an output again and compares it with its manifest.
 *
 * folder  the output
 * report  receives JSON, as `dem verify --json` prints it; also where the output is damaged
 *
 * Fails with DEM2021 where there is no manifest to compare with, DEM4006 where the output is not as the manifest says.
 */
int32_t dem_verify(const char *folder, const char *options, dem_progress progress, void *context, char **report);

/* Makes a model without tensors, for dem_model_add_tensor(). */
int32_t dem_model_new(dem_model **model);

/*
 * Adds a tensor that lies in the caller's memory. It is not copied: the memory must stay as it is until the model is freed and
 * no call uses it any more.
 *
 * model  made by dem_model_new()
 * name   such as "model.layers.0.mlp.up_proj.weight"; each once
 * dtype  the safetensors format's name of the element type: "BF16", "F16", "F32", "F64", "F8_E4M3", "I64", "BOOL", ...
 * shape  sizes of the dimensions, outermost first
 * rank   how many; 0 for a single element
 * data   the elements, row-major and little-endian; may be NULL if there are none
 * bytes  their size, which must be that of `dtype` and `shape`
 *
 * Fails with DEM1001.
 */
int32_t dem_model_add_tensor(dem_model *model, const char *name, const char *dtype, const int64_t *shape, size_t rank,
                             const void *data, size_t bytes);

/* Adds a small file, such as "config.json" or "tokenizer.json". It is copied. */
int32_t dem_model_add_file(dem_model *model, const char *name, const void *data, size_t bytes);

/*
 * Opens a checkpoint: a folder or a file of safetensors, PyTorch or GGUF. Quantised tensors are read as their real values.
 *
 * Fails with DEM20xx.
 */
int32_t dem_model_open(const char *path, const char *options, dem_model **model);

/*
 * Lists a model:
 *   {"schema":1,"tensors":[{"name":"…","dtype":"BF16","shape":[4096,4096],"bytes":33554432}],"files":[{"name":"…","bytes":71}]}
 * Files are those of a model in memory; those of an opened one lie at its path.
 */
int32_t dem_model_describe(dem_model *model, char **description);

/*
 * Copies a part of a tensor.
 *
 * tensor  its name
 * offset  of the part's first byte; a multiple of the element's size
 * buffer  where to copy to
 * bytes   how many; a multiple of the element's size
 *
 * Fails with DEM1040 where there is no such tensor, DEM1001 where the part does not lie in it, DEM4003 where it cannot be read.
 */
int32_t dem_model_read(dem_model *model, const char *tensor, int64_t offset, void *buffer, size_t bytes);

/*
 * Gives the memory of a tensor, without a copy. It is valid until the model is freed.
 *
 * Fails with DEM1040 where there is no such tensor, DEM1001 for a model that was opened from disk: use dem_model_read().
 */
int32_t dem_model_data(dem_model *model, const char *tensor, const void **data, size_t *bytes);

/* Gives the contents of a small file of a model in memory, valid until the model is freed. Fails with DEM1040, DEM1001. */
int32_t dem_model_file(dem_model *model, const char *name, const void **data, size_t *bytes);

/*
 * Frees a model. What other threads are doing with it goes on, and its memory goes when the last of them is done. NULL, and a
 * model that was freed before, are allowed.
 */
void dem_model_free(dem_model *model);

#ifdef __cplusplus
}
#endif

#endif
