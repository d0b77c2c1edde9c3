/* Random inputs of synthesis; see latents.h. */
#include "latents.h"

#include "inadekit/philox.h"

bool ik__latent_by_instance(const ik__node *input, int64_t instances) {
    return input->t.dtype == IK_F32 && input->t.shape.rank > 2 && input->t.shape.d[1] == instances;
}

bool ik__latents_by_instance(const ik__program *p, int64_t instances) {
    for (int i = 0; i < p->n; i++)
        if (p->order[i]->op == IK_INPUT && ik__latent_by_instance(p->order[i], instances))
            return true;
    return false;
}

void ik__latent_draw(const ik__latent_row *row, float *to) {
    char path[160];
    snprintf(path, sizeof path, "synthesis.%s", row->name);
    uint64_t stream = ik_stream_of(path);
    for (int64_t k = 0; k < row->parts; k++) {
        uint64_t draw = (uint64_t)(row->draws ? row->draws[k] : row->draw);
        for (int64_t e = 0; e < row->size; e++)
            to[k * row->size + e] = (float)ik_philox_normal(
                row->seed, stream, draw, (uint64_t)row->item, (uint64_t)(k * row->size + e));
    }
}
