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
/* By a window with a side for each axis, in place of c's own. */
ik_tensor *ik__layer_conv_window(ik_graph *g, ik_tensor *x, const ik_conv *c, const ik_attrs *a);
/* torch.nn.ConvTranspose2d, to a->size; the weight is [in, out/groups, kh, kw]. */
ik_tensor *ik__layer_conv_transpose(ik_graph *g, ik_tensor *x, const ik_conv *c, const ik_attrs *a);
/* torch.nn.Dropout: nothing is left out but in training. */
ik_tensor *ik__layer_dropout(ik_graph *g, ik_tensor *x, double p);
ik_tensor *ik__layer_batch_norm_here(ik_graph *g, ik_tensor *x, double eps);
ik_tensor *ik__layer_linear_here(ik_graph *g, ik_tensor *x, int64_t out);

#endif
