/* Layers: ops with parameters, named as PyTorch names them. */
#ifndef INADEKIT_MODEL_LAYERS_H
#define INADEKIT_MODEL_LAYERS_H

#include "inadekit/graph.h"

ik_tensor *ik__layer_conv(ik_graph *g, const char *name, ik_tensor *x, const ik_conv *c);
ik_tensor *ik__layer_linear(ik_graph *g, const char *name, ik_tensor *x, int64_t out);
ik_tensor *ik__layer_label_conv(ik_graph *g, const char *name, const char *map, int halvings,
                                ik_tensor *x, const ik_conv *c);
ik_tensor *ik__layer_batch_norm(ik_graph *g, const char *name, ik_tensor *x);

/* The same with their parameters directly in the current scope. */
ik_tensor *ik__layer_conv_here(ik_graph *g, ik_tensor *x, const ik_conv *c);
ik_tensor *ik__layer_linear_here(ik_graph *g, ik_tensor *x, int64_t out);

#endif
