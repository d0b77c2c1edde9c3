/* A pipeline made ready: configuration read, data opened, programs recorded, memory allocated. */
#ifndef INADEKIT_SESSION_H
#define INADEKIT_SESSION_H

#include "data.h"
#include "facts.h"
#include "model.h"
#include "program.h"
#include "run.h"
#include "settings.h"

typedef struct ik__session {
    ik__pool *pool;
    ik__conf *conf;
    ik__settings set;
    ik__data *data;
    const ik__data_info *info;
    ik__model *model;
    ik__engine *engine;
    ik__program *step[2]; /* by ik__role; NULL where the pipeline does not train */
    ik__program *sample;
    struct ik__evaluation *evaluation; /* NULL: no metrics are named */
    ik__program *encode;               /* where `synthesize.style` asks for it */
    const char *device;
    char out[1024]; /* the run folder */
    ik__facts facts;
} ik__session;

/* Reads and records everything, so that every mistake in the YAML is reported here. */
ik_status ik__session_open(const ik__run_options *o, ik__session **out, ik_error *err);
/* The same without programs, for a caller that records its own. */
ik_status ik__session_begin(const ik__run_options *o, ik__session **out, ik_error *err);
ik__graph *ik__session_graph(const ik__session *s, bool training);
/* Records the backward pass to a player's parameters, found among the graph's leaves; `out` has
 * room for one per node. Gives how many there are. */
int ik__session_gradients(ik__session *s, ik__graph *g, ik__role role, ik_tensor *total,
                          ik__gradient *out);
/* Is there room on the device for what `ready` allocates? */
ik_status ik__session_fits(ik__session *s, ik_error *err);
/* Allocates the arena and the parameters, and fills them by their init rules. */
ik_status ik__session_ready(ik__session *s, ik_error *err);
void ik__session_close(ik__session *s);

/* Records the programs, after `begin`. `resume`: a checkpoint's training state is wanted. */
ik_status ik__session_record(ik__session *s, bool resume, ik_error *err);

/* The run folder, not made yet: what is given, or runs/<name>, with a number behind it where that
 * is taken; with `resume` the newest of those. */
void ik__run_folder(const ik__settings *set, const ik__run_options *o, char *to, size_t size);
/* The run folder is chosen and made. */
ik_status ik__session_folder(ik__session *s, const ik__run_options *o, ik_error *err);

/* facts_run.c: fills s->facts with all that is known before anything was computed. */
void ik__session_facts(ik__session *s, const ik__run_options *o);

ik_status ik__upload_batch(ik__session *s, const ik__batch *b, ik_error *err);

/* train.c */
ik_status ik__train(ik__session *s, const ik__run_options *o, ik_error *err);

/* synthesize.c. A grid of validation layouts: label map, picture, samples. `path` is the grid's
 * file; `folder`, if given, also takes every sample by itself. Where not everything is drawn anew,
 * a grid with one column beside it, x-mask.png for x.png, is white where something is. */
typedef enum ik__painting {
    IK__FRESH,  /* every sample is drawn anew */
    IK__VARIED, /* only what `synthesize.vary` names is */
    IK__STYLED, /* as `synthesize.style` says; all else keeps the first sample's random values */
    IK__ONE,    /* styled, and all drawn anew, or what varies, which is styled in the first alone */
} ik__painting;
ik_status ik__synthesize(ik__session *s, int64_t items, int64_t samples, ik__painting how,
                         const char *path, const char *folder, ik_error *err);
/* One painted picture: sample `sample` of validation layout `item`, which is row `row` of
 * `layouts`. Valid during the call. */
typedef struct ik__painted {
    int64_t item, sample;
    ik__painting how;
    const ik__batch *layouts;
    int64_t row;
    const bool *anew; /* [max_instances]: which are drawn anew from sample to sample */
    const float *rgb; /* [H,W,3] in -1..1 */
} ik__painted;
typedef ik_status ik__painted_visit(void *user, const ik__painted *p, ik_error *err);
/* Paints layouts first .. first+items, in order of item and then of sample; the same pictures
 * whatever range they are part of. All layouts of the range are held in memory. */
ik_status ik__paint_each(ik__session *s, int64_t first, int64_t items, int64_t samples,
                         ik__painting how, ik__painted_visit *visit, void *user, ik_error *err);
/* Refuses names of labels in `synthesize.vary` that the dataset does not have. */
ik_status ik__synthesize_check(const ik__session *s, ik_error *err);

/* checkpoint.c: folders <run>/checkpoints/step-<n>, written aside and renamed. */
typedef struct ik__position {
    int64_t step, log_bytes;
} ik__position;
ik_status ik__checkpoint_save(ik__session *s, const ik__position *at, ik_error *err);
/* The newest whole checkpoint; at->step stays 0 when there is none. */
ik_status ik__checkpoint_resume(ik__session *s, ik__position *at, ik_error *err);
ik_status ik__weights_save(ik__session *s, const char *path, ik_error *err);
ik_status ik__weights_load(ik__session *s, const char *path, ik_error *err);

#endif
