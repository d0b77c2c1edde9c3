/* The random inputs of synthesis, drawn on the host.
 *
 * A latent whose first dimension is the number of instances is drawn instance by instance, any
 * other as a whole. Part k of layout `item` depends on (seed, name, item, k, draw of the part)
 * alone, so drawing one instance anew leaves the bytes of all others as they were. */
#ifndef INADEKIT_STAGES_LATENTS_H
#define INADEKIT_STAGES_LATENTS_H

#include "inadekit/types.h"

/* One row: `parts` parts of `size` numbers. draws[k] numbers the draw of part k; NULL: all are
 * `draw`. */
typedef struct ik__latent_row {
    uint64_t seed;
    const char *name;
    int64_t item, parts, size;
    int64_t draw;
    const int64_t *draws;
} ik__latent_row;

void ik__latent_draw(const ik__latent_row *row, float *to);

#endif
