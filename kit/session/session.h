/* A pipeline made ready: configuration read, data opened, programs recorded, memory allocated. */
#ifndef INADEKIT_SESSION_SESSION_H
#define INADEKIT_SESSION_SESSION_H

#include "data/data.h"
#include "evaluation.h"
#include "exec/memory.h"
#include "exec/program.h"
#include "folder/facts.h"
#include "folder/folder.h"
#include "folder/lock.h"
#include "model/model.h"
#include "model/recording.h"
#include "options.h"
#include "settings.h"

/* Values of a latent that synthesis is given in place of those that it would draw: a row for each
 * sample of every layout. */
typedef struct ik__latent_given {
    const char *name;
    bool normals; /* a style makes its values of them, as it does of drawn ones */
    int64_t rows;
    const float *values; /* [rows, ...] as the program has the latent */
} ik__latent_given;

typedef struct ik__session {
    ik__pool *pool;
    ik__conf *conf;
    ik__settings set;
    ik__data *data;
    const ik__data_info *info;
    ik__given given[IK__MOST_FIELDS]; /* its fields, as programs are given them */
    ik__model *model;
    ik__engine *engine;
    /* By update of model->players; NULL where none of its players has a loss. */
    ik__program *update[IK__MOST_UPDATES];
    ik__program *sample;
    ik__evaluation *evaluation; /* NULL: no metrics are named */
    ik__program *encode;        /* where `synthesize.style` asks for it */
    int n_latents;              /* given ones */
    const ik__latent_given *latents;
    const char *device;
    ik__path out;   /* the run folder */
    ik__lock *lock; /* of it */
    ik__facts facts;
} ik__session;

/* Refuses a folder with a pipeline in it, as a run's, in place of the pipeline. */
ik_status ik__session_no_folder(const char *pipeline, ik_error *err);
/* Reads and records everything, so that every mistake in the YAML is reported here. */
ik_status ik__session_open(const ik__run_options *o, ik__session **out, ik_error *err);
/* The same without programs, for a caller that records its own. */
ik_status ik__session_begin(const ik__run_options *o, ik__session **out, ik_error *err);
ik__graph *ik__session_graph(const ik__session *s, bool training);
/* Records the backward passes of an update from what ik__record_update gave to its players'
 * parameters, found among the graph's leaves; `out` has room for one per node. Gives how many there
 * are. */
int ik__session_gradients(ik__session *s, ik__graph *g, const ik__update *u,
                          ik_tensor *const *totals, ik__gradient *out);
/* Is there room on the device for what `ready` allocates? */
ik_status ik__session_fits(ik__session *s, ik_error *err);
/* What it takes of the device's memory, once everything is recorded. */
ik__memory ik__session_memory(const ik__session *s);
/* Allocates the arena and the parameters, and fills them by their init rules. */
ik_status ik__session_ready(ik__session *s, ik_error *err);
void ik__session_close(ik__session *s);

/* Records the programs, after `begin`. `resume`: a checkpoint's training state is wanted. */
ik_status ik__session_record(ik__session *s, bool resume, ik_error *err);

/* The run folder, not made yet; see folder/folder.h. */
ik__path ik__run_folder(const ik__settings *set, const ik__run_options *o);
/* Nobody else works in the run folder from here on, if it is there already. */
ik_status ik__session_lock(ik__session *s, const ik__run_options *o, ik_error *err);
/* The run folder is chosen, made and locked. */
ik_status ik__session_folder(ik__session *s, const ik__run_options *o, ik_error *err);

ik_status ik__upload_batch(ik__session *s, const ik__batch *b, ik_error *err);

#endif
