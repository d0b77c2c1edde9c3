/* inadekit in a program of your own: open what was trained, paint label maps that lie in memory, or
 * run a whole pipeline.
 *
 *     gcc mine.c $(pkg-config --cflags --libs inadekit)
 *
 * Every struct begins with its size, which the caller fills in with sizeof; all other fields may be
 * zero. Structs only grow at their end and functions are only added, so a program goes on running
 * with later libraries. Texts and arrays that are handed in are borrowed for the call.
 *
 * Errors: a function that fails gives a status other than IK_OK and says in `err`, which may be
 * NULL, what is wrong, where, and what to do about it ("pipeline.yaml:12:5: unknown option ...").
 * Nothing is printed and no signal is caught; a watch hears of what goes on.
 *
 * Threads: a painter is used by one thread at a time; several painters and runs may be at work in
 * several threads. A backend's own threads are OpenMP's: call it before forking, or not at all.
 *
 * (For writing plugins there is inadekit/plugin.h; a plugin does not include this.) */
#ifndef INADEKIT_INADEKIT_H
#define INADEKIT_INADEKIT_H

#include "inadekit/types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define IK_API_VERSION 1 /* of this header; ik_api_version() tells the library's, no lower one */

#if defined(__GNUC__)
#define IK_API __attribute__((visibility("default")))
#else
#define IK_API
#endif

IK_API int ik_api_version(void);
/* "inadekit 0.1.0 (plugin interface 1.2)" */
IK_API const char *ik_version(void);

/* --- hearing of it */

typedef enum ik_tone {
    IK_SAID,   /* what is going on */
    IK_NOTED,  /* what was ignored, dropped or guessed, and should be known */
    IK_RESULT, /* what was asked for, as a metric's value */
} ik_tone;

/* Any member may be NULL. Called by the thread that called the library, during that call. */
typedef struct ik_watch {
    size_t size;
    void *user;
    /* One or more lines, without the last one's end. */
    void (*note)(void *user, ik_tone tone, const char *text);
    /* `step` of `total` steps of training are done; once before the first, `losses` then NULL. */
    void (*step)(void *user, int64_t step, int64_t total, const char *losses);
    /* A checkpoint lies in this folder. */
    void (*saved)(void *user, const char *folder);
    /* Asked between steps: true saves a checkpoint and ends the run with IK_INTERRUPTED. */
    bool (*stop)(void *user);
} ik_watch;

/* --- painting */

typedef struct ik_painter ik_painter;

/* What to paint with: a checkpoint's folder, or a run's, of which the newest checkpoint is taken;
 * or a pipeline and, unless it names them itself, weights. Their texts have to live until the
 * painter is closed. */
typedef struct ik_source {
    size_t size;
    const char *checkpoint;
    const char *pipeline, *weights;
    const char *device; /* a backend's name; NULL: the pipeline's */
    int threads;        /* 0: all processors */
    int batch;          /* pictures at a time, at most the pipeline's synthesize.batch; 0: 1 */
    int n_sets;         /* overrides "a.b=value", as --set takes them */
    const char *const *sets;
    /* Folders of plugins, ':'-separated, looked through before the usual ones, by this process from
     * now on; NULL: as before. Beside the library, in ./inadekit, they are found without. */
    const char *plugins;
    const ik_watch *watch; /* of this painter's calls; lives as long as it */
    /* Files beside `weights`, as an encoder's beside the generator's: each network comes from one
     * of them. */
    int n_more_weights;
    const char *const *more_weights;
} ik_source;

IK_API ik_status ik_painter_open(const ik_source *source, ik_painter **out, ik_error *err);
IK_API void ik_painter_close(ik_painter *painter); /* NULL is fine */

typedef struct ik_painter_info {
    size_t size;
    int64_t height, width;          /* of the pictures that are painted */
    int64_t labels;                 /* classes, the unknown one included */
    int64_t max_instances;          /* of one picture */
    const char *const *label_names; /* `labels` names or NULL; the painter's */
    const char *device;             /* the backend in use */
    bool styles;                    /* can a picture's style be taken? */
} ik_painter_info;

/* Fills what of `info` both sides know. */
IK_API void ik_painter_describe(const ik_painter *painter, ik_painter_info *info);

/* Maps [height,width] of any size, resized (nearest) as in training. */
typedef struct ik_layout {
    size_t size;
    const char *name; /* for messages; NULL: "the layout" */
    int32_t height, width;
    const int32_t *label;    /* classes, as the dataset's files hold them */
    const int32_t *instance; /* any values; NULL: the pixels of a class are one instance */
    const uint8_t *rgb;      /* [height,width,3]; of a reference only */
} ik_layout;

/* Which random values. The first sample is the base of the others: with something to vary, they
 * differ from it in that alone; without, in everything. The same choice gives the same bytes. */
typedef struct ik_choice {
    size_t size;
    int64_t seed;      /* -1: the pipeline's */
    int64_t samples;   /* 0: 1 */
    int n_vary_labels; /* numbers, or names */
    const char *const *vary_labels;
    int n_vary_instances; /* values of layout.instance */
    const int64_t *vary_instances;
    /* A picture with its maps: instances look like those of their class in it, in order. */
    const ik_layout *reference;
} ik_choice;

/* Paints into rgb [samples, height, width, 3], the painter's size, 8 bits. `choice` NULL: all zero
 * but for seed -1. */
IK_API ik_status ik_paint(ik_painter *painter, const ik_layout *layout, const ik_choice *choice,
                          uint8_t *rgb, ik_error *err);

/* --- running */

/* What `inadekit run` does with one pipeline; its `compare:` is left out. */
typedef struct ik_job {
    size_t size;
    const char *pipeline;
    int n_sets;
    const char *const *sets;
    const char *out;     /* the run folder; NULL: the pipeline's, or runs/<name> */
    bool resume;         /* go on from the newest checkpoint there */
    int threads;         /* 0: all processors */
    const char *plugins; /* as in ik_source */
    const ik_watch *watch;
} ik_job;

IK_API ik_status ik_run(const ik_job *job, ik_error *err);

#ifdef __cplusplus
}
#endif
#endif
