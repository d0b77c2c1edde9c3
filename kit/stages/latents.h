/* The random inputs of synthesis, drawn on the host.
 *
 * A latent whose first dimension is the number of instances is drawn instance by instance, any
 * other as a whole. Part k of layout `item` depends on (seed, name, item, k, draw of the part)
 * alone, so drawing one instance anew leaves the bytes of all others as they were. */
#ifndef INADEKIT_STAGES_LATENTS_H
#define INADEKIT_STAGES_LATENTS_H

#include "exec/program.h"

/* One row: `parts` parts of `size` numbers. draws[k] numbers the draw of part k; NULL: all are
 * `draw`. */
typedef struct ik__latent_row {
    uint64_t seed;
    const char *name;
    int64_t item, parts, size;
    int64_t draw;
    const int64_t *draws;
} ik__latent_row;

/* Is an input of a program drawn so? `instances`: the most of a picture. */
bool ik__latent_by_instance(const ik__node *input, int64_t instances);
/* Does a program have one that is? */
bool ik__latents_by_instance(const ik__program *p, int64_t instances);

void ik__latent_draw(const ik__latent_row *row, float *to);

#endif
