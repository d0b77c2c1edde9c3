/* The scene that is recorded: named values, maps at any size, latents and the posteriors they come
 * from. */
#ifndef INADEKIT_MODEL_SCENE_H
#define INADEKIT_MODEL_SCENE_H

#include "graph/graph.h"

/* Is it a value of real numbers, as a node may take it? */
bool ik__scene_pictures(ik_graph *g, const char *name);
ik_tensor *ik__scene_value(ik_graph *g, const char *name);
ik_tensor *ik__scene_map(ik_graph *g, const char *name, int64_t height, int64_t width);
ik_tensor *ik__scene_latent(ik_graph *g, const char *name, ik_shape shape);
void ik__scene_publish(ik_graph *g, const char *name, ik_tensor *mu, ik_tensor *logvar);
const ik_posterior *ik__scene_posterior(ik_graph *g, int i);

#endif
