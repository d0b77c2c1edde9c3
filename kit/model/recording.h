/* A graph while networks are recorded into it: the calls that a plugin has, and what they need. */
#ifndef INADEKIT_MODEL_RECORDING_H
#define INADEKIT_MODEL_RECORDING_H

#include "graph/graph.h"

struct ik__model;

/* A value of the scene that the host fills: what the data brings. */
typedef struct ik__given {
    const char *name;
    ik_dtype dtype;
    ik_shape shape; /* of one sample */
} ik__given;

typedef struct ik__recording {
    ik__graph graph;         /* first: a recording is its graph by a cast, and freed by it */
    struct ik__model *model; /* networks and norms that calls, latents and judgements reach */
    int n_given;
    const ik__given *given; /* what the scene has; outlives the recording */
    ik__names values;       /* what was asked for of it, and what was made */
    ik__names maps;         /* "label@16x16" */
    ik__names spectral;     /* normalised weights, for a judgement in two halves */
    ik__names latents;      /* random values that were asked for */
    ik__names dropped;      /* what dropout left, by the path of its mask */
    bool reuse_spectral;    /* second half of one forward pass */
    bool judge_apart;       /* fakes and pictures may be judged in two halves */
    bool xavier;            /* initialises spectrally normalised weights, too */
    bool host_latents;      /* latents are inputs that the host fills */
    bool encodes;           /* latents are encoded though this is no training */
    /* Latents, or their standard normals as "NAME.eps", that the host fills; NULL-terminated. */
    const char *const *supplied;
    int n_posteriors;
    ik_posterior posteriors[8];
    ik_judgement judged[2];
    bool has_judged;
} ik__recording;

/* NULL without memory. The model may be NULL where nothing of one is asked for. */
ik__graph *ik__recording_new(ik__store *store, struct ik__model *model, const ik_scene_info *info);

static inline ik__recording *ik__recording_of(ik__graph *g) {
    return (ik__recording *)g;
}

#endif
