/* The pipeline's own keys: everything that is neither a network nor a plugin's option. */
#ifndef INADEKIT_SESSION_SETTINGS_H
#define INADEKIT_SESSION_SETTINGS_H

#include "base/pool.h"
#include "config/config.h"
#include "inadekit/backend.h"
#include "inadekit/option.h"

/* Instance `to` of every layout is painted in the style of instance `from` of an item. Both -1:
 * what is drawn for a picture as a whole comes from the item as a whole. */
typedef struct ik__style {
    int split; /* ik_split */
    int64_t item, from, to;
} ik__style;

enum { IK__STOP, IK__SKIP }; /* what a bad file leads to */

typedef struct ik__settings {
    const char *name, *out, *device;
    int precision;
    int init; /* 0: spectrally normalised weights uniform, as in the published runs; 1: Xavier */
    int64_t seed, threads;
    int64_t counted_instances; /* of the picture that publications' F counts; 0: all there may be */
    ik_strings stages;
    struct ik__train {
        int64_t steps, epochs, decay_epochs, batch, accumulate;
        double lr[2], eps, ema; /* lr: of the default players, in their order */
        ik_doubles betas;
        int64_t log_every, picture_every, checkpoint_every, keep;
        int on_bad_file; /* IK__STOP, IK__SKIP */
    } train;
    struct ik__synthesize {
        int64_t samples, items, batch;
        ik_strings vary_labels; /* numbers or names */
        ik_ints vary_instances;
        bool vary;
        int n_styles;
        ik__style *styles;
    } synthesize;
} ik__settings;

/* The tables that do so, for the reference; ended by a row without rows. */
typedef struct ik__settings_table {
    const char *key; /* where they stand: "train.lr" */
    const ik_option *rows;
} ik__settings_table;
extern const ik__settings_table ik__settings_tables[];

/* Checks the top level of a pipeline; strings live in the pool. */
ik_status ik__settings_read(const ik__conf *root, ik__pool *pool, ik__settings *out, ik_error *err);
/* Adds the sections that the file leaves out, empty, and notes their options: for a reader who
 * wants to see everything that holds. */
void ik__settings_complete(ik__conf *root);
bool ik__settings_stage(const ik__settings *s, const char *stage);
/* The steps of a whole training on so many items. */
int64_t ik__settings_steps(const ik__settings *s, int64_t items);
/* The optimiser at a rate. */
ik_adam ik__settings_adam(const ik__settings *s, double lr);

#endif
