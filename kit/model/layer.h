/* Built-in nodes of a network: one row each, with its options. */
#ifndef INADEKIT_MODEL_LAYER_H
#define INADEKIT_MODEL_LAYER_H

#include "inadekit/graph.h"
#include "inadekit/option.h"

typedef struct ik__layer {
    const char *name, *help;
    const ik_option *options;
    size_t size;
    bool source; /* may stand first, without an input */
    ik_tensor *(*record)(const void *options, ik_graph *g, const ik_norm_ref *norm, int n,
                         ik_tensor *const *in);
} ik__layer;

extern const ik__layer ik__layers[]; /* ends with a NULL name */
const ik__layer *ik__layer_find(const char *name);

#endif
