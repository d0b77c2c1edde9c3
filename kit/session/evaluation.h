/* The metrics that a pipeline names, and the features that they ask for. */
#ifndef INADEKIT_SESSION_EVALUATION_H
#define INADEKIT_SESSION_EVALUATION_H

#include "data/data.h"
#include "exec/program.h"
#include "inadekit/metric.h"

enum { IK__METRICS = 16 };

typedef struct ik__evaluation {
    int n;
    struct ik__measured {
        const char *name;
        ik__instance *instance;
        const ik_metric_iface *iface;
        const ik__node *made; /* its features in the program; NULL: it needs none */
        float *fake, *image;  /* what they are */
        int64_t features;
    } v[IK__METRICS];
    ik__program *program; /* NULL: no metric needs features */
} ik__evaluation;

/* `evaluate:` of a pipeline, a list of {plugin: NAME, id: NAME, ...options}. NULL where there is
 * none. */
ik_status ik__evaluation_read(const ik__conf *root, ik__evaluation **out, ik_error *err);
void ik__evaluation_free(ik__evaluation *v);

/* What metrics are told: all validation items, so many samples of each. */
ik_metric_info ik__evaluation_info(const ik__data_info *data, int64_t samples);
/* Says whose failure it is. */
void ik__evaluation_blame(const ik__evaluation *v, int i, const ik_error *inner, ik_error *err);

/* Does a metric ask for features? NULL has none that does. */
bool ik__evaluation_looks(const ik__evaluation *v);
/* Records them, for one picture, into a fresh graph, which is taken: the program `features`. */
ik_status ik__evaluation_record(ik__evaluation *v, ik__engine *e, ik__graph *g, ik_error *err);
/* Runs the program on a picture [H,W,3] and fetches what it makes for each metric: `fake`, or
 * `image`. */
ik_status ik__evaluation_look(const ik__evaluation *v, ik__engine *e, uint64_t seed,
                              const float *rgb, bool image, ik_error *err);

#endif
